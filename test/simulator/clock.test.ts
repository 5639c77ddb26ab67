import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createMovableClock } from '../../simulator/clock.ts'
import { eventually } from '../support/eventually.ts'
import { createManualClock } from '../support/manual-clock.ts'

test('what falls due while time is pushed happens in order, what is set meanwhile, too', async () => {
  const clock = createMovableClock({ source: createManualClock() })
  const happened: [string, number][] = []
  const note = (what: string) => () => void happened.push([what, clock.monotonic()])
  clock.after(300, note('last'))
  clock.after(100, () => {
    note('first')()
    clock.after(100, note('grandchild'))
  })
  clock.after(300, note('and another at the same time'))
  clock.after(301, note('too late'))
  clock.after(150, note('cancelled'))()
  await clock.advance(300)
  assert.deepEqual(happened, [
    ['first', 100],
    ['grandchild', 200],
    ['last', 300],
    ['and another at the same time', 300],
  ])
  assert.equal(clock.advancedMs(), 300)
})

test('what is left after a push comes with the time that goes on by itself', async () => {
  const source = createManualClock()
  const clock = createMovableClock({ source })
  let happened = 0
  clock.after(1_000, () => void happened++)
  await clock.advance(600)
  await source.advance(399)
  assert.equal(happened, 0)
  await source.advance(1)
  assert.equal(happened, 1)
  assert.equal(source.pendingTimers(), 0)
})

test('the outside gets its turn between steps that it could notice', async () => {
  let turns = 0
  const clock = createMovableClock({ source: createManualClock(), settle: async () => void turns++ })
  for (const at of [10, 20, 5_000, 5_010, 12_000]) clock.after(at, () => {})
  await clock.advance(20_000)
  assert.equal(turns, 3, 'before 5 s, before 12 s, at the end')
})

test('a wait of months is not over at once', async (t) => {
  const clock = createMovableClock()
  t.after(() => clock.stop())
  let [months, moment] = [false, false]
  clock.after(100 * 86_400_000, () => (months = true))
  clock.after(5, () => (moment = true))
  await eventually('the moment', () => moment)
  assert.equal(months, false)
  await clock.advance(101 * 86_400_000)
  assert.equal(months, true)
})
