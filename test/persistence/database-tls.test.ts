import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { TLSSocket } from 'node:tls'
import { createMetrics } from '../../src/base/metrics.ts'
import { createDatabase } from '../../src/persistence/database.ts'
import { silentLogger } from '../support/logger.ts'

/** Nobody's: made with openssl for this test, and signed by itself alone. */
const PEM = readFileSync(join(import.meta.dirname, '..', 'fixtures', 'self-signed-localhost.pem'))

/** Answers PostgreSQL's request for TLS with `yes` or `no`, and keeps all that it is told afterwards. */
async function startServer(t: TestContext, answer: 'S' | 'N') {
  const told: Buffer[] = []
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.once('data', () => {
      socket.write(answer)
      if (answer === 'N') return void socket.on('data', (data) => told.push(data))
      const secure = new TLSSocket(socket, { isServer: true, key: PEM, cert: PEM })
      secure.on('error', () => undefined)
      secure.on('data', (data: Buffer) => told.push(data))
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { port: (server.address() as AddressInfo).port, told: () => Buffer.concat(told).toString('latin1') }
}

for (const [answer, sslmode] of [
  ['S', 'verify-full'],
  ['S', 'require'],
  ['N', 'verify-full'],
  ['N', 'require'],
] as const) {
  const server = answer === 'S' ? 'a server with a certificate that nobody vouches for' : 'a server without TLS'
  test(`${server} is told nothing where the address says sslmode=${sslmode}`, async (t) => {
    const { port, told } = await startServer(t, answer)
    const db = createDatabase({
      connectionString: `postgres://chatfolk:hunter2@127.0.0.1:${port}/chatfolk?sslmode=${sslmode}`,
      logger: silentLogger,
      metrics: createMetrics(),
    })
    t.after(() => db.close())
    await assert.rejects(db.query('select 1'), { code: 'unavailable' })
    assert.equal(told(), '')
  })
}
