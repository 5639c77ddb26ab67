import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { OverlayEvent, OverlaySession } from '../../src/domain/overlay-protocol.ts'
import { DEFAULT_SETTINGS } from '../../src/domain/settings.ts'
import { keepOverlayLink, type EventStreamListener, type OverlayHandlers } from '../../web/overlay/overlay-link.ts'
import { createServerTime } from '../../web/overlay/server-time.ts'
import { createManualClock } from '../support/manual-clock.ts'

const SNAPSHOT = {
  seq: 4,
  settings: { rev: 1, locale: 'ru' as const, alerts: DEFAULT_SETTINGS.alerts },
  avatars: [],
  alert: { current: null, queued: 0 },
  game: null,
}

function connect(
  answers: Array<OverlaySession['role'] | 'unknown-key' | 'unreachable'> = ['primary'],
  random = () => 0.5,
) {
  const clock = createManualClock()
  const sessionsAt: number[] = []
  const heard: string[] = []
  const streams: Array<EventStreamListener & { closed: boolean }> = []
  let snapshots = 0
  const note = (type: OverlayEvent) => () => void heard.push(type)
  const handlers: OverlayHandlers = {
    snapshot: note('snapshot'),
    settings: note('settings'),
    'alert.offer': note('alert.offer'),
    reload: note('reload'),
  }
  const time = createServerTime(() => clock.monotonic(), clock.now())
  const link = keepOverlayLink({
    server: {
      async openSession() {
        sessionsAt.push(clock.monotonic())
        const answer = answers.length > 1 ? answers.shift() : answers[0]
        if (answer === 'unknown-key' || answer === 'unreachable' || answer === undefined) return answer ?? 'unreachable'
        const ticket = `ticket ${sessionsAt.length}`
        return { ticket, streamUrl: '/stream', epoch: 3, seq: 4, serverNow: clock.now() + 5_000, role: answer }
      },
      async snapshot() {
        snapshots++
        return { ...SNAPSHOT, seq: 9 }
      },
    },
    openStream(_url, listener) {
      const stream = { ...listener, closed: false, close: () => void (stream.closed = true) }
      streams.push(stream)
      return stream
    },
    time,
    monotonic: () => clock.monotonic(),
    after: (delayMs, run) => clock.after(delayMs, run),
    random,
    introduce: () => ({ key: 'k', instance: 'i', obs: false, w: 1, h: 1, ver: '' }),
    handlers,
  })
  const say = (type: string, content: unknown, id = '3-4') =>
    streams.at(-1)?.event(type, JSON.stringify({ v: 1, at: clock.now() + 5_000, d: content }), id)
  return { clock, link, streams, say, heard, sessionsAt, time, snapshots: () => snapshots }
}

test('frames reach their handlers; unknown events, versions and broken text are left alone', async () => {
  const { clock, say, heard, streams } = connect()
  await clock.advance(0)
  say('snapshot', SNAPSHOT)
  say('alert.invented', { id: 'x' })
  streams[0]?.event('reload', '{"v":2,"at":1,"d":{"build":"x"}}', '3-4')
  streams[0]?.event('reload', 'not json', '3-4')
  streams[0]?.event('alert.offer', '{"v":1,"at":1,"d":{"id":7}}', '3-4')
  say('reload', { build: 'b' })
  assert.deepEqual(heard, ['snapshot', 'reload'])
})

test('a broken stream is opened again after one to three seconds, with a new ticket', async () => {
  const { clock, link, streams, say, sessionsAt } = connect()
  await clock.advance(0)
  say('snapshot', SNAPSHOT)
  assert.equal(link.ticket(), 'ticket 1')
  streams[0]?.broken()
  assert.equal(link.ticket(), undefined)
  await clock.advance(3_000)
  assert.equal(link.ticket(), 'ticket 2')
  const [first = 0, second = 0] = sessionsAt
  assert.ok(second - first >= 1_000 && second - first <= 3_000)
  assert.equal(streams[0]?.closed, true)
})

test('delays grow to thirty seconds and never beyond', async () => {
  const { clock, sessionsAt } = connect(['unreachable'], () => 0.999)
  await clock.advance(300_000)
  const delays = sessionsAt.slice(1).map((at, index) => at - (sessionsAt[index] ?? 0))
  assert.ok((delays[0] ?? 0) <= 3_000)
  assert.ok(delays.every((delay) => delay <= 30_000))
  assert.ok((delays.at(-1) ?? 0) > 25_000)
})

test('an unknown key is tried again about once a minute', async () => {
  const { clock, sessionsAt, heard } = connect(['unknown-key'])
  await clock.advance(185_000)
  assert.equal(sessionsAt.length, 4)
  assert.deepEqual(heard, [])
})

test('forty seconds of silence end a stream that looks alive', async () => {
  const { clock, say, streams } = connect()
  await clock.advance(0)
  say('snapshot', SNAPSHOT)
  await clock.advance(30_000)
  say('ping', { seq: 4 })
  await clock.advance(30_000)
  assert.equal(streams.length, 1)
  await clock.advance(14_000)
  assert.equal(streams.length, 2)
  assert.equal(streams[0]?.closed, true)
})

test('a hole in the sequence asks for a snapshot once', async () => {
  const { clock, say, heard, snapshots } = connect()
  await clock.advance(0)
  say('snapshot', SNAPSHOT)
  say('settings', { rev: 2, patch: SNAPSHOT.settings }, '3-5')
  assert.equal(snapshots(), 0)
  say('settings', { rev: 4, patch: SNAPSHOT.settings }, '3-7')
  say('settings', { rev: 5, patch: SNAPSHOT.settings }, '3-8')
  await clock.advance(0)
  assert.equal(snapshots(), 1)
  assert.equal(heard.filter((type) => type === 'snapshot').length, 2)
})

test('a ping that knows of later frames shows the hole too', async () => {
  const { clock, say, snapshots } = connect()
  await clock.advance(0)
  say('snapshot', SNAPSHOT)
  say('ping', { seq: 6 }, '3-6')
  await clock.advance(0)
  assert.equal(snapshots(), 1)
})

test('the server changes the role at any time', async () => {
  const { clock, link, say } = connect(['mirror'])
  await clock.advance(0)
  assert.equal(link.role(), 'mirror')
  say('role', { role: 'primary' })
  assert.equal(link.role(), 'primary')
})

test('the server’s clock counts, also after this machine slept', async () => {
  const { clock, time, streams } = connect()
  await clock.advance(0)
  assert.equal(time.now(), clock.now() + 5_000)
  const text = JSON.stringify({ v: 1, at: clock.now() + 65_000, d: { seq: 4 } })
  streams[0]?.event('ping', text, '3-4')
  assert.equal(time.now(), clock.now() + 65_000)
})

test('closing ends stream and retries', async () => {
  const { clock, link, streams, sessionsAt } = connect()
  await clock.advance(0)
  link.close()
  await clock.advance(120_000)
  assert.equal(streams[0]?.closed, true)
  assert.equal(sessionsAt.length, 1)
  assert.equal(clock.pendingTimers(), 0)
})
