import type { Sql } from './database.ts'

/** What a node that shows a channel must know of it, whatever news got lost. */
export interface WatchedChannel {
  id: string
  keyRev: number
  settingsRev: number
  /** The channel's bot is turned on. */
  botDesired: boolean
  /** The session that runs the bot, and owns the stage; `null`: nobody's at this moment. */
  owner: number | null
  /** How often the bot has changed hands. */
  claim: number
}

export type WatchedChannels = ReturnType<typeof createWatchedChannels>

export function createWatchedChannels(db: Sql) {
  return {
    look: (channelIds: readonly string[]): Promise<WatchedChannel[]> =>
      db.query<WatchedChannel>(
        `select c.id, c.overlay_key_rev as "keyRev", c.settings_rev as "settingsRev",
           coalesce(a.desired, false) as "botDesired", n.session::double precision as owner,
           coalesce(a.epoch, 0)::double precision as claim
         from channels c left join assignments a on a.kind = 'bot' and a.key = c.id::text
           left join nodes n on n.session = a.owner and n.ended_at is null
         where c.id = any($1::uuid[])`,
        [channelIds],
        { name: 'watched-channels' },
      ),

    /** Nodes that live, as far as anybody knows. */
    async sessions(): Promise<Set<number>> {
      const rows = await db.query<{ session: number }>(
        `select session::double precision as session from nodes where ended_at is null`,
      )
      return new Set(rows.map(({ session }) => session))
    },

    /** Another node serves pages, and will go on doing so. */
    async isServedElsewhere(session: number | null): Promise<boolean> {
      const [row] = await db.query<{ served: boolean }>(
        `select exists (select from nodes where ended_at is null and not draining and 'web' = any(roles)
           and session is distinct from $1) as served`,
        [session],
      )
      return row?.served ?? false
    },
  }
}
