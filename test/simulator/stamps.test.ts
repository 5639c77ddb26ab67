import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Clock } from '../../simulator/clock.ts'
import { createPreciseNow, createStamp } from '../../simulator/twitch/stamps.ts'

const START = Date.UTC(2026, 0, 1)

/** A wall clock of whole milliseconds beside a finer monotonic one, both moved by hand. */
function twoClocks() {
  let elapsedMs = 0
  let wallShiftMs = 0
  const clock: Clock = {
    now: () => Math.floor(START + elapsedMs + wallShiftMs),
    monotonic: () => 1_000.25 + elapsedMs,
    after: () => () => {},
  }
  return {
    clock,
    pass: (ms: number) => void (elapsedMs += ms),
    setWall: (ms: number) => void (wallShiftMs += ms),
  }
}

test('a moment has nine digits behind the point, of which the last six go on within a millisecond', () => {
  const { clock, pass } = twoClocks()
  const stamp = createStamp(clock)
  assert.equal(stamp(), '2026-01-01T00:00:00.000000000Z')
  pass(1.5)
  assert.equal(stamp(), '2026-01-01T00:00:00.001500000Z')
  pass(0.25)
  assert.equal(stamp(), '2026-01-01T00:00:00.001750000Z')
  assert.equal(stamp(1_000), '2025-12-31T23:59:59.001750000Z')
})

test('it never leaves the millisecond of the wall clock, whoever sets that', () => {
  const { clock, pass, setWall } = twoClocks()
  const now = createPreciseNow(clock)
  for (const shiftMs of [0, 3_600_000, -7_200_000, 0.4, 0, -0.7]) {
    setWall(shiftMs)
    pass(0.3)
    assert.equal(Math.floor(now()), clock.now())
    pass(10.2)
    assert.equal(Math.floor(now()), clock.now())
  }
})
