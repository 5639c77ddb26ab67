import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '../../src/base/clock.ts'
import { createMetrics } from '../../src/base/metrics.ts'
import { openDatabase } from '../../src/persistence/open-database.ts'
import { openTestDatabase } from '../support/database.ts'
import { silentLogger } from '../support/logger.ts'

test('statements that hang on all connections keep no node from its renewals', async (t) => {
  const { connectionString } = await openTestDatabase(t)
  const db = await openDatabase({
    url: connectionString,
    dataDir: '/nowhere',
    clock: systemClock,
    logger: silentLogger,
    metrics: createMetrics(),
  })
  t.after(db.close)
  let hanging = 0
  const hung = Array.from({ length: 30 }, () => {
    hanging++
    return db.execute('select pg_sleep(1)').finally(() => hanging--)
  })
  assert.equal(await db.vital.ping(), true)
  assert.equal(hanging, 30, 'none of them was waited for')
  await Promise.all(hung)
})
