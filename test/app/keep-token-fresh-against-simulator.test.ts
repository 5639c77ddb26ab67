import assert from 'node:assert/strict'
import { after, before, describe, test, type TestContext } from 'node:test'
import { startSimulator, type Simulator } from '../../simulator/simulator.ts'
import { createTokenKeeper } from '../../src/app/keep-token-fresh.ts'
import { systemClock } from '../../src/base/clock.ts'
import { hasCode } from '../../src/base/errors.ts'
import { createMetrics } from '../../src/base/metrics.ts'
import { createAccounts } from '../../src/persistence/accounts.ts'
import { createDonationAlerts } from '../../src/platforms/donationalerts/donation-alerts.ts'
import { createDonationAlertsOAuth } from '../../src/platforms/donationalerts/oauth.ts'
import { createPlatformRequest } from '../../src/platforms/request.ts'
import { createTwitchOAuth } from '../../src/platforms/twitch/oauth.ts'
import { openTestDatabase } from '../support/database.ts'
import { silentLogger } from '../support/logger.ts'
import { addUser, newTestBox } from '../support/people.ts'

type Kind = Parameters<Simulator['faults']['add']>[0]['kind']

const SCOPES = ['oauth-user-show', 'oauth-donation-index', 'oauth-donation-subscribe']

/** The keeper with the real clients, against platforms that rotate, revoke and break as the real ones do. */
describe('tokens on the wire', () => {
  let simulator: Simulator
  before(async () => {
    simulator = await startSimulator({ switches: { rateLimit: 10_000 } })
  })
  after(() => simulator.close())

  /** A person whose access token died a moment ago, and two nodes that know it. */
  async function setUp(t: TestContext, provider: 'twitch' | 'donationalerts' = 'donationalerts') {
    t.after(() => simulator.reset())
    const { db } = await openTestDatabase(t)
    const accounts = createAccounts(db, newTestBox())
    const user = await addUser(db)
    const person = simulator.people.add({ login: user.login, name: user.login })
    assert.ok('daId' in person)
    const [grants, externalId, client, scopes] =
      provider === 'twitch'
        ? [simulator.twitchGrants, person.twitchId, 'chatfolk-twitch', []]
        : [simulator.daGrants, person.daId, 'chatfolk-da', SCOPES]
    const pair = grants.issue({ user: externalId, client, scopes, ttlS: 10_000 })
    const tokens = { ...pair, expiresInS: 10_000, scopes }
    const connection = { userId: user.id, provider, externalId, externalName: 'x', application: client, tokens }
    const connected = await accounts.connect(connection)
    assert.ok(connected.ok)

    const request = createPlatformRequest({ clock: systemClock, metrics: createMetrics() })
    const { url } = simulator
    const twitch = createTwitchOAuth({
      authUrl: `${url}/oauth2`,
      applications: new Map([['chatfolk-twitch', 'chatfolk-twitch-secret']]),
      request,
    })
    const donationalerts = createDonationAlertsOAuth({
      url,
      applications: new Map([['chatfolk-da', 'chatfolk-da-secret']]),
      request,
    })
    const source = createDonationAlerts({
      url,
      socketUrl: `${url.replace('http', 'ws')}/connection/websocket`,
      request,
      clock: systemClock,
      random: Math.random,
      logger: silentLogger,
    })
    const keeper = (nodeId: string) =>
      createTokenKeeper({
        accounts,
        providers: { twitch, donationalerts },
        clock: systemClock,
        logger: silentLogger,
        nodeId,
      })
    const use = async (accessToken: string) =>
      provider === 'twitch'
        ? (await twitch.validate(accessToken)).userId
        : (await source.profile(accessToken)).accountId
    grants.kill(externalId, 'access')
    const endpoint = provider === 'twitch' ? 'twitch.token' : 'da.token'
    const nodes = [keeper('a'), keeper('b')] as const
    return {
      externalId,
      grants,
      call: (node: 0 | 1 = 0) => nodes[node].withToken(connected.accountId, use),
      refreshes: () => simulator.log.all().filter((logged) => logged.endpoint === endpoint).length,
      state: async () => (await accounts.find(connected.accountId))?.state,
      fail: (kind: Kind, times = 1) => simulator.faults.add({ target: endpoint, kind, times }),
    }
  }

  for (const provider of ['twitch', 'donationalerts'] as const) {
    test(`of ${provider} are refreshed once by two nodes that need them at once`, async (t) => {
      const { call, refreshes, externalId } = await setUp(t, provider)
      const answers = await Promise.all([call(0), call(1), call(0), call(1)])
      assert.deepEqual(answers, Array(4).fill(externalId))
      assert.equal(refreshes(), 1)
    })

    test(`of ${provider} that are revoked need the person`, async (t) => {
      const { call, refreshes, state, grants, externalId } = await setUp(t, provider)
      grants.kill(externalId, 'refresh')
      await assert.rejects(call(), (error) => hasCode(error, 'needs-reauth'))
      assert.equal(await state(), 'needs_reauth')
      await assert.rejects(call(1), (error) => hasCode(error, 'needs-reauth'))
      assert.equal(refreshes(), 1)
    })
  }

  for (const kind of ['429', '500', '502', 'html', 'empty'] as const) {
    test(`survive an answer of the kind "${kind}"`, async (t) => {
      const { call, state, fail, externalId } = await setUp(t)
      fail(kind)
      await assert.rejects(call(), (error) => !hasCode(error, 'needs-reauth'))
      assert.equal(await state(), 'ok')
      assert.equal(await call(1), externalId)
    })
  }

  test('survive a connection that breaks before the platform has done anything', async (t) => {
    const { call, fail, refreshes } = await setUp(t)
    fail('reset')
    await call()
    assert.equal(refreshes(), 2)
  })

  test('survive a lost answer where the platform lets the old pair live a while', async (t) => {
    const { call, fail, refreshes, state } = await setUp(t)
    simulator.switches.refreshGraceMs = 60_000
    fail('reply-lost')
    await call()
    assert.equal(refreshes(), 2)
    assert.equal(await state(), 'ok')
  })

  test('need the person where the answer was lost and the old pair is dead', async (t) => {
    const { call, fail, refreshes, state } = await setUp(t)
    fail('reply-lost')
    await assert.rejects(call(), (error) => hasCode(error, 'needs-reauth'))
    assert.equal(refreshes(), 2)
    assert.equal(await state(), 'needs_reauth')
  })
})
