import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { OAUTH_STATE_TTL_MS } from '../../src/app/oauth-state.ts'
import { AppError } from '../../src/base/errors.ts'
import { createLogger } from '../../src/base/logger.ts'
import { createSecretBox } from '../../src/base/secret-box.ts'
import { BASE_URL, startAuthServer, type AuthServerOptions } from '../support/auth-server.ts'
import { openTestDatabase } from '../support/database.ts'
import { createFakePlatform } from '../support/fake-platform.ts'
import { createInjectBrowser, redirectOf, type InjectBrowser } from '../support/inject-browser.ts'
import { createManualClock } from '../support/manual-clock.ts'
import { addChannel, newTestBox } from '../support/people.ts'

const IVAN = { id: '1', login: 'ivan', name: 'Ivan' }
const MARIA = { id: '2', login: 'maria', name: 'Maria' }
const SESSION = '__Host-chatfolk_session'

async function setUp(t: TestContext, changes: Partial<AuthServerOptions> = {}) {
  const { db } = await openTestDatabase(t)
  const box = newTestBox()
  const node = await startAuthServer(t, { db, box, ...changes })
  return { ...node, db, box, browser: () => createInjectBrowser(node.app, BASE_URL) }
}

type Node = Awaited<ReturnType<typeof setUp>>

/** Begins a sign-in and returns the state the platform was given. */
async function begin(browser: InjectBrowser, login = '/auth/twitch/login'): Promise<string> {
  return redirectOf(await browser.get(login)).searchParams.get('state') ?? ''
}

const comeBack = (provider: 'twitch' | 'donationalerts', query: Record<string, string>) =>
  `/auth/${provider}/callback?${new URLSearchParams(query).toString()}`

async function signIn(node: Pick<Node, 'twitch'>, browser: InjectBrowser, person = IVAN, login = '/auth/twitch/login') {
  const state = await begin(browser, login)
  return browser.get(comeBack('twitch', { state, code: node.twitch.codeFor(person) }))
}

async function streamer(node: Node, person = IVAN) {
  const browser = node.browser()
  await signIn(node, browser, person)
  const { user } = (await browser.get('/api/me')).json<{ user: { id: string } }>()
  return { browser, userId: user.id, channelId: await addChannel(node.db, user.id) }
}

const errorIn = (url: URL) => url.searchParams.get('auth_error')

test('signing in at Twitch opens a session and leads to the page asked for', async (t) => {
  const node = await setUp(t)
  const browser = node.browser()
  assert.equal((await browser.get('/api/me')).statusCode, 401)

  const toTwitch = redirectOf(await browser.get('/auth/twitch/login?return=/dashboard%3Fpart=alerts'))
  assert.equal(toTwitch.searchParams.get('redirect_uri'), `${BASE_URL}/auth/twitch/callback`)
  assert.equal(toTwitch.searchParams.get('client_id'), 'tw-1')
  const state = toTwitch.searchParams.get('state') ?? ''
  const back = await browser.get(comeBack('twitch', { state, code: node.twitch.codeFor(IVAN) }))
  assert.equal(back.headers.location, '/dashboard?part=alerts')

  const me = await browser.get('/api/me')
  assert.deepEqual(me.json(), {
    user: { ...me.json<{ user: object }>().user, login: 'ivan', name: 'Ivan' },
    channel: null,
  })
})

test('the session cookie is closed to scripts, to other sites and to plain http', async (t) => {
  const node = await setUp(t)
  const back = await signIn(node, node.browser())
  const cookie = [back.headers['set-cookie']].flat().find((line) => line?.startsWith(SESSION))
  assert.match(
    cookie ?? '',
    /^__Host-chatfolk_session=[\w-]{43}; Max-Age=2592000; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
  )
})

test('on plain http, as at home, the cookie has its plain name', async (t) => {
  const node = await setUp(t, { baseUrl: 'http://localhost:3000' })
  const browser = createInjectBrowser(node.app, 'http://localhost:3000')
  await signIn(node, browser)
  assert.deepEqual([...browser.cookies.keys()].sort(), ['chatfolk_oauth_twitch', 'chatfolk_session'])
})

test('signing in again changes the session id and ends the old session', async (t) => {
  const node = await setUp(t)
  const browser = node.browser()
  await signIn(node, browser)
  const planted = browser.cookies.get(SESSION) ?? ''
  await signIn(node, browser, MARIA)
  assert.notEqual(browser.cookies.get(SESSION), planted)
  assert.equal(await node.sessions.find(planted), null)
  assert.equal((await browser.get('/api/me')).json<{ user: { login: string } }>().user.login, 'maria')
})

