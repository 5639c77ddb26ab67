import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { createHelix } from '../../../src/platforms/twitch/helix.ts'
import { createTwitchOAuth } from '../../../src/platforms/twitch/oauth.ts'
import { createTestRequest, failureOf } from '../../support/platform-request.ts'
import { startScriptedHttp, type Answer } from '../../support/scripted-http.ts'

const CALLBACK = 'http://localhost:3000/auth/twitch/callback'
const applications = new Map([['app', 'canary-secret']])
const granted = {
  access_token: 'canary-access',
  expires_in: 14_124,
  refresh_token: 'canary-refresh',
  scope: ['user:read:chat'],
  token_type: 'bearer',
}
const pair = {
  accessToken: 'canary-access',
  refreshToken: 'canary-refresh',
  expiresInS: 14_124,
  scopes: ['user:read:chat'],
}

async function setUp(t: TestContext, ...answers: Answer[]) {
  const http = await startScriptedHttp(t, ...answers)
  const oauth = createTwitchOAuth({ authUrl: `${http.url}/oauth2`, applications, request: createTestRequest() })
  const helix = createHelix({ apiUrl: `${http.url}/helix`, clientId: 'app', request: createTestRequest() })
  return {
    http,
    helix,
    oauth,
    exchange: () => oauth.exchangeCode({ application: 'app', redirectUri: CALLBACK, code: 'canary-code' }),
    refresh: () => oauth.refresh({ application: 'app', refreshToken: 'canary-refresh' }),
  }
}

test('the browser is sent to Twitch with all that it has to bring back', async (t) => {
  const { oauth, http } = await setUp(t)
  const url = new URL(
    oauth.authorizeUrl({ application: 'app', redirectUri: CALLBACK, state: 's t&a=te', scopes: ['a:b', 'c:d'] }),
  )
  assert.equal(url.origin + url.pathname, `${http.url}/oauth2/authorize`)
  assert.deepEqual(Object.fromEntries(url.searchParams), {
    client_id: 'app',
    redirect_uri: CALLBACK,
    response_type: 'code',
    scope: 'a:b c:d',
    state: 's t&a=te',
  })
})

test('a code is exchanged for tokens', async (t) => {
  const { http, exchange } = await setUp(t, { status: 200, json: granted })
  assert.deepEqual(await exchange(), pair)
  assert.equal(`${http.received[0]?.method} ${http.received[0]?.path}`, 'POST /oauth2/token')
  assert.deepEqual(http.received[0]?.form, {
    client_id: 'app',
    client_secret: 'canary-secret',
    grant_type: 'authorization_code',
    redirect_uri: CALLBACK,
    code: 'canary-code',
  })
})

test('tokens are refreshed, and what the platform leaves out is said to be missing', async (t) => {
  const { http, refresh } = await setUp(t, { status: 200, json: granted }, { status: 200, json: { access_token: 'x' } })
  assert.deepEqual(await refresh(), pair)
  assert.deepEqual(http.received[0]?.form, {
    client_id: 'app',
    client_secret: 'canary-secret',
    grant_type: 'refresh_token',
    refresh_token: 'canary-refresh',
  })
  assert.deepEqual(await refresh(), { accessToken: 'x', refreshToken: null, expiresInS: null, scopes: null })
})

const said = (status: number, message: string): Answer => ({ status, json: { status, message } })

for (const [what, answer, code, reason] of [
  ['a code that was used', said(400, 'Invalid authorization code'), 'oauth-failed', 'invalid authorization code'],
  ['a wrong secret', said(403, 'invalid client secret'), 'oauth-failed', 'invalid client secret'],
  ['a reason nobody knows, with our code in it', said(400, 'bad canary-code'), 'oauth-failed', 'other'],
  ['a broken gateway', { status: 502, text: '<html>' }, 'platform-server', undefined],
  ['a page of HTML', { status: 400, text: '<html>canary-words' }, 'platform-invalid', 'not-json'],
  ['a reply without a token', { status: 200, json: {} }, 'platform-invalid', 'shape'],
  ['a token that is no token', { status: 200, json: { access_token: 'a\nb' } }, 'platform-invalid', 'shape'],
] as [string, Answer, string, string | undefined][]) {
  test(`an exchange that meets ${what} fails as ${code}`, async (t) => {
    const { exchange } = await setUp(t, answer)
    const failure = await failureOf(exchange())
    assert.deepEqual([failure.code, failure.reason], [code, reason])
    assert.doesNotMatch(failure.everything, /canary/)
  })
}

