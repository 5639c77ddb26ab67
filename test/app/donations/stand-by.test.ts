import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import type { Owned } from '../../../src/app/assignments/assignment-runner.ts'
import type { ReceiveRequest } from '../../../src/app/donations/receive-donation.ts'
import type { Budget, Priority } from '../../../src/app/donations/spend-budget.ts'
import { createStandBy } from '../../../src/app/donations/stand-by.ts'
import { createWishStandbys } from '../../../src/app/donations/wish-standbys.ts'
import { createMetrics } from '../../../src/base/metrics.ts'
import type { StreamPosition } from '../../../src/domain/donation.ts'
import type { DonationPositions } from '../../../src/persistence/donation-positions.ts'
import type { DonationSocketOptions, DonationSource, SocketEnd } from '../../../src/platforms/donation-source.ts'
import { silentLogger } from '../../support/logger.ts'
import { createManualClock } from '../../support/manual-clock.ts'

const owned = (names: string[]): Owned[] =>
  names.map((key) => ({ key, epoch: 1, live: true, orphanedForMs: null, legacy: null }))

/** Second sockets at a platform that answers at once, on a clock that the test moves. */
function standBy(t: TestContext) {
  const clock = createManualClock()
  const metrics = createMetrics()
  const priorities: Priority[] = []
  const applications = new Map<string, string>()
  const received: Array<Pick<ReceiveRequest, 'arrival' | 'advance'>> = []
  const sockets: Array<{ options: DonationSocketOptions; end: (end: Partial<SocketEnd>) => void }> = []
  const row: { position: StreamPosition | null; socketToken: string | null } = {
    position: { epoch: 'e', seq: 5 },
    socketToken: 'socket',
  }
  const never = () => assert.fail('a second socket asks for nothing but a signature')
  const source: DonationSource = {
    profile: never,
    donationsPage: never,
    signSubscription: () => Promise.resolve('signature'),
    openSocket(options) {
      const { promise: closed, resolve } = Promise.withResolvers<SocketEnd>()
      const end = (how: Partial<SocketEnd>) =>
        resolve({ code: 1006, why: 'closed-by-platform', reconnect: true, dropSocketToken: false, ...how })
      sockets.push({ options, end })
      void options.sign('client').then(() => {
        options.onSubscribed({ position: { epoch: 'e', seq: 5 }, recovered: true, publications: [] })
      })
      return { closed, close: () => end({ code: 1000, why: 'closed-by-us' }) }
    },
  }
  const budget: Budget = {
    spend(_application, priority, request) {
      priorities.push(typeof priority === 'function' ? priority() : priority)
      return request()
    },
    closedUntil: () => null,
    waiting: () => 0,
  }
  const standing = createStandBy({
    accounts: {
      toStream: (channelIds) =>
        Promise.resolve(
          channelIds.map((name) => ({
            id: name,
            channelId: name,
            provider: 'donationalerts' as const,
            accountId: name,
            name,
            application: applications.get(name) ?? 'app',
            failures: 0,
            retryInMs: null,
          })),
        ),
    },
    source,
    budget,
    // Nothing else of the row may be written: it would throw.
    positions: {
      read: () => Promise.resolve({ ...row, baselineMissing: false, gap: false, lastPushAt: null, lastSweepAt: null }),
    } as Partial<DonationPositions> as DonationPositions,
    receive(request) {
      received.push({ arrival: request.arrival, ...(request.advance ? { advance: request.advance } : {}) })
      return Promise.resolve([])
    },
    withToken: (_account, use) => use('token'),
    clock,
    random: () => 0.5,
    logger: silentLogger,
    metrics,
  })
  t.after(() => standing.stop())
  const subscribed = async () =>
    (await metrics.donationStandbySockets.get()).values.reduce((sum, { value }) => sum + value, 0)
  return { standing, clock, sockets, priorities, received, row, applications, subscribed }
}

