import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import type { InjectOptions } from 'fastify'
import { AppError } from '../../src/base/errors.ts'
import { streamerOf, type InventoryEntry } from '../../src/http/access.ts'
import type { Routes } from '../../src/http/app.ts'
import { createServer, type ServerOptions } from '../../src/http/server.ts'
import { createSessionCookie } from '../../src/http/session.ts'
import type { FoundSession } from '../../src/persistence/sessions.ts'
import { silentLogger } from '../support/logger.ts'
import { checkRoutesAreShut } from '../support/route-inventory.ts'

const ORIGIN = 'https://chatfolk.test'
const VIEWER = 'v'.repeat(43)
const STREAMER = 's'.repeat(43)
const cookieOf = (id: string) => `__Host-chatfolk_session=${id}`

const routes: Routes = (app) => {
  app.get('/session', { config: { access: 'session' } }, () => 'seen')
  app.post('/session', { config: { access: 'session' } }, () => 'done')
  app.get('/streamer', { config: { access: 'streamer' } }, (request) => streamerOf(request).channelId)
  app.delete('/streamer/:id', { config: { access: 'streamer' } }, () => 'done')
  app.get('/admin', { config: { access: 'admin' } }, () => 'secret')
  app.post('/admin', { config: { access: 'admin' } }, () => 'done')
  app.post('/open', { config: { access: 'public' } }, () => 'done')
}

const find = async (id: string): Promise<FoundSession | null> => {
  const owner = { userId: 'u', twitchUserId: '1', login: 'l', name: 'N', extended: false }
  if (id === VIEWER) return { ...owner, channelId: null }
  return id === STREAMER ? { ...owner, channelId: 'c' } : null
}

async function open(t: TestContext, changes: Partial<ServerOptions> = {}) {
  const app = await createServer({
    baseUrl: ORIGIN,
    adminToken: null,
    trustedProxies: [],
    sessions: { find },
    cookie: createSessionCookie({ secure: true }),
    logger: silentLogger,
    routes: [routes],
    ...changes,
  })
  t.after(() => app.close())
  return app
}

test('a server with a route that does not say who may call it never starts', async (t) => {
  const silent: Routes = (app) => void app.get('/silent', () => 'hello')
  await assert.rejects(open(t, { routes: [silent] }), /GET \/silent does not say who may call it/)
})

test('every route of the inventory keeps out whom it must', async (t) => {
  const app = await open(t)
  const check = (openActions: string[], routes: readonly InventoryEntry[] = app.routeInventory) =>
    checkRoutesAreShut({
      routes,
      send: ({ method, path, headers }) => app.inject({ method: method as 'GET', url: path, headers }),
      sessionCookie: cookieOf(STREAMER),
      origin: ORIGIN,
      openActions,
    })
  await check(['POST /open'])
  await assert.rejects(check([]), /actions that need no session/)
  const wronglyDeclared = [{ method: 'POST', url: '/open', access: 'session' as const }]
  await assert.rejects(check([], wronglyDeclared), /POST \/open without a cookie answered 200/)
})

test('a streamer’s route knows the channel, and tells a person without one so', async (t) => {
  const app = await open(t)
  const asStreamer = await app.inject({ url: '/streamer', headers: { cookie: cookieOf(STREAMER) } })
  assert.equal(asStreamer.body, 'c')
  const asViewer = await app.inject({ url: '/streamer', headers: { cookie: cookieOf(VIEWER) } })
  assert.equal(asViewer.statusCode, 404)
  assert.equal(asViewer.json<{ code: string }>().code, 'no-channel')
})

test('a session that was extended is extended in the browser too', async (t) => {
  const app = await open(t, { sessions: { find: async (id) => ({ ...(await find(id))!, extended: true }) } })
  const response = await app.inject({ url: '/session', headers: { cookie: cookieOf(VIEWER) } })
  assert.match(String(response.headers['set-cookie']), new RegExp(`^${cookieOf(VIEWER)}; Max-Age=2592000`))
})

test('while the database is away, a session is neither good nor bad', async (t) => {
  const app = await open(t, { sessions: { find: () => Promise.reject(new AppError('unavailable')) } })
  const response = await app.inject({ url: '/session', headers: { cookie: cookieOf(VIEWER) } })
  assert.equal(response.statusCode, 503)
  assert.equal(response.headers['set-cookie'], undefined)
})

test('only a page of this site can make a signed-in browser change something', async (t) => {
  const app = await open(t)
  const cookie = cookieOf(STREAMER)
  const matrix: [headers: Record<string, string>, status: number][] = [
    [{ origin: ORIGIN }, 200],
    [{ origin: ORIGIN, 'sec-fetch-site': 'same-origin' }, 200],
    [{ origin: ORIGIN, 'sec-fetch-site': 'same-site' }, 403],
    [{ origin: ORIGIN, 'sec-fetch-site': 'cross-site' }, 403],
    [{ origin: ORIGIN, 'sec-fetch-site': 'none' }, 403],
    [{}, 403],
    [{ 'sec-fetch-site': 'same-origin' }, 403],
    [{ referer: `${ORIGIN}/dashboard` }, 403],
    [{ origin: 'null' }, 403],
    [{ origin: '' }, 403],
    [{ origin: 'http://chatfolk.test' }, 403],
    [{ origin: `${ORIGIN}:8443` }, 403],
    [{ origin: 'https://evil.chatfolk.test' }, 403],
    [{ origin: 'https://chatfolk.test.evil.example' }, 403],
    [{ origin: `${ORIGIN}, https://evil.example` }, 403],
    [{ origin: ORIGIN.toUpperCase() }, 403],
  ]
  for (const [headers, status] of matrix) {
    for (const [method, url] of [
      ['POST', '/session'],
      ['DELETE', '/streamer/1'],
    ] as const) {
      const response = await app.inject({ method, url, headers: { ...headers, cookie } })
      assert.equal(response.statusCode, status, `${method} ${JSON.stringify(headers)}`)
    }
  }
})

