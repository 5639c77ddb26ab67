import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import type { StreamPosition } from '../../../src/domain/donation.ts'
import {
  CLIENT,
  connectOnly,
  donationItem,
  idsOf,
  openTestedSocket,
  pushed,
  type TestedSocket,
} from '../../support/donation-client.ts'
import { eventually } from '../../support/eventually.ts'
import { readFrames } from '../../support/frames.ts'

test('a publication that arrives before the subscribe reply is told after the place of the stream', async (t) => {
  const tested = await openTestedSocket(t)
  await connectOnly(tested)
  await tested.server.next()
  tested.server.sendLines(pushed(16, donationItem(16)), pushed(17, donationItem(17)))
  tested.server.sendLines(
    { id: 2, result: { recoverable: true, seq: 17, epoch: 'PDqf' } },
    pushed(18, donationItem(18)),
  )
  await eventually('three publications', () => tested.publications().length === 3)
  assert.deepEqual(tested.events[0], {
    subscribed: { position: { epoch: 'PDqf', seq: 17 }, recovered: false, publications: [] },
  })
  assert.deepEqual(idsOf(tested), ['16', '17', '18'])
})

test('the subscribe command names the place to recover from, with the two counters of the platform', async (t) => {
  const tested = await openTestedSocket(t, { position: () => ({ epoch: 'PDqf', seq: 2 ** 32 + 5 }) })
  await connectOnly(tested)
  assert.equal(
    await tested.server.next(),
    '{"params":{"channel":"$alerts:donation_1","token":"<jwt>","recover":true,"seq":5,"gen":1,"epoch":"PDqf"},"method":1,"id":2}',
  )
  tested.server.sendLines({ id: 2, result: { recoverable: true, seq: 7, gen: 1, epoch: 'PDqf', recovered: true } })
  await eventually('the subscription', () => tested.events.length === 1)
  assert.deepEqual(tested.events[0], {
    subscribed: { position: { epoch: 'PDqf', seq: 2 ** 32 + 7 }, recovered: true, publications: [] },
  })
})

test('recovered publications come oldest first, whatever order they were listed in', async () => {
  const shuffled = fc.shuffledSubarray([2, 3, 4, 5, 6, 7], { minLength: 6, maxLength: 6 })
  await fc.assert(
    fc.asyncProperty(shuffled, async (order) => {
      const hooks: (() => unknown)[] = []
      const tested = await openTestedSocket({ after: (run: unknown) => void hooks.push(run as () => unknown) })
      const publications = order.map((seq) => ({ seq, data: donationItem(seq), offset: seq }))
      await tested.goLive({ recoverable: true, seq: 7, epoch: 'PDqf', publications, recovered: true })
      await eventually('the subscription', () => tested.events.length === 1)
      const [event] = tested.events
      assert.ok(event && 'subscribed' in event)
      assert.deepEqual(
        event.subscribed.publications.map(({ seq }) => seq),
        [2, 3, 4, 5, 6, 7],
      )
      for (const hook of hooks.toReversed()) await hook()
    }),
    { numRuns: 20 },
  )
})

test('already subscribed counts as live, from an unknown place', async (t) => {
  const tested = await openTestedSocket(t)
  await connectOnly(tested)
  await tested.server.next()
  tested.server.sendLines(pushed(4, donationItem(4)), { id: 2, error: { code: 105, message: 'already subscribed' } })
  tested.server.sendLines(pushed(5, donationItem(5)))
  await eventually('two publications', () => tested.publications().length === 2)
  assert.deepEqual(tested.events[0], { subscribed: { position: null, recovered: false, publications: [] } })
  assert.deepEqual(idsOf(tested), ['4', '5'])
})

