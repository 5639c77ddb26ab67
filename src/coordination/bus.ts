import type { ErrorCode } from '../base/errors.ts'
import type { AssignmentKind } from '../domain/assignment-kind.ts'
import type { AvatarLook } from '../domain/avatar-look.ts'
import type { PackedChatEvent } from '../domain/chat-message.ts'
import type { OverlayEvents, OverlayRole } from '../domain/overlay-protocol.ts'

/** What happens to a channel that whoever shows it or runs something for it wants to hear of at once. */
export type ChannelEvent =
  /** `receivedAt`: when the donation was handed to us, by the wall clock; `null` for a replay. */
  | { type: 'alert-queued'; receivedAt: number | null }
  | { type: 'queue-resumed' }
  | { type: 'alert-ended'; alertId: string; why: 'shown' | 'skipped' }
  | { type: 'settings-changed' }
  | { type: 'overlay-key-rotated'; rev: number }
  /** On one node: `open`: overlays of the channel are open there; `live`: one that is no dashboard's preview. */
  | { type: 'overlays-changed'; session: number; open: boolean; live: boolean }

/** An overlay that is open on some node, as that node tells of it. */
export interface OverlayTold {
  instance: string
  obs: boolean
  preview: boolean
  visible: boolean
  active: boolean
  fps: number | null
  tier: string | null
  since: number
  role: OverlayRole
}

/** Between nodes that have overlays of a channel, and the owner of its stage. `by`: the sender's session. */
export type StageMessage =
  /** What happened on stage, encoded for overlays: numbers `first` to `last` of an epoch. */
  | { type: 'frames'; by: number; epoch: number; first: number; last: number; text: string }
  /** The sender numbers the stage from here on. `claim`: the epoch of its assignment. */
  | { type: 'owner'; by: number; claim: number }
  /** All overlays of the channel that are open at the sender. `came`: the one that came just now, if one did. */
  | { type: 'overlays'; by: number; came: string | null; overlays: OverlayTold[] }
  | { type: 'alert.offer'; by: number; d: OverlayEvents['alert.offer'] }
  | { type: 'alert.cancel'; by: number; d: OverlayEvents['alert.cancel'] }

/** What concerns all nodes. */
export type ClusterEvent =
  /** A node came, leaves or was fenced. */
  | { type: 'nodes-changed' }
  /** Rows of assignments changed under their owner: turned on or off, connected anew, nobody's any more. */
  | { type: 'assignments-changed'; kind: AssignmentKind; keys: string[] }
  | { type: 'look-changed'; viewerId: string; look: AvatarLook | null }
  /** By the person's id at the platform. */
  | { type: 'permission-granted'; userId: string }
  | { type: 'access-revoked'; userId: string }
  /** The platform said so to a node that does not hold the shard. */
  | { type: 'shard-disabled'; home: string; shard: string; session: string | null }

/** Something of a channel's chat, on its way from the connection that heard it to the channel's owner. */
export interface ChatDelivery {
  /** The same in each copy of it. */
  id: string
  what: PackedChatEvent | EndedChatSubscription | UnansweredChat
  /** When it was read off the socket, by the sender's wall clock. */
  receivedAt: number
  /** Sent on by a former owner, and by nobody else after that. */
  relayed: boolean
}

/** Its channel changed hands before it could be answered. All that was understood of it. */
export interface UnansweredChat {
  type: 'unanswered'
  answer: {
    channelId: string
    channelUserId: string
    speakerUserId: string
    messageId: string
    command: string
    viewerId: string
    text: string
  }
}

/** The platform ended a subscription: `type` and `why` in the words of the platforms' port. */
export interface EndedChatSubscription {
  type: 'subscription-ended'
  ended: { id: string; type: string; channelUserId: string; status: string; why: string }
}

/** For one node alone. */
export type NodeMessage = HandedOver | NodeQuestion | NodeAnswer

/** These are its own now, by their rows: told so that it need not look. */
export interface HandedOver {
  type: 'handed-over'
  kind: AssignmentKind
  owned: Array<{ key: string; epoch: number; live: boolean; legacy: unknown }>
}

/** `from`: who waits for the answer, on `node:<from>`. A node that leaves has no session, and may still ask. */
export interface NodeQuestion {
  type: 'ask'
  id: string
  from: string
  about: string
  question: unknown
}

export type NodeAnswer =
  { type: 'answer'; id: string; answer: unknown } | { type: 'answer'; id: string; code: ErrorCode; message: string }

/**
 * Who hears what:
 * - `cluster`: every node.
 * - `news:<channel>`: nodes that show the channel or run something for it.
 * - `stage:<channel>`: nodes with an overlay of the channel; all that its overlays are to draw.
 * - `chat:<channel's id at the platform>`: the owner of the channel's bot.
 * - `node:<session>`: that node alone.
 */
export interface Topics {
  cluster: ClusterEvent
  news: ChannelEvent
  stage: StageMessage
  chat: ChatDelivery
  node: NodeMessage
}
export type Topic = 'cluster' | `${Exclude<keyof Topics, 'cluster'>}:${string}`
export type MessageOf<T extends Topic> = T extends 'cluster'
  ? ClusterEvent
  : T extends `${infer Kind}:${string}`
    ? Kind extends keyof Topics
      ? Topics[Kind]
      : never
    : never

/**
 * Doorbells and live events between parts of the service, on this node and others. Best effort, in order from one sender
 * on one topic: whoever needs certainty asks the database, as the 2 s check of waiting alerts does.
 *
 * Subscribers on the sender's own node hear a message within the same turn, and once; the others as JSON made it.
 */
export interface Bus {
  /** Never throws and never waits. */
  publish<T extends Topic>(topic: T, message: MessageOf<T>): void
  /** Several may subscribe the same topic. Returns the way to stop, which may be called more than once. */
  subscribe<T extends Topic>(topic: T, handler: (message: MessageOf<T>) => void): () => void
  /** Hears what is published or arrives under `news:`, of all channels this node has subscribed. Returns the way to stop. */
  onNews(handler: (channelId: string, event: ChannelEvent) => void): () => void
  /** Other nodes can be reached. Always true where there are none. */
  isUp(): boolean
  /** It came (back) up: what was said meanwhile is lost. Returns the way to stop. */
  onUp(handler: () => void): () => void
  close(): Promise<void>
}
