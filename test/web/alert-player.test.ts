import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AlertOffer, CurrentAlert } from '../../src/domain/overlay-protocol.ts'
import { createAlertMemory } from '../../web/overlay/alert-memory.ts'
import { createAlertPlayer } from '../../web/overlay/alert-player.ts'
import type { Verdict } from '../../web/overlay/overlay-server.ts'
import { createManualClock } from '../support/manual-clock.ts'
import { offerOf } from './alert-offer.ts'

/** A player on a stage that only writes down what happens, under a clock that stands still. */
function rehearse(kept = new Map<string, string>()) {
  const clock = createManualClock()
  const seen: string[] = []
  const answers = { start: ['accepted'] as Verdict[], done: ['accepted'] as Verdict[] }
  const page = { visible: true, ticket: 'ticket' as string | undefined, muted: false }
  const answer = (act: 'start' | 'done') =>
    (answers[act].length > 1 ? answers[act].shift() : answers[act][0]) ?? 'accepted'
  const elapsed = (startedAt: number) => clock.now() - startedAt
  const player = createAlertPlayer({
    server: {
      async startAlert(id) {
        seen.push(`start ${id}`)
        return answer('start')
      },
      async finishAlert(id, _ticket, token) {
        seen.push(`done ${id} ${token}`)
        return answer('done')
      },
    },
    stage: {
      async prepare() {},
      show: (alert, startedAt, muted) => seen.push(`show ${alert.id} at ${elapsed(startedAt)}${muted ? ' muted' : ''}`),
      clear: () => seen.push('clear'),
      leave: () => seen.push('leave'),
    },
    memory: createAlertMemory({
      getItem: (name) => kept.get(name) ?? null,
      setItem: (name, value) => void kept.set(name, value),
      removeItem: (name) => void kept.delete(name),
    }),
    get muted() {
      return page.muted
    },
    ticket: () => page.ticket,
    now: () => clock.now(),
    after: (delayMs, run) => clock.after(delayMs, run),
    visible: () => page.visible,
  })
  return { clock, seen, answers, page, player, kept }
}

function currentOf(offer: AlertOffer, startedAt: number | null): CurrentAlert {
  const { token: _, ...alert } = offer
  return { ...alert, state: startedAt === null ? 'offered' : 'started', startedAt }
}

test('an alert is drawn after the server said yes, and finished once', async () => {
  const { player, clock, seen } = rehearse()
  player.offer(offerOf('a'), clock.now(), 'primary')
  await clock.advance(0)
  assert.deepEqual(seen, ['start a', 'show a at 0'])
  await clock.advance(30_000)
  assert.deepEqual(seen, ['start a', 'show a at 0', 'clear', 'done a token-of-a'])
  assert.ok(player.idle())
})

test('a refused alert is never drawn and never finished', async () => {
  const { player, clock, seen, answers, kept } = rehearse()
  answers.start = ['refused']
  player.offer(offerOf('a'), clock.now(), 'primary')
  await clock.advance(60_000)
  assert.deepEqual(seen, ['start a', 'clear'])
  assert.equal(kept.size, 0)
})

test('a server that does not answer is asked again within the lease, and then no more', async () => {
  const { player, clock, seen, answers } = rehearse()
  answers.start = ['unreachable']
  player.offer(offerOf('a'), clock.now(), 'primary')
  await clock.advance(60_000)
  assert.ok(seen.length > 5 && seen.length < 18, `${seen.length} tries`)
  assert.ok(seen.slice(0, -1).every((what) => what === 'start a'))
  assert.equal(seen.at(-1), 'clear')
  assert.ok(player.idle())
})

test('a late yes within the lease draws', async () => {
  const { player, clock, seen, answers } = rehearse()
  answers.start = ['unreachable', 'unreachable', 'accepted']
  player.offer(offerOf('a'), clock.now(), 'primary')
  await clock.advance(1_500)
  assert.deepEqual(seen, ['start a', 'start a', 'start a', 'show a at 0'])
})

test('what this page drew is not drawn again, whatever the attempt', async () => {
  const { player, clock, seen } = rehearse()
  player.offer(offerOf('a'), clock.now(), 'primary')
  await clock.advance(5_000)
  player.offer(offerOf('a', { attempt: 2, token: 'another' }), clock.now(), 'primary')
  await clock.advance(5_000)
  assert.equal(seen.filter((what) => what.startsWith('start')).length, 1)
})

test('a mirror draws muted, once, and says nothing', async () => {
  const { player, clock, seen } = rehearse()
  player.offer(offerOf('a'), clock.now(), 'mirror')
  await clock.advance(3_000)
  player.offer(offerOf('a', { attempt: 2 }), clock.now(), 'mirror')
  await clock.advance(3_000)
  assert.deepEqual(seen, ['show a at 0 muted', 'clear'])
})

test('a mirror that becomes primary asks before it draws the same alert aloud', async () => {
  const { player, clock, seen } = rehearse()
  player.offer(offerOf('a'), clock.now(), 'mirror')
  await clock.advance(500)
  player.offer(offerOf('a', { attempt: 2 }), clock.now(), 'primary')
  await clock.advance(500)
  assert.deepEqual(seen, ['show a at 0 muted', 'leave', 'start a', 'show a at 0'])
})

test('a mirror that joins in the middle sees the rest', async () => {
  const { player, clock, seen } = rehearse()
  player.reconcile(currentOf(offerOf('a'), clock.now() - 700), 'mirror')
  await clock.advance(5_000)
  assert.deepEqual(seen, ['show a at 700 muted', 'clear'])
})

