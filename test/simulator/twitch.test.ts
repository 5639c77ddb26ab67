import assert from 'node:assert/strict'
import { test } from 'node:test'
import { backOf, CLIENTS, startPlatforms } from '../support/simulated-platforms.ts'

const CLIENT_ID = { 'client-id': CLIENTS.twitch }

test('a person signs in, is validated and known to Helix', async (t) => {
  const { signIn, ask } = await startPlatforms(t)
  const tokens = await signIn('twitch', 'ivan', { scopes: 'channel:bot' })
  assert.equal(tokens.expires_in, 14_124)
  const validation = await ask('GET', '/oauth2/validate', {
    headers: { authorization: `OAuth ${tokens.access_token}` },
  })
  const { expires_in: expiresIn, ...who } = validation.body
  assert.deepEqual(who, { client_id: CLIENTS.twitch, login: 'ivan', scopes: ['channel:bot'], user_id: '107' })
  assert.ok(Number(expiresIn) > 14_000)

  const helix = await ask('GET', '/helix/users', { token: tokens.access_token, headers: CLIENT_ID })
  const [user] = helix.body['data'] as Record<string, unknown>[]
  assert.deepEqual([user?.['id'], user?.['login'], user?.['display_name']], ['107', 'ivan', 'Иван'])
  assert.deepEqual([helix.headers.get('ratelimit-limit'), helix.headers.get('ratelimit-remaining')], ['800', '799'])
})

test('the fields of a token request may stand in the query', async (t) => {
  const { ask } = await startPlatforms(t)
  const fields = `client_id=${CLIENTS.twitch}&client_secret=${CLIENTS.twitch}-secret&grant_type=client_credentials`
  assert.equal((await ask('POST', `/oauth2/token?${fields}`)).status, 200)
})

test('an application’s own token is nobody’s, cannot be refreshed, and may look others up', async (t) => {
  const { token, ask } = await startPlatforms(t)
  const { body } = await token('twitch', { grant_type: 'client_credentials' })
  assert.ok(!('refresh_token' in body))
  const own = String(body['access_token'])
  const validation = await ask('GET', '/oauth2/validate', { token: own })
  assert.deepEqual([validation.body['login'], validation.body['user_id']], [null, null])
  assert.equal((await ask('GET', '/helix/users', { token: own, headers: CLIENT_ID })).status, 400)
  const found = await ask('GET', '/helix/users?id=107&login=maria&login=ivan&id=1', { token: own, headers: CLIENT_ID })
  assert.deepEqual(
    (found.body['data'] as { login: string }[]).map(({ login }) => login),
    ['ivan', 'maria'],
  )
  const many = Array.from({ length: 101 }, (_, id) => `id=${id}`).join('&')
  assert.equal((await ask('GET', `/helix/users?${many}`, { token: own, headers: CLIENT_ID })).status, 400)
})

test('an application’s own token ends by time, or before it, and another is to be had at once', async (t) => {
  const { token, ask, control, simulator, signIn } = await startPlatforms(t, { switches: { twitchAppTokenTtlS: 60 } })
  const own = async () => String((await token('twitch', { grant_type: 'client_credentials' })).body['access_token'])
  const isGood = async (used: string) => (await ask('GET', '/oauth2/validate', { token: used })).status === 200
  const { access_token: personal } = await signIn('twitch', 'ivan')
  const first = await own()
  await control('POST', 'twitch/end-app-tokens', {})
  const second = await own()
  assert.deepEqual([await isGood(first), await isGood(second), await isGood(personal)], [false, true, true])
  await simulator.clock.advance(60_000)
  assert.deepEqual([await isGood(second), await isGood(personal)], [false, true])
})

test('Helix checks the token and whose it is', async (t) => {
  const { signIn, ask } = await startPlatforms(t)
  const { access_token: token } = await signIn('twitch', 'ivan')
  for (const [options, message] of [
    [{}, 'OAuth token is missing'],
    [{ token: 'nonsense', headers: CLIENT_ID }, 'Invalid OAuth token'],
    [{ token }, 'Client ID is missing'],
    [{ token, headers: { 'client-id': 'another' } }, 'Client ID and OAuth token do not match'],
  ] as const) {
    const { status, body } = await ask('GET', '/helix/users', options)
    assert.deepEqual([status, body['message']], [401, message])
  }
})

