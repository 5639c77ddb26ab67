import type { Sql } from './database.ts'

export type DonationStreams = ReturnType<typeof createDonationStreams>

/** A stream as whoever owns it wrote it down. */
export interface DonationStreamRow {
  /** In the owner's words; `null` where nobody runs it at this moment, or nothing was said yet. */
  state: string | null
  detail: Record<string, unknown>
  /** The platform refused the account's tokens for good, whoever runs the stream. */
  refused: boolean
}

/** What an owner writes of a stream. */
export interface StreamNote {
  key: string
  epoch: number
  state: string
  live: boolean
  failures: number
  /** Until the next attempt; `null` where none is put off. */
  retryInMs: number | null
  lastError: string | null
  detail: object
}

/** The rows of donation streams: which are wanted, and how they do, whichever node runs them. */
export function createDonationStreams(db: Sql) {
  return {
    /** `undefined`: no stream is wanted for the channel. */
    async ofChannel(channelId: string): Promise<DonationStreamRow | undefined> {
      const [row] = await db.query<DonationStreamRow>(
        `select case when n.session is not null then r.state end as state, r.detail, a.state <> 'ok' as refused
         from assignments r join channels c on c.id::text = r.key
         join accounts a on a.user_id = c.user_id and a.provider = 'donationalerts'
         left join nodes n on n.session = r.owner and n.ended_at is null
         where r.kind = 'donations' and r.desired and r.key = $1`,
        [channelId],
        { name: 'donation-stream-of-channel' },
      )
      return row
    },

    /** Which of these channels are on air, as the owners of their bots know. */
    async onAir(channelIds: readonly string[]): Promise<string[]> {
      const rows = await db.query<{ key: string }>(
        `select key from assignments where kind = 'bot' and key = any($1) and live and desired`,
        [channelIds],
      )
      return rows.map(({ key }) => key)
    },

    /** Whether a channel's stream is wanted. Its failures are forgotten: who connects anew is tried at once. */
    async setDesired(channelId: string, desired: boolean): Promise<void> {
      await db.execute(
        `insert into assignments as r (kind, key, desired) values ('donations', $1, $2)
         on conflict (kind, key) do update set desired = $2, failures = 0, next_attempt_at = null, last_error = null,
           last_error_at = null, state = null, state_since = now(), detail = '{}',
           since = case when r.desired = $2 then r.since else now() end`,
        [channelId, desired],
      )
      if (!desired) {
        await db.execute(
          `update assignments set desired = false, since = now() where kind = 'donations-standby' and key = $1 and desired`,
          [channelId],
        )
      }
    },

    /**
     * Whether streams of this session are to have a second socket; nothing is wanted that no other node could hold.
     * @returns the keys whose rows changed.
     */
    async wishStandbys(session: number, wishes: ReadonlyArray<{ key: string; wanted: boolean }>): Promise<string[]> {
      const rows = await db.query<{ key: string }>(
        `insert into assignments as r (kind, key, desired)
         select 'donations-standby', d.key, w.wanted and exists (select from nodes
             where ended_at is null and not draining and 'donations' = any(roles) and session <> $1)
         from unnest($2::text[], $3::boolean[]) as w(key, wanted)
         join assignments d on d.kind = 'donations' and d.key = w.key and d.owner = $1 and d.desired
         left join assignments s on s.kind = 'donations-standby' and s.key = w.key
         where w.wanted or s.desired order by d.key
         on conflict (kind, key) do update set desired = excluded.desired, since = now()
           where r.desired <> excluded.desired
         returning key`,
        [session, wishes.map(({ key }) => key), wishes.map(({ wanted }) => wanted)],
        { name: 'wish-standbys' },
      )
      return rows.map(({ key }) => key)
    },

    /** Nobody wants any second socket: this node's operator has switched them off. */
    forgetStandbys: (): Promise<number> =>
      db.execute(
        `with wanted as (
           select key from assignments where kind = 'donations-standby' and desired order by key for update
         )
         update assignments a set desired = false, since = now() from wanted
         where a.kind = 'donations-standby' and a.key = wanted.key`,
      ),

    /** Written only where the row is still the session's, under the epoch that it was given. */
    async note(session: number, notes: readonly StreamNote[]): Promise<void> {
      await db.execute(
        `with ours as (
           select n.* from assignments r
           join jsonb_to_recordset($2::jsonb) as n(key text, epoch bigint, state text, live boolean, failures integer,
             "retryInMs" double precision, "lastError" text, detail jsonb) using (key, epoch)
           where r.kind = 'donations' and r.owner = $1 and r.desired order by r.key for update of r
         )
         update assignments r set state = n.state, live = n.live, failures = n.failures, detail = n.detail,
           state_since = case when r.state is distinct from n.state then now() else r.state_since end,
           next_attempt_at = now() + make_interval(secs => n."retryInMs" / 1000.0),
           last_error_at = case when r.last_error is distinct from n."lastError" then now() else r.last_error_at end,
           last_error = n."lastError"
         from ours n where r.kind = 'donations' and r.key = n.key and r.owner = $1`,
        [session, JSON.stringify(notes)],
        { name: 'note-donation-streams' },
      )
    },
  }
}
