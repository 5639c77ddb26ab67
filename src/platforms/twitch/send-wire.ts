import { z } from 'zod'
import type { SendResult } from '../chat.ts'
import { wordOf } from './conduit-wire.ts'

/** The reply to Send Chat Message (facts §7.2): a 200 says only that Twitch took it. */
const sent = z.object({
  data: z.tuple([
    z.object({
      message_id: z.string().max(200),
      is_sent: z.boolean(),
      drop_reason: z.object({ code: z.string() }).nullish().catch(null),
    }),
  ]),
})

export function readSent(body: unknown): SendResult | undefined {
  const reply = sent.safeParse(body).data?.data[0]
  if (!reply) return undefined
  return reply.is_sent
    ? { sent: true, id: reply.message_id }
    : { sent: false, why: 'dropped', code: wordOf(reply.drop_reason?.code) }
}
