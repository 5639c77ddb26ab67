import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { test, type TestContext } from 'node:test'
import { z } from 'zod'
import { AppError } from '../../src/base/errors.ts'
import { createLogger } from '../../src/base/logger.ts'
import type { App, Routes } from '../../src/http/app.ts'
import { createServer, type ServerOptions } from '../../src/http/server.ts'
import { createSessionCookie } from '../../src/http/session.ts'
import { eventually } from '../support/eventually.ts'
import { silentLogger } from '../support/logger.ts'

const volume = z.strictObject({ alerts: z.strictObject({ volume: z.int().max(100) }) })

const routes: Routes = (app) => {
  app.patch('/api/things/:id', { config: { access: 'public' }, schema: { body: volume } }, () => 'done')
  app.get(
    '/api/typed',
    {
      config: { access: 'session' },
      schema: {
        querystring: z.object({ limit: z.coerce.number().optional() }),
        response: { 200: z.object({ n: z.number() }) },
      },
    },
    () => Promise.resolve({ n: 1 }),
  )
  app.get(
    '/api/broken',
    { config: { access: 'public' }, schema: { response: { 200: z.object({ n: z.number() }) } } },
    () => Promise.resolve({ n: 'canary' as unknown as number }),
  )
  app.get('/fails', { config: { access: 'public' } }, () => Promise.reject(new Error('canary')))
  app.get('/away', { config: { access: 'public' } }, () =>
    Promise.reject(new AppError('unavailable', { message: 'canary' })),
  )
  app.get('/refuses', { config: { access: 'public' } }, () =>
    Promise.reject(new AppError('conflict', { message: 'There is one already.' })),
  )
  app.get('/names', { config: { access: 'public' } }, () =>
    Promise.reject(new AppError('bad-request', { errors: [{ path: 'amount', message: 'is no amount' }] })),
  )
  app.get('/auth/x', { config: { access: 'public', pace: 'auth' } }, () => 'ok')
  app.get('/health/x', { config: { access: 'public', pace: 'unlimited' } }, () => 'ok')
}

async function open(t: TestContext, changes: Partial<ServerOptions> = {}) {
  const app = await createServer({
    baseUrl: 'https://chatfolk.test',
    adminToken: null,
    trustedProxies: [],
    sessions: { find: async () => null },
    cookie: createSessionCookie({ secure: true }),
    logger: silentLogger,
    routes: [routes],
    ...changes,
  })
  t.after(() => app.close())
  return app
}

async function portOf(app: App): Promise<number> {
  await app.listen({ host: '127.0.0.1', port: 0 })
  return (app.server.address() as AddressInfo).port
}

test('where a route cannot be added, those before it end what they have begun', async (t) => {
  let ended = 0
  const begins: Routes = (app) => void app.addHook('onClose', async () => void ended++)
  const fails: Routes = () => {
    throw new Error('the pages are not built')
  }
  await assert.rejects(open(t, { routes: [begins, fails] }), /not built/)
  assert.equal(ended, 1)
})

test('a wrong body is answered with each wrong field by name', async (t) => {
  const app = await open(t)
  const wrong = async (payload: object) => {
    const response = await app.inject({ method: 'PATCH', url: '/api/things/1', payload })
    assert.equal(response.statusCode, 400)
    assert.match(String(response.headers['content-type']), /^application\/problem\+json/)
    return response.json<{ code: string; errors: { path: string; message: string }[] }>()
  }
  const { code, errors } = await wrong({ alerts: { volume: 101, colour: 1 }, other: 2 })
  assert.equal(code, 'bad-request')
  assert.deepEqual(
    errors.map(({ path }) => path),
    ['alerts.volume', 'alerts.colour', 'other'],
  )
  assert.deepEqual(
    (await wrong({})).errors.map(({ path }) => path),
    ['alerts'],
  )
  assert.deepEqual(
    (await wrong([])).errors.map(({ path }) => path),
    [''],
  )
})

test('what cannot be a request of ours is refused with its reason', async (t) => {
  const app = await open(t)
  const send = async (payload: string, type = 'application/json') => {
    const response = await app.inject({
      method: 'PATCH',
      url: '/api/things/1',
      payload,
      headers: { 'content-type': type },
    })
    assert.match(String(response.headers['content-type']), /^application\/problem\+json/)
    assert.equal(response.json<{ status: number }>().status, response.statusCode)
    return response.statusCode
  }
  assert.equal(await send('{"alerts":'), 400)
  assert.equal(await send(''), 400)
  assert.equal(await send('{"__proto__":{"volume":1}}'), 400)
  assert.equal(await send('{"constructor":{"prototype":{"volume":1}}}'), 400)
  assert.equal(await send('alerts=1', 'application/x-www-form-urlencoded'), 415)
  assert.equal(await send('{"alerts":{"volume":1}}', 'text/plain'), 415)
  assert.equal(await send(JSON.stringify({ alerts: 'x'.repeat(64 * 1024) })), 413)
  assert.equal((await app.inject({ url: '/api/%zz' })).statusCode, 400)
  assert.equal(
    (await app.inject({ method: 'PATCH', url: `/api/things/${'x'.repeat(300)}`, payload: {} })).statusCode,
    400,
  )
})

