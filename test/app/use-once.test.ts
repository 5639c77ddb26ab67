import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { createOAuthStates, type Journey, type OAuthStates } from '../../src/app/oauth-state.ts'
import { createUseOnce } from '../../src/app/use-once.ts'
import { systemClock } from '../../src/base/clock.ts'
import { AppError } from '../../src/base/errors.ts'
import type { SharedKeys } from '../../src/coordination/shared-keys.ts'
import { createMemoryKeys } from '../../src/coordination/shared-keys.memory.ts'
import { createUsedKeys, type UsedKeys } from '../../src/persistence/used-keys.ts'
import { openTestDatabase } from '../support/database.ts'
import { eventually } from '../support/eventually.ts'
import { createManualClock } from '../support/manual-clock.ts'
import { newTestBox } from '../support/people.ts'
import { connectTestRedis } from '../support/redis-connection.ts'
import { startRedis } from '../support/redis-server.ts'

const JOURNEY: Journey = { returnTo: '/dashboard', application: 'tw-1', userId: null, scopes: [] }
const BROWSER = 'the secret in a cookie'

/** Two nodes with one database and one Redis, as far as a sign-in is concerned. */
async function setUp(t: TestContext) {
  const { db } = await openTestDatabase(t)
  const redis = await startRedis(t)
  const box = newTestBox()
  const queries: string[] = []
  const nodeWith = (sharedKeys: SharedKeys): OAuthStates => {
    const usedKeys = createUsedKeys(db)
    const counted: UsedKeys = { use: (key, ttlMs) => (queries.push(key), usedKeys.use(key, ttlMs)) }
    return createOAuthStates({ box, usedKeys: createUseOnce({ sharedKeys, usedKeys: counted }), clock: systemClock })
  }
  const connections = [connectTestRedis(redis.config), connectTestRedis(redis.config)] as const
  for (const connection of connections) {
    t.after(connection.close)
    assert.ok(await connection.comesUp(20_000))
  }
  const [one, other] = [nodeWith(connections[0].keys), nodeWith(connections[1].keys)]
  return { redis, connections, one, other, queries, issue: () => one.issue('twitch', BROWSER, JOURNEY) }
}

test('a sign-in that was begun on one node ends on another, once', async (t) => {
  const { one, other, queries, issue } = await setUp(t)
  const state = issue()
  assert.deepEqual(await other.redeem('twitch', BROWSER, state), { ok: true, ...JOURNEY })
  for (const node of [one, other])
    assert.deepEqual(await node.redeem('twitch', BROWSER, state), { ok: false, why: 'used', returnTo: '/dashboard' })
  assert.equal(queries.length, 1, 'who comes again costs no query')
})

test('of many callbacks that race on two nodes one succeeds', async (t) => {
  const { one, other, issue } = await setUp(t)
  const state = issue()
  const redeemed = await Promise.all(
    Array.from({ length: 20 }, (_, index) => (index % 2 ? one : other).redeem('twitch', BROWSER, state)),
  )
  assert.equal(redeemed.filter(({ ok }) => ok).length, 1)
})

test('a Redis that forgot everything does not make a used state good again', async (t) => {
  const { redis, one, other, queries, issue } = await setUp(t)
  const state = issue()
  assert.equal((await one.redeem('twitch', BROWSER, state)).ok, true)
  await redis.ask('flushall')
  assert.deepEqual(await other.redeem('twitch', BROWSER, state), { ok: false, why: 'used', returnTo: '/dashboard' })
  assert.equal(queries.length, 2, 'the database was asked')
})

test('while Redis is dead people sign in all the same, and a state is good once', async (t) => {
  const { redis, connections, one, other, issue } = await setUp(t)
  await redis.kill()
  await eventually('the loss', () => connections.every(({ keys }) => !keys.isUp()))
  const state = issue()
  const redeemed = await Promise.all(
    Array.from({ length: 6 }, (_, index) => (index % 2 ? one : other).redeem('twitch', BROWSER, state)),
  )
  assert.equal(redeemed.filter(({ ok }) => ok).length, 1)
})

test('a database that failed leaves the key unused; any other fault of the gate is not passed over', async () => {
  const sharedKeys = createMemoryKeys({ clock: createManualClock() })
  let fails = true
  const usedKeys: UsedKeys = {
    async use() {
      if (fails) throw new AppError('unavailable')
      return true
    },
  }
  const { use } = createUseOnce({ sharedKeys, usedKeys })
  await assert.rejects(use('key', 1_000), { code: 'unavailable' })
  fails = false
  assert.equal(await use('key', 1_000), true)
  assert.equal(await use('key', 1_000), false)

  const broken = createUseOnce({
    sharedKeys: { ...sharedKeys, setIfAbsent: () => Promise.reject(new TypeError('planted')) },
    usedKeys,
  })
  await assert.rejects(broken.use('key', 1_000), TypeError)
})
