import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { lookFromSeed } from '../../src/domain/avatar-look.ts'
import type { Newcomer } from '../../src/domain/actor.ts'
import { createStage, type Stage, type StageEvent } from '../../src/domain/stage.ts'
import { placeAt, STAGE_WIDTH } from '../../src/domain/stage-motion.ts'

const RULES = { inactivityMs: 10_000, crowdLimit: 3 }
const T0 = Date.UTC(2026, 0, 1)

const viewer = (id: string, seed = Number(id.replaceAll(/\D/g, '')) + 1): Newcomer => ({
  id,
  name: id,
  color: '#ffffff',
  look: lookFromSeed(seed),
  seed,
  by: 'chat',
})
const kinds = (events: StageEvent[]) =>
  events.map(({ type, d }) => [type, d.id, 'why' in d ? d.why : 'act' in d ? d.act : ''])
const ids = (stage: Stage, at: number) => stage.snapshot(at).map(({ id }) => id)
const walkIn = (stage: Stage, id: string, at = T0) => stage.join(viewer(id), at)

test('a newcomer comes on stage once, to a place on it', () => {
  const stage = createStage(RULES)
  const [joined, ...more] = walkIn(stage, 'v1')
  assert.equal(joined?.type, 'avatar.join')
  assert.deepEqual(more, [])
  assert.ok(joined?.type === 'avatar.join' && joined.d.to > 0 && joined.d.to < STAGE_WIDTH)
  assert.deepEqual(walkIn(stage, 'v1', T0 + 10), [], 'there already')
  assert.equal(stage.size(), 1)
})

test('whoever is silent gets tired at half of the time and leaves at its end', () => {
  const stage = createStage(RULES)
  walkIn(stage, 'v1')
  stage.pass(T0 + 3_000)
  assert.equal(stage.nextAt(), T0 + 5_000)
  assert.deepEqual(stage.pass(T0 + 4_999), [])
  assert.deepEqual(kinds(stage.pass(T0 + 5_000)), [['avatar.act', 'v1', 'sit']])
  assert.equal(stage.snapshot(T0 + 6_000)[0]?.state, 'sit')
  assert.deepEqual(kinds(stage.pass(T0 + 10_000)), [['avatar.leave', 'v1', 'inactive']])
  assert.equal(stage.size(), 0)
  assert.equal(stage.snapshot(T0 + 10_100)[0]?.state, 'leave', 'still seen on the way out')
  stage.pass(T0 + 20_000)
  assert.deepEqual(ids(stage, T0 + 20_000), [])
  assert.ok(stage.isEmpty())
  assert.equal(stage.nextAt(), Infinity)
})

test('a word wakes the tired, and their time begins anew', () => {
  const stage = createStage(RULES)
  walkIn(stage, 'v1')
  stage.pass(T0 + 3_000)
  stage.pass(T0 + 5_000)
  stage.touch('v1', T0 + 9_000)
  assert.deepEqual(kinds(stage.walk('v1', T0 + 9_000)), [['avatar.act', 'v1', 'walk']])
  assert.deepEqual(stage.pass(T0 + 10_000), [], 'not any more')
  assert.deepEqual(kinds(stage.pass(T0 + 14_000)), [['avatar.act', 'v1', 'sit']])
})

test('the longest idle makes room, tired ones first', () => {
  const stage = createStage(RULES)
  walkIn(stage, 'v1', T0)
  walkIn(stage, 'v2', T0 + 1)
  walkIn(stage, 'v3', T0 + 2)
  stage.touch('v1', T0 + 3_000)
  assert.deepEqual(kinds(walkIn(stage, 'v4', T0 + 3_001)), [
    ['avatar.leave', 'v2', 'crowd'],
    ['avatar.join', 'v4', ''],
  ])
  stage.pass(T0 + 6_000)
  assert.deepEqual(
    kinds(walkIn(stage, 'v5', T0 + 6_001)).slice(0, 1),
    [['avatar.leave', 'v3', 'crowd']],
    'v3 sat tired',
  )
})

test('a smaller crowd limit sends the longest idle away at once', () => {
  const stage = createStage(RULES)
  for (const [n, id] of ['v1', 'v2', 'v3'].entries()) walkIn(stage, id, T0 + n)
  assert.deepEqual(kinds(stage.changeRules({ ...RULES, crowdLimit: 1 }, T0 + 10)), [
    ['avatar.leave', 'v1', 'crowd'],
    ['avatar.leave', 'v2', 'crowd'],
  ])
})

