import type { ChatEvent } from '../domain/chat-message.ts'

/**
 * A chat platform: events of many channels come in over few connections, messages go out one by one. Twitch today.
 *
 * What concerns one channel is a request that the caller makes, and fails by itself: each promise rejects with AppError
 * `platform-rate-limit` (details: `retryAfterMs` or null), `platform-server`, `platform-network`, `platform-auth`,
 * `platform-invalid`; where the caller's signal ends it, with the signal's reason.
 */
export interface ChatPlatform {
  /** Begins to listen: connections, their renewal and their repair are the platform's own business from here on. */
  open(options: ChatStreamOptions): ChatStream
  /**
   * Sends one message, exactly one request. `platform-network`: nobody knows whether it was said; never send it again.
   * Every other rejection: it was not said.
   */
  send(message: OutgoingMessage): Promise<SendResult>
}

export interface ChatStreamOptions {
  /** Each event once, as long as the memory for duplicates reaches. Never throws. */
  onEvent(event: ChatEvent, receivedAtMs: number): void
  /** A subscription ended at the platform's side: the channel must be subscribed again, or its streamer asked. */
  onSubscriptionEnded(ended: EndedSubscription): void
  /** A person took back everything that they allowed this application. */
  onAccessRevoked(userId: string): void
  /** The platform says that a shard stands idle which is not held here: whoever holds it is to be told. */
  onShardDisabled(news: DisabledChatShard): void
  /** The standing of the connections changed. */
  onChange(): void
  /** The node may act: what another node may have by now is not taken from it. */
  mayAct(): boolean
  signal: AbortSignal
}

/** All that is said to a chat is spread over shards, each of which is delivered to one node. */
export interface ClusterChat {
  /** How many shards there shall be, where it is this node's task to see to that; `null` where it is another's. */
  keeps: number | null
  /** Where subscriptions live, as the node whose task that is says; `null` where nobody has said so yet. */
  home: string | null
}

export interface DisabledChatShard {
  home: string
  shard: string
  /** The session that it was disabled on. */
  session: string | null
}

export interface EndedSubscription {
  id: string
  type: SubscriptionType
  channelUserId: string
  /** The platform's word for it. */
  status: string
  /** `permission`: only the person can help; `gone`: the account is no more; `other`: subscribe again. */
  why: 'permission' | 'banned' | 'gone' | 'other'
}

/**
 * What a channel is listened to for. Chat itself comes first: it is what viewers notice.
 */
export const SUBSCRIPTION_TYPES = [
  'channel.chat.message',
  'channel.chat.message_delete',
  'channel.chat.clear',
  'channel.chat.clear_user_messages',
  'channel.chat.notification',
  'stream.online',
  'stream.offline',
] as const
export type SubscriptionType = (typeof SUBSCRIPTION_TYPES)[number]

export interface ChatStream {
  /** Where subscriptions live at the platform. Changes when it was lost there: all must be made again. */
  home(): string | null
  /** Of the shards that are held here. `open`: all of them deliver; `degraded`: some do; `closed`: none does. */
  state(): 'open' | 'degraded' | 'closed'
  /** Each shard that is held here. */
  shards(): ChatShardStatus[]
  /** Resolves as soon as one shard that is held here delivers. */
  opened(): Promise<void>
  /**
   * Has these shards delivered here, and no others. One that is new goes to a connection that stands, with one request.
   * One that is not among them any more is left to whoever takes it; what is on its way still arrives.
   */
  hold(shards: readonly string[]): void
  /**
   * Holds none, and ends all connections at once: where this node was silent for long, they are dying or full of what is
   * over.
   */
  drop(): void
  /** What the nodes agree on; again and again. Resolves when it is so, or at the stream's end. */
  follow(cluster: ClusterChat): Promise<void>
  /** What another node was told of a shard that is held here. */
  shardDisabled(news: DisabledChatShard): void
  /** Asks the platform how the shards stand that are held here, and has repaired what does not stand as it should. */
  inspect(): Promise<{ held: number; idle: string[] }>
  /** One request. A subscription that is there already is success. */
  subscribe(request: SubscriptionRequest): Promise<SubscribeOutcome>
  /** One request. One that is gone already is success. */
  unsubscribe(subscriptionId: string, signal?: AbortSignal): Promise<void>
  /** All subscriptions at the platform that live in {@link ChatStream.home}, page by page: one request a page. */
  subscriptions(signal?: AbortSignal): AsyncIterable<ListedSubscription[]>
  /** Ends all connections. Subscriptions stay at the platform. */
  close(): Promise<void>
}

export interface ChatShardStatus {
  id: string
  state: 'connecting' | 'enabled' | 'lost'
  since: number
}

export interface SubscriptionRequest {
  type: SubscriptionType
  channelUserId: string
  /** The account whose permission is used to read: the streamer's own or the shared bot's. */
  readerUserId: string
  signal?: AbortSignal
}

export type SubscribeOutcome =
  | { ok: true; id: string | null }
  /**
   * `permission`: a scope is missing or was taken back. `banned`: the reader may not be in this chat. `invalid`: the
   * platform does not know the channel or the type. None of them passes by itself.
   */
  | { ok: false; reason: 'permission' | 'banned' | 'invalid' }

export interface ListedSubscription {
  id: string
  type: string
  channelUserId: string
  readerUserId: string | null
  enabled: boolean
}

export interface OutgoingMessage {
  channelUserId: string
  speakerUserId: string
  /** At most 500 characters, one line. */
  text: string
  /** The message that is answered; `null`: none. */
  replyTo: string | null
  signal?: AbortSignal
}

export type SendResult =
  | { sent: true; id: string }
  /** The platform took it and dropped it, or will not have it. `code`: its own word, for the log: the list is open. */
  | { sent: false; why: 'dropped' | 'permission' | 'invalid'; code: string }
