import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { createTokenKeeper, type TokenKeeperOptions } from '../../src/app/keep-token-fresh.ts'
import { systemClock } from '../../src/base/clock.ts'
import { AppError, hasCode, type ErrorCode } from '../../src/base/errors.ts'
import { createLogger } from '../../src/base/logger.ts'
import { createAccounts } from '../../src/persistence/accounts.ts'
import { openTestDatabase } from '../support/database.ts'
import { eventually } from '../support/eventually.ts'
import { createFakePlatform } from '../support/fake-platform.ts'
import { silentLogger } from '../support/logger.ts'
import { createManualClock, type ManualClock } from '../support/manual-clock.ts'
import { addAccount, newTestBox } from '../support/people.ts'

const PERSON = { id: '7', login: 'ivan', name: 'Ivan' }

async function setUp(t: TestContext, { expiresInS = null as number | null } = {}) {
  const { db } = await openTestDatabase(t)
  const platform = createFakePlatform()
  platform.grantFor(expiresInS)
  const accounts = createAccounts(db, newTestBox())
  const account = await addAccount(db, accounts, { tokens: platform.grant(PERSON) })
  platform.grantFor(null)
  const keeper = (changes: Partial<TokenKeeperOptions> = {}) =>
    createTokenKeeper({
      accounts,
      providers: { twitch: platform.provider, donationalerts: platform.provider },
      clock: systemClock,
      logger: silentLogger,
      nodeId: 'node',
      ...changes,
    })
  const stored = async () => (await accounts.find(account.id)) ?? assert.fail('the account is gone')
  return { db, platform, accounts, account, keeper, stored }
}

const rejectsWith = (promise: Promise<unknown>, ...codes: ErrorCode[]) =>
  assert.rejects(promise, (error) => hasCode(error, ...codes))

/** Moves the clock as long as it takes, while the database works in real time. */
async function advanceUntilSettled<T>(clock: ManualClock, call: Promise<T>): Promise<T> {
  const state = { over: false }
  const watched = call.finally(() => (state.over = true))
  while (!state.over) await clock.advance(500)
  return watched
}

test('a token that works is used as it is', async (t) => {
  const { platform, account, keeper } = await setUp(t)
  assert.deepEqual(await keeper().withToken(account.id, platform.whoIs), PERSON)
  assert.equal(platform.refreshes(), 0)
})

test('a refused token is refreshed, and the new pair is stored before anybody uses it', async (t) => {
  const { platform, account, keeper, stored } = await setUp(t)
  platform.killAccess(account.accessToken)
  await keeper().withToken(account.id, async (accessToken) => {
    await platform.whoIs(accessToken)
    assert.equal((await stored()).accessToken, accessToken)
  })
  assert.equal(platform.refreshes(), 1)
  const after = await stored()
  assert.equal(after.version, account.version + 1)
  assert.notEqual(after.refreshToken, account.refreshToken)
  assert.equal(after.refreshing, false)
})

test('a token that is known to end within a minute is refreshed before it is used', async (t) => {
  const { platform, account, keeper } = await setUp(t, { expiresInS: 30 })
  const used: string[] = []
  await keeper().withToken(account.id, async (accessToken) => void used.push(accessToken))
  assert.equal(platform.refreshes(), 1)
  assert.equal(used.length, 1)
  assert.notEqual(used[0], account.accessToken)
})

test('two nodes and many callers with one dead token refresh it exactly once', async (t) => {
  const { platform, account, keeper } = await setUp(t)
  platform.killAccess(account.accessToken)
  const answer = platform.holdRefreshes()
  const nodes = [keeper({ nodeId: 'a' }), keeper({ nodeId: 'b' })]
  const calls = nodes.flatMap((node) => Array.from({ length: 10 }, () => node.withToken(account.id, platform.whoIs)))
  await eventually('the refresh at the platform', () => platform.refreshes() === 1)
  answer()
  for (const person of await Promise.all(calls)) assert.deepEqual(person, PERSON)
  assert.equal(platform.refreshes(), 1)
})

test('the two nodes agree on one refresh, round after round', async (t) => {
  const { platform, account, keeper, stored } = await setUp(t)
  const nodes = [keeper({ nodeId: 'a' }), keeper({ nodeId: 'b' }), keeper({ nodeId: 'c' })]
  for (let round = 1; round <= 5; round++) {
    platform.killAccess((await stored()).accessToken)
    await Promise.all(nodes.map((node) => node.withToken(account.id, platform.whoIs)))
    assert.equal(platform.refreshes(), round)
  }
})

