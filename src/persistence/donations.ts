import type { Donation, DonationArrival, DonationProvider } from '../domain/donation.ts'
import { DatabaseError } from 'pg'
import type { Sql } from './database.ts'

export type Donations = ReturnType<typeof createDonations>

export interface StoreRequest {
  channelId: string
  provider: DonationProvider
  accountId: string
  arrival: DonationArrival
  /** In the order in which they shall be queued. */
  donations: readonly Donation[]
  test?: boolean
  /** Moves the stream position over `from … to` if it stands at `from - 1`, in the same transaction. */
  advance?: { epoch: string; from: number; to: number }
}

export interface StoredDonation {
  donationId: string
  externalId: string
  /** `null` for history, which is stored and not shown. */
  alertId: string | null
}

/**
 * One statement from a platform's word to an alert in the queue: the donation under its only stable key, the alert for
 * it unless it is history, and the stream position over it. All three, or none.
 */
const STORE = `
with input as (
  select * from jsonb_to_recordset($6::jsonb) as d(
    n integer, external_id text, donor text, amount numeric, currency text, message text, message_kind text,
    made_at double precision, raw text)
), stored as (
  insert into donations (channel_id, provider, account_id, external_id, donor, amount, currency, message, message_kind,
    arrival, test, made_at, raw, history)
  select $1, $2, $3, external_id, donor, amount, currency, message, message_kind, $4, $5, to_timestamp(made_at), raw,
    $4 = 'sweep' and to_timestamp(made_at) < coalesce(
      (select date_trunc('second', baseline_at) from donation_positions where provider = $2 and account_id = $3), 'infinity')
  from input order by n
  on conflict (provider, account_id, external_id) do nothing
  returning id, external_id, history, test, made_at
), queued as (
  insert into alerts (channel_id, donation_id, test, made_at, external_order)
  select $1, stored.id, stored.test, stored.made_at,
    case when stored.external_id ~ '^[0-9]{1,30}$' then stored.external_id::numeric else 0 end
  from stored join input using (external_id) where not stored.history order by input.n
  returning id, donation_id
), moved as (
  update donation_positions set seq = $9, last_push_at = case when $4 = 'push' then now() else last_push_at end
  where provider = $2 and account_id = $3 and epoch = $7 and seq >= $8::bigint - 1 and seq < $9::bigint
)
select stored.id as "donationId", stored.external_id as "externalId", queued.id as "alertId"
from stored left join queued on queued.donation_id = stored.id`

export function createDonations(db: Sql) {
  return {
    /** Stores what is new; what was stored before, by whatever way, is left out of the answer. */
    store({
      channelId,
      provider,
      accountId,
      arrival,
      donations,
      test = false,
      advance,
    }: StoreRequest): Promise<StoredDonation[]> {
      // One payload may name a donation twice; a statement may insert a key once.
      const distinct = new Map(donations.map((donation) => [donation.externalId, donation]))
      const rows = [...distinct.values()].map((donation, n) => ({
        n,
        external_id: donation.externalId,
        donor: donation.donor,
        amount: donation.money.amount,
        currency: donation.money.currency,
        message: donation.message,
        message_kind: donation.messageKind,
        made_at: donation.createdAt / 1_000,
        raw: donation.raw,
      }))
      return db.query<StoredDonation>(
        STORE,
        [
          channelId,
          provider,
          accountId,
          arrival,
          test,
          JSON.stringify(rows),
          advance?.epoch ?? null,
          advance?.from ?? null,
          advance?.to ?? null,
        ],
        { name: 'store-donations' },
      )
    },

    /** When the channel's newest donation reached us; tests and history are none. `null` where there was none yet. */
    async lastReceivedAt(channelId: string): Promise<Date | null> {
      const [row] = await db.query<{ received_at: Date }>(
        `select received_at from donations where channel_id = $1 and not test and not history
         order by made_at desc, id desc limit 1`,
        [channelId],
      )
      return row?.received_at ?? null
    },

    /** Which of these ids of an account are stored already. */
    async known(provider: DonationProvider, accountId: string, externalIds: readonly string[]): Promise<Set<string>> {
      const rows = await db.query<{ external_id: string }>(
        'select external_id from donations where provider = $1 and account_id = $2 and external_id = any($3)',
        [provider, accountId, externalIds],
      )
      return new Set(rows.map((row) => row.external_id))
    },
  }
}

/** True where the database refused what the statement carried (SQLSTATE classes 22 and 23), not the statement's moment. */
export function isRefusedData(error: unknown): boolean {
  return error instanceof DatabaseError && /^2[23]/.test(error.code ?? '')
}
