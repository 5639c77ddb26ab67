import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { adminApiRoutes } from '../../src/http/admin-api.ts'
import { createServer } from '../../src/http/server.ts'
import { createSessionCookie } from '../../src/http/session.ts'
import { createAdminViews } from '../../src/persistence/admin-views.ts'
import { createParkedPayloads } from '../../src/persistence/parked-payloads.ts'
import { createSessions } from '../../src/persistence/sessions.ts'
import { addChannels, addNode } from '../support/admin-rows.ts'
import { openTestDatabase } from '../support/database.ts'
import { silentLogger } from '../support/logger.ts'

type Row = Record<string, unknown>

const byName = (a: string, b: string) => a.localeCompare(b)

async function setUp(t: TestContext, { channels = 3 } = {}) {
  const { db } = await openTestDatabase(t)
  await addChannels(db, channels)
  const app = await createServer({
    baseUrl: 'https://chatfolk.test',
    adminToken: 'an-admin-token-of-some-length',
    trustedProxies: [],
    sessions: createSessions(db),
    cookie: createSessionCookie({ secure: true }),
    logger: silentLogger,
    routes: [
      adminApiRoutes({
        views: createAdminViews(db),
        parked: createParkedPayloads(db),
        nodeId: 'node-a',
        now: () => 1_800_000_000_000,
      }),
    ],
  })
  t.after(() => app.close())
  const headers = { authorization: 'Bearer an-admin-token-of-some-length' }
  const ask = (path: string) => app.inject({ url: `/api/admin/${path}`, headers })
  const rows = async (path: string) => (await ask(path)).json<Row[]>()
  const names = async (path: string) => (await rows(path)).map(({ login }) => String(login)).toSorted(byName)
  /** Gives what `where` names to a session, in a state. */
  const give = (kind: string, login: string, session: string, state: string, detail: Row = {}) =>
    db.execute(
      `update assignments set owner = $3, epoch = epoch + 1, state = $4, state_since = now(), detail = $5
       where kind = $1 and key in (select c.id::text from channels c join users u on u.id = c.user_id where u.login like $2)`,
      [kind, login, session, state, detail],
    )
  return { db, app, ask, rows, names, give }
}

test('each node is shown as it stands: acting, leaving, silent, ended', async (t) => {
  const { db, rows, give } = await setUp(t)
  const a = await addNode(db, 'node-a', { figures: { overlays: 4, redis: true, memoryMb: 181.5 } })
  await addNode(db, 'node-b', { roles: ['web'], draining: true, figures: { overlays: 'many' } })
  await addNode(db, 'node-c', { agoMs: 9_000, figures: { overlays: 2 } })
  await addNode(db, 'node-d', { ended: 'fenced', figures: { overlays: 9 } })
  const old = await addNode(db, 'node-e', { ended: 'stopped' })
  await db.execute(`update nodes set ended_at = now() - interval '2 hours' where session = $1`, [old])
  await give('bot', '%', a, 'active')
  await give('donations', '%1', a, 'live')

  const nodes = await rows('nodes')
  assert.deepEqual(
    nodes.map(({ id, state, fenced, bots, donations, overlays }) => [id, state, fenced, bots, donations, overlays]),
    [
      ['node-a', 'active', false, 3, 1, 4],
      ['node-b', 'draining', false, 0, 0, 0],
      ['node-c', 'silent', false, 0, 0, 2],
      ['node-d', 'ended', true, 0, 0, 0],
    ],
  )
  assert.deepEqual([nodes[0]?.['redis'], nodes[0]?.['memoryMb'], nodes[1]?.['redis']], [true, 181.5, null])
  assert.deepEqual([nodes[0]?.['roles'], nodes[1]?.['roles']], [['web', 'bots', 'donations'], ['web']])
  assert.ok(Date.parse(String(nodes[0]?.['startedAt'])) < Date.parse(String(nodes[0]?.['lastSeenAt'])))
})