test('a refresh that a dead node had begun is taken over when its lease has run out', async (t) => {
  const { db, platform, account, keeper } = await setUp(t)
  platform.killAccess(account.accessToken)
  await db.execute(
    `update accounts set refresh_lease_by = 'dead', refresh_lease_until = now() + interval '0.4 s' where id = $1`,
    [account.id],
  )
  assert.deepEqual(await keeper().withToken(account.id, platform.whoIs), PERSON)
  assert.equal(platform.refreshes(), 1)
})

test('a holder that never ends is not waited for without end', async (t) => {
  const { db, platform, account, keeper } = await setUp(t)
  platform.killAccess(account.accessToken)
  await db.execute(`update accounts set refresh_lease_by = 'x', refresh_lease_until = now() + interval '1 h'`)
  const clock = createManualClock()
  const call = rejectsWith(keeper({ clock }).withToken(account.id, platform.whoIs), 'unavailable')
  await advanceUntilSettled(clock, call)
  assert.equal(platform.refreshes(), 0)
})

test('a refused refresh asks the person to connect again, and the platform is not bothered any more', async (t) => {
  const { platform, account, keeper, stored } = await setUp(t)
  platform.killAccess(account.accessToken)
  platform.killRefresh(account.refreshToken ?? '')
  await rejectsWith(keeper().withToken(account.id, platform.whoIs), 'needs-reauth')
  assert.equal((await stored()).state, 'needs_reauth')
  await rejectsWith(keeper().withToken(account.id, platform.whoIs), 'needs-reauth')
  assert.equal(platform.refreshes(), 1)
})

for (const code of ['platform-server', 'platform-rate-limit', 'platform-invalid'] as const) {
  test(`a refresh that fails with ${code} costs nobody their connection`, async (t) => {
    const { platform, account, keeper, stored } = await setUp(t)
    platform.killAccess(account.accessToken)
    platform.failNextRefresh({ code, when: 'before' })
    await rejectsWith(keeper().withToken(account.id, platform.whoIs), code)
    assert.equal((await stored()).state, 'ok')
    assert.deepEqual(await keeper().withToken(account.id, platform.whoIs), PERSON)
  })
}

test('a refresh that never reached the platform is repeated with the same refresh token', async (t) => {
  const { platform, account, keeper } = await setUp(t)
  platform.killAccess(account.accessToken)
  platform.failNextRefresh({ code: 'platform-network', when: 'before' })
  assert.deepEqual(await keeper().withToken(account.id, platform.whoIs), PERSON)
  assert.equal(platform.refreshes(), 2)
})

test('a platform that cannot be reached at all is given up on after the second time, without a verdict', async (t) => {
  const { platform, account, keeper, stored } = await setUp(t)
  platform.killAccess(account.accessToken)
  platform.failNextRefresh({ code: 'platform-network', when: 'before' })
  platform.failNextRefresh({ code: 'platform-network', when: 'before' })
  await rejectsWith(keeper().withToken(account.id, platform.whoIs), 'platform-network')
  assert.equal(platform.refreshes(), 2)
  assert.equal((await stored()).state, 'ok')
})

test('a pair whose answer was lost after the rotation is gone: the old refresh token is tried once and refused', async (t) => {
  const { platform, account, keeper, stored } = await setUp(t)
  platform.killAccess(account.accessToken)
  platform.failNextRefresh({ code: 'platform-network', when: 'after' })
  await rejectsWith(keeper().withToken(account.id, platform.whoIs), 'needs-reauth')
  assert.equal(platform.refreshes(), 2)
  assert.equal((await stored()).state, 'needs_reauth')
})

test('a token that is refused even when fresh asks the person to connect again', async (t) => {
  const { account, keeper, stored } = await setUp(t)
  const refused = keeper().withToken(account.id, () => Promise.reject(new AppError('platform-auth')))
  await rejectsWith(refused, 'needs-reauth')
  assert.equal((await stored()).state, 'needs_reauth')
})

test('a person who connects again during a refresh keeps their new tokens', async (t) => {
  const { platform, accounts, account, keeper, stored } = await setUp(t)
  platform.killAccess(account.accessToken)
  const answer = platform.holdRefreshes()
  const call = keeper().withToken(account.id, platform.whoIs)
  await eventually('the refresh at the platform', () => platform.refreshes() === 1)
  const tokens = platform.grant(PERSON)
  await accounts.connect({ ...account, tokens })
  answer()
  assert.deepEqual(await call, PERSON)
  assert.equal((await stored()).accessToken, tokens.accessToken)
})

test('a refreshed pair outlives a database that is away at the wrong moment', async (t) => {
  const { platform, accounts, account, keeper, stored } = await setUp(t)
  platform.killAccess(account.accessToken)
  let outages = 3
  const flaky = {
    ...accounts,
    storeRefreshed: (...given: Parameters<typeof accounts.storeRefreshed>) =>
      outages-- > 0 ? Promise.reject(new AppError('unavailable')) : accounts.storeRefreshed(...given),
  }
  const clock = createManualClock()
  const call = keeper({ accounts: flaky, clock }).withToken(account.id, platform.whoIs)
  assert.deepEqual(await advanceUntilSettled(clock, call), PERSON)
  assert.equal((await stored()).version, account.version + 1)
  assert.equal(platform.refreshes(), 1)
})

