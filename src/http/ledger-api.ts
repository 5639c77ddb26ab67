import { z } from 'zod'
import { AppError } from '../base/errors.ts'
import { seedFromText } from '../domain/avatar-look.ts'
import type { Ledger, LedgerCursor, LedgerEntry } from '../persistence/ledger.ts'
import { streamerOf } from './access.ts'
import { ledgerReply, type LedgerReply } from './channel-replies.ts'
import type { Routes } from './app.ts'

/** `GET /api/channel/donations`: every donation with its way to the screen. */
export function ledgerRoutes({ ledger }: { ledger: Ledger }): Routes {
  return (app) => {
    app.get(
      '/api/channel/donations',
      {
        config: { access: 'streamer' },
        schema: {
          summary: 'My donations, newest first, each with its way to the screen',
          response: { 200: ledgerReply },
          querystring: z.object({
            before: z.string().max(200).optional(),
            limit: z.coerce.number().int().min(1).max(100).default(50),
          }),
        },
      },
      async (request): Promise<LedgerReply> => {
        const { channelId } = streamerOf(request)
        const { before, limit } = request.query
        const [entries, totals] = await Promise.all([
          // One more than asked for tells whether there is a next page.
          ledger.page(channelId, { before: before === undefined ? null : readCursor(before), limit: limit + 1 }),
          ledger.totals(channelId),
        ])
        const items = entries.slice(0, limit)
        const last = entries.length > limit ? items.at(-1) : undefined
        return {
          items: items.map(describe),
          next: last ? writeCursor({ madeAt: last.made, id: last.id }) : null,
          totals,
        }
      },
    )
  }
}

function describe({ ended, externalId, ...entry }: LedgerEntry): LedgerReply['items'][number] {
  const iso = (at: Date | null) => at?.toISOString() ?? null
  const endedAs = (state: LedgerEntry['state']) => (entry.state === state ? iso(ended) : null)
  return {
    ...entry,
    made: entry.made.toISOString(),
    received: entry.received.toISOString(),
    queued: iso(entry.queued),
    offered: iso(entry.offered),
    started: iso(entry.started),
    // The character that came out with it: see show-alert.
    seed: seedFromText(externalId),
    shown: endedAs('shown'),
    skipped: endedAs('skipped'),
    missed: endedAs('missed'),
    interrupted: endedAs('interrupted'),
  }
}

const writeCursor = ({ madeAt, id }: LedgerCursor) => `${madeAt.getTime()}_${id}`

function readCursor(text: string): LedgerCursor {
  const match = /^(\d{1,15})_([\da-f-]{36})$/.exec(text)
  const parsed = z.uuid().safeParse(match?.[2])
  if (!match || !parsed.success) {
    throw new AppError('bad-request', { errors: [{ path: 'before', message: 'must be the `next` of a page before' }] })
  }
  return { madeAt: new Date(Number(match[1])), id: parsed.data }
}
