import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { placeAt } from '../../src/domain/stage-motion.ts'
import { castAt, type Figure } from '../../web/crowd/figures.ts'
import { nameTagsAt, speaks } from '../../web/crowd/name-tags.ts'
import type { Crowd } from '../../web/crowd/crowd.ts'
import { crowdOfTold } from './tell-crowd.ts'
import { createToldStage, HAPPENINGS, type Happening } from './told-stage.ts'

const HEIGHT = 1_080

const happenings = fc.array(
  fc.record<Happening>({
    viewer: fc.nat(5),
    what: fc.constantFrom(...HAPPENINGS, 'join', 'join', 'say', 'walk'),
    afterMs: fc.oneof(fc.nat(400), fc.nat(9_000)),
  }),
  { minLength: 1, maxLength: 60 },
)

/** Everything that is seen of a crowd at a moment, but for the pixels. */
function pictureOf(crowd: Crowd, now: number) {
  const cast = castAt(crowd.members(), now, HEIGHT)
  const seen = ({ member, ...figure }: Figure) => ({
    ...figure,
    id: member.id,
    look: member.look,
    name: member.name,
    says: speaks(member, now) ? member.say : null,
    holdsUp: figure.posed.limbs.holdsSign ? member.sign : null,
  })
  const tags = nameTagsAt(cast, now, () => 90, 24).map(({ figure, x, y, opacity }) => [figure.member.id, x, y, opacity])
  return { scale: cast.scale, figures: cast.figures.map(seen), tags }
}

test('an overlay that came late with a snapshot shows what one shows that heard everything', () => {
  fc.assert(
    fc.property(happenings, fc.nat(100), (list, sharePercent) => {
      const stage = createToldStage()
      const joinsAfter = Math.floor((list.length * sharePercent) / 100)
      for (const happening of list.slice(0, joinsAfter)) stage.happens(happening)
      const [snapshot, heard] = [stage.snapshot(), stage.told.length]
      for (const happening of list.slice(joinsAfter)) stage.happens(happening)
      const early = crowdOfTold([], stage.told)
      const late = crowdOfTold(snapshot, stage.told.slice(heard))
      for (const after of [0, 16, 350, 1_100, 2_600, 8_300, 45_000])
        assert.deepEqual(pictureOf(late, stage.now() + after), pictureOf(early, stage.now() + after))
    }),
    { numRuns: 250 },
  )
})

test('events for who is not there change nothing', () => {
  const stage = createToldStage()
  stage.happens({ viewer: 1, what: 'join', afterMs: 0 })
  const { told } = stage
  const at = stage.now() + 500
  const crowd = crowdOfTold([], told)
  const before = pictureOf(crowd, at)
  crowd.act(at, { id: 'nobody', act: 'wave', dur: 1_000, from: 5, to: 5 })
  crowd.say(at, { id: 'nobody', dur: 1_000, parts: [{ text: 'hi' }] })
  crowd.holdUp(at, { id: 'nobody', dur: 1_000, parts: [{ text: 'hi' }], x: 7 })
  crowd.leave(at, { id: 'nobody', why: 'inactive', from: 5, to: -140, dur: 900 })
  assert.deepEqual(pictureOf(crowd, at), before)
})

test('whoever ran off does not come back by an event that was late', () => {
  const stage = createToldStage()
  stage.happens({ viewer: 1, what: 'join', afterMs: 0 })
  stage.happens({ viewer: 1, what: 'leave', afterMs: 5_000 })
  const crowd = crowdOfTold([], stage.told)
  const later = stage.now() + 10_000
  crowd.act(later, { id: 'v1', act: 'wave', dur: 5_000, from: 500, to: 500 })
  assert.deepEqual(pictureOf(crowd, later + 100).figures, [])
})

test('a ban is at once, a leave is a run', () => {
  const stage = createToldStage()
  for (const viewer of [1, 2]) stage.happens({ viewer, what: 'join', afterMs: 0 })
  stage.happens({ viewer: 1, what: 'ban', afterMs: 4_000 })
  stage.happens({ viewer: 2, what: 'leave', afterMs: 0 })
  const crowd = crowdOfTold([], stage.told)
  assert.deepEqual(
    pictureOf(crowd, stage.now() + 200).figures.map(({ id, posed }) => [id, posed.key.split(' ')[0]]),
    [['v2', 'run']],
  )
})