test('a bot is in the state its owner tells, and on its way while its owner is silent, gone or nobody', async (t) => {
  const { db, rows, give } = await setUp(t, { channels: 6 })
  const alive = await addNode(db, 'node-a')
  const silent = await addNode(db, 'node-b', { agoMs: 9_000 })
  const gone = await addNode(db, 'node-c', { ended: 'fenced' })
  await give('bot', '%1', alive, 'active')
  await give('bot', '%2', silent, 'active')
  await give('bot', '%3', gone, 'active')
  await give('bot', '%4', alive, 'a word of a newer version')
  await db.execute(
    `update assignments set next_attempt_at = now() + interval '1 minute', failures = 4, last_error = 'platform-server',
       last_error_at = now() where kind = 'bot' and owner is null`,
  )
  await db.execute(
    `update assignments set desired = false where kind = 'bot' and key = (
       select c.id::text from channels c join users u on u.id = c.user_id where u.login like '%6')`,
  )
  const bots = (await rows('bots')).sort((a, b) => String(a['login']).localeCompare(String(b['login'])))
  assert.deepEqual(
    bots.map(({ desired, state, owner, epoch, failures }) => [desired, state, owner, epoch, failures]),
    [
      [true, 'active', 'node-a', 1, 0],
      [true, 'starting', 'node-b', 1, 0],
      [true, 'starting', null, 1, 0],
      [true, 'starting', 'node-a', 1, 0],
      [true, 'backoff', null, 0, 4],
      [false, 'inactive', null, 0, 4],
    ],
  )
  assert.equal((bots[4]?.['lastError'] as Row | undefined)?.['code'], 'platform-server')
  assert.ok(Date.parse(String(bots[4]?.['nextAttemptAt'])) > Date.now())
  assert.equal(
    Object.keys(bots[0] ?? {})
      .sort()
      .join(),
    'channelId,desired,epoch,failures,lastError,login,nextAttemptAt,owner,since,state',
  )
})

test('a donation stream tells what its owner knows of it, and whatever it leaves out is nothing', async (t) => {
  const { db, rows, give } = await setUp(t, { channels: 4 })
  const a = await addNode(db, 'node-a')
  const at = Date.parse('2026-11-25T20:00:00Z')
  await give('donations', '%1', a, 'backoff', {
    failures: 3,
    errors: { rate_limit: 2, server: 1, odd: 9, auth: 'x' },
    backoffUntil: at,
    lastResponseMs: 120.5,
    lastPushAt: at,
    lastError: { code: 'platform-rate-limit', at },
    application: '200',
  })
  await give('donations', '%2', a, 'live')
  await db.execute(
    `update accounts set state = 'needs_reauth' where user_id = (select id from users where login like '%3')`,
  )
  await db.execute(`delete from accounts where user_id = (select id from users where login like '%4')`)
  await db.execute(
    `insert into assignments (kind, key, desired, owner) select 'donations-standby', key, true, $1 from assignments
     where kind = 'donations' and state = 'live'`,
    [a],
  )
  const streams = (await rows('donations')).sort((x, y) => String(x['login']).localeCompare(String(y['login'])))
  const iso = new Date(at).toISOString()
  const { channelId, since, ...first } = streams[0] ?? {}
  assert.ok(channelId && since)
  assert.deepEqual(first, {
    login: 'streamer00001',
    source: 'donationalerts',
    state: 'backoff',
    owner: 'node-a',
    standby: null,
    epoch: 1,
    live: false,
    failures: 3,
    errors: { rate_limit: 2, server: 1, network: 0, auth: 0, invalid: 0 },
    backoffUntil: iso,
    lastResponseMs: 120.5,
    lastPushAt: iso,
    lastSweepAt: null,
    lastError: { code: 'platform-rate-limit', at: iso },
    application: '200',
  })
  assert.deepEqual(
    streams.map(({ state, owner, standby }) => [state, owner, standby]),
    [
      ['backoff', 'node-a', null],
      ['live', 'node-a', 'node-a'],
      ['needs_reauth', null, null],
      ['off', null, null],
    ],
  )
})

test('the overview counts what the lists hold', async (t) => {
  const { db, ask, give } = await setUp(t, { channels: 5 })
  const at = Date.parse('2026-11-25T20:00:00Z')
  const a = await addNode(db, 'node-a', {
    figures: { overlays: 2, redis: true, watchdog: [{ at, action: 'restarted', count: 3 }, { rubbish: true }] },
  })
  await addNode(db, 'node-b', { figures: { overlays: 5, redis: false } })
  await give('bot', '%1', a, 'active')
  await give('bot', '%2', a, 'inactive')
  await give('donations', '%1', a, 'needs_reauth')
  await db.execute(
    `insert into assignments (kind, key, desired, owner, state) values ('shard', '0', true, $1, 'enabled'), ('shard', '1', true, null, null)`,
    [a],
  )
  const overview = (await ask('overview')).json<Row>()
  const { shards, ...rest } = overview
  assert.deepEqual(
    (shards as Row[]).map(({ key, owner, state }) => [key, owner, state]),
    [
      ['0', 'node-a', 'enabled'],
      ['1', null, null],
    ],
  )
  assert.deepEqual(rest, {
    at: '2027-01-15T08:00:00.000Z',
    nodeId: 'node-a',
    nodes: { active: 2, draining: 0, silent: 0 },
    bots: { active: 1, starting: 3, backoff: 0, inactive: 1, off: 0, unowned: 3 },
    donations: { live: 0, connecting: 4, catching_up: 0, backoff: 0, needs_reauth: 1, off: 0, unowned: 4 },
    overlays: 7,
    alerts: { queued: 0, inFlight: 0 },
    parked: 0,
    redis: 'partly',
    watchdog: [{ node: 'node-a', at: '2026-11-25T20:00:00.000Z', action: 'restarted', count: 3 }],
  })
})

