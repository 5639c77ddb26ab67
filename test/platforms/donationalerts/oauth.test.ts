import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { createDonationAlertsOAuth } from '../../../src/platforms/donationalerts/oauth.ts'
import { createTestRequest, failureOf } from '../../support/platform-request.ts'
import { startScriptedHttp, type Answer } from '../../support/scripted-http.ts'

const CALLBACK = 'http://localhost:3000/auth/donationalerts/callback'
const SCOPES = ['oauth-user-show', 'oauth-donation-index', 'oauth-donation-subscribe']
const applications = new Map([
  ['first', 'canary-secret-1'],
  ['second', 'canary-secret-2'],
])

function jwt(claims: unknown): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  return `${part({ typ: 'JWT', alg: 'RS256' })}.${part(claims)}.canary-signature`
}

const granted = (accessToken: string) => ({
  token_type: 'Bearer',
  expires_in: 631_151_999,
  access_token: accessToken,
  refresh_token: 'canary-refresh',
})

async function setUp(t: TestContext, ...answers: Answer[]) {
  const http = await startScriptedHttp(t, ...answers)
  const oauth = createDonationAlertsOAuth({ url: http.url, applications, request: createTestRequest() })
  return {
    http,
    oauth,
    exchange: () => oauth.exchangeCode({ application: 'second', redirectUri: CALLBACK, code: 'canary-code' }),
    refresh: () => oauth.refresh({ application: 'first', refreshToken: 'canary-refresh' }),
  }
}

test('the browser is sent to DonationAlerts with all that it has to bring back', async (t) => {
  const { oauth, http } = await setUp(t)
  const url = new URL(
    oauth.authorizeUrl({ application: 'first', redirectUri: CALLBACK, state: 'state', scopes: SCOPES }),
  )
  assert.equal(url.origin + url.pathname, `${http.url}/oauth/authorize`)
  assert.equal(url.searchParams.get('scope'), SCOPES.join(' '))
  assert.equal(url.searchParams.get('client_id'), 'first')
  assert.equal(url.searchParams.get('response_type'), 'code')
})

test('a code is exchanged with the secret of its own application, and the scopes are read out of the token', async (t) => {
  const accessToken = jwt({ aud: 'second', exp: 1, scopes: SCOPES })
  const { http, exchange } = await setUp(t, { status: 200, json: granted(accessToken) })
  assert.deepEqual(await exchange(), {
    accessToken,
    refreshToken: 'canary-refresh',
    expiresInS: 631_151_999,
    scopes: SCOPES,
  })
  assert.equal(http.received[0]?.path, '/oauth/token')
  assert.deepEqual(http.received[0]?.form, {
    client_id: 'second',
    client_secret: 'canary-secret-2',
    grant_type: 'authorization_code',
    redirect_uri: CALLBACK,
    code: 'canary-code',
  })
})

test('a token that tells no scopes leaves them unknown', async (t) => {
  const tokens = [
    'opaque',
    jwt({ scopes: ['*'] }),
    jwt({ scopes: 'a b' }),
    jwt({ scopes: [7] }),
    jwt(null),
    'a.b.c',
    'a.e30.c',
  ]
  const { exchange } = await setUp(t, ...tokens.map((token) => ({ status: 200, json: granted(token) })))
  for (const _ of tokens) assert.equal((await exchange()).scopes, null)
})

test('a refresh names no scope: more than was granted would be refused', async (t) => {
  const { http, refresh } = await setUp(t, { status: 200, json: granted('new') })
  assert.equal((await refresh()).accessToken, 'new')
  assert.deepEqual(http.received[0]?.form, {
    client_id: 'first',
    client_secret: 'canary-secret-1',
    grant_type: 'refresh_token',
    refresh_token: 'canary-refresh',
  })
})

const dead = {
  error: 'invalid_request',
  error_description: 'The refresh token is invalid.',
  hint: 'Token has been revoked',
  message: 'The refresh token is invalid.',
}

for (const [what, answer, code] of [
  ['401 with the whole story', { status: 401, json: dead }, 'platform-auth'],
  ['400 with the whole story', { status: 400, json: dead }, 'platform-auth'],
  [
    '400 invalid_grant',
    { status: 400, json: { error: 'invalid_grant', message: 'The Refresh Token has expired' } },
    'platform-auth',
  ],
  ['401 with other words', { status: 401, json: { message: 'Unauthenticated.' } }, 'platform-auth'],
  [
    '400 about something else',
    { status: 400, json: { error: 'invalid_request', message: 'Check the `client_id` parameter' } },
    'platform-invalid',
  ],
  [
    '401 about the application',
    { status: 401, json: { error: 'invalid_client', message: 'Client authentication failed' } },
    'platform-invalid',
  ],
  ['403', { status: 403, json: dead }, 'platform-invalid'],
  ['401 in HTML', { status: 401, text: '<html>The refresh token is invalid.' }, 'platform-invalid'],
  ['401 without a word', { status: 401 }, 'platform-invalid'],
  ['200 in HTML', { status: 200, text: '<html>' }, 'platform-invalid'],
  ['200 without a word', { status: 200 }, 'platform-invalid'],
  ['429', { status: 429, json: { message: 'Too Many Attempts.' } }, 'platform-rate-limit'],
  ['500 with the whole story', { status: 500, json: dead }, 'platform-server'],
  ['503 in HTML', { status: 503, text: '<html>' }, 'platform-server'],
  ['a cut connection', (response) => response.destroy(), 'platform-network'],
] as [string, Answer, string][]) {
  test(`a refresh answered by ${what} fails as ${code}`, async (t) => {
    const { refresh } = await setUp(t, answer)
    const failure = await failureOf(refresh())
    assert.equal(failure.code, code)
    assert.doesNotMatch(failure.everything, /canary/)
  })
}

test('a refused code is oauth-failed, with the platform’s error code for the operator', async (t) => {
  const { exchange } = await setUp(
    t,
    { status: 400, json: { error: 'invalid_grant', message: 'canary-code is bad' } },
    { status: 401, json: { error: 'invalid_client' } },
    { status: 400, json: { error: 'canary-code' } },
  )
  for (const reason of ['invalid_grant', 'invalid_client', 'other']) {
    const failure = await failureOf(exchange())
    assert.deepEqual([failure.code, failure.reason], ['oauth-failed', reason])
    assert.doesNotMatch(failure.everything, /canary/)
  }
})
