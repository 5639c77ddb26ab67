import { z } from 'zod'
import { ASSIGNMENT_KINDS } from '../domain/assignment-kind.ts'
import type { OverlayTold, Topics } from './bus.ts'

/*
 * What may arrive from other nodes, some of another version: what is not as this one knows it is left to those. Fields
 * that are not named here are no fault, and what is `unknown` in the bus's own types is looked at by whoever asked for it.
 */

const text = z.string()
const number = z.number()
/** Sessions, epochs, numbers of frames. */
const whole = z.int().min(0)
const kind = z.enum(ASSIGNMENT_KINDS)

const cluster = z.union([
  z.object({ type: z.literal('nodes-changed') }),
  z.object({ type: z.literal('assignments-changed'), kind, keys: z.array(text) }),
  z.object({ type: z.literal('look-changed'), viewerId: text, look: z.record(text, text).nullable() }),
  z.object({ type: z.enum(['permission-granted', 'access-revoked']), userId: text }),
  z.object({ type: z.literal('shard-disabled'), home: text, shard: text, session: text.nullable() }),
])

const news = z.union([
  z.object({ type: z.literal('alert-queued'), receivedAt: number.nullable() }),
  z.object({ type: z.enum(['queue-resumed', 'settings-changed']) }),
  z.object({ type: z.literal('alert-ended'), alertId: text, why: z.enum(['shown', 'skipped']) }),
  z.object({ type: z.literal('overlay-key-rotated'), rev: number }),
  z.object({ type: z.literal('overlays-changed'), session: whole, open: z.boolean(), live: z.boolean() }),
])

const overlay = z.object({
  instance: text,
  obs: z.boolean(),
  preview: z.boolean(),
  visible: z.boolean(),
  active: z.boolean(),
  fps: number.nullable(),
  tier: text.nullable(),
  since: number,
  role: z.enum(['primary', 'mirror']),
})

const stage = z.union([
  z.object({ type: z.literal('frames'), by: whole, epoch: whole, first: whole, last: whole, text }),
  z.object({ type: z.literal('owner'), by: whole, claim: whole }),
  z.object({ type: z.literal('overlays'), by: whole, came: text.nullable(), overlays: z.array(overlay) }),
  z.object({
    type: z.literal('alert.offer'),
    by: whole,
    d: z.object({ id: text, donor: text.nullable(), parts: z.array(z.unknown()), dur: number, token: text }),
  }),
  z.object({ type: z.literal('alert.cancel'), by: whole, d: z.object({ id: text, why: text }) }),
])

const part = z.union([
  z.object({ type: z.literal('text'), text }),
  z.object({ type: z.literal('emote'), text, id: text, src: text }),
  z.object({ type: z.literal('mention'), text, userId: text }),
  z.object({ type: z.literal('cheer'), text, bits: number }),
])

const heard = z.union([
  z.object({
    type: z.literal('message'),
    message: z.object({
      id: text,
      channelUserId: text,
      chatter: z.object({ id: text, login: text, name: text, color: text.nullable(), roles: z.array(text) }),
      text,
      parts: z.array(part),
      fromSharedChat: z.boolean(),
      sentAt: number.nullable(),
    }),
  }),
  z.object({ type: z.literal('message-deleted'), channelUserId: text, messageId: text, userId: text }),
  z.object({ type: z.literal('user-cleared'), channelUserId: text, userId: text }),
  z.object({ type: z.enum(['cleared', 'stream-online', 'stream-offline']), channelUserId: text }),
  z.object({
    type: z.literal('subscription-ended'),
    ended: z.object({ id: text, type: text, channelUserId: text, status: text, why: text }),
  }),
  z.object({
    type: z.literal('unanswered'),
    answer: z.object({
      channelId: text,
      channelUserId: text,
      speakerUserId: text,
      messageId: text,
      command: text,
      viewerId: text,
      text,
    }),
  }),
])
const chat = z.object({ id: text, what: heard, receivedAt: number, relayed: z.boolean() })

const node = z.union([
  z.object({
    type: z.literal('handed-over'),
    kind,
    owned: z.array(z.object({ key: text, epoch: whole, live: z.boolean(), legacy: z.unknown() })),
  }),
  z.object({ type: z.literal('ask'), id: text, from: text, about: text }),
  z.object({ type: z.literal('answer'), id: text, code: text.optional(), message: text.optional() }),
])

const SHAPES: Record<keyof Topics, z.ZodType> = { cluster, news, stage, chat, node }

/** Whether a message is one that this version knows on this topic. */
export function isMessageFor(topic: string, message: unknown): boolean {
  const [kindOfTopic = ''] = topic.split(':', 1)
  return Object.hasOwn(SHAPES, kindOfTopic) && SHAPES[kindOfTopic as keyof Topics].safeParse(message).success
}

export const isOverlayTold = (value: unknown): value is OverlayTold => overlay.safeParse(value).success