for (const [what, answer, code] of [
  ['400 in Twitch’s own words', said(400, 'Invalid refresh token'), 'platform-auth'],
  ['401', said(401, 'Invalid refresh token'), 'platform-auth'],
  ['another 400', said(400, 'missing client id'), 'platform-invalid'],
  ['a wrong secret', said(403, 'invalid client secret'), 'platform-invalid'],
  ['a wrong application', said(401, 'invalid client'), 'platform-invalid'],
  ['401 in HTML', { status: 401, text: '<html>' }, 'platform-invalid'],
  ['401 without a word', { status: 401 }, 'platform-invalid'],
  ['404', said(404, 'not found'), 'platform-invalid'],
  ['429', said(429, 'slow down'), 'platform-rate-limit'],
  ['500', said(500, 'Invalid refresh token'), 'platform-server'],
  ['200 in HTML', { status: 200, text: '<html>' }, 'platform-invalid'],
  ['a cut connection', (response) => response.destroy(), 'platform-network'],
] as [string, Answer, string][]) {
  test(`a refresh answered by ${what} fails as ${code}`, async (t) => {
    const { refresh } = await setUp(t, answer)
    const failure = await failureOf(refresh())
    assert.equal(failure.code, code)
    assert.doesNotMatch(failure.everything, /canary/)
  })
}

test('an application without a configured secret sends nothing', async (t) => {
  const { http, oauth } = await setUp(t, { status: 200, json: granted })
  assert.equal((await failureOf(oauth.refresh({ application: 'other', refreshToken: 'x' }))).code, 'internal')
  assert.equal(
    (await failureOf(oauth.exchangeCode({ application: 'other', redirectUri: CALLBACK, code: 'x' }))).code,
    'internal',
  )
  assert.equal(http.received.length, 0)
})

test('a token is validated in Twitch’s own form', async (t) => {
  const { http, oauth } = await setUp(t, {
    status: 200,
    json: { client_id: 'app', login: 'ivan', scopes: null, user_id: '1001', expires_in: 5520838 },
  })
  assert.deepEqual(await oauth.validate('canary-access'), {
    userId: '1001',
    login: 'ivan',
    expiresInS: 5520838,
    scopes: [],
  })
  assert.equal(http.received[0]?.path, '/oauth2/validate')
  assert.equal(http.received[0]?.headers.authorization, 'OAuth canary-access')
})

test('a dead token and a token of nobody are told apart', async (t) => {
  const { oauth } = await setUp(t, said(401, 'invalid access token'), {
    status: 200,
    json: { client_id: 'app', login: null, scopes: null, user_id: null, expires_in: 1 },
  })
  assert.equal((await failureOf(oauth.validate('x'))).code, 'platform-auth')
  assert.equal((await failureOf(oauth.validate('x'))).code, 'platform-invalid')
})

test('a token is revoked; one that is dead already counts as revoked, an outage does not', async (t) => {
  const { http, oauth } = await setUp(t, { status: 200 }, said(400, 'Invalid token'), said(400, 'missing client id'), {
    status: 503,
  })
  const revoke = () => oauth.revoke({ application: 'app', accessToken: 'canary-access' })
  await revoke()
  assert.deepEqual(http.received[0]?.form, { client_id: 'app', token: 'canary-access' })
  await revoke()
  assert.equal((await failureOf(revoke())).code, 'platform-invalid')
  assert.equal((await failureOf(revoke())).code, 'platform-server')
})

test('the person behind a token is asked of Helix', async (t) => {
  const user = {
    id: '1001',
    login: 'ivan',
    display_name: 'Иван',
    profile_image_url: 'https://static-cdn.jtvnw.net/a.png',
  }
  const { http, helix } = await setUp(
    t,
    { status: 200, json: { data: [user] } },
    {
      status: 200,
      json: { data: [{ id: '1001', login: 'ivan', display_name: '', profile_image_url: 'javascript:alert(1)' }] },
    },
    { status: 200, json: { data: [] } },
    { status: 403, json: {} },
  )
  assert.deepEqual(await helix.me('canary-access'), {
    id: '1001',
    login: 'ivan',
    name: 'Иван',
    avatarUrl: user.profile_image_url,
  })
  const [received] = http.received
  assert.deepEqual(
    [received?.path, received?.headers.authorization, received?.headers['client-id']],
    ['/helix/users', 'Bearer canary-access', 'app'],
  )
  assert.deepEqual(await helix.me('x'), { id: '1001', login: 'ivan', name: 'ivan', avatarUrl: null })
  assert.equal((await failureOf(helix.me('x'))).code, 'platform-invalid')
  assert.equal((await failureOf(helix.me('x'))).code, 'missing-scope')
})
