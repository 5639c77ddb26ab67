import type { AlertState } from '../domain/alert.ts'
import type { DonationArrival, DonationProvider } from '../domain/donation.ts'
import type { Sql } from './database.ts'

export type Ledger = ReturnType<typeof createLedger>

/** A donation and its way to the screen, as its streamer sees it. */
export interface LedgerEntry {
  id: string
  alertId: string | null
  provider: DonationProvider
  source: DonationArrival
  externalId: string
  donor: string | null
  amount: string
  currency: string
  message: string
  messageKind: 'text' | 'audio'
  test: boolean
  history: boolean
  replay: boolean
  state: AlertState | 'history'
  made: Date
  received: Date
  queued: Date | null
  offered: Date | null
  started: Date | null
  ended: Date | null
  overlay: string | null
}

/** The last entry of a page; the next page begins behind it. */
export interface LedgerCursor {
  madeAt: Date
  id: string
}

export function createLedger(db: Sql) {
  return {
    /** Newest donations first, each with its latest alert. */
    page(channelId: string, { before, limit }: { before: LedgerCursor | null; limit: number }): Promise<LedgerEntry[]> {
      return db.query<LedgerEntry>(
        `select d.id, a.id as "alertId", d.provider, d.arrival as source, d.external_id as "externalId", d.donor,
           case when scale(d.amount) < 2 then d.amount::numeric(30, 2) else d.amount end::text as amount,
           d.currency, d.message, d.message_kind as "messageKind", d.test, d.history, coalesce(a.replay, false) as replay,
           coalesce(a.state, 'history') as state, d.made_at as made, d.received_at as received, a.queued_at as queued,
           a.offered_at as offered, a.started_at as started, a.ended_at as ended, a.overlay
         from donations d
         left join lateral (select * from alerts where donation_id = d.id order by ordinal desc limit 1) a on true
         where d.channel_id = $1 and ($2::timestamptz is null or (d.made_at, d.id) < ($2, $3::uuid))
         order by d.made_at desc, d.id desc limit $4`,
        [channelId, before?.madeAt ?? null, before?.id ?? null, limit],
      )
    },

    /** What came in over the last day, by currency: real money only, each donation once. */
    totals(channelId: string): Promise<Array<{ currency: string; amount: string; count: number }>> {
      return db.query(
        `select currency, sum(amount)::numeric(30, 2)::text as amount, count(*)::integer as count from donations
         where channel_id = $1 and not test and not history and made_at > now() - interval '1 day'
         group by currency order by count(*) desc, currency`,
        [channelId],
      )
    },
  }
}
