import type { DonationProvider, StreamPosition } from '../domain/donation.ts'
import { hasCode } from '../base/errors.ts'
import type { SecretBox } from '../base/secret-box.ts'
import type { Sql } from './database.ts'

export type DonationPositions = ReturnType<typeof createDonationPositions>

/** How far an account's donations were read, and what is still owed to it. */
export interface DonationProgress {
  position: StreamPosition | null
  /** The REST history was not yet read for the first time. */
  baselineMissing: boolean
  /** Something may lie behind us that no push told of. */
  gap: boolean
  /** The platform's token for its socket, where one is known to work. */
  socketToken: string | null
  lastPushAt: Date | null
  lastSweepAt: Date | null
}

interface Row {
  epoch: string | null
  seq: string
  baseline_done_at: Date | null
  gap_since: Date | null
  socket_token: string | null
  last_push_at: Date | null
  last_sweep_at: Date | null
}

export function createDonationPositions(db: Sql, box: SecretBox) {
  const where = 'provider = $1 and account_id = $2'
  const tokenContext = (provider: DonationProvider, accountId: string) => `socket-token:${provider}:${accountId}`
  /** A token sealed with a key that is gone costs one request to replace; it is no reason to fail. */
  const openOrForget = (sealed: string | null, context: string) => {
    try {
      return sealed === null ? null : box.open(sealed, context)
    } catch (error) {
      if (hasCode(error, 'secret-unreadable')) return null
      throw error
    }
  }

  return {
    /**
     * A freshly connected account: what was made before this instant is history. A reconnected one goes on where it
     * was; one that takes another's place on the channel begins anew. Does nothing for an account that is not the
     * channel's any more: a stream that has not heard of its end yet brings nothing back.
     */
    async begin(provider: DonationProvider, accountId: string, channelId: string): Promise<void> {
      await db.execute(
        `with account as (
           -- Locked: whoever disconnects it deletes the position after us, or we see that it is gone.
           select 1 from accounts a join channels c on c.user_id = a.user_id
           where a.provider = $1 and a.external_id = $2 and c.id = $3 for key share of a
         ), others as (
           delete from donation_positions where provider = $1 and channel_id = $3 and account_id <> $2
             and exists (select from account)
         )
         insert into donation_positions (provider, account_id, channel_id, baseline_at)
         select $1, $2, $3, now() from account
         on conflict (provider, account_id) do update set channel_id = $3`,
        [provider, accountId, channelId],
      )
    },

    /** After a disconnect nothing is owed any more; the next connect begins anew. */
    async forget(channelId: string): Promise<void> {
      await db.execute('delete from donation_positions where channel_id = $1', [channelId])
    },

    async read(provider: DonationProvider, accountId: string): Promise<DonationProgress> {
      const [row] = await db.query<Row>(
        `select epoch, seq, baseline_done_at, gap_since, socket_token, last_push_at, last_sweep_at
         from donation_positions where ${where}`,
        [provider, accountId],
      )
      return {
        position: row && row.epoch !== null ? { epoch: row.epoch, seq: Number(row.seq) } : null,
        baselineMissing: row === undefined || row.baseline_done_at === null,
        gap: row !== undefined && row.gap_since !== null,
        socketToken: openOrForget(row?.socket_token ?? null, tokenContext(provider, accountId)),
        lastPushAt: row?.last_push_at ?? null,
        lastSweepAt: row?.last_sweep_at ?? null,
      }
    },

    /** `null` forgets it: the platform refused it. */
    async rememberSocketToken(
      provider: DonationProvider,
      accountId: string,
      socketToken: string | null,
    ): Promise<void> {
      await db.execute(`update donation_positions set socket_token = $3 where ${where}`, [
        provider,
        accountId,
        socketToken === null ? null : box.seal(socketToken, tokenContext(provider, accountId)),
      ])
    },

    /**
     * Goes to a place that is not contiguous with the last one: the first subscription, a new epoch, trimmed history.
     * Where something may have been passed over, `gap` keeps that on record until {@link closeGap}.
     */
    async jump(
      provider: DonationProvider,
      accountId: string,
      position: StreamPosition,
      { gap }: { gap: boolean },
    ): Promise<void> {
      await db.execute(
        `update donation_positions set epoch = $3, seq = $4,
           gap_since = case when $5 then coalesce(gap_since, now()) else gap_since end
         where ${where}`,
        [provider, accountId, position.epoch, position.seq, gap],
      )
    },

    /** Something may have been passed over: on record until {@link closeGap}. */
    async openGap(provider: DonationProvider, accountId: string): Promise<void> {
      await db.execute(`update donation_positions set gap_since = coalesce(gap_since, now()) where ${where}`, [
        provider,
        accountId,
      ])
    },

    /** The history was read back far enough. */
    async closeGap(provider: DonationProvider, accountId: string): Promise<void> {
      await db.execute(
        `update donation_positions set gap_since = null, last_sweep_at = now(),
           baseline_done_at = coalesce(baseline_done_at, now()) where ${where}`,
        [provider, accountId],
      )
    },

    async noteSweep(provider: DonationProvider, accountId: string): Promise<void> {
      await db.execute(`update donation_positions set last_sweep_at = now() where ${where}`, [provider, accountId])
    },
  }
}
