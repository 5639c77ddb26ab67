import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { createTokenKeeper } from '../../src/app/keep-token-fresh.ts'
import { validateTwitchTokens } from '../../src/app/validate-twitch-tokens.ts'
import { systemClock } from '../../src/base/clock.ts'
import { AppError } from '../../src/base/errors.ts'
import { createAccounts } from '../../src/persistence/accounts.ts'
import { createSessions } from '../../src/persistence/sessions.ts'
import { openTestDatabase } from '../support/database.ts'
import { eventually } from '../support/eventually.ts'
import { createFakePlatform } from '../support/fake-platform.ts'
import { silentLogger } from '../support/logger.ts'
import { createManualClock } from '../support/manual-clock.ts'
import { addAccount, newTestBox } from '../support/people.ts'

async function setUp(t: TestContext, people: number) {
  const { db } = await openTestDatabase(t)
  const twitch = createFakePlatform()
  const accounts = createAccounts(db, newTestBox())
  const sessions = createSessions(db)
  const all = await Promise.all(
    Array.from({ length: people }, (_, n) => {
      const tokens = twitch.grant({ id: `${n}`, login: `p${n}`, name: `P${n}` })
      return addAccount(db, accounts, { provider: 'twitch', tokens })
    }),
  )
  const providers = { twitch: twitch.provider, donationalerts: twitch.provider }
  const keeper = createTokenKeeper({ accounts, providers, clock: systemClock, logger: silentLogger, nodeId: 'node' })
  const validated: { token: string; at: number }[] = []
  const clock = createManualClock()
  let fault: AppError | null = null

  const run = () => {
    const stop = new AbortController()
    const done = validateTwitchTokens({
      accounts,
      sessions,
      keeper,
      async validate(token) {
        validated.push({ token, at: clock.monotonic() })
        if (fault) throw fault
        await twitch.whoIs(token)
      },
      clock,
      logger: silentLogger,
      signal: stop.signal,
    })
    t.after(async () => {
      stop.abort(new Error('the test is over'))
      await done
    })
  }
  return {
    all,
    accounts,
    sessions,
    twitch,
    validated,
    run,
    /** Lets the work go on, between real statements, until something holds. */
    until: (what: string, holds: () => boolean | Promise<boolean>) =>
      eventually(what, async () => {
        await clock.advance(500)
        return holds()
      }),
    anHourPasses: () => db.execute(`update accounts set validated_at = validated_at - interval '61 minutes'`),
    minutesUntilDue: async () => {
      const rows = await db.query<{ minutes: number }>(
        `select (60 - extract(epoch from now() - validated_at) / 60)::float8 as minutes from accounts`,
      )
      return rows.map(({ minutes }) => Math.round(minutes))
    },
    fail: (code: 'platform-server' | null) => void (fault = code && new AppError(code)),
  }
}

test('each token is validated once an hour, by one of the nodes, at five a second at most', async (t) => {
  const world = await setUp(t, 12)
  await world.anHourPasses()
  world.run()
  world.run()
  await world.until('twelve validations', () => world.validated.length === 12)
  assert.equal(new Set(world.validated.map(({ token }) => token)).size, 12)
  for (const { at } of world.validated) {
    const inOneSecond = world.validated.filter((other) => other.at > at - 1_000 && other.at <= at)
    assert.ok(inOneSecond.length <= 2 * 5, 'two nodes, five each')
  }
  await world.anHourPasses()
  await world.until('the next hour’s', () => world.validated.length === 24)
  assert.deepEqual(await world.minutesUntilDue(), Array(12).fill(60))
})

test('who took our access back at Twitch is signed out everywhere; others are not', async (t) => {
  const world = await setUp(t, 2)
  const [gone, stays] = world.all
  assert.ok(gone && stays)
  const sessions = [await world.sessions.start(gone.userId), await world.sessions.start(gone.userId)]
  const kept = await world.sessions.start(stays.userId)
  world.twitch.killAccess(gone.accessToken)
  world.twitch.killRefresh(gone.refreshToken ?? '')
  await world.anHourPasses()
  world.run()
  await world.until('the sign-out', async () => (await world.sessions.find(sessions[0] ?? '')) === null)
  assert.equal(await world.sessions.find(sessions[1] ?? ''), null)
  assert.equal((await world.accounts.find(gone.id))?.state, 'needs_reauth')
  await world.until('the other validation', () => world.validated.some(({ token }) => token === stays.accessToken))
  assert.ok(await world.sessions.find(kept))
  assert.equal((await world.accounts.find(stays.id))?.state, 'ok')
})

test('a token that has merely aged is refreshed, and nobody notices', async (t) => {
  const world = await setUp(t, 1)
  const [account] = world.all
  assert.ok(account)
  const session = await world.sessions.start(account.userId)
  world.twitch.killAccess(account.accessToken)
  await world.anHourPasses()
  world.run()
  await world.until('the validation of the fresh token', () => world.validated.length === 2)
  assert.equal(world.twitch.refreshes(), 1)
  assert.ok(await world.sessions.find(session))
})

test('where Twitch has a fault of its own, nobody is signed out and it is tried again soon', async (t) => {
  const world = await setUp(t, 1)
  const [account] = world.all
  assert.ok(account)
  const session = await world.sessions.start(account.userId)
  world.fail('platform-server')
  await world.anHourPasses()
  world.run()
  await world.until('the new date', async () => (await world.minutesUntilDue())[0] === 5)
  assert.ok(await world.sessions.find(session))
  assert.equal((await world.accounts.find(account.id))?.state, 'ok')
})