test('with two hundred on stage nobody changes size or place with a jerk when others come and go', () => {
  const stage = createToldStage()
  for (let viewer = 0; viewer < 200; viewer++) stage.happens({ viewer, what: 'join', afterMs: 100 })
  for (let viewer = 0; viewer < 150; viewer++) stage.happens({ viewer, what: 'leave', afterMs: 60 })
  const snapshots = stage.told
  let before = new Map<string, Figure>()
  let smallest = 1
  for (let now = snapshots[0]?.at ?? 0; now < stage.now() + 3_000; now += 48) {
    const crowd = crowdOfTold(
      [],
      snapshots.filter(({ at }) => at <= now),
    )
    const { figures, scale } = castAt(crowd.members(), now, HEIGHT)
    smallest = Math.min(smallest, scale)
    for (const figure of figures) {
      const last = before.get(figure.member.id)
      if (!last) continue
      assert.ok(Math.abs(figure.size - last.size) < 0.02, `size ${last.size} → ${figure.size}`)
      assert.ok(Math.abs(figure.y - last.y) < 6, `y ${last.y} → ${figure.y}`)
    }
    before = new Map(figures.map((figure) => [figure.member.id, figure]))
  }
  assert.ok(smallest < 0.5 && smallest >= 0.44, `${smallest}`)
})

test('every entrance begins out of sight and ends on the floor, and an exit ends out of sight', () => {
  const seen = new Set<string>()
  for (let viewer = 0; viewer < 40; viewer++) {
    const stage = createToldStage()
    stage.happens({ viewer, what: 'join', afterMs: 0 })
    stage.happens({ viewer, what: 'leave', afterMs: 6_000 })
    const [join, leave] = stage.told
    assert.ok(join?.type === 'avatar.join' && leave?.type === 'avatar.leave')
    const at = (now: number) =>
      castAt(crowdOfTold([], now < leave.at ? [join] : stage.told).members(), now, HEIGHT).figures[0]
    const [first, landed, last] = [at(join.at), at(join.at + join.d.dur), at(leave.at + leave.d.dur - 1)]
    assert.ok(first && landed && last)
    const offSide = (x: number, size: number) => x < -60 * size || x > 1_920 + 60 * size
    const above = first.y - first.lift < 0
    const below = first.y - first.lift - 150 * first.size > HEIGHT
    assert.ok(offSide(first.x, first.size) || above || below)
    seen.add(above ? 'above' : below ? 'below' : 'side')
    assert.ok(Math.abs(landed.lift) < 1e-9 && !offSide(landed.x, 1))
    assert.ok(offSide(last.x, last.size))
  }
  assert.deepEqual([...seen].sort(), ['above', 'below', 'side'])
})

test('feet keep step: while a sole is on the floor it stays where it trod', () => {
  const stage = createToldStage()
  stage.happens({ viewer: 3, what: 'join', afterMs: 0 })
  stage.happens({ viewer: 3, what: 'walk', afterMs: 5_000 })
  const crowd = crowdOfTold([], stage.told)
  const [member] = [...crowd.members()]
  assert.ok(member)
  const slips: number[] = []
  let last: { x: number; down: boolean } | undefined
  for (let now = member.motion.at + 60; now < member.motion.at + member.motion.dur - 60; now += 16) {
    const [figure] = castAt([member], now, HEIGHT).figures
    assert.ok(figure && placeAt(member.seed, member.motion, now).moving)
    const { exact } = figure.posed
    const sole = figure.x + figure.facing * figure.size * exact.nearFoot.x
    const foot = { x: sole, down: exact.nearFoot.y === -8 }
    if (last?.down && foot.down) slips.push(Math.abs(foot.x - last.x))
    last = foot
  }
  assert.ok(slips.length > 20)
  // Two steps fit the way only nearly; what is left is less than a tenth of the way in the same time.
  const slip = slips.reduce((sum, it) => sum + it, 0) / slips.length
  assert.ok(slip < 0.16, `${slip} units a frame`)
})

test('where only some are drawn, they are those who acted last', () => {
  const stage = createToldStage()
  for (let viewer = 0; viewer < 30; viewer++) stage.happens({ viewer, what: 'join', afterMs: 100 })
  stage.happens({ viewer: 4, what: 'wave', afterMs: 4_000 })
  const crowd = crowdOfTold([], stage.told)
  const { figures, presence } = castAt(crowd.members(), stage.now(), HEIGHT, 5)
  assert.deepEqual(figures.map(({ member }) => member.id).sort(), ['v26', 'v27', 'v28', 'v29', 'v4'])
  assert.ok(presence > 29)
})