const publication = (seq: number) => ({ seq, item: { ok: false as const, raw: String(seq), reason: 'test' } })

test('what is pushed to a second socket goes through the same door, and a hole keeps the shared place where it is', async (t) => {
  const { standing, clock, sockets, priorities, received, subscribed } = standBy(t)
  standing.begin(owned(['one']))
  await clock.advance(100)
  assert.deepEqual(priorities, ['standby'])
  assert.equal(await subscribed(), 1)
  sockets[0]?.options.onPublication(publication(6))
  await clock.advance(100)
  sockets[0]?.options.onPublication(publication(8))
  await clock.advance(10_000)
  assert.deepEqual(
    received.map(({ advance }) => advance),
    [{ epoch: 'e', from: 6, to: 6 }, undefined],
  )
  await standing.end(['one'], 'unwanted')
  assert.equal(await subscribed(), 0)
})

test('it comes back seldom and only with a token that somebody else fetched', async (t) => {
  const { standing, clock, sockets, row, priorities } = standBy(t)
  row.socketToken = null
  standing.begin(owned(['one']))
  await clock.advance(60_000)
  assert.equal(sockets.length, 0)
  assert.equal(priorities.length, 0, 'nothing was asked for')
  row.socketToken = 'socket'
  await clock.advance(20_000)
  assert.equal(sockets.length, 1)
  for (let n = 0; n < 10; n++) {
    sockets.at(-1)?.end({})
    await clock.advance(30_000)
  }
  const connections: number = sockets.length
  assert.ok(connections >= 6 && connections <= 10, `${connections} connections in five minutes`)
})

test('a look at the rows opens only what has another account by now: each connection costs a place in the budget', async (t) => {
  const { standing, clock, sockets, applications, subscribed } = standBy(t)
  standing.begin(owned(['one', 'two']))
  await clock.advance(100)
  assert.equal(sockets.length, 2)
  standing.refresh(['one', 'two'])
  await clock.advance(100)
  assert.equal(sockets.length, 2)
  applications.set('two', 'another')
  standing.refresh(['one', 'two'])
  await clock.advance(100)
  assert.deepEqual([sockets.length, await subscribed()], [3, 2])
})

test('what is given once more under a new epoch goes on, and ends as one', async (t) => {
  const { standing, clock, sockets, subscribed } = standBy(t)
  standing.begin(owned(['one']))
  await clock.advance(100)
  standing.begin([{ ...owned(['one'])[0], epoch: 2 } as Owned])
  await clock.advance(100)
  assert.equal(sockets.length, 1)
  assert.deepEqual([...standing.running()], [['one', 2]])
  await standing.end(['one'], 'unwanted')
  assert.equal(await subscribed(), 0)
})

test('a wish is written once, and again where it could not be', async () => {
  const written: Array<Array<{ key: string; wanted: boolean }>> = []
  const told: string[][] = []
  const clock = createManualClock()
  let away = true
  const wishes = createWishStandbys({
    rows: {
      wishStandbys(_session, changes) {
        if (away) return Promise.reject(new Error('away'))
        written.push([...changes])
        return Promise.resolve(changes.map(({ key }) => key))
      },
    },
    session: { session: () => 1, mayAct: () => true },
    bus: {
      publish: (_topic, message) => void told.push((message as { keys: string[] }).keys),
      subscribe: () => () => {},
    },
    clock,
    logger: silentLogger,
  })
  wishes.wish('one', true)
  wishes.wish('two', false)
  await wishes.write()
  away = false
  await wishes.write()
  await wishes.write()
  assert.deepEqual(written, [
    [
      { key: 'one', wanted: true },
      { key: 'two', wanted: false },
    ],
  ])
  assert.deepEqual(told, [['one', 'two']])
  wishes.forget('two')
  await clock.advance(30_000)
  await wishes.write()
  assert.deepEqual(written.at(-1), [{ key: 'one', wanted: true }])
})
