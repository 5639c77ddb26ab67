import assert from 'node:assert/strict'
import { test } from 'node:test'
import { backOf, CLIENTS, DA_SCOPES, startPlatforms } from '../support/simulated-platforms.ts'

const PROFILE = '/api/v1/user/oauth'

test('a person lets an application in: state comes back, the pair works, the access token tells its scopes and end', async (t) => {
  const { consent, signIn, ask } = await startPlatforms(t)
  const back = backOf(await consent('da', { login_as: 'ivan', state: 'a/b?c&d' }))
  assert.equal(back['state'], 'a/b?c&d')
  assert.match(back['code'] ?? '', /^[0-9a-f]{40}$/)

  const tokens = await signIn('da', 'ivan')
  assert.equal(tokens.expires_in, 631_151_999)
  const claims = JSON.parse(Buffer.from(tokens.access_token.split('.')[1] ?? '', 'base64url').toString('utf8')) as {
    aud: string
    sub: string
    exp: number
    scopes: string[]
  }
  assert.deepEqual([claims.aud, claims.sub, claims.scopes.join(' ')], [CLIENTS.da, '7', DA_SCOPES])
  assert.ok(Math.abs(claims.exp - Date.now() / 1_000 - tokens.expires_in) < 60)
  const { body } = await ask('GET', PROFILE, { token: tokens.access_token })
  const { socket_connection_token: socketToken, ...profile } = body['data'] as Record<string, unknown>
  assert.equal(typeof socketToken, 'string')
  assert.deepEqual([profile['id'], profile['code'], profile['name']], [7, 'ivan', 'Иван'])
})

test('whoever refuses is sent back with access_denied', async (t) => {
  const { consent } = await startPlatforms(t)
  const { error, state, code } = backOf(await consent('da', { deny: '1' }))
  assert.deepEqual([error, state, code], ['access_denied', 'a state', undefined])
})

test('without login_as the page asks, names everybody safely and can make somebody up', async (t) => {
  const { consent, simulator } = await startPlatforms(t)
  simulator.people.add({ login: 'evil', name: '<script>alert(1)</script>' })
  const { status, text } = await consent('da', { state: '"><script>' })
  assert.equal(status, 200)
  assert.match(text, /login_as=ivan/)
  assert.match(text, /deny=1/)
  assert.ok(!text.includes('<script>'))
  assert.equal((await consent('da', { login_as: 'nobody' })).status, 404)
  assert.ok(backOf(await consent('da', { login_as: 'Newcomer', create: '1' }))['code'])
  assert.equal(simulator.people.find('newcomer')?.name, 'Newcomer')
})

test('with autoApprove the first person lets everybody in at once', async (t) => {
  const { control, consent } = await startPlatforms(t)
  await control('PATCH', 'switches', { autoApprove: true })
  assert.ok(backOf(await consent('da', {}))['code'])
})

test('a code is good once, for ten minutes, for its application and its address', async (t) => {
  const { consent, token, simulator } = await startPlatforms(t)
  const redirectUri = 'http://localhost:3000/auth/donationalerts/callback'
  const newCode = async () => backOf(await consent('da', { login_as: 'ivan' }))['code'] ?? ''
  const exchange = (code: string, fields: Record<string, string> = {}) =>
    token('da', { grant_type: 'authorization_code', code, redirect_uri: redirectUri, ...fields })

  const used = await newCode()
  assert.equal((await exchange(used)).status, 200)
  const refused = [
    await exchange(used),
    await exchange('nonsense'),
    await exchange(await newCode(), { redirect_uri: 'http://elsewhere/auth/donationalerts/callback' }),
    await exchange(await newCode(), { client_id: 'another' }),
  ]
  const late = await newCode()
  await simulator.clock.advance(600_000)
  refused.push(await exchange(late))
  assert.deepEqual(
    refused.map(({ status, body }) => [status, body['error']]),
    Array.from({ length: 5 }, () => [400, 'invalid_grant']),
  )
})

test('unknown applications, wrong secrets, foreign addresses and invented scopes are refused', async (t) => {
  const { consent, token, control } = await startPlatforms(t)
  const statusOf = async (fields: Record<string, string>) =>
    (await consent('da', { login_as: 'ivan', ...fields })).status
  assert.equal(await statusOf({ redirect_uri: 'http://localhost:3000/elsewhere' }), 401)
  assert.equal(await statusOf({ redirect_uri: 'javascript:alert(1)//auth/donationalerts/callback' }), 401)
  assert.equal(await statusOf({ redirect_uri: 'http://localhost:3000/auth/twitch/callback' }), 401)
  assert.equal(await statusOf({ scope: 'oauth-everything' }), 400)
  assert.equal(await statusOf({ response_type: 'banana' }), 400)
  assert.equal(await statusOf({ client_id: 'another' }), 302)
  await control('PATCH', 'switches', { strictApps: true })
  assert.equal(await statusOf({ client_id: 'another' }), 401)

  const wrong = await token('da', { grant_type: 'refresh_token', client_secret: 'wrong' })
  assert.deepEqual([wrong.status, wrong.body['error']], [401, 'invalid_client'])
  const none = await token('da', { grant_type: 'password' })
  assert.deepEqual([none.status, none.body['error']], [400, 'unsupported_grant_type'])
})

