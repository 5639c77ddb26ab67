import type { Sql } from './database.ts'

export type DonationAccounts = ReturnType<typeof createDonationAccounts>

/** A DonationAlerts account that a channel has connected; its tokens are {@link Accounts}' business. */
export interface DonationAccount {
  /** The row of its tokens. */
  id: string
  channelId: string
  provider: 'donationalerts'
  /** The account's own id at the platform. */
  accountId: string
  name: string
  application: string
}

/** An account whose stream is about to run. */
export interface StreamAccount extends DonationAccount {
  /** Failed requests in a row, before this stream began. */
  failures: number
  /** Until the next attempt, by the database's clock; `null` where none is put off. */
  retryInMs: number | null
}

const COLUMNS = `a.id, c.id as "channelId", a.provider, a.external_id as "accountId", a.external_name as name, a.application`
const FROM = `from accounts a join channels c on c.user_id = a.user_id`

export function createDonationAccounts(db: Sql) {
  return {
    async ofChannel(channelId: string): Promise<DonationAccount | undefined> {
      const [account] = await db.query<DonationAccount>(
        `select ${COLUMNS} ${FROM} where a.provider = 'donationalerts' and c.id = $1`,
        [channelId],
      )
      return account
    },

    /** Whose donations are shown there. */
    async channelOf(userId: string): Promise<string | undefined> {
      const [channel] = await db.query<{ id: string }>('select id from channels where user_id = $1', [userId])
      return channel?.id
    },

    /** The accounts of these channels, with what keeps each from being asked at once. Channels without one are left out. */
    toStream: (channelIds: readonly string[]): Promise<StreamAccount[]> =>
      db.query<StreamAccount>(
        `select ${COLUMNS}, coalesce(r.failures, 0) as failures,
           case when r.next_attempt_at > now()
             then (extract(epoch from r.next_attempt_at - now()) * 1000)::double precision end as "retryInMs"
         ${FROM} left join assignments r on r.kind = 'donations' and r.key = c.id::text
         where a.provider = 'donationalerts' and c.id = any($1)`,
        [channelIds],
      ),
  }
}
