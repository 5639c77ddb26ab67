import type { Chatter, ChatMessage, ChatPart, ChatRole } from '../../domain/chat-message.ts'
import { isRecord, toStorableText } from '../json.ts'

/**
 * Reads the event of `channel.chat.message` (facts §7.1). By hand: it is the hot path, two thousand a second and more.
 * @returns `undefined` for a wrong shape; never throws. What belongs to a part of the message only, such as an emote
 * that cannot be read, becomes plain text.
 */
export function readChatMessage(event: unknown, sentAt: number | null): ChatMessage | undefined {
  if (!isRecord(event)) return undefined
  const channelUserId = event['broadcaster_user_id']
  const id = event['message_id']
  const message = event['message']
  const chatter = readChatter(event)
  if (!isUserId(channelUserId) || !isOpaqueId(id) || !isRecord(message) || !chatter) return undefined
  const written = message['text']
  if (typeof written !== 'string') return undefined
  const text = toStorableText(written)
  const source = event['source_broadcaster_user_id']
  return {
    id,
    channelUserId,
    chatter,
    text,
    parts: readParts(message['fragments'], text),
    fromSharedChat: typeof source === 'string' && source !== '' && source !== channelUserId,
    sentAt,
  }
}

/** Twitch's logins have 25 letters at the most; display names in other scripts are as short. */
const MAX_NAME_LENGTH = 100

function readChatter(event: Record<string, unknown>): Chatter | undefined {
  const id = event['chatter_user_id']
  const login = event['chatter_user_login']
  const name = event['chatter_user_name']
  if (!isUserId(id) || typeof login !== 'string' || login === '') return undefined
  const color = event['color']
  return {
    id,
    login: nameOf(login),
    name: nameOf(typeof name === 'string' && name.trim() !== '' ? name : login),
    color: typeof color === 'string' && COLOR.test(color) ? color : null,
    roles: readRoles(event['badges']),
  }
}

function nameOf(text: string): string {
  return toStorableText(text.slice(0, MAX_NAME_LENGTH))
}

const COLOR = /^#[\da-f]{6}$/i
const USER_ID = /^\d{1,32}$/
/** Opaque, and always a word. The database's text holds no NUL: one such id would take the answers of a batch with it. */
const MESSAGE_ID = /^[\x21-\x7e]{1,200}$/
/** Emotes are numbers, or `emotesv2_…`. The id becomes part of an address. */
const EMOTE_ID = /^[\w-]{1,100}$/

function isUserId(value: unknown): value is string {
  return typeof value === 'string' && USER_ID.test(value)
}

function isOpaqueId(value: unknown): value is string {
  return typeof value === 'string' && MESSAGE_ID.test(value)
}

const ROLES: ReadonlyMap<unknown, ChatRole> = new Map([
  ['broadcaster', 'streamer'],
  ['moderator', 'moderator'],
  ['lead_moderator', 'moderator'],
  ['vip', 'vip'],
  ['subscriber', 'subscriber'],
  ['founder', 'subscriber'],
])

const NO_ROLES: ReadonlySet<ChatRole> = new Set()

function readRoles(badges: unknown): ReadonlySet<ChatRole> {
  if (!Array.isArray(badges) || badges.length === 0) return NO_ROLES
  const roles = new Set<ChatRole>()
  for (const badge of badges as unknown[]) {
    const role = isRecord(badge) ? ROLES.get(badge['set_id']) : undefined
    if (role) roles.add(role)
  }
  return roles
}

function readParts(fragments: unknown, text: string): ChatPart[] {
  if (!Array.isArray(fragments) || fragments.length === 0) return [{ type: 'text', text }]
  const parts: ChatPart[] = []
  for (const fragment of fragments as unknown[]) {
    if (!isRecord(fragment) || typeof fragment['text'] !== 'string') return [{ type: 'text', text }]
    parts.push(readPart(fragment, toStorableText(fragment['text'])))
  }
  return parts
}

function readPart(fragment: Record<string, unknown>, text: string): ChatPart {
  switch (fragment['type']) {
    case 'emote': {
      const id = isRecord(fragment['emote']) ? fragment['emote']['id'] : undefined
      if (typeof id === 'string' && EMOTE_ID.test(id)) return { type: 'emote', text, id, src: pictureOf(id) }
      break
    }
    case 'mention': {
      const userId = isRecord(fragment['mention']) ? fragment['mention']['user_id'] : undefined
      if (isUserId(userId)) return { type: 'mention', text, userId }
      break
    }
    case 'cheermote': {
      const bits = isRecord(fragment['cheermote']) ? fragment['cheermote']['bits'] : undefined
      if (typeof bits === 'number' && Number.isSafeInteger(bits) && bits >= 0) return { type: 'cheer', text, bits }
    }
  }
  return { type: 'text', text }
}

/** The one host of pictures that the overlay's policy allows. Still pictures: every emote has one. */
function pictureOf(emoteId: string): string {
  return `https://static-cdn.jtvnw.net/emoticons/v2/${emoteId}/static/dark/2.0`
}
