import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { lookFromSeed, seedFromText } from '../../src/domain/avatar-look.ts'
import { adminApiRoutes } from '../../src/http/admin-api.ts'
import { botApiRoutes, createDescribeBot } from '../../src/http/bot-api.ts'
import { NO_FIGURES, type ChatFigures } from '../../src/http/bot-replies.ts'
import { lookApiRoutes } from '../../src/http/look-api.ts'
import { createServer } from '../../src/http/server.ts'
import { createSessionCookie } from '../../src/http/session.ts'
import { createAdminViews } from '../../src/persistence/admin-views.ts'
import { createLooks } from '../../src/persistence/looks.ts'
import { createParkedPayloads } from '../../src/persistence/parked-payloads.ts'
import { createSessions } from '../../src/persistence/sessions.ts'
import { addStreamers, createBots } from '../support/bots.ts'
import { openTestDatabase } from '../support/database.ts'
import { createInjectBrowser } from '../support/inject-browser.ts'
import { silentLogger } from '../support/logger.ts'
import { checkRoutesAreShut } from '../support/route-inventory.ts'

const ORIGIN = 'https://chatfolk.test'
const COOKIE = '__Host-chatfolk_session'

async function setUp(t: TestContext, { figures = NO_FIGURES }: { figures?: ChatFigures } = {}) {
  const { db } = await openTestDatabase(t)
  const [streamer] = await addStreamers(db, 1)
  const world = createBots(t, db)
  const { bots } = world
  await bots.start()
  const sessions = createSessions(db)
  const changed: unknown[] = []
  const describeBot = createDescribeBot({ bots, chatFigures: () => figures })
  const app = await createServer({
    baseUrl: ORIGIN,
    adminToken: 'an-admin-token-of-some-length',
    trustedProxies: [],
    sessions,
    cookie: createSessionCookie({ secure: true }),
    logger: silentLogger,
    rateLimits: { auth: 100_000, other: 100_000 },
    routes: [
      botApiRoutes({ bots, describeBot }),
      lookApiRoutes({ looks: createLooks(db), onLookChanged: (...change) => void changed.push(change) }),
      adminApiRoutes({
        views: createAdminViews(db),
        parked: createParkedPayloads(db),
        nodeId: 'node-a',
        now: () => 0,
      }),
    ],
  })
  t.after(() => app.close())
  const browser = createInjectBrowser(app, ORIGIN)
  const [user] = await db.query<{ id: string }>('select id from users where twitch_user_id = $1', [streamer?.userId])
  const session = await sessions.start(user?.id ?? '')
  browser.cookies.set(COOKIE, session)
  const admin = async <Body>(url: string) =>
    (await app.inject({ url, headers: { authorization: 'Bearer an-admin-token-of-some-length' } })).json<Body>()
  const turn = async (enabled: unknown) => browser.send('POST', '/api/channel/bot', { enabled })
  const { channelId = '', userId = '' } = streamer ?? {}
  return { ...world, app, db, browser, session, admin, turn, changed, channelId, userId }
}

test('the switch answers with the whole bot, and the operator sees the same', async (t) => {
  const { turn, admin, untilState, channelId } = await setUp(t, {
    figures: { viewers: 3, replies: { sent: 5, dropped: 1, lastDropped: { why: 'too-old', at: 0 } } },
  })
  assert.deepEqual(await admin('/api/admin/bots'), [])
  const on = (await turn(true)).json<Record<string, unknown>>()
  assert.deepEqual(
    { ...on, since: null, speaker: null, state: null },
    {
      desired: true,
      state: null,
      owner: 'test-node',
      since: null,
      lastError: null,
      speaker: null,
      permission: 'granted',
      streamLive: null,
      viewers: 3,
      replies: { sent: 5, dropped: 1, lastDropped: { why: 'too-old', at: '1970-01-01T00:00:00.000Z' } },
      retryAt: null,
    },
  )
  assert.ok(['starting', 'active'].includes(String(on['state'])), 'it goes on while the switch answers')
  await untilState(channelId, 'active')
  const [bot] = await admin<Array<Record<string, unknown>>>('/api/admin/bots')
  assert.equal(
    Object.keys(bot ?? {})
      .sort()
      .join(),
    'channelId,desired,epoch,failures,lastError,login,nextAttemptAt,owner,since,state',
  )
  assert.deepEqual([bot?.['channelId'], bot?.['desired'], bot?.['failures']], [channelId, true, 0])

  const off = (await turn(false)).json<Record<string, unknown>>()
  assert.deepEqual([off['desired'], off['state'], off['owner']], [false, 'inactive', null])
  const [resting] = await admin<Array<Record<string, unknown>>>('/api/admin/bots')
  assert.deepEqual([resting?.['desired'], resting?.['state']], [false, 'inactive'])
})

