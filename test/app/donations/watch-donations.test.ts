import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import type { Owned } from '../../../src/app/assignments/assignment-runner.ts'
import type { Budget } from '../../../src/app/donations/spend-budget.ts'
import { createWatchDonations } from '../../../src/app/donations/watch-donations.ts'
import { AppError } from '../../../src/base/errors.ts'
import { createMetrics } from '../../../src/base/metrics.ts'
import type { StreamAccount } from '../../../src/persistence/donation-accounts.ts'
import type { DonationPositions, DonationProgress } from '../../../src/persistence/donation-positions.ts'
import type { StreamNote } from '../../../src/persistence/donation-streams.ts'
import type { DonationSocketOptions, DonationSource, SocketEnd } from '../../../src/platforms/donation-source.ts'
import { silentLogger } from '../../support/logger.ts'
import { createManualClock } from '../../support/manual-clock.ts'

const account = (name: string): StreamAccount => ({
  id: name,
  channelId: name,
  provider: 'donationalerts',
  accountId: name,
  name,
  application: 'app',
  failures: 0,
  retryInMs: null,
})

const owned = (names: string[], epoch = 1, isLive = false): Owned[] =>
  names.map((key) => ({ key, epoch, live: isLive, orphanedForMs: null, legacy: null }))

interface Fakes {
  /** `false`: the platform never answers the dial. */
  subscribes?: boolean
  page?: (accountId: string) => Promise<unknown>
  /** The platform takes this account's tokens no more. */
  refuses?: (accountId: string) => boolean
  toStream?: (channelIds: readonly string[]) => Promise<StreamAccount[]>
  note?: (notes: readonly StreamNote[]) => Promise<void>
}

/** Streams of some accounts at a platform that answers at once, on a clock that the test moves. */
function watch(t: TestContext, { subscribes = true, page, refuses, toStream, note }: Fakes = {}) {
  const clock = createManualClock()
  const open = new Set<string>()
  const pages: string[] = []
  const dialled: string[] = []
  const notes: StreamNote[] = []
  let sockets = 0
  const source: DonationSource = {
    profile: (accessToken) => Promise.resolve({ accountId: accessToken, name: accessToken, socketToken: 'socket' }),
    signSubscription: () => Promise.resolve('signature'),
    async donationsPage({ accountId }) {
      pages.push(accountId)
      await page?.(accountId)
      return { items: [], lastPage: 1 }
    },
    openSocket(options: DonationSocketOptions) {
      const id = `${options.accountId} ${++sockets}`
      open.add(id)
      dialled.push(options.accountId)
      const { promise: closed, resolve } = Promise.withResolvers<SocketEnd>()
      if (subscribes) {
        const subscribed = () =>
          options.onSubscribed({ position: { epoch: 'e', seq: 0 }, recovered: true, publications: [] })
        // Whoever signs hears of it where that fails.
        void options.sign('client').then(subscribed, () => {})
      }
      return {
        closed,
        close() {
          open.delete(id)
          resolve({ code: 1000, why: 'closed-by-us', reconnect: false, dropSocketToken: false })
        },
      }
    },
  }
  const budget: Budget = {
    spend: (_application, _priority, request) => request(),
    closedUntil: () => null,
    waiting: () => 0,
  }
  const progress: DonationProgress = {
    position: { epoch: 'e', seq: 0 },
    baselineMissing: false,
    gap: false,
    socketToken: 'socket',
    lastPushAt: null,
    lastSweepAt: null,
  }
  const watching = createWatchDonations({
    accounts: { toStream: toStream ?? ((channelIds) => Promise.resolve(channelIds.map(account))) },
    rows: {
      async note(_session, written) {
        await note?.(written)
        notes.push(...written)
      },
    },
    session: { session: () => 7, mayAct: () => true },
    live: { isLive: () => true, follow: () => Promise.resolve(), forget() {}, stop() {} },
    source,
    budget,
    positions: {
      begin: () => Promise.resolve(),
      read: () => Promise.resolve(progress),
      noteSweep: () => Promise.resolve(),
      closeGap: () => Promise.resolve(),
      forget: () => Promise.resolve(),
      jump: () => Promise.resolve(),
      rememberSocketToken: () => Promise.resolve(),
    } as Partial<DonationPositions> as DonationPositions,
    donations: { known: () => Promise.resolve(new Set()) },
    receive: () => Promise.resolve([]),
    withToken: ({ accountId }, use) =>
      refuses?.(accountId) ? Promise.reject(new AppError('needs-reauth')) : use('token'),
    clock,
    random: () => 0.5,
    logger: silentLogger,
    metrics: createMetrics(),
  })
  watching.start()
  t.after(() => watching.stop())
  return { watching, clock, open, pages, dialled, notes }
}

