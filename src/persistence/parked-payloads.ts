import { createHash } from 'node:crypto'
import type { DonationArrival, DonationProvider } from '../domain/donation.ts'
import type { Sql } from './database.ts'

export type ParkedPayloads = ReturnType<typeof createParkedPayloads>

/** Something a platform sent that could not be read, as an operator sees it. */
export interface ParkedPayload {
  id: string
  channelId: string
  provider: DonationProvider
  accountId: string
  arrival: DonationArrival
  payload: string
  reason: string
  receivedAt: Date
}

export function createParkedPayloads(db: Sql) {
  return {
    /** Keeps a payload once, however often it arrives. @returns whether it is new. */
    async park(entry: Omit<ParkedPayload, 'id' | 'receivedAt'>): Promise<boolean> {
      // PostgreSQL's text cannot hold NUL; nothing else of the payload is changed.
      const payload = entry.payload.toWellFormed().replaceAll('\u0000', '\ufffd')
      const added = await db.execute(
        `insert into parked_payloads (channel_id, provider, account_id, arrival, payload, payload_hash, reason)
         values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing`,
        [
          entry.channelId,
          entry.provider,
          entry.accountId,
          entry.arrival,
          payload,
          createHash('sha256').update(payload).digest(),
          entry.reason,
        ],
      )
      return added === 1
    },

    /** Newest first, those nobody has resolved. */
    list(limit: number): Promise<ParkedPayload[]> {
      return db.query<ParkedPayload>(
        `select id, channel_id as "channelId", provider, account_id as "accountId", arrival, payload, reason,
           received_at as "receivedAt"
         from parked_payloads where resolved_at is null order by received_at desc limit $1`,
        [limit],
      )
    },

    async resolve(id: string): Promise<boolean> {
      return (
        (await db.execute('update parked_payloads set resolved_at = now() where id = $1 and resolved_at is null', [
          id,
        ])) === 1
      )
    },
  }
}
