import type { Sql } from './database.ts'

export type ChatSubscriptions = ReturnType<typeof createChatSubscriptions>

/** A subscription that is known to be there at the platform. */
export interface ChatSubscription {
  channelId: string
  type: string
  readerUserId: string
  subscriptionId: string | null
}

/** All that is known of a channel's subscriptions with one reader. */
export interface KnownSubscriptions {
  channelId: string
  readerUserId: string
  types: string[]
}

export function createChatSubscriptions(db: Sql) {
  return {
    /** All that lives at this home for these channels, in one statement: whoever takes bots over begins with it. */
    of: (home: string, channelIds: readonly string[]): Promise<KnownSubscriptions[]> =>
      db.query<KnownSubscriptions>(
        `select channel_id as "channelId", reader_user_id as "readerUserId", array_agg(type) as types
         from chat_subscriptions where home = $1 and channel_id = any($2::uuid[]) group by channel_id, reader_user_id`,
        [home, channelIds],
      ),

    /** Channels for which something lives at this home and whose bot is off: nobody has ended it yet. */
    async leftBehind(home: string): Promise<string[]> {
      const rows = await db.query<{ id: string }>(
        `select distinct channel_id as id from chat_subscriptions s where home = $1 and not exists
           (select from assignments where kind = 'bot' and key = s.channel_id::text and desired)`,
        [home],
      )
      return rows.map(({ id }) => id)
    },

    ofChannel: (home: string, channelId: string): Promise<ChatSubscription[]> =>
      db.query<ChatSubscription>(
        `select channel_id as "channelId", type, reader_user_id as "readerUserId", subscription_id as "subscriptionId"
         from chat_subscriptions where home = $1 and channel_id = $2`,
        [home, channelId],
      ),

    /** Remembers subscriptions; what was known of the same channel and type is replaced. */
    async add(home: string, subscriptions: readonly ChatSubscription[]): Promise<void> {
      // A statement may touch a row once; the last word counts.
      const rows = [...new Map(subscriptions.map((row) => [`${row.channelId} ${row.type}`, row])).values()]
      await db.execute(
        `insert into chat_subscriptions as known (home, channel_id, type, reader_user_id, subscription_id)
         select $1, channel_id, type, reader, id
         from unnest($2::uuid[], $3::text[], $4::text[], $5::text[]) as row(channel_id, type, reader, id)
         where exists (select from channels where channels.id = row.channel_id)
         on conflict (home, channel_id, type) do update
           set reader_user_id = excluded.reader_user_id, subscription_id = excluded.subscription_id, created_at = now()
           where (known.reader_user_id, known.subscription_id)
             is distinct from (excluded.reader_user_id, excluded.subscription_id)`,
        [
          home,
          rows.map((row) => row.channelId),
          rows.map((row) => row.type),
          rows.map((row) => row.readerUserId),
          rows.map((row) => row.subscriptionId),
        ],
      )
    },

    /** Forgets subscriptions of channels, which is not to end them. */
    async forget(home: string, gone: ReadonlyArray<{ channelId: string; type: string }>): Promise<void> {
      await db.execute(
        `delete from chat_subscriptions where home = $1
           and (channel_id, type) in (select * from unnest($2::uuid[], $3::text[]))`,
        [home, gone.map((row) => row.channelId), gone.map((row) => row.type)],
      )
    },

    /**
     * The platform ended this subscription. False where we know another one in its place: the news is old, or told
     * twice.
     */
    async ended(home: string, { channelId, type, id }: { channelId: string; type: string; id: string }) {
      const [row] = await db.query<{ superseded: boolean }>(
        `with gone as (
           delete from chat_subscriptions where home = $1 and channel_id = $2 and type = $3
             and (subscription_id is null or subscription_id = $4)
         )
         select exists (select from chat_subscriptions where home = $1 and channel_id = $2 and type = $3
           and subscription_id <> $4) as superseded`,
        [home, channelId, type, id],
      )
      return !row?.superseded
    },

    /** Forgets what lived at other homes: they are lost at the platform. */
    forgetOtherHomes: (home: string): Promise<number> =>
      db.execute('delete from chat_subscriptions where home <> $1', [home]),
  }
}
