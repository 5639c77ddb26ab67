import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { test } from 'node:test'
import fc from 'fast-check'
import { createBudget, PRIORITIES, type Priority } from '../../../src/app/donations/spend-budget.ts'
import { AppError } from '../../../src/base/errors.ts'
import { createMetrics } from '../../../src/base/metrics.ts'
import type { PlatformBudgets } from '../../../src/persistence/platform-budgets.ts'
import { createManualClock, type ManualClock } from '../../support/manual-clock.ts'

/** The row that all nodes share, in virtual time. Its statements are tested against PostgreSQL elsewhere. */
function createRow(clock: ManualClock): PlatformBudgets {
  const rows = new Map<string, { nextAt: number; closedUntil: number; rank: number; rankAt: number }>()
  const rowOf = (application: string) => {
    const row = rows.get(application) ?? { nextAt: 0, closedUntil: 0, rank: Infinity, rankAt: -Infinity }
    rows.set(application, row)
    return row
  }
  return {
    async take(application, { spacingMs, rank, next }) {
      const row = rowOf(application)
      const now = clock.monotonic()
      const wanted = row.rankAt > now - 1.5 * spacingMs
      const granted = row.nextAt <= now && row.closedUntil <= now && !(wanted && row.rank < rank)
      if (granted) row.nextAt = now + spacingMs
      const told = granted ? next : rank
      if (told !== null && !(wanted && row.rank < told)) Object.assign(row, { rank: told, rankAt: now })
      const waitMs = Math.max(row.nextAt, row.closedUntil) - now
      return { granted, waitMs: waitMs > 0 ? waitMs : spacingMs / 10, closedMs: Math.max(0, row.closedUntil - now) }
    },
    async close(application, forMs) {
      const row = rowOf(application)
      row.closedUntil = Math.max(row.closedUntil, clock.monotonic() + forMs)
    },
  }
}

function setUp(nodes = 1) {
  const clock = createManualClock()
  const life = new AbortController()
  const row = createRow(clock)
  const budgets = Array.from({ length: nodes }, () =>
    createBudget({ budgets: row, clock, random: () => 0, metrics: createMetrics(), signal: life.signal }),
  )
  const [budget] = budgets
  assert.ok(budget)
  return { clock, life, budget, budgets }
}

/** The most entries of `times` in any window of `ms`. */
function densest(times: number[], ms: number): number {
  let most = 0
  for (let first = 0, last = 0; last < times.length; last++) {
    while ((times[last] ?? 0) - (times[first] ?? 0) >= ms) first++
    most = Math.max(most, last - first + 1)
  }
  return most
}

test('200 streamers on three nodes never send more than 60 requests in any 60 s, and waste little of what is allowed', async () => {
  const { clock, budgets } = setUp(3)
  const sent: number[] = []
  const all = Array.from({ length: 200 }, (_, n) =>
    (budgets[n % 3] ?? assert.fail()).spend('app', 'onboarding', async () => void sent.push(clock.monotonic())),
  )
  await clock.advance(240_000)
  await Promise.all(all)
  assert.equal(sent.length, 200)
  assert.ok(densest(sent, 60_000) <= 60, `${densest(sent, 60_000)} in 60 s`)
  assert.ok(densest(sent, 60_000) >= 54)
})

test('live streamers are served before those who connect, and a token before both', async () => {
  const { clock, budget } = setUp()
  const served: string[] = []
  const spend = (name: string, priority: Priority) => budget.spend('app', priority, async () => void served.push(name))
  const all = [
    spend('sweep', 'sweep'),
    spend('new', 'onboarding'),
    spend('gap', 'catch-up'),
    spend('live', 'live-subscribe'),
    spend('token', 'refresh'),
  ]
  await clock.advance(10_000)
  await Promise.all(all)
  assert.deepEqual(served, ['token', 'live', 'gap', 'new', 'sweep'])
})

test('what is urgent on one node goes before what can wait on another', async () => {
  const { clock, budgets } = setUp(2)
  const served: string[] = []
  const spend = (node: number, name: string, priority: Priority) =>
    (budgets[node] ?? assert.fail()).spend('app', priority, async () => void served.push(name))
  const sweeps = Array.from({ length: 10 }, () => spend(0, 'sweep', 'sweep'))
  await clock.advance(1_500)
  const subscribes = Array.from({ length: 5 }, () => spend(1, 'subscribe', 'live-subscribe'))
  await clock.advance(20_000)
  await Promise.all([...sweeps, ...subscribes])
  const before = served.indexOf('subscribe')
  assert.ok(before <= 2, served.join(' '))
  assert.deepEqual(served.slice(before, before + 5), Array(5).fill('subscribe'))
})

test('a 429 on one node keeps the other from sending, and it says until when', async () => {
  const { clock, budgets } = setUp(2)
  const [one = assert.fail(), other = assert.fail()] = budgets
  const sent: number[] = []
  const waiting = Array.from({ length: 3 }, () =>
    other.spend('app', 'sweep', async () => void sent.push(clock.monotonic())),
  )
  await clock.advance(100)
  const limited = assert.rejects(
    one.spend('app', 'refresh', () => Promise.reject(new AppError('platform-rate-limit', { retryAfterMs: 20_000 }))),
  )
  await clock.advance(2_000)
  await limited
  const before = sent.length
  await clock.advance(15_000)
  assert.equal(sent.length, before, 'nothing is sent while it is closed')
  assert.ok((other.closedUntil('app') ?? 0) > clock.now())
  await clock.advance(10_000)
  await Promise.all(waiting)
  assert.equal(other.closedUntil('app'), null)
})

