import { z } from 'zod'
import { isRecord, parseJson } from '../json.ts'
import { readSubscription, type Subscription } from './subscription-wire.ts'

/** What one message of the socket means to us (facts §5.2). */
export type EventSubMessage =
  | { kind: 'welcome'; sessionId: string; keepaliveMs: number }
  | { kind: 'keepalive' }
  /** To be opened as it is, letter by letter. */
  | { kind: 'reconnect'; url: string }
  | Notification
  | Revocation
  /** What later versions may add. */
  | { kind: 'ignored' }
  | { kind: 'unreadable' }

export interface Notification {
  kind: 'notification'
  /** Opaque: not always a UUID. The same in each delivery through one subscription. */
  messageId: string
  /** Milliseconds since 1970 by Twitch's clock. */
  sentAt: number | null
  type: string
  event: unknown
}

export interface Revocation {
  kind: 'revocation'
  messageId: string
  subscription: Subscription
}

/** Nearly everything that comes is a notification, two thousand a second and more: it is read by hand. */
export function readEventSubMessage(text: string): EventSubMessage {
  const message = parseJson(text)
  if (!isRecord(message)) return { kind: 'unreadable' }
  const { metadata, payload } = message
  if (!isRecord(metadata) || !isRecord(payload)) return { kind: 'unreadable' }
  switch (metadata['message_type']) {
    case 'notification':
      return readNotification(metadata, payload)
    case 'session_keepalive':
      return { kind: 'keepalive' }
    case 'session_welcome':
      return readWelcome(payload)
    case 'session_reconnect':
      return readReconnect(payload)
    case 'revocation':
      return readRevocation(metadata, payload)
    default:
      return { kind: typeof metadata['message_type'] === 'string' ? 'ignored' : 'unreadable' }
  }
}

function readNotification(metadata: Record<string, unknown>, payload: Record<string, unknown>): EventSubMessage {
  const messageId = metadata['message_id']
  const type = metadata['subscription_type']
  if (!isMessageId(messageId) || typeof type !== 'string') return { kind: 'unreadable' }
  return {
    kind: 'notification',
    messageId,
    sentAt: readMoment(metadata['message_timestamp']),
    type,
    event: payload['event'],
  }
}

function isMessageId(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= 500
}

const MOMENT = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,3})\d*)?(Z|[+-]\d\d:\d\d)$/

/** `null` where it is no moment. Twitch writes nanoseconds; the standard knows three digits of a second. */
export function readMoment(value: unknown): number | null {
  if (typeof value !== 'string' || value.length > 64) return null
  const parts = MOMENT.exec(value)
  if (!parts) return null
  const [, seconds, fraction = '0', zone] = parts
  const moment = Date.parse(`${seconds}.${fraction.padEnd(3, '0')}${zone}`)
  return Number.isNaN(moment) ? null : moment
}

/** Twitch's default and its bounds (facts §5.1). */
const KEEPALIVE_S = { fallback: 10, min: 1, max: 600 }

const welcome = z.object({
  session: z.object({
    id: z.string().min(1).max(500),
    keepalive_timeout_seconds: z.number().min(KEEPALIVE_S.min).max(KEEPALIVE_S.max).catch(KEEPALIVE_S.fallback),
  }),
})

function readWelcome(payload: unknown): EventSubMessage {
  const session = welcome.safeParse(payload).data?.session
  if (!session) return { kind: 'unreadable' }
  return { kind: 'welcome', sessionId: session.id, keepaliveMs: session.keepalive_timeout_seconds * 1_000 }
}

const reconnect = z.object({ session: z.object({ reconnect_url: z.url({ protocol: /^wss?$/ }).max(4_000) }) })

function readReconnect(payload: unknown): EventSubMessage {
  const session = reconnect.safeParse(payload).data?.session
  return session ? { kind: 'reconnect', url: session.reconnect_url } : { kind: 'unreadable' }
}

function readRevocation(metadata: Record<string, unknown>, payload: Record<string, unknown>): EventSubMessage {
  const messageId = metadata['message_id']
  const subscription = readSubscription(payload['subscription'])
  if (!isMessageId(messageId) || !subscription) return { kind: 'unreadable' }
  return { kind: 'revocation', messageId, subscription }
}