test('who is banned is gone at once, also from the way out', () => {
  const stage = createStage(RULES)
  walkIn(stage, 'v1')
  const [gone] = stage.leave('v1', 'banned', T0 + 3_000)
  assert.deepEqual(gone?.type === 'avatar.leave' && [gone.d.dur, gone.d.why], [0, 'banned'])
  assert.deepEqual(ids(stage, T0 + 3_000), [])
  walkIn(stage, 'v2')
  stage.leave('v2', 'command', T0 + 100)
  assert.deepEqual(kinds(stage.leave('v2', 'banned', T0 + 200)), [['avatar.leave', 'v2', 'banned']])
  assert.deepEqual(ids(stage, T0 + 200), [])
})

test('who chose to leave is remembered until they come back by their own word', () => {
  const stage = createStage(RULES)
  walkIn(stage, 'v1')
  stage.leave('v1', 'command', T0 + 1, { stayAway: true })
  assert.ok(stage.staysAway('v1'))
  walkIn(stage, 'v1', T0 + 2)
  assert.ok(!stage.staysAway('v1'))
  assert.deepEqual(ids(stage, T0 + 2), ['v1'], 'and is not on the way out any more')
})

test('a greeting of somebody who is still running in waits until they have arrived', () => {
  const stage = createStage(RULES)
  const [joined] = walkIn(stage, 'v1')
  assert.deepEqual(stage.wave('v1', 5_000, T0), [])
  const dur = joined?.type === 'avatar.join' ? joined.d.dur : 0
  assert.equal(stage.nextAt(), T0 + dur)
  assert.deepEqual(kinds(stage.pass(T0 + dur)), [['avatar.act', 'v1', 'wave']])
  assert.deepEqual(stage.pass(T0 + dur + 1), [], 'once')
})

test('a sign is held until its time is over, or its message is deleted, or the hands are needed', () => {
  const stage = createStage(RULES)
  walkIn(stage, 'v1')
  const at = T0 + 3_000
  stage.pass(at)
  const sign = { part: { text: '🔥' }, dur: 3_000, messageId: 'm1' }
  assert.deepEqual(kinds(stage.holdSign('v1', sign, at)), [['avatar.emote', 'v1', '']])
  assert.deepEqual(stage.snapshot(at)[0]?.sign?.parts, [{ text: '🔥' }])
  assert.equal(stage.snapshot(at + 3_000)[0]?.sign, null)
  assert.deepEqual(stage.retract('v1', 'other', at + 1), [])
  const [taken] = stage.retract('v1', 'm1', at + 1)
  assert.deepEqual(taken?.type === 'avatar.emote' && [taken.d.dur, taken.d.parts], [0, []])
  stage.holdSign('v1', sign, at + 10)
  stage.wave('v1', 5_000, at + 20)
  assert.equal(stage.snapshot(at + 21)[0]?.sign, null)
})

test('a deleted message loses its bubble, a cleared chat all of them, and nobody leaves', () => {
  const stage = createStage(RULES)
  for (const id of ['v1', 'v2']) {
    walkIn(stage, id)
    stage.say(id, { parts: [{ text: 'words' }], dur: 5_000, messageId: `of ${id}` }, T0)
  }
  assert.deepEqual(kinds(stage.retract('v1', 'of v1', T0 + 10)), [['avatar.say', 'v1', '']])
  assert.deepEqual(kinds(stage.hushAll(T0 + 20)), [['avatar.say', 'v2', '']])
  assert.equal(stage.size(), 2)
})

test('a message moves its viewer by no more than 200, and never while they do something better', () => {
  const stage = createStage({ ...RULES, inactivityMs: 3_600_000 })
  walkIn(stage, 'v1')
  let at = T0 + 3_000
  stage.pass(at)
  for (let message = 0; message < 200; message++) {
    stage.touch('v1', at)
    for (const event of stage.walk('v1', at)) {
      assert.ok(event.type === 'avatar.act')
      assert.ok(Math.abs(event.d.to - event.d.from) <= 200)
      assert.deepEqual(stage.walk('v1', at + 1), [], 'a step at a time')
    }
    at += 2_500
  }
  stage.wave('v1', 5_000, at)
  assert.deepEqual(stage.walk('v1', at + 1_000), [])
})