test('signing out ends the session on the server: the cookie is worth nothing afterwards', async (t) => {
  const node = await setUp(t)
  const browser = node.browser()
  await signIn(node, browser)
  const stolen = browser.cookies.get(SESSION) ?? ''
  assert.equal((await browser.send('POST', '/auth/logout')).statusCode, 204)
  assert.equal(browser.cookies.has(SESSION), false)
  browser.cookies.set(SESSION, stolen)
  assert.equal((await browser.get('/api/me')).statusCode, 401)
})

test('a changed, cut or invented session id opens nothing', async (t) => {
  const node = await setUp(t)
  const browser = node.browser()
  await signIn(node, browser)
  const good = browser.cookies.get(SESSION) ?? ''
  const flipped = (good.startsWith('A') ? 'B' : 'A') + good.slice(1)
  for (const id of [flipped, good.slice(1), `${good}A`, '', 'null', 'A'.repeat(43), `${good}.x`]) {
    browser.cookies.set(SESSION, id)
    assert.equal((await browser.get('/api/me')).statusCode, 401, id)
  }
})

test('a state in another browser is refused: nobody can sign you in as themselves', async (t) => {
  const node = await setUp(t)
  const [attacker, victim] = [node.browser(), node.browser()]
  const state = await begin(attacker)
  const back = redirectOf(await victim.get(comeBack('twitch', { state, code: node.twitch.codeFor(IVAN) })))
  assert.equal(errorIn(back), 'oauth-state-invalid')
  assert.equal(victim.cookies.has(SESSION), false)

  // Not even where the victim has a sign-in of their own under way.
  await begin(victim)
  const again = redirectOf(await victim.get(comeBack('twitch', { state, code: node.twitch.codeFor(IVAN) })))
  assert.equal(errorIn(again), 'oauth-state-invalid')
})

test('a state is good once, even when two nodes are asked in the same moment', async (t) => {
  const first = await setUp(t)
  const second = await startAuthServer(t, { db: first.db, box: first.box, twitch: first.twitch })
  const browser = first.browser()
  const state = await begin(browser)
  const url = () => comeBack('twitch', { state, code: first.twitch.codeFor(IVAN) })
  const answers = await Promise.all(
    [first.app, second.app, first.app, second.app].map((node) => browser.get(url(), { node })),
  )
  const errors = answers.map((answer) => errorIn(redirectOf(answer)))
  assert.equal(errors.filter((error) => error === null).length, 1)
  assert.equal(errors.filter((error) => error === 'oauth-state-invalid').length, 3)
  assert.equal(errorIn(redirectOf(await browser.get(url()))), 'oauth-state-invalid')
})

test('the callback may come to another node than the one that began', async (t) => {
  const first = await setUp(t)
  const second = await startAuthServer(t, { db: first.db, box: first.box, twitch: first.twitch })
  const browser = first.browser()
  const state = await begin(browser)
  const url = comeBack('twitch', { state, code: first.twitch.codeFor(IVAN) })
  assert.equal((await browser.get(url, { node: second.app })).headers.location, '/dashboard')
  assert.equal((await browser.get('/api/me')).statusCode, 200)
})

test('a state is good for ten minutes', async (t) => {
  const clock = createManualClock()
  const node = await setUp(t, { clock })
  const browser = node.browser()
  const [late, early] = [await begin(browser), await begin(browser)]
  await clock.advance(OAUTH_STATE_TTL_MS - 1)
  const code = () => node.twitch.codeFor(IVAN)
  assert.equal(errorIn(redirectOf(await browser.get(comeBack('twitch', { state: early, code: code() })))), null)
  await clock.advance(1)
  const back = redirectOf(await browser.get(comeBack('twitch', { state: late, code: code() })))
  assert.equal(errorIn(back), 'oauth-state-invalid')
  assert.equal(back.pathname, '/dashboard')
})

test('several tabs may sign in at once, each with its own state', async (t) => {
  const node = await setUp(t)
  const browser = node.browser()
  const states = [await begin(browser), await begin(browser), await begin(browser)]
  for (const state of states.toReversed()) {
    const back = await browser.get(comeBack('twitch', { state, code: node.twitch.codeFor(IVAN) }))
    assert.equal(back.headers.location, '/dashboard')
  }
})

test('a state that was changed, signed by another key or made for another platform is unreadable', async (t) => {
  const node = await setUp(t)
  const { browser } = await streamer(node)
  const state = await begin(browser)
  const foreign = createSecretBox([Buffer.alloc(32, 1)]).sign({ returnTo: '/x' }, 'oauth-state:twitch')
  const ofTheOther = await begin(browser, '/auth/donationalerts/login')
  const otherPurpose = node.box.sign({ returnTo: '/x' }, 'ticket')
  for (const wrong of ['', 'x', `${state}x`, `x${state}`, foreign, ofTheOther, otherPurpose]) {
    const back = await browser.get(comeBack('twitch', { state: wrong, code: node.twitch.codeFor(MARIA) }))
    assert.equal(back.headers.location, '/?auth_error=oauth-state-invalid', wrong)
  }
  assert.equal((await browser.get('/api/me')).json<{ user: { login: string } }>().user.login, 'ivan')
})

