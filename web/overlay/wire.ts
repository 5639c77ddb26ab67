import type {
  AlertOffer,
  CurrentAlert,
  OverlayEvent,
  OverlayEvents,
  OverlayFrame,
  OverlaySession,
} from '../../src/domain/overlay-protocol.ts'
import { isAvatarEvent, readAvatarEvent, readAvatars } from './wire-avatar.ts'

/* What the server sends, checked as far as this page relies on it. Whatever it does not understand it leaves alone. */

/** An event of a version that this page speaks, or `undefined`. */
export function readFrame<Type extends OverlayEvent>(type: Type, text: string): OverlayFrame<Type> | undefined {
  const frame = parseJson(text)
  if (!isRecord(frame) || frame.v !== 1 || typeof frame.at !== 'number' || !isRecord(frame.d)) return undefined
  if (type === 'alert.offer' && !isOffer(frame.d)) return undefined
  const content = contentOf(type, frame.d)
  return content === undefined ? undefined : ({ ...frame, d: content } as unknown as OverlayFrame<Type>)
}

function contentOf(type: OverlayEvent, d: Record<string, unknown>): unknown {
  if (type === 'snapshot') return readSnapshot(d)
  return isAvatarEvent(type) ? readAvatarEvent(type, d) : d
}

export function readSession(body: unknown): OverlaySession | undefined {
  if (!isRecord(body) || typeof body.ticket !== 'string' || typeof body.streamUrl !== 'string') return undefined
  if (typeof body.serverNow !== 'number' || typeof body.epoch !== 'number' || typeof body.seq !== 'number')
    return undefined
  return body as unknown as OverlaySession
}

/** The answer of `GET /api/overlay/snapshot`: a frame like the stream's, or its content alone. */
export function readSnapshot(body: unknown): OverlayEvents['snapshot'] | undefined {
  const content = isRecord(body) && isRecord(body.d) ? body.d : body
  return isSnapshot(content) ? { ...content, avatars: readAvatars(content.avatars) } : undefined
}

/** An event's id: `<epoch>-<seq>`. */
export function readPosition(id: string): { epoch: number; seq: number } | undefined {
  const match = /^(\d+)-(\d+)$/.exec(id)
  return match ? { epoch: Number(match[1]), seq: Number(match[2]) } : undefined
}

/** An alert kept over a reload. */
export function readKeptOffer(text: string): AlertOffer | undefined {
  const kept = parseJson(text)
  return isOffer(kept) ? kept : undefined
}

function isSnapshot(value: unknown): value is OverlayEvents['snapshot'] {
  if (!isRecord(value) || typeof value.seq !== 'number' || !isRecord(value.settings) || !isRecord(value.alert))
    return false
  const { current } = value.alert
  return (
    current === null ||
    (isRecord(current) && isAlert(current) && typeof (current as Partial<CurrentAlert>).state === 'string')
  )
}

function isOffer(value: unknown): value is AlertOffer {
  return isRecord(value) && isAlert(value) && typeof value.token === 'string'
}

function isAlert(value: Record<string, unknown>): boolean {
  return (
    typeof value.id === 'string' &&
    (value.donor === null || typeof value.donor === 'string') &&
    typeof value.amount === 'string' &&
    typeof value.currency === 'string' &&
    typeof value.dur === 'number' &&
    Array.isArray(value.parts) &&
    isRecord(value.avatar) &&
    typeof value.avatar.seed === 'number' &&
    isRecord(value.avatar.look)
  )
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
