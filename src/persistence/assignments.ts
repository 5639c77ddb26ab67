import type { Sql } from './database.ts'

export type Assignments = ReturnType<typeof createAssignments>

/** A channel's bot as it stands in the database. */
export interface BotAssignment {
  channelId: string
  login: string
  /** The channel's id at the platform. */
  channelUserId: string
  desired: boolean
  /** When somebody last turned it on or off; `null` where nobody ever did. */
  since: Date | null
  failures: number
  /** Until the next attempt, by the database's clock; `null` where none is put off. */
  retryInMs: number | null
  lastError: string | null
  lastErrorAt: Date | null
  /** The streamer has allowed all that was asked about. */
  permitted: boolean
  /** The node that runs it; `null` where nobody does. */
  owner: string | null
  epoch: number
  /** As its owner saw it last; `null` where nobody has since it was turned on. */
  state: string | null
  stateSince: Date | null
  streamLive: boolean | null
  /** What its owner told of what it did. */
  figures: unknown
  /** Some node is delivered what is said in chats. */
  chatDelivered: boolean
}

/** How something stands, as its owner says. Ages are until now. */
export interface AssignmentNote {
  key: string
  epoch: number
  state: string
  sinceAgoMs: number
  failures: number
  retryInMs: number | null
  error: { code: string; agoMs: number } | null
  /** `null`: nobody has said so; what was known last stays. */
  live: boolean | null
  detail: object
}

/** A revocation is heard at one moment and may be written down at a later one; what was changed in between stays. */
interface Heard {
  agoMs: number
}

const CHAT_DELIVERED = `exists (select from assignments s
  where s.kind = 'shard' and s.desired and s.owner is not null and s.state = 'enabled')`

const SELECT = `select c.id as "channelId", u.login, u.twitch_user_id as "channelUserId",
  coalesce(a.desired, false) as desired, a.since, coalesce(a.failures, 0) as failures,
  case when a.next_attempt_at is not null
    then greatest(0, extract(epoch from a.next_attempt_at - now()) * 1000)::double precision end as "retryInMs",
  a.last_error as "lastError", a.last_error_at as "lastErrorAt", coalesce(t.granted_scopes @> $1, false) as permitted,
  n.node_id as owner, coalesce(a.epoch, 0)::double precision as epoch, a.state, a.state_since as "stateSince",
  (a.detail ->> 'streamLive')::boolean as "streamLive", a.detail -> 'figures' as figures,
  ${CHAT_DELIVERED} as "chatDelivered"
  from channels c join users u on u.id = c.user_id
  left join assignments a on a.kind = 'bot' and a.key = c.id::text
  left join nodes n on n.session = a.owner and n.ended_at is null
  left join accounts t on t.user_id = c.user_id and t.provider = 'twitch'`

/** Bots that shall run, what keeps them from running, and how their owners see them. */
export function createAssignments(db: Sql) {
  return {
    /** The bots of these channels. @param scopes What a streamer must have allowed. */
    bots: (channelIds: readonly string[], scopes: readonly string[]): Promise<BotAssignment[]> =>
      db.query<BotAssignment>(`${SELECT} where c.id = any($2::uuid[])`, [scopes, channelIds]),

    /** The bot of a channel, also where it was never turned on; `undefined` where there is no such channel. */
    async bot(channelId: string, scopes: readonly string[]): Promise<BotAssignment | undefined> {
      const [bot] = await db.query<BotAssignment>(`${SELECT} where c.id = $2`, [scopes, channelId])
      return bot
    },

    /** Of these channels, by their ids at the platform, those whose bot is turned on, wherever it runs. */
    async wanted(channelUserIds: readonly string[]): Promise<Set<string>> {
      const rows = await db.query<{ id: string }>(
        `select u.twitch_user_id as id from users u join channels c on c.user_id = u.id
         join assignments a on a.kind = 'bot' and a.key = c.id::text and a.desired
         where u.twitch_user_id = any($1)`,
        [channelUserIds],
      )
      return new Set(rows.map(({ id }) => id))
    },

    /** Turns a channel's bot on or off, and forgets its failures. */
    async setDesired(channelId: string, desired: boolean): Promise<void> {
      await db.execute(
        `insert into assignments as a (kind, key, desired) values ('bot', $1, $2)
         on conflict (kind, key) do update set desired = $2, failures = 0, next_attempt_at = null, since = now(),
           state = case when $2 and a.desired and a.state = 'active' then a.state end,
           last_error = null, last_error_at = null`,
        [channelId, desired],
      )
    },

    /** Turns a bot off that was on when its person went. By their id at the platform. @returns the channel's id. */
    async turnOff(channelUserId: string, why: string, { agoMs }: Heard): Promise<string | undefined> {
      const [row] = await db.query<{ key: string }>(
        `update assignments a set desired = false, failures = 0, next_attempt_at = null, since = now(),
           state = null, state_since = null, last_error = $2, last_error_at = now()
         from channels c join users u on u.id = c.user_id
         where u.twitch_user_id = $1 and a.kind = 'bot' and a.key = c.id::text and a.desired
           and a.since <= now() - make_interval(secs => $3 / 1000.0)
         returning a.key`,
        [channelUserId, why, agoMs],
      )
      return row?.key
    },

    /**
     * Writes down how things stand. @returns the keys that it was written for: what is missing among them is not the
     * session's, or not under this epoch.
     */
    async note(kind: string, session: number, notes: readonly AssignmentNote[]): Promise<Set<string>> {
      const rows = await db.query<{ key: string }>(
        // In the order of their keys, as whoever else locks several of these rows does.
        `with ours as (
           select n.* from assignments a
           join unnest($3::text[], $4::bigint[], $5::text[], $6::float8[], $7::integer[], $8::float8[], $9::text[],
             $10::float8[], $11::boolean[], $12::jsonb[])
             as n(key, epoch, state, since_ago, failures, retry_in, error, error_ago, live, detail)
             on a.key = n.key and a.epoch = n.epoch
           where a.kind = $1 and a.owner = $2 order by a.key for update of a
         )
         update assignments a set state = n.state, state_since = now() - make_interval(secs => n.since_ago / 1000),
           failures = n.failures, next_attempt_at = now() + make_interval(secs => n.retry_in / 1000),
           last_error = n.error, last_error_at = now() - make_interval(secs => n.error_ago / 1000),
           live = coalesce(n.live, a.live), detail = n.detail
         from ours n where a.kind = $1 and a.key = n.key
         returning a.key`,
        [
          kind,
          session,
          notes.map(({ key }) => key),
          notes.map(({ epoch }) => epoch),
          notes.map(({ state }) => state),
          notes.map(({ sinceAgoMs }) => sinceAgoMs),
          notes.map(({ failures }) => failures),
          notes.map(({ retryInMs }) => retryInMs),
          notes.map(({ error }) => error?.code ?? null),
          notes.map(({ error }) => error?.agoMs ?? null),
          notes.map(({ live }) => live),
          notes.map(({ detail }) => JSON.stringify(detail)),
        ],
      )
      return new Set(rows.map(({ key }) => key))
    },
  }
}