test('one streamer whose history cannot be read keeps nobody else from being audited', async (t) => {
  const { watching, clock, pages } = watch(t, {
    page: (accountId) =>
      accountId === 'broken' ? Promise.reject(new AppError('platform-server')) : Promise.resolve(undefined),
  })
  watching.begin(owned(['broken', 'one', 'two']))
  await clock.advance(10 * 60_000)
  const audits = (name: string) => pages.filter((page) => page === name).length
  assert.ok(audits('one') >= 15 && audits('two') >= 15, `${audits('one')} and ${audits('two')} audits in ten minutes`)
  assert.ok(audits('broken') > 5, 'it is tried again all the same')
})

test('the deep audit of a broken history holds up nobody either', async (t) => {
  let broken = false
  const { watching, clock, pages } = watch(t, {
    page: (accountId) =>
      accountId === 'broken' && broken ? Promise.reject(new AppError('platform-invalid')) : Promise.resolve(undefined),
  })
  watching.begin(owned(['broken', 'one']))
  await clock.advance(59 * 60_000)
  broken = true
  await clock.advance(5 * 60_000)
  const before = pages.length
  await clock.advance(10 * 60_000)
  assert.ok(pages.slice(before).filter((page) => page === 'one').length >= 15)
})

test('an account that is connected anew twice at once has one stream, and none once it is disconnected', async (t) => {
  const { watching, clock, open } = watch(t)
  watching.begin(owned(['one']))
  watching.refresh(['one'])
  watching.refresh(['one'])
  await clock.advance(1_000)
  assert.equal(open.size, 1)
  watching.refresh(['one'])
  const ended = watching.end(['one'], 'unwanted')
  await clock.advance(1_000)
  await ended
  assert.equal(open.size, 0)
  assert.equal(watching.running().size, 0)
})

test('rows that are looked at again without need leave streams alone: only another account, or one that stood still, begins anew', async (t) => {
  const applications = new Map<string, string>()
  let refused = 'two'
  const { watching, clock, dialled } = watch(t, {
    toStream: (channelIds) =>
      Promise.resolve(channelIds.map((name) => ({ ...account(name), application: applications.get(name) ?? 'app' }))),
    refuses: (accountId) => accountId === refused,
  })
  watching.begin(owned(['one', 'two', 'three']))
  await clock.advance(5_000)
  dialled.length = 0

  // As after each loss of the bus.
  refused = ''
  watching.refresh(['one', 'three'])
  await clock.advance(5_000)
  assert.deepEqual(dialled, [])

  applications.set('three', 'other')
  watching.refresh(['one', 'two', 'three'])
  await clock.advance(5_000)
  assert.deepEqual(dialled, ['two', 'three'])
})

test('a stream connected while the database was away is watched when it is back', async (t) => {
  let away = true
  const { watching, clock, open } = watch(t, {
    toStream: (channelIds) =>
      away ? Promise.reject(new AppError('unavailable')) : Promise.resolve(channelIds.map(account)),
  })
  watching.begin(owned(['one']))
  await clock.advance(5_000)
  away = false
  await clock.advance(60_000)
  assert.equal(open.size, 1)
})