test('a channel that goes live while it waits moves up', async () => {
  const { clock, budget } = setUp()
  const served: string[] = []
  let live = false
  const all = [
    ...['a', 'b', 'c'].map((name) => budget.spend('app', 'catch-up', async () => void served.push(name))),
    budget.spend(
      'app',
      () => (live ? 'live-subscribe' : 'onboarding'),
      async () => void served.push('streamer'),
    ),
  ]
  await clock.advance(0)
  live = true
  await clock.advance(10_000)
  await Promise.all(all)
  assert.ok(served.indexOf('streamer') <= 1, served.join(' '))
})

test('the auditor is not starved by a stream of more urgent requests', async () => {
  const { clock, budget } = setUp()
  let swept = -1
  void budget.spend('app', 'sweep', async () => void (swept = clock.monotonic()))
  // Two live requests arrive for each place: without aging the sweep would never come.
  for (let n = 0; n < 400; n++) {
    void budget.spend('app', 'live-subscribe', async () => undefined)
    await clock.advance(1_000)
  }
  assert.ok(swept > 60_000 && swept < 300_000, `swept after ${swept} ms`)
})

test('a 429 closes the application for as long as it says, for everybody, and no other application', async () => {
  const { clock, budget } = setUp()
  const refused = budget.spend('app', 'sweep', () =>
    Promise.reject(new AppError('platform-rate-limit', { retryAfterMs: 20_000 })),
  )
  await assert.rejects(refused, { code: 'platform-rate-limit' })
  assert.equal(budget.closedUntil('app'), clock.now() + 20_000)
  const sent: number[] = []
  const waiting = budget.spend('app', 'refresh', async () => void sent.push(clock.monotonic()))
  const other = budget.spend('other', 'sweep', async () => void sent.push(-1))
  await clock.advance(19_000)
  assert.deepEqual(sent, [-1])
  await clock.advance(3_000)
  await Promise.all([waiting, other])
  assert.ok((sent[1] ?? 0) >= 20_000)
  assert.equal(budget.closedUntil('app'), null)
})

test('a 429 that says nothing closes it for the rest of the window', async () => {
  const { clock, budget } = setUp()
  await assert.rejects(
    budget.spend('app', 'sweep', () => Promise.reject(new AppError('platform-rate-limit', { retryAfterMs: null }))),
  )
  assert.equal(budget.closedUntil('app'), clock.now() + 60_000)
})

test('who gives up waiting costs nobody a place, and a stop ends all waiting', async () => {
  const { clock, life, budget } = setUp()
  const mine = new AbortController()
  void budget.spend('app', 'sweep', async () => undefined)
  const given = budget.spend('app', 'sweep', async () => assert.fail('ran after its end'), mine.signal)
  const stopped = budget.spend('app', 'sweep', async () => assert.fail('ran after the stop'))
  mine.abort(new Error('enough'))
  await assert.rejects(given, /enough/)
  life.abort(new AppError('shutting-down'))
  await assert.rejects(stopped, { code: 'shutting-down' })
  await clock.advance(60_000)
  assert.equal(clock.pendingTimers(), 0)
})

test('whatever arrives in whatever order, no window of 60 s holds more than 60 and everything is served', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.record({
          pauseMs: fc.integer({ min: 0, max: 3_000 }),
          priority: fc.constantFrom(...PRIORITIES),
          limited: fc.integer({ min: 0, max: 30 }),
        }),
        { minLength: 1, maxLength: 90 },
      ),
      async (requests) => {
        const { clock, budgets } = setUp(2)
        const sent: number[] = []
        const all: Promise<unknown>[] = []
        for (const [n, { pauseMs, priority, limited }] of requests.entries()) {
          all.push(
            (budgets[n % 2] as (typeof budgets)[0])
              .spend('app', priority, async () => {
                sent.push(clock.monotonic())
                if (limited === 0) throw new AppError('platform-rate-limit', { retryAfterMs: 5_000 })
              })
              .catch(() => undefined),
          )
          await clock.advance(pauseMs)
        }
        await clock.advance(20 * 60_000)
        await Promise.all(all)
        assert.equal(sent.length, requests.length)
        assert.ok(densest(sent, 60_000) <= 60)
      },
    ),
    { numRuns: 15 },
  )
})

test('requests leave nothing behind on the signals of those who live long', async () => {
  const { clock, life, budget } = setUp()
  const stream = new AbortController()
  const all = Promise.all(
    Array.from({ length: 20 }, () => budget.spend('app', 'sweep', () => Promise.resolve(), stream.signal)),
  )
  await clock.advance(60_000)
  await all
  assert.equal(getEventListeners(life.signal, 'abort').length, 0)
  assert.equal(getEventListeners(stream.signal, 'abort').length, 0)
})
