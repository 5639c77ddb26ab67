import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ACTIONS, poseAt } from '../../web/avatar/poses.ts'
import { momentOf, QUICK_EXIT_MS } from '../../web/overlay/choreography.ts'
import { createReloader } from '../../web/overlay/reloader.ts'
import { createManualClock } from '../support/manual-clock.ts'

const SEEDS = [0, 16, 32, 256, 4_096, 0xffffffff]

test('every pose is a number everywhere, and the same at the same time', () => {
  for (const action of ACTIONS) {
    for (let time = 0; time < 6; time += 0.037) {
      const pose = poseAt(action, time)
      assert.deepEqual(pose, poseAt(action, time))
      const numbers = JSON.stringify(pose).includes('null')
      assert.equal(numbers, false, `${action} at ${time}`)
    }
  }
})

test('an alert begins and ends with an empty stage, and is whole in between', () => {
  for (const seed of SEEDS) {
    for (const dur of [3_000, 8_000, 30_000]) {
      assert.equal(momentOf(0, dur, seed).card.presence, 0)
      assert.equal(momentOf(dur, dur, seed).card.presence, 0)
      assert.equal(momentOf(dur, dur, seed).actor, undefined)
      const middle = momentOf(dur / 2, dur, seed)
      assert.equal(middle.card.presence, 1)
      assert.equal(middle.card.words, 1)
      assert.deepEqual([middle.actor?.x, middle.actor?.y], [0, 0])
    }
  }
})

test('nobody jumps from one place to another between two frames', () => {
  for (const seed of SEEDS) {
    let last: { x: number; y: number } | undefined
    for (let elapsed = 0; elapsed < 8_000; elapsed += 16) {
      const { actor } = momentOf(elapsed, 8_000, seed)
      if (actor && last) {
        const step = Math.hypot(actor.x - last.x, actor.y - last.y)
        assert.ok(step < 60, `${step.toFixed(1)} units at ${elapsed} ms for seed ${seed}`)
      }
      last = actor
    }
  }
})

test('a quick exit is over in a moment, wherever it begins', () => {
  for (const leftAt of [50, 700, 4_000, 7_900]) {
    const moment = momentOf(leftAt + QUICK_EXIT_MS, 8_000, 7, leftAt)
    assert.equal(moment.card.presence, 0)
  }
})

test('a reload waits for the end of the alert and comes once for a build', async () => {
  const clock = createManualClock()
  const kept = new Map<string, string>()
  let busy = true
  let reloads = 0
  const reloader = createReloader({
    storage: { getItem: (name) => kept.get(name) ?? null, setItem: (name, value) => void kept.set(name, value) },
    after: (delayMs, run) => clock.after(delayMs, run),
    random: () => 0.3,
    idle: () => !busy,
    reload: () => void reloads++,
  })
  reloader.asked('b2')
  reloader.asked('b2')
  await clock.advance(20_000)
  assert.equal(reloads, 0)
  busy = false
  await clock.advance(1_000)
  assert.equal(reloads, 1)
  reloader.asked('b2')
  await clock.advance(20_000)
  assert.equal(reloads, 1)
})
