import type { Sql } from './database.ts'

export type AdminViews = ReturnType<typeof createAdminViews>

/** A life of a node, as it stands in the database. */
export interface NodeView {
  session: string
  id: string
  roles: string[]
  version: string
  startedAt: Date
  lastSeenAt: Date
  /** `silent`: it has not renewed and does nothing in the name of the service, though nobody has ended it yet. */
  state: 'active' | 'draining' | 'silent' | 'ended'
  endedAt: Date | null
  endReason: 'stopped' | 'replaced' | 'fenced' | null
  bots: number
  donations: number
  shards: number
  /** What the node tells of itself. */
  figures: Record<string, unknown>
}

export interface BotView {
  channelId: string
  login: string
  desired: boolean
  state: string
  owner: string | null
  epoch: string
  since: Date | null
  failures: number
  nextAttemptAt: Date | null
  lastError: string | null
  lastErrorAt: Date | null
  detail: Record<string, unknown>
}

export interface StreamView {
  channelId: string
  login: string
  source: string
  application: string
  state: string
  owner: string | null
  /** The node that holds its second socket. */
  standby: string | null
  epoch: string
  since: Date | null
  live: boolean
  failures: number
  lastPushAt: Date | null
  lastSweepAt: Date | null
  detail: Record<string, unknown>
}

export interface ShardView {
  key: string
  owner: string | null
  epoch: string
  state: string | null
  since: Date | null
  detail: Record<string, unknown>
}

/** Which rows of many; without anything all of them. */
export interface RowFilter {
  states?: readonly string[] | undefined
  desired?: boolean | undefined
  /** A node's id; empty: nobody's. */
  owner?: string | undefined
  /** Part of the channel's login, or its id. */
  q?: string | undefined
}

export interface Page {
  /** The last channel of the page before. */
  after?: string | undefined
  limit: number
}

/** A node that is silent for longer than this acts no more: see {@link NodeView.state}. */
const MUTE_AFTER = `interval '8.5 seconds'`

/** The nodes that live, and whether they act. */
const LIVES = `lives as materialized (
  select session, node_id, renewed_at > now() - ${MUTE_AFTER} as acts from nodes where ended_at is null
)`

/** What nobody runs is on its way to somebody, or waits for its next attempt; what its owner last said is over. */
const BOT_STATE = `case
  when not a.desired then 'inactive'
  when l.acts and a.state in ('active', 'starting', 'backoff', 'inactive') then a.state
  when a.next_attempt_at > now() then 'backoff'
  else 'starting' end`

const STREAM_STATE = `case
  when t.id is null then 'off'
  when l.acts and a.state in ('live', 'connecting', 'catching_up', 'backoff', 'needs_reauth', 'off') then a.state
  when t.state <> 'ok' then 'needs_reauth'
  else 'connecting' end`

const SINCE =
  'case when l.acts then coalesce(a.state_since, a.owned_since, a.since) else coalesce(a.orphaned_at, a.since) end'

const BOTS = `${LIVES}, bots as (
  select a.key, c.id as "channelId", u.login, a.desired, ${BOT_STATE} as state, l.node_id as owner, a.epoch,
    ${SINCE} as since, a.failures, a.next_attempt_at as "nextAttemptAt", a.last_error as "lastError",
    a.last_error_at as "lastErrorAt", a.detail
  from assignments a
  join channels c on c.id = a.key::uuid
  join users u on u.id = c.user_id
  left join lives l on l.session = a.owner
  where a.kind = 'bot'
)`

const STREAMS = `${LIVES}, streams as (
  select a.key, a.desired, c.id as "channelId", u.login, coalesce(t.provider, 'donationalerts') as source,
    coalesce(t.application, '') as application, ${STREAM_STATE} as state, l.node_id as owner,
    s.node_id as standby, a.epoch, ${SINCE} as since, a.live, a.failures, p.last_push_at as "lastPushAt",
    p.last_sweep_at as "lastSweepAt", a.detail
  from assignments a
  join channels c on c.id = a.key::uuid
  join users u on u.id = c.user_id
  left join accounts t on t.user_id = c.user_id and t.provider = 'donationalerts'
  left join donation_positions p on p.provider = t.provider and p.account_id = t.external_id
  left join lives l on l.session = a.owner
  left join assignments b on b.kind = 'donations-standby' and b.key = a.key and b.desired
  left join lives s on s.session = b.owner
  where a.kind = 'donations' and a.desired
)`

/** Parameters of {@link MATCHES}, in its order. */
const matching = ({ states, desired, owner, q }: RowFilter): unknown[] => [
  states ?? null,
  desired ?? null,
  owner ?? null,
  q === undefined || q === '' ? null : `%${q.toLowerCase().replaceAll(/[\\%_]/g, String.raw`\$&`)}%`,
]

const MATCHES = `($1::text[] is null or state = any($1)) and ($2::boolean is null or desired = $2)
  and ($3::text is null or coalesce(owner, '') = $3) and ($4::text is null or lower(login) like $4 or key like $4)`

/** In the order of their ids, which is that of an index: a page costs what it holds, however many there are. */
const PAGED = `${MATCHES} and ($5::text is null or key > $5) order by key limit $6`