test('Helix has 800 points a minute, which come back little by little', async (t) => {
  const { signIn, ask, simulator } = await startPlatforms(t)
  const { access_token: token } = await signIn('twitch', 'ivan')
  const look = () => ask('GET', '/helix/users', { token, headers: CLIENT_ID })
  const statuses = await Promise.all(Array.from({ length: 900 }, async () => (await look()).status))
  assert.ok(statuses.includes(429))
  assert.ok(statuses.filter((status) => status === 200).length >= 800)
  await simulator.clock.advance(60_000)
  assert.equal((await look()).status, 200)
})

for (const status of [400, 401]) {
  test(`a refresh rotates, and a dead refresh token is refused with ${status}`, async (t) => {
    const { signIn, refresh, ask, control } = await startPlatforms(t)
    await control('PATCH', 'switches', { twitchDeadRefreshStatus: status })
    const old = await signIn('twitch', 'ivan')
    const { body } = await refresh('twitch', old.refresh_token)
    assert.notEqual(body['refresh_token'], old.refresh_token)
    const still = await ask('GET', '/oauth2/validate', { token: old.access_token })
    assert.equal(still.status, 200, 'the old access token lives on to its end')
    const dead = await refresh('twitch', old.refresh_token)
    assert.deepEqual(
      [dead.status, dead.body],
      [status, { error: status === 400 ? 'Bad Request' : 'Unauthorized', status, message: 'Invalid refresh token' }],
    )
  })
}

test('rotation can be switched off', async (t) => {
  const { signIn, refresh } = await startPlatforms(t, { switches: { twitchRefreshRotates: false } })
  const old = await signIn('twitch', 'ivan')
  for (let round = 0; round < 2; round++) {
    const { body, status } = await refresh('twitch', old.refresh_token)
    assert.deepEqual([status, body['refresh_token']], [200, old.refresh_token])
  }
})

test('a token ends by time, by revocation and on demand', async (t) => {
  const { signIn, ask, control, refresh, simulator } = await startPlatforms(t)
  const isGood = async (token: string) => {
    const { status, body } = await ask('GET', '/oauth2/validate', { token })
    if (status === 401) assert.deepEqual(body, { status: 401, message: 'invalid access token' })
    return status === 200
  }
  const [first, second, third] = [
    await signIn('twitch', 'ivan'),
    await signIn('twitch', 'ivan'),
    await signIn('twitch', 'maria'),
  ]
  const revoke = (token: string) =>
    ask('POST', '/oauth2/revoke', { body: new URLSearchParams({ client_id: CLIENTS.twitch, token }) })
  assert.equal((await revoke(first.access_token)).status, 200)
  assert.deepEqual([await isGood(first.access_token), await isGood(second.access_token)], [false, true])
  const again = await revoke(first.access_token)
  assert.deepEqual([again.status, again.body['message']], [400, 'Invalid token'])

  await control('POST', 'tokens', { platform: 'twitch', userId: '107', kill: 'both' })
  assert.deepEqual([await isGood(second.access_token), await isGood(third.access_token)], [false, true])
  assert.equal((await refresh('twitch', second.refresh_token)).status, 400)

  await simulator.clock.advance(14_124_000)
  assert.equal(await isGood(third.access_token), false)
})

test('Twitch refuses what it does not know', async (t) => {
  const { consent, token, control } = await startPlatforms(t)
  const foreign = await consent('twitch', { login_as: 'ivan', redirect_uri: 'http://localhost/elsewhere' })
  assert.deepEqual(
    [foreign.status, foreign.body['message']],
    [400, 'Parameter redirect_uri does not match registered URI'],
  )
  assert.equal(backOf(await consent('twitch', { deny: '1' }))['error'], 'access_denied')
  for (const [fields, status, message] of [
    [{ client_secret: 'wrong' }, 403, 'invalid client secret'],
    [{ grant_type: 'password' }, 400, 'invalid grant type'],
    [{ grant_type: 'authorization_code', code: 'x', redirect_uri: 'y' }, 400, 'Invalid authorization code'],
    [{ client_id: '' }, 400, 'missing client id'],
  ] as const) {
    const { body, status: got } = await token('twitch', fields)
    assert.deepEqual([got, body['message']], [status, message])
  }
  await control('PATCH', 'switches', { strictApps: true })
  assert.equal((await token('twitch', { client_id: 'another', grant_type: 'client_credentials' })).status, 400)
})
