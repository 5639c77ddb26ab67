import type { DonationProvider, StreamPosition } from '../domain/donation.ts'
import type { Sql } from './database.ts'

export type DonationPositions = ReturnType<typeof createDonationPositions>

/** How far an account's donations were read, and what is still owed to it. */
export interface DonationProgress {
  position: StreamPosition | null
  /** The REST history was not yet read for the first time. */
  baselineMissing: boolean
  /** Something may lie behind us that no push told of. */
  gap: boolean
}

export function createDonationPositions(db: Sql) {
  const where = 'provider = $1 and account_id = $2'

  return {
    /** A freshly connected account: what was made before this instant is history. A reconnected one goes on where it was. */
    async begin(provider: DonationProvider, accountId: string, channelId: string): Promise<void> {
      await db.execute(
        `insert into donation_positions (provider, account_id, channel_id, baseline_at) values ($1, $2, $3, now())
         on conflict (provider, account_id) do update set channel_id = $3`,
        [provider, accountId, channelId],
      )
    },

    /** After a disconnect nothing is owed any more; the next connect begins anew. */
    async forget(provider: DonationProvider, accountId: string): Promise<void> {
      await db.execute(`delete from donation_positions where ${where}`, [provider, accountId])
    },

    async read(provider: DonationProvider, accountId: string): Promise<DonationProgress> {
      const [row] = await db.query<{
        epoch: string | null
        seq: string
        baseline_done_at: Date | null
        gap_since: Date | null
      }>(`select epoch, seq, baseline_done_at, gap_since from donation_positions where ${where}`, [provider, accountId])
      return {
        position: row && row.epoch !== null ? { epoch: row.epoch, seq: Number(row.seq) } : null,
        baselineMissing: row === undefined || row.baseline_done_at === null,
        gap: row !== undefined && row.gap_since !== null,
      }
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