test('an unsubscription by the platform is answered with a new signature from where the stream stands now', async (t) => {
  let position: StreamPosition | null = null
  const tested = await openTestedSocket(t, { position: () => position })
  await tested.goLive()
  tested.server.sendLines(pushed(1, donationItem(1)))
  await eventually('the publication', () => tested.publications().length === 1)
  position = { epoch: 'PDqf', seq: 1 }
  const unsubscribed = readFrames()
    .find((section) => section.id === 'unsubscribe')
    ?.steps.filter((step) => step.group && step.text.includes('poll_4'))
    .map((step) => step.text.replace('$polls:poll_4', '$alerts:donation_1'))
  tested.server.sendLines(...(unsubscribed ?? []))
  assert.match(await tested.server.next(), /"recover":true,"seq":1,"gen":0,"epoch":"PDqf"\},"method":1,"id":3\}$/)
  const publications = [{ seq: 2, data: donationItem(2), offset: 2 }]
  tested.server.sendLines({
    id: 3,
    result: { recoverable: true, seq: 2, epoch: 'PDqf', recovered: true, publications, offset: 2 },
  })
  await eventually('the second subscription', () => tested.events.length === 3)
  assert.deepEqual(tested.signed, [CLIENT, CLIENT])
})

const unsubscribedPush = { result: { type: 3, channel: '$alerts:donation_1', data: {} } }

test('while a new signature is awaited nothing is told, and one more unsubscription changes nothing', async (t) => {
  const second = Promise.withResolvers<string>()
  const tested: TestedSocket = await openTestedSocket(t, {
    sign: () => (tested.signed.length === 1 ? Promise.resolve('<jwt>') : second.promise),
  })
  await tested.goLive()
  tested.server.sendLines(unsubscribedPush, unsubscribedPush, pushed(2, donationItem(2)))
  await eventually('the wish for a second signature', () => tested.signed.length === 2)
  second.resolve('<jwt>')
  await tested.server.next()
  tested.server.sendLines({ id: 3, result: { recoverable: true, seq: 2, epoch: 'PDqf' } }, pushed(3, donationItem(3)))
  await eventually('two publications', () => tested.publications().length === 2)
  assert.deepEqual(
    tested.events.map((event) => ('subscribed' in event ? event.subscribed.position?.seq : 'publication')),
    [0, 2, 'publication', 'publication'],
  )
  assert.equal(tested.signed.length, 2)
  assert.deepEqual(tested.server.waiting(), [])
})

test('already subscribed after an unsubscription that was none changes nothing for the owner', async (t) => {
  const tested = await openTestedSocket(t)
  await tested.goLive()
  tested.server.sendLines(unsubscribedPush)
  await tested.server.next()
  tested.server.sendLines({ id: 3, error: { code: 105, message: 'already subscribed' } }, pushed(1, donationItem(1)))
  await eventually('the publication', () => tested.publications().length === 1)
  assert.equal(tested.events.length, 2)
})

test('the end of an old permission is forgotten with it', async (t) => {
  const tested = await openTestedSocket(t)
  await tested.goLive({ recoverable: true, epoch: 'PDqf', expires: true, ttl: 1 })
  tested.server.sendLines(unsubscribedPush)
  await tested.server.next()
  tested.server.sendLines({ id: 3, result: { recoverable: true, epoch: 'PDqf' } })
  await eventually('the second subscription', () => tested.events.length === 2)
  assert.equal(tested.clock.pendingTimers(), 1, 'only the next ping')
})

test('unsubscriptions with a quiet minute between them are each answered', async (t) => {
  const tested = await openTestedSocket(t)
  await tested.goLive()
  let id = 2
  for (let round = 1; round <= 6; round++) {
    await eventually('the subscription', () => tested.events.length === round)
    for (let pings = 0; pings < 3; pings++) {
      await tested.clock.advance(25_000)
      await tested.server.next()
      tested.server.sendLines({ id: ++id })
      await eventually('the deadline being lifted', () => tested.clock.pendingTimers() === 1)
    }
    tested.server.sendLines(unsubscribedPush)
    await tested.server.next()
    tested.server.sendLines({ id: ++id, result: { recoverable: true, epoch: 'PDqf' } })
  }
  await eventually('the last subscription', () => tested.events.length === 7)
})

test('a platform that unsubscribes again and again does not eat up the budget', async (t) => {
  const tested = await openTestedSocket(t)
  await tested.goLive()
  for (const id of [3, 4, 5]) {
    tested.server.sendLines(unsubscribedPush)
    await tested.server.next()
    tested.server.sendLines({ id, result: { recoverable: true, epoch: 'PDqf' } })
  }
  tested.server.sendLines(unsubscribedPush)
  const { why, reconnect } = await tested.end()
  assert.deepEqual({ why, reconnect }, { why: 'subscribe-refused', reconnect: true })
  assert.equal(tested.signed.length, 4)
})