test('a bot without its permission is on, and says what it waits for', async (t) => {
  const { turn, db } = await setUp(t)
  await db.execute(`update accounts set granted_scopes = '{}'`)
  const bot = (await turn(true)).json<{
    desired: boolean
    state: string
    permission: string
    lastError: { code: string }
  }>()
  assert.deepEqual(
    [bot.desired, bot.state, bot.permission, bot.lastError.code],
    [true, 'inactive', 'missing', 'missing-scope'],
  )
})

test('the switch takes true or false and nothing else', async (t) => {
  const { turn, browser } = await setUp(t)
  for (const wrong of ['true', 1, null, undefined]) assert.equal((await turn(wrong)).statusCode, 400)
  const more = await browser.send('POST', '/api/channel/bot', { enabled: true, channelId: crypto.randomUUID() })
  assert.equal(more.statusCode, 400)
})

test('a person sees their look, changes it and goes back; the stage is told', async (t) => {
  const { browser, changed, userId } = await setUp(t)
  const seed = seedFromText(userId)
  const born = { look: lookFromSeed(seed), seed, own: false }
  assert.deepEqual((await browser.get('/api/me/look')).json(), born)

  const chosen = lookFromSeed(seed + 1)
  const put = await browser.send('PUT', '/api/me/look', { look: chosen })
  assert.deepEqual(put.json(), { look: chosen, seed, own: true })
  assert.deepEqual((await browser.get('/api/me/look')).json(), { look: chosen, seed, own: true })
  assert.deepEqual((await browser.send('DELETE', '/api/me/look')).json(), born)
  await browser.send('DELETE', '/api/me/look')
  assert.deepEqual(changed, [
    [userId, chosen],
    [userId, null],
  ])
})

test('a look with an unknown, missing or foreign part is refused, and nothing changes', async (t) => {
  const { browser, changed } = await setUp(t)
  const look = lookFromSeed(1)
  const { beard: _, ...beardless } = look
  const wrong: unknown[] = [
    undefined,
    {},
    look,
    { look: null },
    { look: beardless },
    { look: { ...look, hat: 'javascript:alert(1)' } },
    { look: { ...look, skin: '#000000' } },
    { look: { ...look, wings: 'bat' } },
    { look, seed: 7 },
  ]
  for (const body of wrong) {
    const answer = await browser.send('PUT', '/api/me/look', body)
    assert.equal(answer.statusCode, 400, JSON.stringify(body))
    assert.equal(answer.json<{ code: string }>().code, 'bad-request')
  }
  const unknown = await browser.send('PUT', '/api/me/look', { look: { ...look, wings: 'bat' } })
  assert.match(unknown.body, /look\.wings/)
  assert.deepEqual(changed, [])
  assert.equal((await browser.get('/api/me/look')).json<{ own: boolean }>().own, false)
})

test('every one of these doors keeps out whom it must', async (t) => {
  const { app, session } = await setUp(t)
  await checkRoutesAreShut({
    routes: app.routeInventory,
    send: ({ method, path, headers }) => app.inject({ method: method as 'GET', url: path, headers }),
    sessionCookie: `${COOKIE}=${session}`,
    origin: ORIGIN,
    openActions: [],
  })
  const doors = new Set(app.routeInventory.map(({ method, url, access }) => `${method} ${url} ${access}`))
  for (const door of [
    'POST /api/channel/bot streamer',
    'GET /api/me/look session',
    'PUT /api/me/look session',
    'DELETE /api/me/look session',
    'GET /api/admin/bots admin',
  ])
    assert.ok(doors.has(door), door)
})
