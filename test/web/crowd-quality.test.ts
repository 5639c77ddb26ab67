import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createAtlas, type Tenant } from '../../web/crowd/atlas.ts'
import { createGovernor, type Governor } from '../../web/crowd/governor.ts'

/** Draws for so many seconds, a frame each `intervalMs`. */
function run(governor: Governor, from: number, seconds: number, intervalMs: number, workMs = 2): number {
  let at = from
  while (at < from + seconds * 1_000) governor.drawn((at += intervalMs), workMs)
  return at
}

test('late frames lower the quality step by step, down to fewer characters', () => {
  const governor = createGovernor(() => 60)
  const seen = [governor.quality()]
  let at = 0
  for (let step = 0; step < 8; step++) {
    at = run(governor, at, 2.2, 70)
    seen.push(governor.quality())
  }
  const order = (of: (index: number) => boolean) => seen.findIndex((_, index) => of(index))
  const sharpness = order((index) => (seen[index]?.resolution ?? 1) < 1)
  const smoothness = order((index) => seen[index]?.fps === 30)
  const names = order((index) => seen[index]?.names === false)
  const characters = order((index) => (seen[index]?.most ?? Infinity) < Infinity)
  assert.ok(0 < sharpness && sharpness < smoothness && smoothness < names && names < characters)
  assert.equal(governor.isLite(), true)
})

test('quality comes back slowly, and more slowly after it was dared in vain', () => {
  const governor = createGovernor(() => 60)
  let at = run(governor, 0, 2.2, 40)
  assert.equal(governor.quality().resolution, 0.8)
  const back = () => {
    const from = at
    while (governor.quality().resolution < 1) at = run(governor, at, 1, 16.7)
    return at - from
  }
  const first = back()
  assert.ok(first > 10_000, `${first}`)
  at = run(governor, at, 2.5, 40)
  assert.ok(back() > first * 1.5)
})

test('a source that OBS runs at 30 frames a second is not a slow machine', () => {
  const governor = createGovernor(() => 30)
  run(governor, 0, 20, 33.4)
  assert.equal(governor.quality().resolution, 1)
})

test('a page that was hidden is not a slow machine', () => {
  const governor = createGovernor(() => 60)
  let at = 0
  for (let time = 0; time < 10; time++) at = run(governor, at + 60_000, 1.5, 16.7)
  assert.equal(governor.quality().resolution, 1)
})

test('work that fills the frame lowers the quality before frames come late', () => {
  const governor = createGovernor(() => 60)
  run(governor, 0, 2.5, 16.7, 13)
  assert.ok(governor.quality().resolution < 1)
})

const tenant = (pixels: number): Tenant => ({ alive: true, usedAt: 0, pixels })

test('nothing on a page lies over anything else, and what had to go knows it', () => {
  const sizes = fc.array(fc.tuple(fc.integer({ min: 1, max: 90 }), fc.integer({ min: 1, max: 90 })), { maxLength: 200 })
  fc.assert(
    fc.property(sizes, (list) => {
      const atlas = createAtlas(256, 2)
      const placed = list.map(([width, height], frame) => {
        const lodger = { ...tenant(width * height), usedAt: frame }
        const spot = atlas.place(width, height, lodger)
        assert.ok(spot && spot.x + width <= 256 && spot.y + height <= 256 && spot.page < 2)
        return { width, height, spot, lodger }
      })
      const alive = placed.filter(({ lodger }) => lodger.alive)
      for (const [index, one] of alive.entries()) {
        for (const other of alive.slice(index + 1)) {
          const apart =
            one.spot.page !== other.spot.page ||
            one.spot.x + one.width <= other.spot.x ||
            other.spot.x + other.width <= one.spot.x ||
            one.spot.y + one.height <= other.spot.y ||
            other.spot.y + other.height <= one.spot.y
          assert.ok(apart)
        }
      }
    }),
  )
})

test('when all pages are full, the one goes that is needed least', () => {
  const atlas = createAtlas(100, 2)
  const [used, unused] = [tenant(10_000), tenant(10_000)]
  atlas.place(100, 100, used)
  atlas.place(100, 100, unused)
  used.usedAt = 50
  atlas.place(60, 60, tenant(3_600))
  assert.deepEqual([used.alive, unused.alive], [true, false])
  assert.equal(atlas.place(101, 5, tenant(505)), undefined)
})