test('nothing here and not this way are two answers', async (t) => {
  const app = await open(t)
  const nothing = await app.inject({ url: '/api/nothing' })
  assert.equal(nothing.statusCode, 404)
  assert.equal(nothing.json<{ code: string }>().code, 'not-found')
  const other = await app.inject({ method: 'POST', url: '/api/things/1?x=1', payload: {} })
  assert.equal(other.statusCode, 405)
  assert.equal(other.headers.allow, 'PATCH')
  assert.equal((await app.inject({ method: 'POST', url: '/api/typed' })).headers.allow, 'GET, HEAD')
})

test('what goes wrong inside is logged and told to nobody; what the caller can mend is told', async (t) => {
  let logged = ''
  const destination = { write: (line: string) => void (logged += line) }
  const app = await open(t, { logger: createLogger({ level: 'info', pretty: false, nodeId: 'n', destination }) })
  for (const [url, status, code] of [
    ['/fails', 500, 'internal'],
    ['/api/broken', 500, 'internal'],
    ['/away', 503, 'unavailable'],
  ] as const) {
    const response = await app.inject({ url })
    assert.equal(response.statusCode, status)
    assert.equal(response.json<{ code: string }>().code, code)
    assert.ok(!response.body.includes('canary'))
  }
  assert.match(logged, /"reqId":"[\w-]{36}".*canary/)
  const refused = await app.inject({ url: '/refuses' })
  assert.deepEqual(refused.json(), {
    type: 'about:blank',
    title: 'This does not fit the present state',
    status: 409,
    code: 'conflict',
    detail: 'There is one already.',
  })
  const named = await app.inject({ url: '/names' })
  assert.deepEqual(named.json<{ errors: unknown }>().errors, [{ path: 'amount', message: 'is no amount' }])
})

test('requests are logged by route, without their query or cookies', async (t) => {
  let logged = ''
  const destination = { write: (line: string) => void (logged += line) }
  const app = await open(t, { logger: createLogger({ level: 'debug', pretty: false, nodeId: 'n', destination }) })
  await app.inject({ url: '/auth/x?ticket=canary', headers: { cookie: 'a=canary', authorization: 'canary' } })
  await app.inject({ url: '/canary' })
  assert.match(logged, /"route":"\/auth\/x","status":200/)
  assert.match(logged, /"route":"none","status":404/)
  assert.ok(!logged.includes('canary'))
})

test('every answer carries the headers that keep a browser strict', async (t) => {
  const app = await open(t)
  for (const url of ['/auth/x', '/nothing', '/fails']) {
    const { headers } = await app.inject({ url })
    assert.match(String(headers['content-security-policy']), /default-src 'none'/)
    assert.equal(headers['x-content-type-options'], 'nosniff')
    assert.equal(headers['referrer-policy'], 'no-referrer')
    assert.equal(headers['cross-origin-opener-policy'], 'same-origin')
    assert.equal(headers['cache-control'], 'no-store')
    assert.match(String(headers['permissions-policy']), /camera=\(\)/)
    assert.equal(headers['strict-transport-security'], 'max-age=31536000')
    assert.equal(headers['access-control-allow-origin'], undefined)
    assert.equal(headers['x-powered-by'], undefined)
  }
  const plain = await open(t, { baseUrl: 'http://localhost:3000' })
  assert.equal((await plain.inject({ url: '/auth/x' })).headers['strict-transport-security'], undefined)
})

test('one address is slowed down without slowing down another, and sign-in sooner than the rest', async (t) => {
  const app = await open(t, { rateLimits: { auth: 2, other: 5 } })
  const status = async (url: string, remoteAddress: string) => (await app.inject({ url, remoteAddress })).statusCode
  assert.deepEqual([await status('/auth/x', '203.0.113.1'), await status('/auth/x', '203.0.113.1')], [200, 200])
  const refused = await app.inject({ url: '/auth/x', remoteAddress: '203.0.113.1' })
  assert.equal(refused.statusCode, 429)
  assert.equal(refused.json<{ code: string }>().code, 'too-many-requests')
  assert.ok(Number(refused.headers['retry-after']) > 0)
  assert.equal(await status('/auth/x', '203.0.113.2'), 200)

  for (let n = 0; n < 5; n++) await status('/nothing', '203.0.113.3')
  assert.equal(await status('/nothing', '203.0.113.3'), 429, 'guessing addresses is limited too')
  for (let n = 0; n < 20; n++) assert.equal(await status('/health/x', '203.0.113.3'), 200)

  for (let n = 1; n <= 2; n++) await status('/auth/x', `2001:db8:1:2::${n}`)
  assert.equal(await status('/auth/x', '2001:db8:1:2:ffff::9'), 429, 'a household’s IPv6 network counts as one')
  assert.equal(await status('/auth/x', '2001:db8:1:3::1'), 200)
})

