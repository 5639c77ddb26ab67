import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { request } from 'node:http'
import { text } from 'node:stream/consumers'
import { after, before, describe, test } from 'node:test'
import { startSimulator, type Simulator } from '../../simulator/simulator.ts'
import { compose } from '../../src/compose.ts'
import { readConfig } from '../../src/config.ts'
import type { Database } from '../../src/persistence/database.ts'
import { openTestDatabase } from '../support/database.ts'
import { recordingLogger } from '../support/logger.ts'
import { FAST, freePort, nodeEnvironment } from '../support/node.ts'
import { checkRoutesAreShut, routesOf, type Answer } from '../support/route-inventory.ts'
import { createControl } from '../support/simulator-control.ts'
import { createBrowser, joinAsStreamer } from '../support/streamer.ts'
import { eventually } from '../support/eventually.ts'

/** Routes that change something for whoever brings an overlay key or a ticket made from one. */
const OPEN_ACTIONS = [
  'POST /api/overlay/session',
  'POST /api/overlay/state',
  'POST /api/overlay/alerts/{id}/start',
  'POST /api/overlay/alerts/{id}/done',
]

/** A whole node in front of the simulator: what its doors do, and what it keeps and says. */
describe('a whole node', () => {
  const ends: Array<() => unknown> = []
  const { logger, logs } = recordingLogger()
  /** Every token the platforms gave out. */
  const tokens: string[] = []
  let db: Database
  let simulator: Simulator
  let baseUrl: string

  before(async () => {
    const opened = await openTestDatabase({ after: (end: () => unknown) => void ends.push(end) })
    db = opened.db
    simulator = await startSimulator({ rateWindowMs: 3_000 })
    for (const grants of [simulator.twitchGrants, simulator.daGrants]) {
      const issue = grants.issue.bind(grants)
      grants.issue = (grant) => {
        const pair = issue(grant)
        tokens.push(pair.accessToken, pair.refreshToken)
        return pair
      }
    }
    const secretKey = randomBytes(32).toString('base64')
    const { connectionString } = opened
    const port = await freePort()
    const config = readConfig(nodeEnvironment({ port, simulatorUrl: simulator.url, connectionString, secretKey }))
    baseUrl = config.baseUrl
    const service = compose(config, logger, FAST)
    ends.unshift(
      () => service.stop(),
      () => simulator.close(),
    )
    await service.start()
  })
  after(async () => {
    // Ends may add ends of their own.
    for (const end of ends) await end()
  })

  /** fetch() does not let a program choose its Origin and Cookie as freely as an attacker does. */
  const send = ({ method, path, headers }: { method: string; path: string; headers: Record<string, string> }) =>
    new Promise<Answer>((resolve, reject) => {
      const outgoing = request(new URL(path, baseUrl), { method, headers }, (incoming) => {
        text(incoming).then((body) => resolve({ statusCode: incoming.statusCode ?? 0, body }), reject)
      })
      outgoing.on('error', reject).end()
    })

  const sessionCookieOf = async (login: string) => {
    await joinAsStreamer({ baseUrl, simulatorUrl: simulator.url, login, withoutDonations: true })
    const browser = createBrowser(baseUrl)
    await browser.signIn('/auth/twitch/login', login)
    return `chatfolk_session=${browser.cookies().get('chatfolk_session')}`
  }

  test('keeps every door shut that its description calls shut', async () => {
    const description = await fetch(`${baseUrl}/api/openapi.json`)
    const routes = routesOf((await description.json()) as Parameters<typeof routesOf>[0])
    assert.ok(routes.length > 20, 'the description is complete')
    const sessionCookie = await sessionCookieOf('doors')
    await checkRoutesAreShut({ routes, send, sessionCookie, origin: baseUrl, openActions: OPEN_ACTIONS })
  })

  test('tells a person who declined at a platform that they did', async () => {
    const browser = createBrowser(baseUrl)
    const decline = async (login: string) => {
      const consent = new URL((await browser.raw('GET', login)).headers.get('location') ?? '')
      consent.searchParams.set('deny', '1')
      const callback = (await fetch(consent, { redirect: 'manual' })).headers.get('location') ?? ''
      return (await browser.raw('GET', callback)).headers.get('location')
    }
    await fetch(`${simulator.url}/control/streamers`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ login: 'shy', name: 'Shy' }),
    })
    assert.equal(await decline('/auth/twitch/login?return=/'), '/?auth_error=oauth-denied&provider=twitch')
    await browser.signIn('/auth/twitch/login', 'shy')
    await browser.send('POST', '/api/channel')
    const declined = await decline('/auth/donationalerts/login?return=/dashboard')
    assert.equal(declined, '/dashboard?auth_error=oauth-denied&provider=donationalerts')
  })

  test('renews dead access by itself with one refresh, and asks the person only when the platform refuses', async () => {
    const streamer = await joinAsStreamer({ baseUrl, simulatorUrl: simulator.url, login: 'renewed' })
    const control = createControl(simulator.url)
    const state = async () => (await streamer.get<{ donations: { state: string } }>('/api/channel')).donations.state
    const tokenRequests = () => simulator.log.all().filter(({ endpoint }) => endpoint === 'da.token').length
    await eventually('the first connection', async () => (await state()) === 'live', 20_000)

    const before = tokenRequests()
    await control.kill({ platform: 'da', userId: streamer.daId, kill: 'access' })
    await control.closeSockets({ daId: streamer.daId, code: 3001 })
    await eventually('the loss', async () => (await state()) !== 'live')
    await eventually('the renewed connection', async () => (await state()) === 'live', 20_000)
    assert.equal(tokenRequests(), before + 1)

    await control.kill({ platform: 'da', userId: streamer.daId, kill: 'both' })
    await control.closeSockets({ daId: streamer.daId, code: 3001 })
    await eventually('the call for the person', async () => (await state()) === 'needs_reauth', 20_000)

    const browser = createBrowser(baseUrl)
    await browser.signIn('/auth/twitch/login', 'renewed')
    await browser.signIn('/auth/donationalerts/login', 'renewed')
    await eventually('the connection anew', async () => (await state()) === 'live', 20_000)
  })

  test('keeps no token, session or overlay key in clear, neither in the database nor in the log', async () => {
    const streamer = await joinAsStreamer({ baseUrl, simulatorUrl: simulator.url, login: 'secretive' })
    const session = (await sessionCookieOf('secretive2')).split('=')[1] ?? ''
    const overlayKey = /k=([\w-]+)/.exec(streamer.overlayUrl)?.[1] ?? ''
    const secrets = [...tokens, session, overlayKey]
    assert.ok(secrets.length > 8 && secrets.every((secret) => secret.length >= 40))

    const tables = await db.query<{ name: string }>(
      `select table_name as name from information_schema.tables where table_schema = 'public'`,
    )
    let dump = ''
    for (const { name } of tables) dump += JSON.stringify(await db.query(`select "${name}"::text from "${name}"`))
    assert.ok(dump.includes('secretive') && tables.length > 8)
    const log = JSON.stringify(logs)
    assert.ok(log.includes('"msg":"request"'))
    for (const secret of secrets) {
      assert.ok(!dump.includes(secret), 'a secret stands in the database')
      assert.ok(!log.includes(secret), 'a secret stands in the log')
    }
  })
})
