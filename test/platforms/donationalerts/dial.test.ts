import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { createServer as createTcpServer, type AddressInfo, type Server } from 'node:net'
import { test, type TestContext } from 'node:test'
import { WebSocketServer } from 'ws'
import { AppError } from '../../../src/base/errors.ts'
import type { SocketEnd } from '../../../src/platforms/donation-source.ts'
import { openDonationSocket } from '../../../src/platforms/donationalerts/socket.ts'
import { eventually } from '../../support/eventually.ts'
import { silentLogger } from '../../support/logger.ts'
import { createManualClock } from '../../support/manual-clock.ts'

async function listen(t: TestContext, server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => new Promise((resolve) => server.close(resolve)))
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function dial(socketUrl: string) {
  const clock = createManualClock()
  const socket = openDonationSocket(
    { socketUrl, clock, random: () => 0, logger: silentLogger },
    {
      accountId: '1',
      socketToken: '<jwt>',
      position: () => null,
      sign: () => assert.fail('nothing to sign'),
      onSubscribed: () => assert.fail('nothing was subscribed'),
      onPublication: () => assert.fail('nothing was published'),
    },
  )
  return { socket, clock }
}

function assertUnreachable({ cause, ...end }: SocketEnd, code: string, details: Record<string, unknown>): void {
  assert.deepEqual(end, { code: 1006, why: 'unreachable', reconnect: true, dropSocketToken: false })
  assert.ok(cause instanceof AppError)
  assert.equal(cause.code, code)
  assert.deepEqual(cause.details, { platform: 'donationalerts', endpoint: 'socket', ...details })
}

test('a port where nobody listens is unreachable', async () => {
  const { socket, clock } = dial('ws://127.0.0.1:1/connection/websocket')
  assertUnreachable(await socket.closed, 'platform-network', { reason: 'ECONNREFUSED' })
  assert.equal(clock.pendingTimers(), 0)
})

for (const [status, code, details] of [
  [429, 'platform-rate-limit', { retryAfterMs: null }],
  [502, 'platform-server', {}],
  [403, 'platform-network', {}],
  [200, 'platform-network', {}],
] as const) {
  test(`a server that answers the opening with ${status} is unreachable`, async (t) => {
    const { socket, clock } = dial(
      await listen(
        t,
        createServer((_request, response) => response.writeHead(status).end()),
      ),
    )
    assertUnreachable(await socket.closed, code, { reason: 'status', status, ...details })
    assert.equal(clock.pendingTimers(), 0)
  })
}

test('a server that accepts and says nothing is given up after ten seconds', async (t) => {
  let connections = 0
  const url = await listen(
    t,
    createTcpServer((connection) => {
      connections += 1
      connection.resume().on('error', () => {})
    }),
  )
  const { socket, clock } = dial(url)
  await eventually('the connection', () => connections === 1)
  await clock.advance(10_000)
  assertUnreachable(await socket.closed, 'platform-network', { reason: 'timeout' })
  assert.equal(clock.pendingTimers(), 0)
})

test('a server that cuts the opening is unreachable', async (t) => {
  const { socket } = dial(
    await listen(
      t,
      createTcpServer((connection) => connection.destroy()),
    ),
  )
  const { why, reconnect } = await socket.closed
  assert.deepEqual({ why, reconnect }, { why: 'unreachable', reconnect: true })
})

test('closing while dialling is possible', async (t) => {
  const { socket, clock } = dial(
    await listen(
      t,
      createTcpServer((connection) => void connection.resume().on('error', () => {})),
    ),
  )
  socket.close()
  assert.equal((await socket.closed).why, 'closed-by-us')
  assert.equal(clock.pendingTimers(), 0)
})

test('a server that does not answer the goodbye is cut off after two seconds', async (t) => {
  const server = createServer()
  const sockets = new WebSocketServer({ server })
  t.after(() => {
    for (const client of sockets.clients) client.terminate()
    sockets.close()
  })
  const url = await listen(t, server)
  let frozen = false
  sockets.on('connection', (client) => {
    client.once('message', () => {
      client.pause()
      frozen = true
    })
  })
  const { socket, clock } = dial(url)
  await eventually('the frozen connection', () => frozen)
  socket.close()
  await clock.advance(2_000)
  assert.deepEqual(await socket.closed, { code: 1000, why: 'closed-by-us', reconnect: false, dropSocketToken: false })
  assert.equal(clock.pendingTimers(), 0)
})
