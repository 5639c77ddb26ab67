import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import type { Budget } from '../../src/app/spend-budget.ts'
import { createWatchDonations } from '../../src/app/watch-donations.ts'
import { AppError } from '../../src/base/errors.ts'
import { createMetrics } from '../../src/base/metrics.ts'
import type { DonationAccount } from '../../src/persistence/donation-accounts.ts'
import type { DonationPositions, DonationProgress } from '../../src/persistence/donation-positions.ts'
import type { DonationSocketOptions, DonationSource, SocketEnd } from '../../src/platforms/donation-source.ts'
import { silentLogger } from '../support/logger.ts'
import { createManualClock } from '../support/manual-clock.ts'

const account = (name: string): DonationAccount => ({
  id: name,
  channelId: name,
  provider: 'donationalerts',
  accountId: name,
  name,
  application: 'app',
})

interface Fakes {
  /** `false`: the platform never answers the dial. */
  subscribes?: boolean
  page?: (accountId: string) => Promise<unknown>
  ofChannel?: (channelId: string) => Promise<DonationAccount | undefined>
}

/** Streams of some accounts at a platform that answers at once, on a clock that the test moves. */
function watch(t: TestContext, names: string[], { subscribes = true, page, ofChannel }: Fakes = {}) {
  const clock = createManualClock()
  const open = new Set<string>()
  const pages: string[] = []
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
      const { promise: closed, resolve } = Promise.withResolvers<SocketEnd>()
      if (subscribes) {
        void options.sign('client').then(() => {
          options.onSubscribed({ position: { epoch: 'e', seq: 0 }, recovered: true, publications: [] })
        })
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
    accounts: {
      all: () => Promise.resolve(names.map(account)),
      ofChannel: ofChannel ?? ((channelId) => Promise.resolve(account(channelId))),
    },
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
    withToken: (_account, use) => use('token'),
    isLive: () => true,
    clock,
    random: () => 0.5,
    logger: silentLogger,
    metrics: createMetrics(),
  })
  t.after(() => watching.stop())
  return { watching, clock, open, pages }
}

test('one streamer whose history cannot be read keeps nobody else from being audited', async (t) => {
  const { watching, clock, pages } = watch(t, ['broken', 'one', 'two'], {
    page: (accountId) =>
      accountId === 'broken' ? Promise.reject(new AppError('platform-server')) : Promise.resolve(undefined),
  })
  await watching.start()
  await clock.advance(10 * 60_000)
  const audits = (name: string) => pages.filter((page) => page === name).length
  assert.ok(audits('one') >= 15 && audits('two') >= 15, `${audits('one')} and ${audits('two')} audits in ten minutes`)
  assert.ok(audits('broken') > 5, 'it is tried again all the same')
})

test('the deep audit of a broken history holds up nobody either', async (t) => {
  let broken = false
  const { watching, clock, pages } = watch(t, ['broken', 'one'], {
    page: (accountId) =>
      accountId === 'broken' && broken ? Promise.reject(new AppError('platform-invalid')) : Promise.resolve(undefined),
  })
  await watching.start()
  await clock.advance(59 * 60_000)
  broken = true
  await clock.advance(5 * 60_000)
  const before = pages.length
  await clock.advance(10 * 60_000)
  assert.ok(pages.slice(before).filter((page) => page === 'one').length >= 15)
})

test('an account that is connected twice at once has one stream, and none once it is disconnected', async (t) => {
  const { watching, clock, open } = watch(t, [])
  await watching.start()
  const both = Promise.all([watching.connected('one', 'socket'), watching.connected('one', 'socket')])
  await clock.advance(1_000)
  await both
  assert.equal(open.size, 1)
  const last = Promise.all([watching.connected('one', 'socket'), watching.disconnected('one')])
  await clock.advance(1_000)
  await last
  assert.equal(open.size, 0)
})

test('an account connected while the database was away is watched when it is back', async (t) => {
  let away = true
  const { watching, clock, open } = watch(t, [], {
    ofChannel: (channelId) =>
      away ? Promise.reject(new AppError('unavailable')) : Promise.resolve(account(channelId)),
  })
  await watching.start()
  const connected = watching.connected('one', 'socket')
  void connected.catch(() => undefined)
  await clock.advance(5_000)
  away = false
  await clock.advance(60_000)
  await connected
  assert.equal(open.size, 1)
})

test('a dial that nobody answers does not hold up the stop', async (t) => {
  const { watching, clock, open } = watch(t, ['one'], { subscribes: false })
  await watching.start()
  await clock.advance(1_000)
  assert.equal(open.size, 1)
  let stopped = false
  void watching.stop().then(() => (stopped = true))
  await clock.advance(100)
  assert.ok(stopped)
  assert.equal(open.size, 0)
})
