import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTellReach } from '../../../src/app/assignments/tell-reach.ts'
import { createManualClock } from '../../support/manual-clock.ts'

test('a bus that is away for a moment is lost, after five seconds it is down, and what is back is up ten seconds later', async () => {
  const clock = createManualClock()
  const state = { up: true }
  const reach = createTellReach({ bus: { isUp: () => state.up }, clock })
  const after = async (ms: number, up: boolean) => {
    state.up = up
    await clock.advance(ms)
    return reach()
  }
  assert.equal(reach(), 'up')
  assert.equal(await after(0, false), 'lost')
  assert.equal(await after(3_000, false), 'lost')
  assert.equal(await after(1_000, true), 'up')
  assert.equal(await after(0, false), 'lost')
  assert.equal(await after(5_000, false), 'down')
  assert.equal(await after(60_000, false), 'down')
  assert.equal(await after(0, true), 'back')
  assert.equal(await after(9_000, true), 'back')
  assert.equal(await after(0, false), 'down')
  assert.equal(await after(0, true), 'back')
  assert.equal(await after(10_000, true), 'up')
})