test('a refresh makes both tokens new and ends both old ones at once', async (t) => {
  const { signIn, refresh, ask } = await startPlatforms(t)
  const old = await signIn('da', 'ivan')
  const { status, body } = await refresh('da', old.refresh_token)
  assert.equal(status, 200)
  assert.notEqual(body['access_token'], old.access_token)
  assert.notEqual(body['refresh_token'], old.refresh_token)
  assert.equal((await ask('GET', PROFILE, { token: String(body['access_token']) })).status, 200)
  const refused = await ask('GET', PROFILE, { token: old.access_token })
  assert.deepEqual([refused.status, refused.body], [401, { message: 'Unauthenticated.' }])
  const dead = await refresh('da', old.refresh_token)
  assert.deepEqual(
    [dead.status, dead.body['error'], dead.body['hint']],
    [401, 'invalid_request', 'Token has been revoked'],
  )
})

test('with a grace window the old pair lives on for a while', async (t) => {
  const { signIn, refresh, ask, simulator } = await startPlatforms(t, { switches: { refreshGraceMs: 30_000 } })
  const old = await signIn('da', 'ivan')
  assert.equal((await refresh('da', old.refresh_token)).status, 200)
  assert.equal((await ask('GET', PROFILE, { token: old.access_token })).status, 200)
  assert.equal((await refresh('da', old.refresh_token)).status, 200)
  await simulator.clock.advance(30_000)
  assert.equal((await ask('GET', PROFILE, { token: old.access_token })).status, 401)
  assert.equal((await refresh('da', old.refresh_token)).status, 401)
})

test('an access token ends when its time is over, a refresh token does not', async (t) => {
  const { signIn, refresh, ask, simulator } = await startPlatforms(t, { switches: { daAccessTokenTtlS: 3_600 } })
  const tokens = await signIn('da', 'ivan')
  await simulator.clock.advance(3_600_000)
  assert.equal((await ask('GET', PROFILE, { token: tokens.access_token })).status, 401)
  assert.equal((await refresh('da', tokens.refresh_token)).status, 200)
})

for (const kill of ['access', 'refresh', 'both'] as const) {
  test(`tokens can die on demand: ${kill}; a new sign-in works again`, async (t) => {
    const { signIn, refresh, ask, control } = await startPlatforms(t)
    const [ivan, maria] = [await signIn('da', 'ivan'), await signIn('da', 'maria')]
    await control('POST', 'tokens', { platform: 'da', userId: '7', kill })
    assert.equal((await ask('GET', PROFILE, { token: ivan.access_token })).status, kill === 'refresh' ? 200 : 401)
    assert.equal((await refresh('da', ivan.refresh_token)).status, kill === 'access' ? 200 : 401)
    assert.equal((await refresh('da', maria.refresh_token)).status, 200)
    const again = await signIn('da', 'ivan')
    assert.equal((await ask('GET', PROFILE, { token: again.access_token })).status, 200)
  })
}

test('a refresh whose reply is lost has rotated all the same', async (t) => {
  const { signIn, refresh, control } = await startPlatforms(t)
  const { refresh_token: refreshToken } = await signIn('da', 'ivan')
  await control('POST', 'faults', { target: 'da.token', kind: 'reply-lost' })
  await assert.rejects(refresh('da', refreshToken))
  assert.equal((await refresh('da', refreshToken)).status, 401)
})

test('a refresh may ask for less than was granted, not for more', async (t) => {
  const { signIn, token, ask } = await startPlatforms(t)
  const { refresh_token: refreshToken } = await signIn('da', 'ivan')
  const asking = (scope: string, refresh_token: string) =>
    token('da', { grant_type: 'refresh_token', refresh_token, scope })
  assert.equal((await asking(`${DA_SCOPES} oauth-goal-subscribe`, refreshToken)).body['error'], 'invalid_scope')
  const { body } = await asking('oauth-user-show', refreshToken)
  const less = String(body['access_token'])
  assert.equal((await ask('GET', PROFILE, { token: less })).status, 200)
  assert.equal((await ask('GET', '/api/v1/alerts/donations', { token: less })).status, 403)
})

test('with a fixed key sign-ins outlive the simulator', async (t) => {
  const first = await startPlatforms(t, { signingKey: 'fixed' })
  const tokens = await first.signIn('da', 'ivan')
  const second = await startPlatforms(t, { signingKey: 'fixed' })
  assert.equal((await second.ask('GET', PROFILE, { token: tokens.access_token })).status, 200)
  assert.equal((await second.refresh('da', tokens.refresh_token)).status, 200)
  const stranger = await startPlatforms(t)
  assert.equal((await stranger.ask('GET', PROFILE, { token: tokens.access_token })).status, 401)
})
