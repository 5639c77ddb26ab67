import { z } from 'zod'
import type { Clock } from '../base/clock.ts'
import { AppError } from '../base/errors.ts'
import type { SecretBox } from '../base/secret-box.ts'

/** What an overlay may do, without a look into the database: watch one channel as one page, for a while. */
export interface OverlayTicket {
  channelId: string
  instance: string
  keyRev: number
  obs: boolean
  preview: boolean
  visible: boolean
  /** The page's own build, as it said. */
  ver: string
  issuedAt: number
}

export type OverlayTickets = ReturnType<typeof createOverlayTickets>

/**
 * Tickets stand in addresses, and addresses in access logs: one that leaks opens a stream for ten minutes and no
 * longer. What an open page reports and acknowledges needs the alert's own token besides.
 */
const OPENS_FOR_MS = 10 * 60_000
const SPEAKS_FOR_MS = 7 * 24 * 60 * 60_000

const PURPOSE = 'overlay-ticket'

const shape = z.tuple([z.uuid(), z.string(), z.number(), z.boolean(), z.boolean(), z.boolean(), z.string(), z.number()])

export function createOverlayTickets(box: SecretBox, clock: Clock) {
  const read = (ticket: string, validMs: number): OverlayTicket => {
    const parsed = shape.safeParse(box.verify(ticket, PURPOSE))
    if (!parsed.success) throw new AppError('ticket-invalid')
    const [channelId, instance, keyRev, obs, preview, visible, ver, issuedAt] = parsed.data
    if (clock.now() - issuedAt > validMs) throw new AppError('ticket-invalid')
    return { channelId, instance, keyRev, obs, preview, visible, ver, issuedAt }
  }
  return {
    issue: (ticket: Omit<OverlayTicket, 'issuedAt'>) =>
      box.sign(
        [
          ticket.channelId,
          ticket.instance,
          ticket.keyRev,
          ticket.obs,
          ticket.preview,
          ticket.visible,
          ticket.ver,
          clock.now(),
        ],
        PURPOSE,
      ),
    /** @throws AppError `ticket-invalid` */
    forStream: (ticket: string) => read(ticket, OPENS_FOR_MS),
    /** @throws AppError `ticket-invalid` */
    forReport: (ticket: string) => read(ticket, SPEAKS_FOR_MS),
  }
}