test('rows are found by state, owner and name, page by page, and a wrong question is refused', async (t) => {
  const { db, ask, rows, names, give } = await setUp(t, { channels: 25 })
  const a = await addNode(db, 'node-a')
  await give('bot', 'streamer0001%', a, 'active')
  assert.equal((await names('bots?state=active')).length, 10)
  assert.equal((await names('bots?state=active,starting')).length, 25)
  assert.equal((await names('bots?owner=')).length, 15)
  assert.deepEqual(await names('bots?q=0001&owner=node-a&state=active'), await names('bots?state=active'))
  assert.deepEqual(await names('bots?q=STREAMER00007'), ['streamer00007'])
  assert.deepEqual(await names('bots?q=%25'), [], 'a wildcard is a letter like any other')
  assert.equal((await names('bots?desired=false')).length, 0)

  const seen: string[] = []
  for (let after = ''; ;) {
    const answer = await ask(`bots?owner=&limit=7${after}`)
    assert.equal(answer.headers['x-total-count'], '15')
    const page = answer.json<Row[]>()
    if (page.length === 0) break
    seen.push(...page.map(({ login }) => String(login)))
    after = `&after=${page.at(-1)?.['channelId'] as string}`
  }
  assert.deepEqual(seen.toSorted(byName), await names('bots?owner='))
  assert.equal(new Set(seen).size, 15)

  const [stream] = await rows('donations?limit=1')
  assert.deepEqual(await rows(`donations?q=${stream?.['channelId'] as string}`), [stream])
  for (const wrong of ['bots?state=happy', 'bots?limit=0', 'bots?after=x', 'donations?state=active'])
    assert.equal((await ask(wrong)).statusCode, 400, wrong)
})

test('ten thousand bots are told whole, and the page of an operator stays quick', async (t) => {
  const { db, ask, rows, give } = await setUp(t, { channels: 10_000 })
  const sessions = [await addNode(db, 'node-a'), await addNode(db, 'node-b'), await addNode(db, 'node-c')]
  for (const [n, session] of sessions.entries()) {
    await give('bot', `%${n}`, session, 'active')
    await give('donations', `%${n}`, session, 'live', { errors: { rate_limit: n }, lastResponseMs: 80 })
  }
  await db.execute('analyze')
  const timed = async <T>(what: string, work: () => Promise<T>) => {
    const began = performance.now()
    const result = await work()
    t.diagnostic(`${what}: ${Math.round(performance.now() - began)} ms`)
    return result
  }
  assert.equal((await timed('all bots', () => rows('bots'))).length, 10_000)
  assert.equal((await timed('all streams', () => rows('donations'))).length, 10_000)
  assert.equal((await timed('a page of bots', () => rows('bots?limit=100'))).length, 100)
  assert.equal((await timed('a page of the starting', () => rows('bots?limit=100&state=starting'))).length, 100)
  assert.equal((await timed('one by name', () => rows('bots?limit=100&q=streamer09999'))).length, 1)
  assert.equal((await timed('nodes', () => rows('nodes'))).length, 3)
  const overview = (await timed('the overview', () => ask('overview'))).json<{ bots: Row; donations: Row }>()
  assert.deepEqual([overview.bots['active'], overview.donations['live']], [3_000, 3_000])
})

test('nothing of it is told without the token', async (t) => {
  const { app } = await setUp(t, { channels: 0 })
  for (const path of ['overview', 'nodes', 'bots', 'donations', 'parked']) {
    const answer = await app.inject({ url: `/api/admin/${path}`, remoteAddress: '127.0.0.1' })
    assert.equal(answer.statusCode, 403, path)
  }
})
