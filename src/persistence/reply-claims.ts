import type { Sql } from './database.ts'

export type ReplyClaims = ReturnType<typeof createReplyClaims>

/** The right to answer one command of one message. */
export interface ReplyClaim {
  channelId: string
  /** The chat message's own id, the same in every delivery of it. */
  messageId: string
  command: string
}

/** A statement that deletes more would hold its locks for long. */
const PURGE_BATCH = 5_000

export function createReplyClaims(db: Sql, { purgeBatch = PURGE_BATCH } = {}) {
  return {
    /**
     * Claims in one statement. @returns for each whether it is the caller's: of all that ever ask for the same claim,
     * on whichever node, one is told so.
     */
    async claim(batch: readonly ReplyClaim[]): Promise<boolean[]> {
      if (batch.length === 0) return []
      // In one order everywhere: two nodes that claim the same messages wait for each other, never both ways.
      const won = await db.query<ReplyClaim>(
        `insert into reply_claims (channel_id, message_id, command)
         select * from unnest($1::uuid[], $2::text[], $3::text[]) order by 1, 2, 3
         on conflict do nothing
         returning channel_id as "channelId", message_id as "messageId", command`,
        [batch.map((claim) => claim.channelId), batch.map((claim) => claim.messageId), batch.map((c) => c.command)],
        { name: 'claim-replies' },
      )
      const ours = new Set(won.map(keyOf))
      // Named twice in one batch, it is given once.
      return batch.map((claim) => ours.delete(keyOf(claim)))
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

const keyOf = ({ channelId, messageId, command }: ReplyClaim) => JSON.stringify([channelId, messageId, command])