test('a node at home takes each local name for itself, on its own port alone', async (t) => {
  const app = await open(t, {
    baseUrl: 'http://localhost:3000',
    cookie: createSessionCookie({ secure: false }),
  })
  const send = (origin: string) =>
    app.inject({ method: 'POST', url: '/session', headers: { origin, cookie: `chatfolk_session=${STREAMER}` } })
  for (const origin of ['http://localhost:3000', 'http://127.0.0.1:3000', 'http://[::1]:3000']) {
    assert.equal((await send(origin)).statusCode, 200, origin)
  }
  for (const origin of [
    'http://localhost:3001',
    'http://localhost',
    'https://localhost:3000',
    'http://127.0.0.2:3000',
  ]) {
    assert.equal((await send(origin)).statusCode, 403, origin)
  }
})

test('a session id anywhere but in the cookie opens nothing', async (t) => {
  const app = await open(t)
  const tries: InjectOptions[] = [
    { url: `/session?session=${VIEWER}` },
    { url: '/session', headers: { authorization: `Bearer ${VIEWER}` } },
    { url: '/session', headers: { cookie: `chatfolk_session=${VIEWER}` } },
    { url: '/session', headers: { cookie: `session=${VIEWER}` } },
  ]
  for (const request of tries) assert.equal((await app.inject(request)).statusCode, 401)
})

test('with a token, administration is for its bearer alone, wherever they are', async (t) => {
  const app = await open(t, { adminToken: 'a-long-admin-token' })
  const status = async (authorization: string | undefined, remoteAddress: string) => {
    const headers = authorization === undefined ? {} : { authorization }
    return (await app.inject({ url: '/admin', headers, remoteAddress })).statusCode
  }
  assert.equal(await status('Bearer a-long-admin-token', '203.0.113.9'), 200)
  assert.equal(await status(undefined, '127.0.0.1'), 403)
  for (const wrong of [
    '',
    'Bearer',
    'Bearer ',
    'a-long-admin-token',
    'Bearer a-long-admin-tokem',
    'Basic a-long-admin-token',
  ]) {
    assert.equal(await status(wrong, '127.0.0.1'), 403, wrong)
  }
})

test('without a token, administration is for this machine alone', async (t) => {
  const app = await open(t)
  const status = async (request: Omit<InjectOptions, 'url'>) => {
    const headers = { host: 'localhost:3000', ...request.headers }
    return (await app.inject({ url: '/admin', ...request, headers })).statusCode
  }
  for (const remoteAddress of ['127.0.0.1', '127.8.8.8', '::1', '::ffff:127.0.0.1']) {
    assert.equal(await status({ remoteAddress }), 200, remoteAddress)
  }
  for (const remoteAddress of ['10.0.0.1', '192.168.1.5', '::ffff:10.0.0.1', '2001:db8::1']) {
    assert.equal(await status({ remoteAddress }), 403, remoteAddress)
  }
  assert.equal(await status({ headers: { host: 'chatfolk.test' } }), 200)
  assert.equal(await status({ headers: { host: '[::1]:3000' } }), 200)
  assert.equal(await status({ headers: { host: 'rebound.evil.example' } }), 403, 'a foreign name that leads here')
  assert.equal(await status({ method: 'POST', headers: { origin: 'https://evil.example' } }), 403, 'a foreign page')
  assert.equal(await status({ method: 'POST' }), 200)
})

test('a proxy’s word about the sender counts only from a proxy that is trusted', async (t) => {
  const forwarded = { host: 'localhost', 'x-forwarded-for': '127.0.0.1' }
  const untrusting = await open(t)
  const status = async (app: typeof untrusting, headers: Record<string, string>, remoteAddress: string) =>
    (await app.inject({ url: '/admin', headers, remoteAddress })).statusCode

  assert.equal(await status(untrusting, forwarded, '203.0.113.9'), 403, 'an outsider who claims to be local')
  for (const header of ['x-forwarded-for', 'forwarded', 'x-real-ip', 'via']) {
    const headers = { host: 'localhost', [header]: '203.0.113.9' }
    assert.equal(await status(untrusting, headers, '127.0.0.1'), 403, `an outsider behind a local proxy (${header})`)
  }

  const trusting = await open(t, { trustedProxies: ['127.0.0.1', '10.0.0.0/8'] })
  const from = (sender: string) => ({ host: 'localhost', 'x-forwarded-for': sender })
  assert.equal(await status(trusting, from('203.0.113.9'), '127.0.0.1'), 403, 'an outsider behind the trusted proxy')
  assert.equal(await status(trusting, from('127.0.0.1, 203.0.113.9'), '127.0.0.1'), 403, 'the same, lying')
  assert.equal(await status(trusting, forwarded, '10.0.0.1'), 403, 'the other end of the socket is elsewhere')
  assert.equal(await status(trusting, { host: 'localhost' }, '127.0.0.1'), 200)
})