test('whatever happens, a snapshot says what its events said', () => {
  const step = fc.record({
    what: fc.constantFrom(
      'join',
      'leave',
      'ban',
      'walk',
      'wave',
      'laugh',
      'hop',
      'sign',
      'say',
      'pass',
      'retract',
      'hush',
    ),
    who: fc.integer({ min: 0, max: 5 }),
    afterMs: fc.integer({ min: 0, max: 4_000 }),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const stage = createStage(RULES)
      const told = new Map<string, { from: number; to: number; at: number; dur: number }>()
      let at = T0
      for (const [n, { what, who, afterMs }] of steps.entries()) {
        at += afterMs
        const id = `v${who}`
        const events =
          what === 'join'
            ? stage.join(viewer(id), at)
            : what === 'leave'
              ? stage.leave(id, 'command', at)
              : what === 'ban'
                ? stage.leave(id, 'banned', at)
                : what === 'pass'
                  ? stage.pass(at)
                  : what === 'sign'
                    ? stage.holdSign(id, { part: { text: '🔥' }, dur: 3_000, messageId: `m${n}` }, at)
                    : what === 'say'
                      ? stage.say(id, { parts: [{ text: 'a' }], dur: 3_000, messageId: `m${n}` }, at)
                      : what === 'retract'
                        ? stage.retract(id, `m${n - 1}`, at)
                        : what === 'hush'
                          ? stage.hushAll(at)
                          : what === 'hop'
                            ? stage.hop(id, at)
                            : what === 'walk'
                              ? stage.walk(id, at)
                              : stage[what](id, 2_000, at)
        for (const { type, d, at: when } of events) {
          if (type === 'avatar.emote' && d.parts.length > 0)
            told.set(d.id, { from: d.x, to: d.x, at: when, dur: d.dur })
          else if (type === 'avatar.leave' && d.dur === 0) told.delete(d.id)
          else if ('from' in d) told.set(d.id, { from: d.from, to: d.to, at: when, dur: d.dur })
        }
        for (const { id: shown, motion, seed } of stage.snapshot(at)) {
          const { from, to, dur } = motion
          assert.deepEqual(told.get(shown), { from, to, at: motion.at, dur }, `${shown} after ${what}`)
          const { x } = placeAt(seed, motion, at)
          assert.ok(x >= -200 && x <= STAGE_WIDTH + 200)
        }
        assert.ok(stage.size() <= RULES.crowdLimit)
      }
    }),
  )
})

test('what was deleted while its viewer was still running in is not held up on arrival', () => {
  for (const take of [(stage: Stage) => stage.retract('v1', 'm', T0 + 10), (stage: Stage) => stage.hushAll(T0 + 10)]) {
    const stage = createStage(RULES)
    walkIn(stage, 'v1')
    stage.holdSign('v1', { part: { text: '🍆' }, dur: 3_000, messageId: 'm' }, T0)
    assert.deepEqual(take(stage), [])
    assert.deepEqual(stage.pass(T0 + 4_000), [])
  }
  const stage = createStage(RULES)
  walkIn(stage, 'v1')
  stage.holdSign('v1', { part: { text: '🍀' }, dur: 3_000, messageId: 'm' }, T0)
  stage.retract('v1', 'another', T0 + 10)
  assert.deepEqual(
    stage.pass(T0 + 4_000).map(({ type }) => type),
    ['avatar.emote'],
  )
})

test('a stage goes on elsewhere where it was: the same people, acts and places, and who stays away', () => {
  const before = createStage({ inactivityMs: 10_000, crowdLimit: 10 })
  for (const id of ['v1', 'v2', 'v3', 'v4']) walkIn(before, id)
  before.pass(T0 + 4_000)
  before.wave('v1', 500, T0 + 4_000)
  before.say('v2', { parts: [{ text: 'hi' }], dur: 4_000, messageId: 'm' }, T0 + 4_000)
  before.leave('v3', 'command', T0 + 4_000, { stayAway: true })
  walkIn(before, 'v5', T0 + 4_000)
  before.laugh('v5', 700, T0 + 4_010)
  const after = createStage({ inactivityMs: 10_000, crowdLimit: 10 })
  after.import(JSON.parse(JSON.stringify(before.export())) as ReturnType<Stage['export']>, T0 + 4_020)
  for (const at of [T0 + 4_020, T0 + 4_100]) assert.deepEqual(after.snapshot(at), before.snapshot(at))
  assert.ok(after.staysAway('v3'))
  for (let at = T0 + 4_100; at < T0 + 20_000; at += 100) {
    assert.equal(after.nextAt() <= at, before.nextAt() <= at)
    assert.deepEqual(after.pass(at), before.pass(at))
  }
})

test('who came to a stage before it heard of what was there stays, and nobody stands there twice', () => {
  const before = createStage(RULES)
  walkIn(before, 'v1')
  walkIn(before, 'v2')
  const after = createStage(RULES)
  walkIn(after, 'v2', T0 + 500)
  after.import(before.export(), T0 + 1_000)
  assert.deepEqual(ids(after, T0 + 1_000), ['v1', 'v2'])
  assert.equal(after.snapshot(T0 + 1_000)[1]?.motion.at, T0 + 500)
})
