import { join } from 'node:path'
import { adminApiRoutes } from '../../src/http/admin-api.ts'
import { assetRoutes } from '../../src/http/assets.ts'
import { pageRoutes } from '../../src/http/pages.ts'
import { createServer } from '../../src/http/server.ts'
import { createSessionCookie } from '../../src/http/session.ts'
import { createAdminViews } from '../../src/persistence/admin-views.ts'
import type { Database } from '../../src/persistence/database.ts'
import { createParkedPayloads } from '../../src/persistence/parked-payloads.ts'
import { createSessions } from '../../src/persistence/sessions.ts'
import { addChannels, addNode } from './admin-rows.ts'
import type { Ending } from './browser.ts'
import { silentLogger } from './logger.ts'

export const ADMIN_TOKEN = 'an-admin-token-of-some-length'
const PAGES = join(import.meta.dirname, '..', '..', 'dist')

/** The operator's page as a node without the role `web` serves it, before a database that a test fills. */
export async function openOperatorsPage(
  t: Ending,
  db: Database,
  { adminToken = ADMIN_TOKEN }: { adminToken?: string | null } = {},
): Promise<string> {
  const app = await createServer({
    baseUrl: 'http://127.0.0.1',
    adminToken,
    trustedProxies: [],
    sessions: createSessions(db),
    cookie: createSessionCookie({ secure: false }),
    logger: silentLogger,
    routes: [
      pageRoutes({ directory: PAGES, web: false }),
      assetRoutes({ directory: PAGES }),
      adminApiRoutes({
        views: createAdminViews(db),
        parked: createParkedPayloads(db),
        nodeId: 'node-a',
        now: Date.now,
      }),
    ],
  })
  t.after(() => app.close())
  return app.listen({ host: '127.0.0.1', port: 0 })
}

/** Three nodes of which one fell, bots and streams of all sorts, something unread. */
export async function addTrouble(db: Database, { channels }: { channels: number }): Promise<void> {
  await addChannels(db, channels)
  const watchdog = [
    { at: Date.now() - 40_000, action: 'restarted', count: 12 },
    { at: Date.now() - 130_000, action: 'mirror_rebuilt', count: 1 },
  ]
  const a = await addNode(db, 'node-a', {
    agoMs: 900,
    figures: { overlays: 214, redis: true, memoryMb: 187, watchdog },
  })
  const b = await addNode(db, 'node-b', {
    roles: ['bots'],
    agoMs: 2_100,
    figures: { overlays: 0, redis: true, memoryMb: 143 },
  })
  await addNode(db, 'node-c', { ended: 'fenced', agoMs: 95_000, figures: { overlays: 180, memoryMb: 164 } })
  await db.execute(`update nodes set ended_at = now() - interval '82 seconds' where end_reason = 'fenced'`)
  const number = `substr(u.login, 9)::integer`
  const each = `from channels c join users u on u.id = c.user_id where c.id::text = assignments.key`
  await db.execute(
    `update assignments set owner = case when ${number} % 2 = 0 then $1::bigint else $2::bigint end, epoch = 1 + ${number} % 3,
       state = 'active', state_since = now() - make_interval(mins => ${number} % 170) ${each} and kind = 'bot'`,
    [a, b],
  )
  const bots = async (rest: number, set: string) =>
    db.execute(`update assignments set ${set} ${each} and kind = 'bot' and ${number} % 97 = ${rest}`)
  await bots(
    5,
    `state = 'backoff', failures = 4, next_attempt_at = now() + make_interval(secs => 9 + ${number} % 50),
    last_error = 'platform-server', last_error_at = now() - interval '21 seconds', state_since = now() - interval '1 minute'`,
  )
  await bots(6, `owner = null, state = null, orphaned_at = now() - interval '82 seconds'`)
  await bots(7, `state = 'inactive', last_error = 'missing-scope', last_error_at = now() - interval '3 hours'`)
  await bots(
    8,
    `desired = false, owner = null, last_error = 'permission-revoked', last_error_at = now() - interval '2 days'`,
  )
  await bots(
    9,
    `state = 'backoff', failures = 1, next_attempt_at = now() + interval '40 minutes', last_error = 'banned',
    last_error_at = now() - interval '20 minutes'`,
  )

  await db.execute(
    `update assignments set owner = $1, epoch = 1, state = 'live', state_since = now() - interval '50 minutes',
       live = ${number} % 9 = 0,
       detail = jsonb_build_object('failures', 0, 'errors', jsonb_build_object('network', ${number} % 13 / 11), 'lastResponseMs', 60 + ${number} % 240,
         'lastPushAt', (extract(epoch from now()) - ${number} * 7 % 5000) * 1000,
         'lastSweepAt', (extract(epoch from now()) - ${number} % 600) * 1000) ${each} and kind = 'donations'`,
    [a],
  )
  const streams = async (rest: number, set: string) =>
    db.execute(`update assignments set ${set} ${each} and kind = 'donations' and ${number} % 89 = ${rest}`)
  await streams(
    3,
    `state = 'backoff', detail = detail || jsonb_build_object('failures', 5, 'lastResponseMs', 412.4,
    'errors', '{"rate_limit": 7, "server": 2}'::jsonb, 'backoffUntil', (extract(epoch from now()) + 7 + ${number} % 50) * 1000,
    'lastError', jsonb_build_object('code', 'platform-rate-limit', 'at', (extract(epoch from now()) - 12) * 1000))`,
  )
  await streams(
    4,
    `state = 'needs_reauth', detail = detail || jsonb_build_object('errors', '{"auth": 1}'::jsonb,
    'lastError', jsonb_build_object('code', 'platform-auth', 'at', (extract(epoch from now()) - 7200) * 1000))`,
  )
  await streams(5, `state = 'catching_up'`)
  await db.execute(
    `insert into assignments (kind, key, desired, owner, state, state_since, epoch) values
     ('shard', '0', true, $1, 'enabled', now() - interval '3 hours', 1), ('shard', '1', true, $2, 'enabled', now() - interval '80 seconds', 4)`,
    [a, b],
  )
  await db.execute(
    `insert into parked_payloads (channel_id, provider, account_id, arrival, payload, payload_hash, reason, received_at)
     select id, 'donationalerts', '7', 'push', $1, '\\x01', 'amount: expected a number', now() - interval '26 minutes'
     from channels limit 1`,
    ['{"id":190512,"username":"Ночной Лис","amount":"пятьсот","currency":"RUB","message":"Удачи! <b>в финале</b>"}'],
  )
  await db.execute('analyze')
}