test('a pair that comes after another node was refused the old one is stored, and whoever waits for it is told', async (t) => {
  const { platform, accounts, account, keeper, stored } = await setUp(t)
  platform.killAccess(account.accessToken)
  const revived: string[] = []
  const onRevived = ({ userId, provider }: { userId: string; provider: string }) =>
    void revived.push(`${provider} ${userId}`)
  const answer = platform.holdRefreshes()
  const call = keeper({ onRevived }).withToken(account.id, platform.whoIs)
  await eventually('the refresh at the platform', () => platform.refreshes() === 1)
  await accounts.setState(account, 'needs_reauth')
  answer()
  assert.deepEqual(await call, PERSON)
  assert.equal((await stored()).state, 'ok')
  assert.deepEqual(revived, [`${account.provider} ${account.userId}`])

  platform.killAccess((await stored()).accessToken)
  await keeper({ onRevived }).withToken(account.id, platform.whoIs)
  assert.equal(revived.length, 1, 'nothing had stood still')
})

test('a node that stops does not wait for another’s refresh, nor for long to store its own', async (t) => {
  const { db, platform, accounts, account, keeper } = await setUp(t)
  const stop = new AbortController()
  const clock = createManualClock()
  platform.killAccess(account.accessToken)
  await db.execute(`update accounts set refresh_lease_by = 'x', refresh_lease_until = now() + interval '1 h'`)
  const waiting = keeper({ clock, signal: stop.signal }).withToken(account.id, platform.whoIs)
  await eventually('the wait', () => clock.pendingTimers() === 1)
  stop.abort(new AppError('shutting-down'))
  await rejectsWith(waiting, 'shutting-down')

  await db.execute('update accounts set refresh_lease_until = null')
  let tries = 0
  const away = {
    ...accounts,
    storeRefreshed() {
      tries++
      return Promise.reject(new AppError('unavailable'))
    },
  }
  const storing = keeper({ accounts: away, clock, signal: stop.signal }).withToken(account.id, platform.whoIs)
  await advanceUntilSettled(clock, rejectsWith(storing, 'unavailable'))
  assert.equal(tries, 4, 'tried for a few seconds')
})

test('a refresh takes its place in the application’s line, and no lease is held while it waits there', async (t) => {
  const { platform, account, keeper, stored } = await setUp(t)
  platform.killAccess(account.accessToken)
  const paid: string[] = []
  const payFor = {
    donationalerts: async <T>(application: string, request: () => Promise<T>) => {
      assert.equal((await stored()).refreshing, false)
      paid.push(application)
      return request()
    },
  }
  await keeper({ payFor }).withToken(account.id, platform.whoIs)
  assert.deepEqual(paid, ['app-1'])
})

test('an error of the work itself passes through untouched', async (t) => {
  const { platform, account, keeper } = await setUp(t)
  const failure = new AppError('platform-server')
  await assert.rejects(
    keeper().withToken(account.id, () => Promise.reject(failure)),
    failure,
  )
  assert.equal(platform.refreshes(), 0)
})

test('an account that is not there needs the person', async (t) => {
  const { keeper } = await setUp(t)
  await rejectsWith(
    keeper().withToken(crypto.randomUUID(), async () => undefined),
    'needs-reauth',
  )
})

test('no token stands in the database or the log in clear', async (t) => {
  const { db, platform, account, keeper, stored } = await setUp(t)
  let logged = ''
  const logger = createLogger({
    level: 'trace',
    pretty: false,
    nodeId: 'node',
    destination: { write: (line: string) => void (logged += line) },
  })
  const tokens = [account.accessToken, account.refreshToken ?? '']
  platform.killAccess(account.accessToken)
  await keeper({ logger }).withToken(account.id, platform.whoIs)
  const fresh = await stored()
  tokens.push(fresh.accessToken, fresh.refreshToken ?? '')
  platform.killAccess(fresh.accessToken)
  platform.killRefresh(fresh.refreshToken ?? '')
  await rejectsWith(keeper({ logger }).withToken(account.id, platform.whoIs), 'needs-reauth')

  const dump = JSON.stringify(await db.query('select accounts::text from accounts'))
  assert.match(logged, /refreshed/)
  assert.match(logged, /connected again/)
  for (const token of tokens) {
    assert.ok(token.length > 20)
    assert.ok(!dump.includes(token) && !logged.includes(token))
  }
})
