import type { Sql } from './database.ts'

export type ReplyClaims = ReturnType<typeof createReplyClaims>

/** The right to answer one command of one message. */
export interface ReplyClaim {
  channelId: string
  /** The chat message's own id, the same in every delivery of it. */
  messageId: string
  command: string
  /** Under which the channel's bot is the claimer's. */
  epoch: number
}

/** `taken`: somebody has it. `foreign`: the channel's bot is not the claimer's, or not under this epoch. */
export type ClaimResult = 'won' | 'taken' | 'foreign'

/** A statement that deletes more would hold its locks for long. */
const PURGE_BATCH = 5_000

export function createReplyClaims(db: Sql, { purgeBatch = PURGE_BATCH } = {}) {
  return {
    /**
     * Claims in one statement. Of all that ever ask for the same claim, on whichever node, one gets it; and nobody whose
     * session does not own the channel's bot under that epoch.
     */
    async claim(session: number, batch: readonly ReplyClaim[]): Promise<ClaimResult[]> {
      if (batch.length === 0) return []
      // In one order everywhere: two nodes that claim the same messages wait for each other, never both ways.
      const rows = await db.query<Claimed & { won: boolean }>(
        `with ours as (
           select distinct asked.channel_id, asked.message_id, asked.command
           from unnest($1::uuid[], $2::text[], $3::text[], $4::bigint[])
             as asked(channel_id, message_id, command, epoch)
           join assignments a on a.kind = 'bot' and a.key = asked.channel_id::text and a.desired
             and a.owner = $5 and a.epoch = asked.epoch
         ), won as (
           insert into reply_claims (channel_id, message_id, command)
           select * from ours order by 1, 2, 3 on conflict do nothing returning channel_id, message_id, command
         )
         select channel_id as "channelId", message_id as "messageId", command, won.command is not null as won
         from ours left join won using (channel_id, message_id, command)`,
        [
          batch.map((claim) => claim.channelId),
          batch.map((claim) => claim.messageId),
          batch.map((claim) => claim.command),
          batch.map((claim) => claim.epoch),
          session,
        ],
        { name: 'claim-replies' },
      )
      const results = new Map<string, ClaimResult>(rows.map((row) => [keyOf(row), row.won ? 'won' : 'taken']))
      return batch.map((claim) => {
        const result = results.get(keyOf(claim)) ?? 'foreign'
        // Named twice in one batch, it is given once.
        if (result === 'won') results.set(keyOf(claim), 'taken')
        return result
      })
    },

    /** Forgets claims that no delivery of their message can ask for any more. @returns how many. */
    async purge(olderThanMs: number): Promise<number> {
      for (let purged = 0; ;) {
        const deleted = await db.execute(
          `delete from reply_claims where ctid = any(array(
             select ctid from reply_claims where claimed_at < now() - make_interval(secs => $1 / 1000.0)
             order by claimed_at limit $2 for update skip locked))`,
          [olderThanMs, purgeBatch],
        )
        purged += deleted
        if (deleted < purgeBatch) return purged
      }
    },
  }
}

type Claimed = Omit<ReplyClaim, 'epoch'>

const keyOf = ({ channelId, messageId, command }: Claimed) => JSON.stringify([channelId, messageId, command])
