import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { createDueQueue } from '../../src/app/due-queue.ts'
import { createManualClock } from '../support/manual-clock.ts'

function setUp() {
  const clock = createManualClock()
  const rung: Array<{ item: string; at: number }> = []
  const queue = createDueQueue<string>({ clock, onDue: (item) => void rung.push({ item, at: clock.monotonic() }) })
  return { clock, queue, rung }
}

test('each item comes at its own moment, whatever was put, put off and dropped, behind one timer', async () => {
  const step = fc.record({
    item: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
    delayMs: fc.integer({ min: -5, max: 50 }),
    act: fc.constantFrom('put', 'put', 'put', 'drop', 'pass'),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const { clock, queue, rung } = setUp()
      const due = new Map<string, number>()
      const expected: Array<{ item: string; at: number }> = []
      const pass = async (ms: number) => {
        const end = clock.monotonic() + ms
        for (const [item, at] of due) {
          if (at > end) continue
          due.delete(item)
          expected.push({ item, at })
        }
        await clock.advance(ms)
      }
      for (const { item, delayMs, act } of steps) {
        if (act === 'put') {
          queue.put(item, delayMs)
          due.set(item, clock.monotonic() + Math.max(0, delayMs))
        } else if (act === 'drop') {
          queue.drop(item)
          due.delete(item)
        } else await pass(Math.max(0, delayMs))
        assert.ok(clock.pendingTimers() <= 1)
        assert.equal(queue.dueAt(item), due.get(item) ?? null)
      }
      await pass(100)
      const order = (all: typeof rung) => all.toSorted((x, y) => x.at - y.at || x.item.localeCompare(y.item))
      assert.deepEqual(order(rung), order(expected))
      assert.deepEqual(
        rung.map(({ at }) => at),
        rung.map(({ at }) => at).toSorted((x, y) => x - y),
      )
    }),
    { numRuns: 60 },
  )
})

test('an item that is put again while it is handed over waits anew; at the end nothing waits', async () => {
  const clock = createManualClock()
  let times = 0
  const queue = createDueQueue<string>({
    clock,
    onDue(item) {
      if (++times < 3) queue.put(item, 0)
    },
  })
  queue.put('a', 10)
  await clock.advance(20)
  assert.equal(times, 3)
  queue.put('a', 10)
  queue.end()
  assert.equal(clock.pendingTimers(), 0)
  await clock.advance(20)
  assert.equal(times, 3)
})

test('a timer is never set into the past, of which Node would warn outside the log', () => {
  const manual = createManualClock()
  const delays: number[] = []
  let now = 0
  // Time goes on between two looks at the clock.
  const clock = {
    ...manual,
    monotonic: () => (now += 0.01),
    after: (delayMs: number) => {
      delays.push(delayMs)
      return () => {}
    },
  }
  const queue = createDueQueue<string>({ clock, onDue: () => {} })
  queue.put('a', 0)
  assert.deepEqual(delays, [0])
})