test('a cancelled alert leaves at once and is not finished', async () => {
  const { player, clock, seen, kept } = rehearse()
  player.offer(offerOf('a'), clock.now(), 'primary')
  await clock.advance(500)
  player.cancel('a')
  await clock.advance(30_000)
  assert.deepEqual(seen, ['start a', 'show a at 0', 'leave'])
  assert.equal(kept.size, 0)
})

test('an alert cancelled before the server answered is not drawn', async () => {
  const { player, clock, seen, answers } = rehearse()
  answers.start = ['unreachable', 'accepted']
  player.offer(offerOf('a'), clock.now(), 'primary')
  await clock.advance(100)
  player.cancel('a')
  await clock.advance(30_000)
  assert.deepEqual(seen, ['start a', 'clear'])
})

test('a hidden page starts nothing until it is seen, and forgets when the lease is over', async () => {
  const { player, clock, seen, page } = rehearse()
  page.visible = false
  player.offer(offerOf('a'), clock.now(), 'primary')
  await clock.advance(4_000)
  assert.deepEqual(seen, [])
  page.visible = true
  player.visibilityChanged()
  await clock.advance(0)
  assert.deepEqual(seen, ['start a', 'show a at 0'])

  const late = rehearse()
  late.page.visible = false
  late.player.offer(offerOf('b'), late.clock.now(), 'primary')
  await late.clock.advance(11_000)
  late.page.visible = true
  late.player.visibilityChanged()
  await late.clock.advance(1_000)
  assert.deepEqual(late.seen, ['clear'])
})

test('an alert that began ends by the clock even when nobody looks', async () => {
  const { player, clock, seen, page } = rehearse()
  player.offer(offerOf('a'), clock.now(), 'primary')
  await clock.advance(500)
  page.visible = false
  player.visibilityChanged()
  await clock.advance(2_000)
  assert.deepEqual(seen.slice(2), ['clear', 'done a token-of-a'])
})

test('done is repeated until it is heard, and no longer than the grace', async () => {
  const { player, clock, seen, answers } = rehearse()
  answers.done = ['unreachable', 'unreachable', 'accepted']
  player.offer(offerOf('a'), clock.now(), 'primary')
  await clock.advance(30_000)
  assert.equal(seen.filter((what) => what.startsWith('done')).length, 3)

  const deaf = rehearse()
  deaf.answers.done = ['unreachable']
  deaf.player.offer(offerOf('b'), deaf.clock.now(), 'primary')
  await deaf.clock.advance(60_000)
  const tries = deaf.seen.filter((what) => what.startsWith('done')).length
  assert.ok(tries >= 4 && tries <= 7, `${tries} tries`)
  assert.equal(deaf.kept.size, 0)
})

test('after a reload the alert goes on muted where it was, is not started again, and is finished', async () => {
  const before = rehearse()
  before.player.offer(offerOf('a'), before.clock.now(), 'primary')
  await before.clock.advance(600)

  const { player, clock, seen, kept } = rehearse(before.kept)
  player.reconcile(currentOf(offerOf('a'), clock.now() - 1_200), 'primary')
  await clock.advance(10_000)
  assert.deepEqual(seen, ['show a at 1200 muted', 'clear', 'done a token-of-a'])
  assert.equal(kept.size, 0)
})

test('after a reload past the end, done is all that is left', async () => {
  const before = rehearse()
  before.player.offer(offerOf('a'), before.clock.now(), 'primary')
  await before.clock.advance(600)

  const { player, clock, seen } = rehearse(before.kept)
  player.reconcile(currentOf(offerOf('a'), clock.now() - 4_000), 'primary')
  await clock.advance(10_000)
  assert.deepEqual(seen, ['clear', 'done a token-of-a'])
})

test('another primary’s alert in the snapshot is not drawn', async () => {
  const { player, clock, seen } = rehearse()
  player.reconcile(currentOf(offerOf('a'), clock.now() - 200), 'primary')
  await clock.advance(10_000)
  assert.deepEqual(seen, [])
})

test('a reconnect leaves the running alert alone, unless the server has moved on', async () => {
  const { player, clock, seen } = rehearse()
  player.offer(offerOf('a'), clock.now(), 'primary')
  await clock.advance(500)
  player.reconcile(currentOf(offerOf('a'), clock.now() - 500), 'primary')
  await clock.advance(100)
  assert.deepEqual(seen, ['start a', 'show a at 0'])
  player.reconcile(null, 'primary')
  await clock.advance(10_000)
  assert.deepEqual(seen, ['start a', 'show a at 0', 'leave'])
})

test('without a ticket the start waits for the reconnect', async () => {
  const { player, clock, seen, page } = rehearse()
  page.ticket = undefined
  player.offer(offerOf('a'), clock.now(), 'primary')
  await clock.advance(1_000)
  assert.deepEqual(seen, [])
  page.ticket = 'new'
  await clock.advance(1_000)
  assert.deepEqual(seen, ['start a', 'show a at 0'])
})

test('a preview draws without a sound even as primary', async () => {
  const { player, clock, seen, page } = rehearse()
  page.muted = true
  player.offer(offerOf('a', { test: true }), clock.now(), 'primary')
  await clock.advance(0)
  assert.deepEqual(seen, ['start a', 'show a at 0 muted'])
})
