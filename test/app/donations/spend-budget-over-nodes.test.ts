import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { createBudget, type Budget, type Priority } from '../../../src/app/donations/spend-budget.ts'
import { systemClock } from '../../../src/base/clock.ts'
import { AppError } from '../../../src/base/errors.ts'
import { createMetrics } from '../../../src/base/metrics.ts'
import { createPlatformBudgets } from '../../../src/persistence/platform-budgets.ts'
import { openTestDatabase } from '../../support/database.ts'

const SPACING_MS = 40

/** Nodes with one row between them, in real time: what counts is when requests leave. */
async function startNodes(t: TestContext, count: number) {
  const { db } = await openTestDatabase(t)
  const life = new AbortController()
  t.after(() => life.abort(new AppError('shutting-down')))
  const sent: Array<{ node: number; priority: Priority; at: number }> = []
  const nodes = Array.from({ length: count }, () =>
    createBudget({
      budgets: createPlatformBudgets(db),
      clock: systemClock,
      random: () => 0,
      metrics: createMetrics(),
      signal: life.signal,
      spacingMs: SPACING_MS,
    }),
  )
  const spend = (node: number, priority: Priority, times: number) =>
    Promise.all(
      Array.from({ length: times }, () =>
        (nodes[node] as Budget).spend(
          'app',
          priority,
          async () => void sent.push({ node, priority, at: performance.now() }),
        ),
      ),
    )
  return { nodes, sent, spend }
}

test('three nodes that race for one row keep its pace, and little of it is lost', async (t) => {
  const { sent, spend } = await startNodes(t, 3)
  const began = performance.now()
  await Promise.all([0, 1, 2].map((node) => spend(node, 'onboarding', 30)))
  const tookMs = performance.now() - began
  const times = sent.map(({ at }) => at)
  let densest = 0
  for (let first = 0, last = 0; last < times.length; last++) {
    while ((times[last] ?? 0) - (times[first] ?? 0) >= 20 * SPACING_MS) first++
    densest = Math.max(densest, last - first + 1)
  }
  const ofNode = [0, 1, 2].map((n) => sent.slice(0, 60).filter(({ node }) => node === n).length)
  t.diagnostic(
    `90 places in ${Math.round(tookMs)} ms (${89 * SPACING_MS} at best), ${densest} in any 20 spacings, ` +
      `${ofNode.join(' + ')} of the first 60`,
  )
  // The platform allows 60 where the pace gives 54.5: room for requests that leave late or early.
  assert.ok(densest <= 22, `${densest} in 20 spacings`)
  assert.ok(tookMs < 1.5 * 89 * SPACING_MS)
})

test('sweeps of one node let the live streamers of another pass', async (t) => {
  const { sent, spend } = await startNodes(t, 2)
  const sweeps = spend(0, 'sweep', 40)
  await systemClock.sleep(5 * SPACING_MS)
  const before = sent.length
  const began = performance.now()
  await spend(1, 'live-subscribe', 10)
  const tookMs = Math.round(performance.now() - began)
  const between = sent.slice(before).filter(({ priority }) => priority === 'sweep').length
  t.diagnostic(`10 live streamers in ${tookMs} ms, ${between} sweeps between them`)
  await sweeps
  assert.ok(between <= 2, `${between} sweeps came before the last live streamer`)
})

test('a platform that refuses one node closes the other with its next question', async (t) => {
  const { nodes, sent, spend } = await startNodes(t, 2)
  const [one = assert.fail(), other = assert.fail()] = nodes
  const waiting = spend(1, 'sweep', 20)
  await systemClock.sleep(3 * SPACING_MS)
  await assert.rejects(
    one.spend('app', 'refresh', () => Promise.reject(new AppError('platform-rate-limit', { retryAfterMs: 1_000 }))),
  )
  const closedAt = performance.now()
  const before = sent.length
  await systemClock.sleep(500)
  assert.ok(sent.length - before <= 1, 'one may have been on its way')
  assert.ok(other.closedUntil('app') !== null)
  await waiting
  const next = sent.slice(before + 1)[0]
  assert.ok((next?.at ?? 0) - closedAt >= 990, `it opened after ${(next?.at ?? 0) - closedAt} ms`)
})