test('who declines at Twitch comes back to be told so', async (t) => {
  const node = await setUp(t)
  const browser = node.browser()
  const state = await begin(browser, '/auth/twitch/login?return=/')
  const back = redirectOf(await browser.get(comeBack('twitch', { state, error: 'access_denied' })))
  assert.equal(back.pathname + back.search, '/?auth_error=oauth-denied&provider=twitch')
  const other = await begin(browser)
  const failed = await browser.get(comeBack('twitch', { state: other, error: 'server_error' }))
  assert.equal(errorIn(redirectOf(failed)), 'oauth-failed')
})

test('a sign-in begun under another name of this machine goes on under the public one, and never in a circle', async (t) => {
  const node = await setUp(t)
  const ask = (url: string) => node.app.inject({ url, headers: { host: '127.0.0.1:3000' } })
  const moved = (await ask('/auth/twitch/login?return=/dashboard')).headers.location ?? ''
  assert.equal(moved, `${BASE_URL}/auth/twitch/login?return=%2Fdashboard&moved=1`)
  const again = redirectOf(await ask(moved.slice(BASE_URL.length)))
  assert.equal(again.host, 'platform.example')
})

test('a code that Twitch does not know, or none at all, is a failed sign-in', async (t) => {
  const node = await setUp(t)
  const browser = node.browser()
  for (const query of [{ code: 'invented' }, {}] as Record<string, string>[]) {
    const state = await begin(browser)
    assert.equal(errorIn(redirectOf(await browser.get(comeBack('twitch', { state, ...query })))), 'oauth-failed')
  }
  assert.equal(browser.cookies.has(SESSION), false)
})

test('a platform that fails during a sign-in is named as the reason, not as a fault of ours', async (t) => {
  const twitch = createFakePlatform()
  const node = await setUp(t, { twitch: { ...twitch, whoIs: () => Promise.reject(new AppError('platform-network')) } })
  const back = redirectOf(await signIn(node, node.browser()))
  assert.equal(errorIn(back), 'platform-network')
  assert.equal(back.searchParams.get('provider'), 'twitch')
})

test('the way back never leads to another site', async (t) => {
  const node = await setUp(t)
  const elsewhere = [
    'https://evil.example',
    '//evil.example',
    '/\\evil.example',
    '/\t/evil.example',
    'javascript:alert(1)',
    '\\\\evil.example',
    '/..//evil.example',
    '/x/../..//evil.example',
    '/%0d%0aset-cookie:x=y',
    '',
    ' /x',
    '/auth/logout',
  ]
  for (const path of elsewhere) {
    const login = `/auth/twitch/login?return=${encodeURIComponent(path)}`
    const { location } = (await signIn(node, node.browser(), IVAN, login)).headers
    assert.match(location ?? '', /^\/(?![/\\])/, path)
    assert.equal(new URL(location ?? '', BASE_URL).origin, BASE_URL, path)
  }
})

test('donations are connected for the person who asked, with the three permissions we need', async (t) => {
  const node = await setUp(t)
  const { browser, userId, channelId } = await streamer(node)
  const toPlatform = redirectOf(await browser.get('/auth/donationalerts/login?return=/dashboard'))
  assert.equal(toPlatform.searchParams.get('scope'), 'oauth-user-show oauth-donation-index oauth-donation-subscribe')
  assert.equal(toPlatform.searchParams.get('redirect_uri'), `${BASE_URL}/auth/donationalerts/callback`)
  const state = toPlatform.searchParams.get('state') ?? ''
  const code = node.donationAlerts.codeFor({ id: '77', login: 'da', name: 'Ivan at DA' })
  const back = await browser.get(comeBack('donationalerts', { state, code }))
  assert.equal(back.headers.location, '/dashboard')
  assert.deepEqual(node.changed, [channelId])
  const account = await node.accounts.ofUser(userId, 'donationalerts')
  assert.equal(account?.externalId, '77')
  assert.equal(account?.externalName, 'Ivan at DA')
  assert.equal(account?.application, 'da-1')

  await node.connectDonations.disconnect({ userId, channelId })
  await node.connectDonations.disconnect({ userId, channelId })
  assert.deepEqual(node.changed, [channelId, channelId])
  assert.equal(await node.accounts.ofUser(userId, 'donationalerts'), null)
})

