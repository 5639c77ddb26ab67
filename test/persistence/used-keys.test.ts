import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createUsedKeys } from '../../src/persistence/used-keys.ts'
import { openTestDatabase } from '../support/database.ts'

test('a key is good for one use, however many ask at once', async (t) => {
  const { db } = await openTestDatabase(t)
  const keys = createUsedKeys(db)
  const answers = await Promise.all(Array.from({ length: 20 }, () => keys.use('key', 60_000)))
  assert.equal(answers.filter(Boolean).length, 1)
  assert.equal(await keys.use('key', 60_000), false)
  assert.equal(await keys.use('another', 60_000), true)
})

test('keys that are worthless by now are forgotten', async (t) => {
  const { db } = await openTestDatabase(t)
  const keys = createUsedKeys(db)
  await keys.use('old', 0)
  await keys.use('older', 0)
  await keys.use('new', 60_000)
  const [left] = await db.query<{ count: string }>('select count(*) from used_keys')
  assert.equal(left?.count, '1')
})
