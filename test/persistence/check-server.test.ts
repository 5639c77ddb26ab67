import assert from 'node:assert/strict'
import { createServer, type AddressInfo } from 'node:net'
import { test } from 'node:test'
import { AppError } from '../../src/base/errors.ts'
import { createMetrics } from '../../src/base/metrics.ts'
import { checkServer } from '../../src/persistence/check-server.ts'
import { createDatabase, type Database } from '../../src/persistence/database.ts'
import { openTestDatabase } from '../support/database.ts'
import { silentLogger as logger } from '../support/logger.ts'
import { createManualClock } from '../support/manual-clock.ts'

const address = 'postgresql://***@db.example/chatfolk'

test('a server that answers and is new enough is taken', async (t) => {
  const { db } = await openTestDatabase(t)
  await checkServer(db, { address, clock: createManualClock(), logger })
})

test('a server that does not answer ends the start with 69 and its masked address', async (t) => {
  const port = await closedPort()
  const db = createDatabase({
    connectionString: `postgresql://chatfolk:hunter2@127.0.0.1:${port}/chatfolk`,
    logger,
    metrics: createMetrics(),
  })
  t.after(() => db.close())
  const clock = createManualClock()
  const outcome = assert.rejects(checkServer(db, { address, clock, logger }), (error: Error) => {
    assert.equal(error.name, 'StartError')
    assert.equal((error as Error & { exitCode: number }).exitCode, 69)
    assert.match(
      error.message,
      /^DATABASE_URL: no PostgreSQL answers at postgresql:\/\/\*\*\*@db\.example\/chatfolk: .*ECONNREFUSED/,
    )
    assert.doesNotMatch(error.message, /hunter2/)
    return true
  })
  const over = outcome.then(() => true)
  while (!(await Promise.race([over, clock.advance(250)])));
})

test('a server that comes up a little later is waited for', async () => {
  const clock = createManualClock()
  let attempts = 0
  const db = fakeDatabase(() => {
    if (++attempts < 4) throw new AppError('unavailable')
    return [{ number: 170_002, version: '17.2' }]
  })
  const check = checkServer(db, { address, clock, logger })
  await clock.advance(2_000)
  await check
  assert.equal(attempts, 4)
})

test('a server that refuses our password or is too old ends the start with 78', async (t) => {
  const { connectionString } = await openTestDatabase(t)
  const wrong = connectionString.replace(/:[^:@]+@/, ':guess@')
  const db = createDatabase({ connectionString: wrong, logger, metrics: createMetrics() })
  t.after(() => db.close())
  const clock = createManualClock()
  await assert.rejects(checkServer(db, { address, clock, logger }), { exitCode: 78, message: /refuses us: .*password/ })

  const old = fakeDatabase(() => [{ number: 140_011, version: '14.11' }])
  await assert.rejects(checkServer(old, { address, clock, logger }), {
    exitCode: 78,
    message: /is PostgreSQL 14\.11; expected 15 or newer/,
  })
})

/** No server of an older version is at hand: only its answer matters. */
function fakeDatabase(answer: () => unknown[]): Database {
  return {
    query: async <Row>() => answer() as Row[],
    execute: async () => 0,
    transaction: () => Promise.reject(new Error('not asked for')),
    ping: async () => true,
    close: async () => {},
  }
}

async function closedPort(): Promise<number> {
  const probe = createServer()
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve))
  const { port } = probe.address() as AddressInfo
  await new Promise((resolve) => probe.close(resolve))
  return port
}