test('connecting donations needs a person and a channel', async (t) => {
  const node = await setUp(t)
  const browser = node.browser()
  assert.equal((await browser.get('/auth/donationalerts/login')).statusCode, 401)
  await signIn(node, browser)
  const response = await browser.get('/auth/donationalerts/login')
  assert.equal(response.statusCode, 404)
  assert.equal(response.json<{ code: string }>().code, 'no-channel')
})

test('a connection begun by one person is not finished by another in the same browser', async (t) => {
  const node = await setUp(t)
  const { browser } = await streamer(node)
  const state = await begin(browser, '/auth/donationalerts/login')
  await signIn(node, browser, MARIA)
  const code = node.donationAlerts.codeFor(IVAN)
  const back = redirectOf(await browser.get(comeBack('donationalerts', { state, code })))
  assert.equal(errorIn(back), 'oauth-state-invalid')
  assert.deepEqual(node.changed, [])

  const again = await begin((await streamer(node)).browser, '/auth/donationalerts/login')
  const gone = node.browser()
  assert.equal(
    errorIn(redirectOf(await gone.get(comeBack('donationalerts', { state: again, code })))),
    'oauth-state-invalid',
  )
})

test('who signed out meanwhile is told to sign in first', async (t) => {
  const node = await setUp(t)
  const { browser } = await streamer(node)
  const state = await begin(browser, '/auth/donationalerts/login')
  await browser.send('POST', '/auth/logout')
  const back = redirectOf(await browser.get(comeBack('donationalerts', { state, code: 'x' })))
  assert.equal(errorIn(back), 'not-signed-in')
})

test('an account that another streamer has connected is refused', async (t) => {
  const node = await setUp(t)
  for (const [person, expected] of [
    [IVAN, null],
    [MARIA, 'account-taken'],
  ] as const) {
    const { browser } = await streamer(node, person)
    const state = await begin(browser, '/auth/donationalerts/login')
    const code = node.donationAlerts.codeFor({ id: '77', login: 'da', name: 'DA' })
    const back = redirectOf(await browser.get(comeBack('donationalerts', { state, code })))
    assert.equal(errorIn(back), expected)
  }
  assert.equal(node.changed.length, 1)
})

test('fewer permissions than asked for are noticed, where the platform tells', async (t) => {
  const node = await setUp(t)
  const { browser } = await streamer(node)
  for (const [granted, expected] of [
    [['oauth-user-show'], 'missing-scope'],
    [['oauth-user-show', 'oauth-donation-index', 'oauth-donation-subscribe', 'more'], null],
    [null, null],
  ] as const) {
    node.donationAlerts.grantScopes(granted && [...granted])
    const state = await begin(browser, '/auth/donationalerts/login')
    const back = redirectOf(
      await browser.get(comeBack('donationalerts', { state, code: node.donationAlerts.codeFor(IVAN) })),
    )
    assert.equal(errorIn(back), expected)
  }
})

test('streamers are spread over the applications, and stay with theirs', async (t) => {
  const node = await setUp(t)
  const applications: string[] = []
  for (const person of [IVAN, MARIA, { id: '3', login: 'oleg', name: 'Oleg' }, IVAN]) {
    const { browser } = await streamer(node, person)
    const toPlatform = redirectOf(await browser.get('/auth/donationalerts/login'))
    applications.push(toPlatform.searchParams.get('client_id') ?? '')
    const state = toPlatform.searchParams.get('state') ?? ''
    await browser.get(comeBack('donationalerts', { state, code: node.donationAlerts.codeFor(person) }))
  }
  assert.deepEqual(applications, ['da-1', 'da-2', 'da-1', 'da-1'])
})

test('without an application donations are switched off, and it says so', async (t) => {
  const node = await setUp(t, { donations: { applications: [] } })
  const { browser } = await streamer(node)
  const response = await browser.get('/auth/donationalerts/login')
  assert.equal(response.statusCode, 409)
  assert.equal(response.json<{ code: string }>().code, 'donations-not-configured')
})

test('neither codes nor states nor cookies nor tokens reach the log', async (t) => {
  let logged = ''
  const destination = { write: (line: string) => void (logged += line) }
  const logger = createLogger({ level: 'trace', pretty: false, nodeId: 'n', destination })
  const node = await setUp(t, { logger })
  const { browser } = await streamer(node)
  const state = await begin(browser, '/auth/donationalerts/login')
  const code = node.donationAlerts.codeFor(IVAN)
  await browser.get(comeBack('donationalerts', { state, code: 'wrong-code-canary' }))
  await browser.get(comeBack('donationalerts', { state, code }))
  assert.match(logged, /a sign-in failed/)
  assert.match(logged, /not good/)
  for (const secret of [state, code, 'wrong-code-canary', ...browser.cookies.values()])
    assert.ok(!logged.includes(secret))
})
