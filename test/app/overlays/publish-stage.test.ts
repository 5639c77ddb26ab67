import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createOverlayAudience } from '../../../src/app/overlays/overlay-audience.ts'
import type { OverlayConnection } from '../../../src/app/overlays/overlay-seat.ts'
import { createPublishStage } from '../../../src/app/overlays/publish-stage.ts'
import { createMetrics } from '../../../src/base/metrics.ts'
import { lookFromSeed } from '../../../src/domain/avatar-look.ts'
import { DEFAULT_SETTINGS } from '../../../src/domain/settings.ts'
import { createManualClock } from '../../support/manual-clock.ts'

const RULES = { inactivityMs: 300_000, crowdLimit: 50 }
const viewer = (id: string) => ({
  id,
  name: id,
  color: '#ffffff',
  look: lookFromSeed(7),
  seed: 7,
  by: 'chat' as const,
})

/** An audience, stages in front of it, and overlays that keep what they read. */
function open() {
  const clock = createManualClock()
  const metrics = createMetrics()
  const audience = createOverlayAudience({ clock, metrics, epoch: () => 1, onChange: () => {} })
  const stages = createPublishStage({ audience, clock, metrics })
  const watch = (channelId: string) => {
    const writes: string[] = []
    const connection: OverlayConnection = {
      instance: crypto.randomUUID(),
      obs: true,
      preview: false,
      keyRev: 1,
      write: (frame) => void writes.push(frame.toString()),
      end: () => {},
    }
    const seat = audience.join(channelId, connection, { visible: true, active: true, fps: null, tier: null })
    const snapshot = () => {
      const { seq, avatars } = stages.snapshot(channelId)
      const { locale, alerts } = DEFAULT_SETTINGS
      seat.open({ seq, avatars, settings: { rev: 1, locale, alerts }, alert: { current: null, queued: 0 }, game: null })
    }
    return {
      writes,
      snapshot,
      leave: () => seat.leave(),
      events: () =>
        writes
          .flatMap((write) => write.split('\n\n'))
          .map((text) => ({ id: /^id: (.*)$/m.exec(text)?.[1], type: /^event: (.*)$/m.exec(text)?.[1] }))
          .filter(({ type }) => type?.startsWith('avatar.') || type === 'snapshot'),
    }
  }
  const join = (channelId: string, id: string, receivedAt?: number) =>
    stages.change(channelId, RULES, (stage, at) => stage.join(viewer(id), at), receivedAt)
  return { clock, metrics, audience, stages, watch, join }
}

test('what happens on a channel within a frame leaves as one write, numbered one by one', async () => {
  const { clock, watch, join, stages } = open()
  const overlay = watch('c')
  overlay.snapshot()
  const before = overlay.writes.length
  join('c', 'v1')
  join('c', 'v2')
  stages.change('c', RULES, (stage, at) => stage.say('v1', { parts: [{ text: 'hi' }], dur: 4_000, messageId: 'm' }, at))
  assert.equal(overlay.writes.length, before, 'not before the frame')
  await clock.advance(16)
  assert.equal(overlay.writes.length, before + 1)
  assert.deepEqual(overlay.events().slice(1), [
    { id: '1-1', type: 'avatar.join' },
    { id: '1-2', type: 'avatar.join' },
    { id: '1-3', type: 'avatar.say' },
  ])
})

test('a snapshot and the frames after it fit without a gap and without anything twice', async () => {
  const { clock, watch, join } = open()
  const first = watch('c')
  first.snapshot()
  join('c', 'v1')
  await clock.advance(16)
  join('c', 'v2')
  // In the middle of a frame: seated, and something happens before its snapshot is written.
  const second = watch('c')
  join('c', 'v3')
  second.snapshot()
  join('c', 'v4')
  await clock.advance(16)
  assert.deepEqual(
    second.events().map(({ type }) => type),
    ['snapshot', 'avatar.join'],
  )
  assert.match(second.writes[0] ?? '', /"v1".*"v2".*"v3"/s)
  assert.deepEqual(
    second.events().map(({ id }) => id),
    ['1-3', '1-4'],
  )
  assert.deepEqual(
    first.events().map(({ id }) => id),
    ['1-0', '1-1', '1-2', '1-3', '1-4'],
    'who was there before has seen every number',
  )
})

test('a stage that nobody watches is kept, not told; whoever comes sees it', async () => {
  const { clock, watch, join, audience } = open()
  join('c', 'v1')
  await clock.advance(100)
  assert.equal(audience.seq('c'), 0)
  const overlay = watch('c')
  overlay.snapshot()
  assert.match(overlay.writes[0] ?? '', /"v1"/)
})

test('one timer serves all stages, and none remains when they are empty', async () => {
  const { clock, stages, watch } = open()
  const short = { inactivityMs: 5_000, crowdLimit: 50 }
  assert.equal(clock.pendingTimers(), 0)
  for (let n = 0; n < 500; n++) {
    stages.change(`c${n}`, short, (stage, at) => stage.join(viewer('v'), at))
  }
  const overlay = watch('c7')
  overlay.snapshot()
  assert.equal(clock.pendingTimers(), 1)
  await clock.advance(20_000)
  assert.equal(clock.pendingTimers(), 0)
  assert.equal(stages.viewers('c7'), 0)
  assert.deepEqual(
    overlay.events().map(({ type }) => type),
    ['snapshot', 'avatar.act', 'avatar.leave'],
  )
})

test('the way from the socket to the overlay is measured, for those that had somebody to see them', async () => {
  const { clock, watch, join, metrics } = open()
  join('empty', 'v1', clock.monotonic())
  watch('c').snapshot()
  join('c', 'v1', clock.monotonic())
  await clock.advance(16)
  const { values } = await metrics.chatToOverlay.get()
  assert.equal(values.find(({ metricName }) => metricName?.endsWith('_count'))?.value, 1)
  assert.equal(values.find(({ metricName }) => metricName?.endsWith('_sum'))?.value, 0.016)
})

test('a stage that a ban or a switched-off bot emptied is forgotten, and its timer with it', async () => {
  for (const watched of [true, false]) {
    const { clock, stages, watch, join } = open()
    if (watched) watch('banned').snapshot()
    join('banned', 'v')
    stages.change('banned', RULES, (stage, at) => stage.leave('v', 'banned', at))
    stages.change('off', RULES, (stage, at) => stage.leave('v', 'command', at, { stayAway: true }))
    await clock.advance(200)
    assert.equal(stages.of('banned'), undefined)
    assert.ok(stages.of('off')?.staysAway('v'), 'who stays away is remembered')
    stages.clear('off', 'bot-off')
    await clock.advance(200)
    assert.equal(stages.of('off'), undefined)
    assert.equal(clock.pendingTimers(), 0)
  }
})

test('a ban is told, also where the next event of the same moment finds nobody on stage', async () => {
  const { clock, stages, watch, join } = open()
  const overlay = watch('c')
  overlay.snapshot()
  join('c', 'v')
  await clock.advance(16)
  stages.change('c', RULES, (stage, at) => stage.leave('v', 'banned', at))
  stages.change('c', RULES, (stage, at) => stage.retract('v', 'm', at))
  await clock.advance(16)
  assert.equal(overlay.events().at(-1)?.type, 'avatar.leave')
})
