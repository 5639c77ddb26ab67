import { randomBytes } from 'node:crypto'
import type { Sql } from '../../src/persistence/database.ts'

/** A life of a node, as it would have written itself down. `agoMs`: when it last renewed. */
export async function addNode(
  db: Sql,
  id: string,
  node: {
    roles?: string[]
    agoMs?: number
    draining?: boolean
    ended?: 'stopped' | 'replaced' | 'fenced'
    figures?: Record<string, unknown>
  } = {},
): Promise<string> {
  const { roles = ['web', 'bots', 'donations'], agoMs = 0, draining = false, ended = null, figures = {} } = node
  const [row] = await db.query<{ session: string }>(
    `insert into nodes (node_id, roles, version, started_at, renewed_at, draining, ended_at, end_reason, figures)
     values ($1, $2, '0.1.0', now() - interval '3 hours', now() - make_interval(secs => $3 / 1000.0), $4,
       case when $5::text is not null then now() end, $5, $6) returning session`,
    [id, roles, agoMs, draining, ended, figures],
  )
  return row?.session ?? ''
}

/** `count` streamers with channels, bots that are on and donation streams, none of them anybody's yet. In one go: ten thousand take a second. */
export async function addChannels(db: Sql, count: number): Promise<void> {
  const salt = randomBytes(8).toString('hex')
  await db.execute(
    `with people as (
       insert into users (twitch_user_id, login, display_name)
       select 'tw' || n, 'streamer' || lpad(n::text, 5, '0'), 'Streamer ' || n from generate_series(1, $1::integer) n returning id
     ), places as (
       insert into channels (user_id, overlay_key_hash, overlay_key)
       select id, decode(md5($2 || id::text), 'hex'), 'sealed' from people returning id, user_id
     ), connected as (
       insert into accounts (user_id, provider, external_id, external_name, application, access_token)
       select id, 'donationalerts', 'da' || id, 'donations', '100', 'sealed' from people
     )
     insert into assignments (kind, key, desired, since)
     select kind, id::text, true, now() - interval '2 hours' from places, unnest(array['bot', 'donations']) kind`,
    [count, salt],
  )
}
