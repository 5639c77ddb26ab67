import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createRecentIds } from '../../src/platforms/recent-ids.ts'
import { createManualClock } from '../support/manual-clock.ts'

test('an id is new once', () => {
  const ids = createRecentIds({ clock: createManualClock() })
  assert.deepEqual([ids.seen('a'), ids.seen('a'), ids.seen('b'), ids.seen('a')], [false, true, false, true])
})

test('as many as the capacity are always known, and never more than twice as many', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 0, max: 100 }), (capacity, count) => {
      const ids = createRecentIds({ clock: createManualClock(), capacity })
      for (let index = 0; index < count; index++) assert.equal(ids.seen(`${index}`), false)
      const known = (age: number) => {
        const copy = createRecentIds({ clock: createManualClock(), capacity })
        for (let index = 0; index < count; index++) copy.seen(`${index}`)
        return copy.seen(`${count - age}`)
      }
      for (let age = 1; age <= Math.min(capacity, count); age++) assert.ok(known(age), `${age} of ${count}`)
      if (count > 2 * capacity) assert.ok(!known(2 * capacity + 1))
    }),
  )
})

test('what is old is forgotten, and not before its time', async () => {
  const clock = createManualClock()
  const ids = createRecentIds({ clock, keepMs: 1_000 })
  ids.seen('a')
  await clock.advance(1_999)
  assert.equal(ids.seen('a'), true)
  await clock.advance(1)
  ids.seen('b')
  await clock.advance(2_000)
  assert.deepEqual([ids.seen('a'), ids.seen('b')], [false, false])
})

test('nothing stays of what came before a long silence, which no other id ends', async () => {
  const clock = createManualClock()
  const ids = createRecentIds({ clock, keepMs: 1_000 })
  for (let index = 0; index < 100; index++) ids.seen(`${index}`)
  await clock.advance(900)
  ids.sweep()
  assert.equal(ids.size(), 100)
  for (const left of [100, 0]) {
    await clock.advance(1_000)
    ids.sweep()
    assert.equal(ids.size(), left)
  }
})
