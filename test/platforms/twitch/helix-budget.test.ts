import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AppError } from '../../../src/base/errors.ts'
import { createHelixBudget, type Urgency } from '../../../src/platforms/twitch/helix-budget.ts'
import { createManualClock } from '../../support/manual-clock.ts'

function setUp() {
  const clock = createManualClock()
  const budget = createHelixBudget({ clock })
  const sent: string[] = []
  /** A request that is answered at once, with these headers. */
  const ask = (name: string, urgency: Urgency, headers: Record<string, string> = {}, signal?: AbortSignal) =>
    budget.spend({ urgency, signal }, (onHeaders) => {
      sent.push(name)
      onHeaders(new Headers(headers))
      return Promise.resolve(name)
    })
  const refuse = (retryAfterMs: number | null) =>
    budget.spend({ urgency: 'high' }, () => Promise.reject(new AppError('platform-rate-limit', { retryAfterMs })))
  const resetIn = (seconds: number) => String(Math.floor(clock.now() / 1_000) + seconds)
  const left = (remaining: number, seconds = 30) => ({
    'ratelimit-limit': '800',
    'ratelimit-remaining': String(remaining),
    'ratelimit-reset': resetIn(seconds),
  })
  return { clock, budget, sent, ask, refuse, left }
}

const waitOf = (error: unknown) => (error instanceof AppError ? error.details['retryAfterMs'] : undefined)

test('with points left, everything leaves at once', async () => {
  const { ask, sent, left, clock } = setUp()
  await ask('a', 'low', left(500))
  await ask('b', 'high', left(499))
  await ask('c', 'now', left(498))
  assert.deepEqual(sent, ['a', 'b', 'c'])
  assert.equal(clock.pendingTimers(), 0)
})

test('with few points left, what may wait waits for the refill, and connections do not', async () => {
  const { ask, sent, left, clock } = setUp()
  await ask('a', 'low', left(80))
  const waiting = [ask('b', 'low'), ask('c', 'low')]
  await ask('shard', 'high', left(79))
  await clock.advance(29_999)
  assert.deepEqual(sent, ['a', 'shard'])
  await clock.advance(1)
  await Promise.all(waiting)
  assert.deepEqual(sent, ['a', 'shard', 'b', 'c'])
  assert.equal(clock.pendingTimers(), 0)
})

test('with no point left even connections wait', async () => {
  const { ask, sent, left, clock } = setUp()
  await ask('a', 'high', left(0, 7))
  const waiting = [ask('low', 'low'), ask('shard', 'high')]
  await clock.advance(6_999)
  assert.deepEqual(sent, ['a'])
  await clock.advance(1)
  await Promise.all(waiting)
  assert.deepEqual(sent, ['a', 'shard', 'low'])
})

test('before any answer no more leave than a minute allows, less the reserve', async () => {
  const { budget, clock } = setUp()
  let inFlight = 0
  const never = () => {
    inFlight += 1
    return new Promise<never>(() => {})
  }
  for (let index = 0; index < 1_000; index++) void budget.spend({ urgency: 'low' }, never)
  await clock.advance(0)
  assert.equal(inFlight, 720)
  for (let index = 0; index < 100; index++) void budget.spend({ urgency: 'high' }, never)
  await clock.advance(0)
  assert.equal(inFlight, 800)
})

test('what is still on its way is not counted as left', async () => {
  const { budget, ask, left, sent, clock } = setUp()
  for (let index = 0; index < 10; index++) void budget.spend({ urgency: 'high' }, () => new Promise<never>(() => {}))
  await ask('a', 'high', left(90))
  void ask('b', 'low')
  await clock.advance(0)
  assert.deepEqual(sent, ['a'])
})

test('a 429 closes the bucket for all until its reset', async () => {
  const { ask, refuse, sent, clock } = setUp()
  await assert.rejects(refuse(12_000), (error) => waitOf(error) === 12_000)
  const waiting = [ask('shard', 'high'), ask('low', 'low')]
  await assert.rejects(ask('chat', 'now'), (error) => waitOf(error) === 12_000)
  await clock.advance(11_999)
  assert.deepEqual(sent, [])
  await clock.advance(1)
  await Promise.all(waiting)
  assert.deepEqual(sent, ['shard', 'low'])
})

for (const [what, said, waits] of [
  ['in the past', 0, 1_000],
  ['in the far future', 3_600_000, 60_000],
  ['unsaid', null, 60_000],
] as const) {
  test(`a reset ${what} closes the bucket for ${waits / 1_000} s`, async () => {
    const { ask, refuse, sent, clock } = setUp()
    await assert.rejects(refuse(said), (error) => waitOf(error) === waits)
    const waiting = ask('a', 'high')
    await clock.advance(waits - 1)
    assert.deepEqual(sent, [])
    await clock.advance(1)
    await waiting
  })
}

test('what waits leaves when a later answer tells of more points', async () => {
  const { ask, sent, left } = setUp()
  await ask('a', 'low', left(10))
  const waiting = ask('b', 'low')
  await ask('shard', 'high', left(700))
  await waiting
  assert.deepEqual(sent, ['a', 'shard', 'b'])
})

test('headers that make no sense change nothing', async () => {
  const { ask, sent } = setUp()
  for (const value of ['', '-1', 'NaN', '1e9', '99999999999', '0x10', 'many'])
    await ask(value, 'low', { 'ratelimit-limit': value, 'ratelimit-remaining': value, 'ratelimit-reset': value })
  await ask('last', 'low', { 'ratelimit-limit': '0' })
  await ask('after all', 'low')
  assert.equal(sent.at(-1), 'after all')
})

test('who waits and is not wanted any more leaves nothing behind', async () => {
  const { ask, sent, left, clock } = setUp()
  await ask('a', 'low', left(0))
  const controller = new AbortController()
  const waiting = [ask('b', 'low', {}, controller.signal), ask('c', 'high', {}, controller.signal)]
  const reason = new AppError('shutting-down')
  controller.abort(reason)
  for (const one of waiting) await assert.rejects(one, reason)
  await assert.rejects(ask('d', 'low', {}, controller.signal), reason)
  assert.deepEqual(sent, ['a'])
  assert.equal(clock.pendingTimers(), 0)
})
