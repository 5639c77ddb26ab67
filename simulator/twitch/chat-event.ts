import type { Chatter } from './chatters.ts'
import type { Fragment } from './chat-fragments.ts'

export const MESSAGE_TYPES = [
  'text',
  'channel_points_highlighted',
  'channel_points_sub_only',
  'user_intro',
  'power_ups_message_effect',
  'power_ups_gigantified_emote',
] as const
export type MessageType = (typeof MESSAGE_TYPES)[number]

export interface Badge {
  set_id: string
  id: string
  info: string
}

export interface ReplyParent {
  id: string
  text: string
  user: Chatter
  thread: { id: string; user: Chatter }
}

/** A chat message with all that it may carry. */
export interface ChatMessageFields {
  id: string
  channel: Chatter
  chatter: Chatter
  text: string
  fragments: Fragment[]
  color: string
  badges: Badge[]
  messageType: MessageType
  /** Bits; 0: no cheer. */
  bits: number
  reply: ReplyParent | null
  /** Written in another channel, and seen here because both share their chats. */
  source: { channel: Chatter; messageId: string; badges: Badge[] } | null
  rewardId: string | null
}

/**
 * The event of `channel.chat.message`, in the order of a captured one. Glued together and not stringified as a whole:
 * a load test makes thousands a second.
 */
export function chatMessageEvent(message: ChatMessageFields): string {
  const { channel, chatter, text, fragments, source, reply, bits } = message
  const named = `${whoJson('broadcaster', channel)},${source ? whoJson('source_broadcaster', source.channel) : NO_SOURCE},${whoJson('chatter', chatter)}`
  const origin = source
    ? `"source_message_id":"${source.messageId}","is_source_only":false`
    : `"source_message_id":null,"is_source_only":null`
  return `{${named},"message_id":"${message.id}",${origin},"message":${messageJson(text, fragments)},"color":"${message.color}","badges":${JSON.stringify(message.badges)},"source_badges":${source ? JSON.stringify(source.badges) : 'null'},"message_type":"${message.messageType}","cheer":${bits > 0 ? `{"bits":${bits}}` : 'null'},"reply":${reply ? JSON.stringify(replyOf(reply)) : 'null'},"channel_points_custom_reward_id":${JSON.stringify(message.rewardId)},"channel_points_animation_id":null}`
}

const NO_SOURCE =
  '"source_broadcaster_user_id":null,"source_broadcaster_user_login":null,"source_broadcaster_user_name":null'

function messageJson(text: string, fragments: Fragment[]): string {
  const [only] = fragments
  if (fragments.length !== 1 || only?.type !== 'text') return JSON.stringify({ text, fragments })
  const quoted = JSON.stringify(text)
  return `{"text":${quoted},"fragments":[{"type":"text","text":${quoted},"cheermote":null,"emote":null,"mention":null}]}`
}

/** `"<role>_user_id":…,"<role>_user_login":…,"<role>_user_name":…` */
export function whoJson(role: 'broadcaster' | 'source_broadcaster' | 'chatter' | 'target', who: Chatter): string {
  const roles = written.get(who) ?? {}
  written.set(who, roles)
  return (roles[role] ??=
    `"${role}_user_id":"${who.id}","${role}_user_login":"${who.login}","${role}_user_name":${JSON.stringify(who.name)}`)
}
/** A cache and nothing more: chatters never change. */
const written = new WeakMap<Chatter, Record<string, string>>()

function replyOf({ id, text, user, thread }: ReplyParent) {
  return {
    parent_message_id: id,
    parent_message_body: text,
    parent_user_id: user.id,
    parent_user_login: user.login,
    parent_user_name: user.name,
    thread_message_id: thread.id,
    thread_user_id: thread.user.id,
    thread_user_login: thread.user.login,
    thread_user_name: thread.user.name,
  }
}