test('the accounts of all that is ours are read together, and those who were live are dialled first', async (t) => {
  const asked: string[][] = []
  const { watching, clock, dialled } = watch(t, {
    toStream(channelIds) {
      asked.push([...channelIds])
      return Promise.resolve(channelIds.toReversed().map(account))
    },
  })
  watching.begin([...owned(['a', 'b']), ...owned(['on air'], 1, true), ...owned(['c'])])
  await clock.advance(100)
  assert.deepEqual(asked, [['on air', 'a', 'b', 'c']])
  assert.deepEqual(dialled, ['on air', 'a', 'b', 'c'])
})

test('a stream that was put off on another node is not hurried on this one', async (t) => {
  const { watching, clock, dialled, notes } = watch(t, {
    toStream: (channelIds) =>
      Promise.resolve(channelIds.map((name) => ({ ...account(name), failures: 6, retryInMs: 30_000 }))),
  })
  watching.begin(owned(['one']))
  await clock.advance(29_000)
  assert.deepEqual(dialled, [])
  assert.equal(notes.at(-1)?.state, 'backoff')
  assert.equal(notes.at(-1)?.failures, 6)
  await clock.advance(2_000)
  assert.deepEqual(dialled, ['one'])
  await clock.advance(2_000)
  assert.equal(notes.at(-1)?.state, 'live')
  assert.equal(notes.at(-1)?.retryInMs, null)
})

test('what was lost to another node says nothing more, and what changes is written together', async (t) => {
  const writes: StreamNote[][] = []
  let application = 'app'
  const { watching, clock } = watch(t, {
    note: async (notes) => void writes.push([...notes]),
    toStream: (channelIds) => Promise.resolve(channelIds.map((name) => ({ ...account(name), application }))),
  })
  watching.begin(owned(['one', 'two', 'three'], 5))
  await clock.advance(1_500)
  assert.ok(writes.length <= 2, `${writes.length} statements`)
  assert.deepEqual(
    new Set(writes.flat().map(({ key, epoch }) => `${key} ${epoch}`)),
    new Set(['one 5', 'two 5', 'three 5']),
  )
  application = 'other'
  watching.refresh(['one', 'two'])
  const ended = watching.end(['one'], 'lost')
  writes.length = 0
  await clock.advance(5_000)
  await ended
  assert.ok(writes.length > 0 && writes.flat().every(({ key }) => key !== 'one'))
})

test('a node that stops leaves behind how its streams were, and waits for no database to end them', async (t) => {
  let hangs = false
  const { watching, clock, open, notes } = watch(t, {
    note: () => (hangs ? new Promise(() => {}) : Promise.resolve()),
  })
  watching.begin(owned(['one']))
  await clock.advance(900)
  assert.equal(notes.length, 0, 'what is to be written waits for more')
  const ended = watching.end(['one'], 'shutdown')
  await clock.advance(100)
  await ended
  assert.deepEqual(
    notes.map(({ key, state }) => `${key} ${state}`),
    ['one live'],
  )
  hangs = true
  watching.begin(owned(['two']))
  await clock.advance(900)
  assert.equal(open.size, 1)
  void watching.end(['two'], 'shutdown')
  await clock.advance(100)
  assert.equal(open.size, 0)
})

test('a state that could not be written is written when the database is back', async (t) => {
  let away = true
  const { watching, clock, notes } = watch(t, {
    note: () => (away ? Promise.reject(new AppError('unavailable')) : Promise.resolve()),
  })
  watching.begin(owned(['one']))
  await clock.advance(10_000)
  assert.equal(notes.length, 0)
  away = false
  await clock.advance(60_000)
  assert.equal(notes.at(-1)?.state, 'live')
})

test('a dial that nobody answers does not hold up the stop', async (t) => {
  const { watching, clock, open } = watch(t, { subscribes: false })
  watching.begin(owned(['one']))
  await clock.advance(1_000)
  assert.equal(open.size, 1)
  let stopped = false
  void watching.stop().then(() => (stopped = true))
  await clock.advance(100)
  assert.ok(stopped)
  assert.equal(open.size, 0)
})
