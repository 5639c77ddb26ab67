import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { lookFromSeed } from '../../src/domain/avatar-look.ts'
import type { OverlayEvent } from '../../src/domain/overlay-protocol.ts'
import { DEFAULT_SETTINGS } from '../../src/domain/settings.ts'
import { readFrame, readSnapshot } from '../../web/overlay/wire.ts'
import { castAt } from '../../web/crowd/figures.ts'
import { crowdOf, SCENE_NOW } from './crowd-scenes.ts'

const frame = (d: unknown) => JSON.stringify({ v: 1, at: 5, d })
const join = {
  id: 'v1',
  name: 'Mila',
  color: '#ff8800',
  look: lookFromSeed(3),
  seed: 3,
  by: 'chat',
  from: 5,
  to: 5,
  dur: 900,
}
const snapshotWith = (avatars: unknown) => ({
  seq: 4,
  settings: { rev: 1, locale: 'ru', alerts: DEFAULT_SETTINGS.alerts },
  avatars,
  alert: { current: null, queued: 0 },
  game: null,
})

test('events about characters are read as they are', () => {
  const events: Array<[OverlayEvent, Record<string, unknown>]> = [
    ['avatar.join', join],
    ['avatar.leave', { id: 'v1', why: 'command', from: 5, to: -140, dur: 700 }],
    ['avatar.look', { id: 'v1', look: lookFromSeed(9) }],
    ['avatar.act', { id: 'v1', act: 'wave', dur: 5_000, from: 5, to: 5 }],
    [
      'avatar.say',
      { id: 'v1', dur: 4_000, parts: [{ text: 'hi' }, { emote: 'LUL', src: 'https://static-cdn.jtvnw.net/x' }] },
    ],
    ['avatar.emote', { id: 'v1', dur: 0, parts: [], x: 7.5 }],
  ]
  for (const [type, d] of events) assert.deepEqual(readFrame(type, frame(d))?.d, d, type)
})

test('an event that lacks or bends something is left alone', () => {
  const wrong: Array<[OverlayEvent, unknown]> = [
    ['avatar.join', { ...join, id: 7 }],
    ['avatar.join', { ...join, name: null }],
    ['avatar.join', { ...join, seed: '3' }],
    ['avatar.join', { ...join, from: 1e9 }],
    ['avatar.join', { ...join, dur: -1 }],
    ['avatar.leave', { id: 'v1', why: 'command' }],
    ['avatar.look', { id: 'v1', look: { ...lookFromSeed(3), hair: 'constructor' } }],
    ['avatar.act', { id: 'v1', act: 'toString', dur: 5, from: 5, to: 5 }],
    ['avatar.act', { id: 'v1', act: 'leave', dur: 5, from: 5, to: 5 }],
    ['avatar.say', { id: 'v1', dur: 5, parts: [{ html: '<b>' }] }],
    ['avatar.say', { id: 'v1', dur: 'long', parts: [] }],
    ['avatar.emote', { id: 'v1', dur: 5, parts: [{ text: '🔥' }] }],
  ]
  for (const [type, d] of wrong) assert.equal(readFrame(type, frame(d)), undefined, JSON.stringify(d))
})

test('a look from a newer server and a strange colour cost nobody the stage', () => {
  const d = readFrame('avatar.join', frame({ ...join, color: 'red;', look: { hat: 'sombrero' } }))?.d
  assert.deepEqual(d, { ...join, color: '#ffffff', look: lookFromSeed(3) })
})

test('who cannot be understood in a snapshot is left out alone', () => {
  const [one, two] = crowdOf(2)
  assert.ok(one && two)
  const broken = [
    null,
    5,
    { ...one, motion: null },
    { ...one, motion: { ...one.motion, act: 'fly' } },
    { ...one, id: '' },
  ]
  const read = readSnapshot(snapshotWith([...broken, { ...two, say: { parts: 'x' } }]))
  assert.deepEqual(read?.avatars, [{ ...two, say: null }])
  assert.deepEqual(readSnapshot(snapshotWith(undefined))?.avatars, [])
})

test('whatever a frame holds, reading and showing it throws nothing', () => {
  const anything = fc.letrec((tie) => ({
    value: fc.oneof(
      fc.constantFrom('avatar.join', 'v1', '#ff8800', 'wave', 'sign', '__proto__'),
      fc.double(),
      fc.constant(null),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(
        fc.constantFrom(...Object.keys(crowdOf(1)[0] ?? {}), 'parts', 'text', 'dur', 'from', 'to', 'act'),
        tie('value'),
      ),
    ),
  })).value
  const bent = fc.record({ field: fc.constantFrom(...Object.keys(crowdOf(1)[0] ?? {})), value: anything })
  fc.assert(
    fc.property(bent, ({ field, value }) => {
      const avatars = crowdOf(2, { busy: 100 }).map((avatar) => ({ ...avatar, [field]: value }))
      const read = readFrame('snapshot', frame(snapshotWith(avatars)))?.d.avatars ?? []
      for (const after of [-9e9, 0, 500, 9e9]) castAt(read, SCENE_NOW + after, 1_080)
    }),
  )
})
