import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createOverlayAudience } from '../../../src/app/overlays/overlay-audience.ts'
import type { OverlayConnection } from '../../../src/app/overlays/overlay-seat.ts'
import { createMetrics } from '../../../src/base/metrics.ts'
import { createManualClock } from '../../support/manual-clock.ts'

const VISIBLE = { visible: true, active: true, fps: null, tier: null }
const snapshotAt = (seq: number) => ({
  seq,
  settings: { rev: 1, locale: 'ru' as const, alerts: {} as never },
  avatars: [],
  alert: { current: null, queued: 0 },
  game: null,
})

function newHouse() {
  const metrics = createMetrics()
  const audience = createOverlayAudience({ clock: createManualClock(), metrics, epoch: () => 7, onChange: () => {} })
  const come = (instance: string, more: Partial<OverlayConnection> = {}) => {
    const frames: string[] = []
    const connection: OverlayConnection = {
      instance,
      obs: true,
      preview: false,
      keyRev: 1,
      write: (frame) => void frames.push(String(frame)),
      // As the transport does: whoever is cut gives up its seat at once.
      end: () => seat.leave(),
      ...more,
    }
    const seat = audience.join('channel', connection, VISIBLE)
    return { frames, seat, connection }
  }
  const count = async (role: string) =>
    (await metrics.overlayConnections.get()).values.find((value) => value.labels.role === role)?.value
  return { audience, come, count }
}

test('a lone page that comes back while its old stream still hangs is seated, heard and counted', async () => {
  const { audience, come, count } = newHouse()
  const old = come('page')
  old.seat.open(snapshotAt(0))
  const back = come('page')
  back.seat.open(snapshotAt(0))
  assert.deepEqual(audience.stageFor('channel'), { instance: 'page', preview: false })
  assert.equal(audience.presence('channel').length, 1)
  audience.broadcast('channel', 'ping', { seq: 0 })
  assert.match(back.frames.at(-1) ?? '', /event: ping/)
  old.seat.leave()
  assert.equal(audience.presence('channel').length, 1, 'the late end of the old stream takes nobody’s seat')
  assert.deepEqual([await count('primary'), await count('mirror')], [1, 0])
})

test('numbers go on where they stood when the last overlay left and another came, for the epoch is the same', () => {
  const { audience, come } = newHouse()
  const first = come('one')
  audience.broadcast('channel', 'ping', { seq: 0 }, { stage: true })
  audience.broadcast('channel', 'ping', { seq: 0 }, { stage: true })
  first.seat.leave()
  assert.equal(audience.seq('channel'), 2)
  come('two')
  assert.equal(audience.seq('channel'), 2)
})

test('the roles of all open streams are counted through coming, replacing and going', async () => {
  const { come, count } = newHouse()
  const seats = [come('one'), come('two'), come('three', { preview: true })]
  assert.deepEqual([await count('primary'), await count('mirror')], [1, 2])
  come('two')
  assert.deepEqual([await count('primary'), await count('mirror')], [1, 2])
  for (const { seat } of seats) seat.leave()
  assert.deepEqual([await count('primary'), await count('mirror')], [1, 0])
})

test('a page whose snapshot does not come is let go before what it missed fills the memory', () => {
  const { audience, come } = newHouse()
  const reasons: string[] = []
  const { seat, frames } = come('waits', { end: (reason) => reasons.push(reason) })
  for (let n = 0; n < 1_000; n++) audience.broadcast('channel', 'ping', { seq: 0 })
  assert.deepEqual([reasons, frames], [[], []])
  audience.broadcast('channel', 'ping', { seq: 0 })
  assert.deepEqual(reasons, ['no-snapshot'])
  seat.leave()
})
