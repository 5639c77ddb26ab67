import type { Sql } from './database.ts'

export type Assignments = ReturnType<typeof createAssignments>

/** A channel's bot as it stands in the database. */
export interface BotAssignment {
  channelId: string
  login: string
  /** The channel's id at the platform. */
  channelUserId: string
  desired: boolean
  /** When `desired` last changed; `null` where the bot was never turned on. */
  since: Date | null
  failures: number
  /** Until the next attempt, by the database's clock; `null` where none is put off. */
  retryInMs: number | null
  lastError: string | null
  lastErrorAt: Date | null
  /** The streamer has allowed all that was asked about. */
  permitted: boolean
}

const SELECT = `select c.id as "channelId", u.login, u.twitch_user_id as "channelUserId",
  coalesce(a.desired, false) as desired, a.since, coalesce(a.failures, 0) as failures,
  case when a.next_attempt_at is not null
    then greatest(0, extract(epoch from a.next_attempt_at - now()) * 1000)::double precision end as "retryInMs",
  a.last_error as "lastError", a.last_error_at as "lastErrorAt", coalesce(t.granted_scopes @> $1, false) as permitted
  from channels c join users u on u.id = c.user_id
  left join assignments a on a.kind = 'bot' and a.key = c.id
  left join accounts t on t.user_id = c.user_id and t.provider = 'twitch'`

/** What shall run, and what keeps it from running. Bots are the only kind today. */
export function createAssignments(db: Sql) {
  return {
    /** All bots that are turned on. @param scopes What a streamer must have allowed. */
    desiredBots: (scopes: readonly string[]): Promise<BotAssignment[]> =>
      db.query<BotAssignment>(`${SELECT} where a.desired`, [scopes]),

    /** All bots that were turned on once and are off now. */
    restingBots: (scopes: readonly string[]): Promise<BotAssignment[]> =>
      db.query<BotAssignment>(`${SELECT} where not a.desired`, [scopes]),

    /** The bot of a channel, also where it was never turned on; `undefined` where there is no such channel. */
    async bot(channelId: string, scopes: readonly string[]): Promise<BotAssignment | undefined> {
      const [bot] = await db.query<BotAssignment>(`${SELECT} where c.id = $2`, [scopes, channelId])
      return bot
    },

    /** Turns a channel's bot on or off, and forgets its failures. `why`: where it was not the streamer who did it. */
    async setDesired(channelId: string, desired: boolean, why: string | null = null): Promise<void> {
      await db.execute(
        `insert into assignments as a (kind, key, desired, last_error, last_error_at)
         values ('bot', $1, $2, $3, case when $3::text is not null then now() end)
         on conflict (kind, key) do update set desired = $2, failures = 0, next_attempt_at = null,
           since = case when a.desired = $2 then a.since else now() end,
           last_error = excluded.last_error, last_error_at = excluded.last_error_at`,
        [channelId, desired, why],
      )
    },

    /** Writes down how the last attempt failed, and when the next one is due, so that a restart hurries nothing. */
    async noteFailure(
      channelId: string,
      { failures, error, retryInMs }: { failures: number; error: string; retryInMs: number | null },
    ): Promise<void> {
      await db.execute(
        `update assignments set failures = $2, last_error = $3, last_error_at = now(),
           next_attempt_at = now() + make_interval(secs => $4 / 1000.0)
         where kind = 'bot' and key = $1`,
        [channelId, failures, error, retryInMs],
      )
    },

    /** It works again. */
    async noteSuccess(channelId: string): Promise<void> {
      await db.execute(
        `update assignments set failures = 0, last_error = null, last_error_at = null, next_attempt_at = null
         where kind = 'bot' and key = $1`,
        [channelId],
      )
    },
  }
}