/** Who ended longer ago is of no interest any more. */
const ENDED_WITHIN = `interval '1 hour'`
const MOST_ENDED = 50

/** All nodes and what runs on them, for an operator: only read, and the same on whichever node is asked. */
export function createAdminViews(db: Sql) {
  const paged = (filter: RowFilter, { after, limit }: Page) => [...matching(filter), after ?? null, limit]
  const count = async (sql: string, filter: RowFilter) => {
    const [row] = await db.query<{ count: number }>(sql, matching(filter))
    return row?.count ?? 0
  }

  return {
    /** The living first, by name; then those that ended within the hour, the latest first. */
    nodes: (): Promise<NodeView[]> =>
      db.query<NodeView>(
        `with run as (
           select owner, count(*) filter (where kind = 'bot')::integer as bots,
             count(*) filter (where kind = 'donations')::integer as donations,
             count(*) filter (where kind = 'shard')::integer as shards
           from assignments where desired and owner is not null group by owner
         ), shown as (
           (select * from nodes where ended_at is null)
           union all
           (select * from nodes where ended_at > now() - ${ENDED_WITHIN} order by ended_at desc limit ${MOST_ENDED})
         )
         select n.session, n.node_id as id, n.roles, n.version, n.started_at as "startedAt",
           n.renewed_at as "lastSeenAt",
           case when n.ended_at is not null then 'ended'
             when n.renewed_at <= now() - ${MUTE_AFTER} then 'silent'
             when n.draining then 'draining' else 'active' end as state,
           n.ended_at as "endedAt", n.end_reason as "endReason", coalesce(r.bots, 0) as bots,
           coalesce(r.donations, 0) as donations, coalesce(r.shards, 0) as shards, n.figures
         from shown n left join run r on r.owner = n.session
         order by n.ended_at desc nulls first, n.node_id`,
      ),

    bots: (filter: RowFilter, page: Page): Promise<BotView[]> =>
      db.query<BotView>(`with ${BOTS} select * from bots where ${PAGED}`, paged(filter, page)),

    countBots: (filter: RowFilter): Promise<number> =>
      count(`with ${BOTS} select count(*)::integer as count from bots where ${MATCHES}`, filter),

    streams: (filter: RowFilter, page: Page): Promise<StreamView[]> =>
      db.query<StreamView>(`with ${STREAMS} select * from streams where ${PAGED}`, paged(filter, page)),

    countStreams: (filter: RowFilter): Promise<number> =>
      count(`with ${STREAMS} select count(*)::integer as count from streams where ${MATCHES}`, filter),

    shards: (): Promise<ShardView[]> =>
      db.query<ShardView>(
        `with ${LIVES}
         select a.key, l.node_id as owner, a.epoch, case when l.acts then a.state end as state, ${SINCE} as since, a.detail
         from assignments a left join lives l on l.session = a.owner
         where a.kind = 'shard' and a.desired order by length(a.key), a.key`,
      ),

    /** How many of each kind are in which state, and how many of them nobody runs. */
    counts: (): Promise<Array<{ kind: 'bot' | 'donations'; state: string; count: number; unowned: number }>> =>
      db.query(
        `with ${LIVES}
         select 'bot' as kind, case when a.desired then ${BOT_STATE} else 'off' end as state, count(*)::integer as count,
           count(*) filter (where a.desired and l.session is null)::integer as unowned
         from assignments a left join lives l on l.session = a.owner where a.kind = 'bot' group by 2
         union all
         select 'donations', ${STREAM_STATE}, count(*)::integer, count(*) filter (where l.session is null)::integer
         from assignments a
         join channels c on c.id = a.key::uuid
         left join accounts t on t.user_id = c.user_id and t.provider = 'donationalerts'
         left join lives l on l.session = a.owner
         where a.kind = 'donations' and a.desired group by 2`,
      ),

    /** What waits for an overlay, and what waits for an operator. */
    async waiting(): Promise<{ queued: number; inFlight: number; parked: number }> {
      const [row] = await db.query<{ queued: number; inFlight: number; parked: number }>(
        `select (select count(*) from alerts where state = 'queued')::integer as queued,
           (select count(*) from alerts where state in ('offered', 'started'))::integer as "inFlight",
           (select count(*) from parked_payloads where resolved_at is null)::integer as parked`,
      )
      return row ?? { queued: 0, inFlight: 0, parked: 0 }
    },

    /** Those of `channelIds` where an alert waits, is not held back by its streamer, and none is in flight. */
    async stuck(channelIds: readonly string[]): Promise<string[]> {
      const rows = await db.query<{ id: string }>(
        `select c.id from channels c
         where c.id = any($1::uuid[]) and not c.alerts_paused
           and exists (select from alerts a where a.channel_id = c.id and a.state = 'queued')
           and not exists (select from alerts a where a.channel_id = c.id and a.state in ('offered', 'started'))`,
        [channelIds],
      )
      return rows.map(({ id }) => id)
    },

    /** Of each kind, how many shall run and are nobody's. Kinds of which all is somebody's are missing. */
    unowned: (): Promise<Array<{ kind: string; count: number }>> =>
      db.query(
        `select kind, count(*)::integer as count from assignments where desired and owner is null group by kind`,
      ),
  }
}