test('a sender cannot get a fresh limit by inventing forwarded addresses', async (t) => {
  const app = await open(t, { rateLimits: { auth: 1 } })
  const status = async (forwarded: string) =>
    (await app.inject({ url: '/auth/x', remoteAddress: '203.0.113.1', headers: { 'x-forwarded-for': forwarded } }))
      .statusCode
  assert.equal(await status('1.1.1.1'), 200)
  assert.equal(await status('2.2.2.2'), 429)
})

test('the description of the interface is made from the schemas and shows no pages', async (t) => {
  const page: Routes = (app) => void app.get('/dashboard', { config: { access: 'public' } }, () => 'page')
  const app = await open(t, { routes: [routes, page] })
  const description = (await app.inject({ url: '/api/openapi.json' })).json<{
    openapi: string
    paths: Record<string, Record<string, { security: unknown; requestBody?: unknown }>>
  }>()
  assert.equal(description.openapi, '3.1.0')
  assert.ok(!('/dashboard' in description.paths) && !('/fails' in description.paths))
  assert.deepEqual(description.paths['/api/typed']?.['get']?.security, [{ session: [] }])
  assert.match(JSON.stringify(description.paths['/api/things/{id}']?.['patch']?.requestBody), /"maximum":100/)
})

/** Sends raw bytes and answers all that comes back until the server hangs up. */
async function raw(t: TestContext, port: number, bytes: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  t.after(() => socket.destroy())
  socket.on('error', () => undefined)
  socket.write(bytes)
  return text(socket)
}

test('a client that never finishes its headers or its body is hung up on', async (t) => {
  const app = await open(t, { headersTimeoutMs: 300, requestTimeoutMs: 400 })
  const port = await portOf(app)
  const half = await Promise.all([
    raw(t, port, 'GET /auth/x HTTP/1.1\r\nhost: x\r\nx-a: '),
    raw(
      t,
      port,
      'PATCH /api/things/1 HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"a',
    ),
  ])
  for (const answer of half) {
    assert.match(answer, /^HTTP\/1\.1 408 Request Timeout\r\n/)
    assert.match(answer, /"code":"request-timeout"/)
  }
})

test('bytes that are no HTTP get an answer, and the server goes on', async (t) => {
  const app = await open(t)
  const port = await portOf(app)
  assert.match(
    await raw(t, port, '\u0000\u0001nonsense\r\n\r\n'),
    /^HTTP\/1\.1 400 Bad Request\r\n[^]*"code":"bad-request"/,
  )
  const long = `GET /auth/x HTTP/1.1\r\nhost: x\r\nx-long: ${'a'.repeat(20_000)}\r\n\r\n`
  assert.match(await raw(t, port, long), /"code":"payload-too-large"/)
  const smuggled = 'POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n'
  assert.match(await raw(t, port, smuggled), /^HTTP\/1\.1 400 /)
  assert.equal((await fetch(`http://127.0.0.1:${port}/auth/x`)).status, 200)
})

test('while it stops, it finishes what it has begun and takes nothing new', { timeout: 20_000 }, async (t) => {
  const { promise: held, resolve: release } = Promise.withResolvers<void>()
  t.after(() => release())
  let begun = 0
  const slow: Routes = (app) => {
    app.get('/slow', { config: { access: 'public' } }, async () => {
      begun++
      await held
      return 'finished'
    })
    app.get('/streams', { config: { access: 'public' } }, async (_request, reply) => {
      begun++
      reply.hijack()
      reply.raw.write('begun')
      await held
      reply.raw.end('ended')
    })
  }
  const app = await open(t, { routes: [routes, slow] })
  const port = await portOf(app)
  const bodyOf = (path: string) => fetch(`http://127.0.0.1:${port}${path}`).then((response) => response.text())
  const running = Promise.all([bodyOf('/slow'), bodyOf('/streams')])
  await eventually('both requests', () => begun === 2)

  // This one's headers are on the way when the stop begins.
  const accepted = once(app.server, 'connection') as Promise<[Socket]>
  const late = connect(port, '127.0.0.1')
  t.after(() => late.destroy())
  const answer = text(late)
  const half = 'GET /auth/x HTTP/1.1\r\nhost: x\r\n'
  late.write(half)
  const [atServer] = await accepted
  await eventually('half a request', () => atServer.bytesRead === half.length)

  const closing = app.close()
  await eventually('the end of listening', () => !app.server.listening)
  late.write('\r\n')
  assert.match(await answer, /^HTTP\/1\.1 503 [^]*connection: close[^]*"code":"shutting-down"/i)
  release()
  assert.deepEqual(await running, ['finished', 'begunended'])
  const answered = performance.now()
  await closing
  assert.ok(performance.now() - answered < 2_000, 'no connection is waited for that has its answer')
})

test('a stop waits for no connection that never said a word', async (t) => {
  const app = await open(t)
  const port = await portOf(app)
  const accepted = once(app.server, 'connection')
  const silent = connect(port, '127.0.0.1').on('error', () => undefined)
  t.after(() => silent.destroy())
  await accepted
  const began = performance.now()
  await app.close()
  assert.ok(performance.now() - began < 1_000)
})
