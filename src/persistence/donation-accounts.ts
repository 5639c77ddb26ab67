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

const SELECT = `select a.id, c.id as "channelId", a.provider, a.external_id as "accountId", a.external_name as name, a.application
  from accounts a join channels c on c.user_id = a.user_id where a.provider = 'donationalerts'`

export function createDonationAccounts(db: Sql) {
  return {
    all: (): Promise<DonationAccount[]> => db.query<DonationAccount>(`${SELECT} order by a.created_at`),

    async ofChannel(channelId: string): Promise<DonationAccount | undefined> {
      const [account] = await db.query<DonationAccount>(`${SELECT} and c.id = $1`, [channelId])
      return account
    },
  }
}
