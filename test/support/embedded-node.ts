/**
 * A node reduced to its database, to be killed: starts the embedded PostgreSQL in the given DATA_DIR and stores numbers
 * as fast as it can. Says on stdout what it knows to be stored, one JSON line each.
 */
import { systemClock } from '../../src/base/clock.ts'
import { hasCode, StartError } from '../../src/base/errors.ts'
import { createMetrics } from '../../src/base/metrics.ts'
import { createDatabase } from '../../src/persistence/database.ts'
import { startEmbeddedPostgres } from '../../src/persistence/embedded-postgres.ts'
import { silentLogger } from './logger.ts'

const say = (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`)
const [, , dataDir = ''] = process.argv

try {
  const startedAt = performance.now()
  const postgres = await startEmbeddedPostgres({ dataDir, logger: silentLogger, clock: systemClock })
  const db = createDatabase({ ...postgres.connection, logger: silentLogger, metrics: createMetrics() })
  await db.execute('create table if not exists numbers (number bigint generated always as identity, filler text)')
  say({ adopted: postgres.adopted, readyMs: Math.round(performance.now() - startedAt) })

  const stopping = new AbortController()
  const writers = [1, 2, 3].map(async () => {
    while (!stopping.signal.aborted) {
      const filler = 'x'.repeat(Math.floor(Math.random() * 4_000))
      try {
        const insert = 'insert into numbers (filler) values ($1) returning number'
        const [row] = await db.query<{ number: string }>(insert, [filler])
        say({ stored: Number(row?.number) })
      } catch (error) {
        // The server was killed under us; it will be back.
        if (!hasCode(error, 'unavailable')) throw error
        await systemClock.sleep(10)
      }
    }
  })
  process.once('SIGTERM', () => void stop())

  async function stop(): Promise<void> {
    stopping.abort()
    await Promise.all(writers)
    await db.close()
    await postgres.stop()
  }
} catch (error) {
  if (!(error instanceof StartError)) throw error
  say({ exitCode: error.exitCode, lines: error.lines })
  process.exitCode = error.exitCode
}
