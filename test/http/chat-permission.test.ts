import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { OAUTH_STATE_TTL_MS } from '../../src/app/oauth-state.ts'
import { createGrants } from '../../src/persistence/grants.ts'
import { BASE_URL, startAuthServer, type AuthServerOptions } from '../support/auth-server.ts'
import { openTestDatabase } from '../support/database.ts'
import { createInjectBrowser, redirectOf, type InjectBrowser } from '../support/inject-browser.ts'
import { createManualClock } from '../support/manual-clock.ts'
import { addChannel, newTestBox } from '../support/people.ts'

const IVAN = { id: '1', login: 'ivan', name: 'Ivan' }
const HELPER = { id: '77', login: 'helper', name: 'Helper' }
const LOGIN = '/auth/twitch/login?return=/dashboard%3Fpart=chat&permissions=chat'
const SPEAKER = ['user:read:chat', 'user:bot', 'user:write:chat']
const ALL = [...SPEAKER, 'channel:bot']

async function setUp(t: TestContext, changes: Partial<AuthServerOptions> = {}) {
  const { db } = await openTestDatabase(t)
  const node = await startAuthServer(t, { db, box: newTestBox(), ...changes })
  const grants = createGrants(db)
  return {
    ...node,
    db,
    browser: () => createInjectBrowser(node.app, BASE_URL),
    granted: async (id: string) => (await grants.of(id))?.scopes.toSorted(),
  }
}
type Node = Awaited<ReturnType<typeof setUp>>

const callback = (state: string, query: Record<string, string>) =>
  `/auth/twitch/callback?${new URLSearchParams({ state, ...query }).toString()}`

/** Goes to Twitch, allows what is given, and comes back. */
async function journey(
  node: Node,
  browser: InjectBrowser,
  { login = LOGIN, person = IVAN, allows }: { login?: string; person?: typeof IVAN; allows?: string[] | null } = {},
) {
  const toTwitch = redirectOf(await browser.get(login))
  const asked = (toTwitch.searchParams.get('scope') ?? '').split(' ').filter(Boolean)
  node.twitch.grantScopes(allows === undefined ? asked : allows)
  const state = toTwitch.searchParams.get('state') ?? ''
  const back = redirectOf(await browser.get(callback(state, { code: node.twitch.codeFor(person) })))
  return { asked, state, back: back.pathname + back.search }
}

test('a plain sign-in asks for nothing', async (t) => {
  const node = await setUp(t)
  for (const login of [
    '/auth/twitch/login',
    '/auth/twitch/login?permissions=everything',
    '/auth/twitch/login?permissions=',
  ]) {
    assert.deepEqual((await journey(node, node.browser(), { login })).asked, [])
  }
  assert.deepEqual(node.allowed, [])
})

test('who turns the bot on is asked for what their own account needs to speak, and the bot is told', async (t) => {
  const node = await setUp(t)
  const browser = node.browser()
  const { asked, back } = await journey(node, browser)
  assert.deepEqual(asked, ALL)
  assert.equal(back, '/dashboard?part=chat')
  assert.deepEqual(node.allowed, ['1'])
  assert.deepEqual(await node.granted('1'), ALL.toSorted())
  assert.equal((await browser.get('/api/me')).statusCode, 200)

  // Signing in again for nothing takes nothing back, and tells nobody.
  await journey(node, browser, { login: '/auth/twitch/login' })
  assert.deepEqual(await node.granted('1'), ALL.toSorted())
  assert.deepEqual(node.allowed, ['1'])
})

test('who allows less is signed in, told what is missing, and the bot is not', async (t) => {
  const node = await setUp(t)
  const browser = node.browser()
  for (const allows of [[], ['user:bot'], SPEAKER]) {
    const { back } = await journey(node, browser, { allows })
    assert.equal(back, '/dashboard?part=chat&auth_error=missing-scope&provider=twitch')
  }
  assert.equal((await browser.get('/api/me')).json<{ user: { login: string } }>().user.login, 'ivan')
  assert.deepEqual(await node.granted('1'), SPEAKER.toSorted())
  assert.deepEqual(node.allowed, [])
})

test('who declines stays as they were', async (t) => {
  const node = await setUp(t)
  const browser = node.browser()
  await journey(node, browser, { login: '/auth/twitch/login' })
  const state = redirectOf(await browser.get(LOGIN)).searchParams.get('state') ?? ''
  const back = redirectOf(await browser.get(callback(state, { error: 'access_denied' })))
  assert.equal(back.searchParams.get('auth_error'), 'oauth-denied')
  assert.deepEqual([await node.granted('1'), node.allowed], [[], []])
  assert.equal((await browser.get('/api/me')).statusCode, 200)
})

test('with a shared bot account a streamer allows its presence, and the account itself to read and speak', async (t) => {
  const node = await setUp(t, { botUserId: HELPER.id })
  assert.deepEqual((await journey(node, node.browser())).asked, ['channel:bot'])

  const browser = node.browser()
  await journey(node, browser, { login: '/auth/twitch/login', person: HELPER })
  assert.deepEqual((await journey(node, browser, { person: HELPER })).asked, SPEAKER)
  assert.deepEqual(node.allowed, ['1', HELPER.id])
  assert.deepEqual(await node.granted(HELPER.id), SPEAKER.toSorted())

  const { user } = (await browser.get('/api/me')).json<{ user: { id: string } }>()
  await addChannel(node.db, user.id)
  assert.deepEqual((await journey(node, browser, { person: HELPER })).asked, ALL, 'a bot with a channel of its own')
})

test('what was asked for is part of the state: it is good once, in its browser, for ten minutes', async (t) => {
  const clock = createManualClock()
  const node = await setUp(t, { clock })
  const browser = node.browser()
  const begin = async () => redirectOf(await browser.get(LOGIN)).searchParams.get('state') ?? ''
  const end = async (state: string, from = browser) =>
    redirectOf(await from.get(callback(state, { code: node.twitch.codeFor(IVAN) }))).searchParams.get('auth_error')
  node.twitch.grantScopes(ALL)

  const { state } = await journey(node, browser)
  assert.equal(await end(state), 'oauth-state-invalid', 'used before')
  assert.equal(await end(await begin(), node.browser()), 'oauth-state-invalid', 'another browser')
  assert.equal(await end(`${await begin()}x`), 'oauth-state-invalid', 'changed')
  const late = await begin()
  await clock.advance(OAUTH_STATE_TTL_MS)
  assert.equal(await end(late), 'oauth-state-invalid', 'too late')
  assert.deepEqual(node.allowed, ['1'], 'only the first journey counts')
})

test('where the platform does not say what was allowed, the consent counts', async (t) => {
  const node = await setUp(t)
  const { back } = await journey(node, node.browser(), { allows: null })
  assert.equal(back, '/dashboard?part=chat')
  assert.deepEqual(await node.granted('1'), ALL.toSorted())
})
