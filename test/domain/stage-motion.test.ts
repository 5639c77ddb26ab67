import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  enter,
  entranceOf,
  homeOf,
  leave,
  placeAt,
  ROWS,
  rowOf,
  stand,
  STAGE_WIDTH,
  step,
  type Motion,
} from '../../src/domain/stage-motion.ts'

const T0 = 1_764_000_000_000
/** Nobody runs faster than the longest way in the longest run; a frame at 60 Hz, with room for rounding. */
const LARGEST_STEP = 18

const seeds = fc.integer({ min: 0, max: 0xffff_ffff })
/** What a server does with a character after its entrance, and how long it lets it. */
const doings = fc.array(
  fc.record({
    act: fc.constantFrom('walk', 'wave', 'laugh', 'jump', 'sit', 'sign', 'leave'),
    afterMs: fc.integer({ min: 0, max: 40_000 }),
  }),
  { maxLength: 8 },
)

/** A whole stay on stage: every motion from its beginning on. */
function stayOf(seed: number, list: ReadonlyArray<{ act: string; afterMs: number }>): Motion[] {
  const motions = [enter(seed, homeOf(seed, 0), T0)]
  for (const [count, { act, afterMs }] of list.entries()) {
    const last = motions.at(-1) as Motion
    if (last.act === 'leave') break
    const at = last.at + afterMs
    const { x } = placeAt(seed, last, at)
    if (act === 'walk') motions.push(step(seed, count, x, at))
    else if (act === 'leave') motions.push(leave(x, at))
    else motions.push(stand(act as 'wave', x, at, 1_500))
  }
  return motions
}

/** Where the stay is at a moment: the last motion that has begun. */
function placeIn(seed: number, stay: readonly Motion[], now: number) {
  const current = stay.findLast(({ at }) => at <= now) ?? stay[0]
  return placeAt(seed, current as Motion, now)
}

test('nobody jumps: between two frames a character moves by little, at the borders of acts and strolls too', () => {
  fc.assert(
    fc.property(seeds, doings, fc.integer({ min: 0, max: 15 }), (seed, list, offset) => {
      const stay = stayOf(seed, list)
      const end = (stay.at(-1)?.at ?? T0) + 30_000
      let before = placeIn(seed, stay, T0 + offset)
      for (let now = T0 + offset + 16; now < end; now += 16) {
        const place = placeIn(seed, stay, now)
        assert.ok(Math.abs(place.x - before.x) <= LARGEST_STEP, `${before.x} → ${place.x} at ${now - T0}`)
        before = place
      }
    }),
    { numRuns: 60 },
  )
})

test('whoever came in stays on stage until leaving, and leaves it wholly', () => {
  fc.assert(
    fc.property(seeds, doings, (seed, list) => {
      const stay = stayOf(seed, list)
      for (const motion of stay) {
        const on = motion.act !== 'leave' && motion.from >= 90 && motion.from <= STAGE_WIDTH - 90
        for (const after of on ? [0, 700, 5_000, 9_400, 61_000, 3_600_000] : []) {
          const { x } = placeAt(seed, motion, motion.at + after)
          assert.ok(x >= 90 && x <= STAGE_WIDTH - 90, `${x} after ${after} ms of ${motion.act}`)
        }
      }
      const off = placeAt(seed, leave(placeIn(seed, stay, T0 + 9_000).x, T0 + 9_000), T0 + 60_000)
      assert.ok(off.x < -100 || off.x > STAGE_WIDTH + 100)
    }),
  )
})

test('whoever was told to act in the wings walks in from there', () => {
  const seed = [...Array(50).keys()].find((it) => entranceOf(it) === 'run') ?? 0
  const running = enter(seed, homeOf(seed, 0), T0)
  const { x } = placeAt(seed, running, T0 + 40)
  const waving = stand('wave', x, T0 + 40, 1_000)
  assert.equal(placeAt(seed, waving, T0 + 1_039).x, x)
  assert.equal(placeAt(seed, waving, T0 + 1_041).x, x)
  const later = placeAt(seed, waving, T0 + 60_000).x
  assert.ok(later >= 90 && later <= STAGE_WIDTH - 90)
})

test('a message moves its character by 200 at most, and by something', () => {
  fc.assert(
    fc.property(seeds, fc.nat(10_000), fc.integer({ min: 90, max: STAGE_WIDTH - 90 }), (seed, count, from) => {
      const { to, dur } = step(seed, count, from, T0)
      assert.ok(Math.abs(to - from) <= 200 && to !== from, `${from} → ${to}`)
      assert.ok(to >= 90 && to <= STAGE_WIDTH - 90 && Number.isInteger(dur))
    }),
  )
})

test('every place is exact: a whole number of 1/256 units, the same when it is asked for again', () => {
  fc.assert(
    fc.property(seeds, doings, fc.integer({ min: 0, max: 90_000 }), (seed, list, after) => {
      const stay = stayOf(seed, list)
      const place = placeIn(seed, stay, T0 + after)
      assert.ok(Number.isInteger(place.x * 256))
      assert.deepEqual(placeIn(seed, stay, T0 + after), place)
      // A fraction of a millisecond is no time.
      assert.deepEqual(placeIn(seed, stay, T0 + after + 0.4), place)
    }),
  )
})

test('before an act begins its character stands where the act begins', () => {
  const walk: Motion = { act: 'walk', at: T0, dur: 1_000, from: 400, to: 500 }
  assert.equal(placeAt(7, walk, T0 - 5_000).x, 400)
  assert.equal(placeAt(7, walk, T0 + 500).x, 450)
  assert.equal(placeAt(7, walk, T0 + 1_000).x, 500)
})

test('a way tells how far it came, and whoever halts goes on looking the way he went', () => {
  for (const to of [300, 500]) {
    const walk: Motion = { act: 'walk', at: T0, dur: 1_000, from: 400, to }
    assert.deepEqual(placeAt(7, walk, T0 + 250), {
      x: 400 + (to - 400) / 4,
      facing: to > 400 ? 1 : -1,
      moving: true,
      walked: 25,
      way: 100,
    })
    const halted = placeAt(7, walk, T0 + 1_200)
    assert.deepEqual([halted.facing, halted.moving, halted.way], [to > 400 ? 1 : -1, false, 0])
  }
})

test('rows and entrances are spread over the seeds', () => {
  const count = (of: (seed: number) => unknown) => {
    const found = new Map<unknown, number>()
    for (let seed = 0; seed < 900; seed++) found.set(of(seed), (found.get(of(seed)) ?? 0) + 1)
    return [...found.values()]
  }
  assert.equal(count(rowOf).length, ROWS)
  for (const many of [...count(rowOf), ...count(entranceOf)]) assert.ok(many > 240 && many < 360)
})
