/** What somebody is in a channel. Nobody has none: `everyone` is no role. */
export type ChatRole = 'streamer' | 'moderator' | 'vip' | 'subscriber'

/** Who talks, as the platform says it. */
export interface Chatter {
  /** The platform's id: the only thing of a person that never changes. */
  id: string
  login: string
  /** The login in its owner's own letters. */
  name: string
  /** `#rrggbb`, or `null` where the person never chose one. */
  color: string | null
  roles: ReadonlySet<ChatRole>
}

/** A piece of a chat message. */
export type ChatPart =
  | { type: 'text'; text: string }
  /** `src`: the picture, on a listed host. */
  | { type: 'emote'; text: string; id: string; src: string }
  | { type: 'mention'; text: string; userId: string }
  | { type: 'cheer'; text: string; bits: number }

/** A message in a channel's chat, already understood as far as the platform goes. */
export interface ChatMessage {
  /** The chat message's own id: the same in every delivery of it. */
  id: string
  /** The platform's id of the channel it was written in. */
  channelUserId: string
  chatter: Chatter
  /** The whole text, emotes and mentions by their names. */
  text: string
  parts: readonly ChatPart[]
  /** Written in the chat of another channel that shares its chat with this one. */
  fromSharedChat: boolean
  /** When the platform handed it over, milliseconds since 1970 by the platform's clock; `null` where it did not say. */
  sentAt: number | null
}

/** What happens in and around a channel's chat. */
export type ChatEvent =
  | { type: 'message'; message: ChatMessage }
  | { type: 'message-deleted'; channelUserId: string; messageId: string; userId: string }
  /** A ban or a time-out: everything of this person goes. */
  | { type: 'user-cleared'; channelUserId: string; userId: string }
  | { type: 'cleared'; channelUserId: string }
  | { type: 'stream-online'; channelUserId: string }
  | { type: 'stream-offline'; channelUserId: string }

/** An event as it travels between nodes: JSON knows no sets. */
export type PackedChatEvent =
  | Exclude<ChatEvent, { type: 'message' }>
  | {
      type: 'message'
      message: Omit<ChatMessage, 'chatter'> & { chatter: Omit<Chatter, 'roles'> & { roles: ChatRole[] } }
    }

export function packChatEvent(event: ChatEvent): PackedChatEvent {
  if (event.type !== 'message') return event
  const { message } = event
  return {
    type: 'message',
    message: { ...message, chatter: { ...message.chatter, roles: [...message.chatter.roles] } },
  }
}

export function unpackChatEvent(event: PackedChatEvent): ChatEvent {
  if (event.type !== 'message') return event
  const { message } = event
  return {
    type: 'message',
    message: { ...message, chatter: { ...message.chatter, roles: new Set(message.chatter.roles) } },
  }
}
