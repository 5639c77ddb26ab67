import type { Sql } from './database.ts'

export type ChatShards = ReturnType<typeof createChatShards>

/** A shard as all nodes see it. */
export interface ChatShardRow {
  key: string
  /** The session of its owner; `null`: nobody's. */
  owner: number | null
  /** As its owner saw it last. */
  state: string | null
  /** Where subscriptions live, as the owner of shard 0 says; `null` of the others. */
  home: string | null
}

/** The shards that chat is spread over. */
export function createChatShards(db: Sql) {
  return {
    /** All shards that there are to be, by their numbers, and whether any bot is on that could need them. */
    async standing(): Promise<{ shards: ChatShardRow[]; needed: boolean }> {
      const rows = await db.query<ChatShardRow & { needed: boolean }>(
        `select key, owner::float8 as owner, state, detail ->> 'home' as home,
           exists (select from assignments where kind = 'bot' and desired) as needed
         from assignments where kind = 'shard' and desired order by key::integer`,
        [],
        { name: 'chat-shards' },
      )
      return {
        shards: rows.map(({ key, owner, state, home }) => ({ key, owner, state, home })),
        needed: rows[0]?.needed ?? false,
      }
    },
  }
}
