import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { createHelix } from '../../src/platforms/twitch/helix.ts'
import { createTwitchOAuth } from '../../src/platforms/twitch/oauth.ts'
import { startSimulator } from '../../simulator/simulator.ts'
import { createTestRequest, failureOf } from '../support/platform-request.ts'
import { codeOf, createControl } from '../support/simulated-streamer.ts'

const APPLICATION = 'chatfolk-twitch'
const CALLBACK = 'http://127.0.0.1:3000/auth/twitch/callback'

async function signIn(t: TestContext) {
  const simulator = await startSimulator({ port: 0 })
  t.after(() => simulator.close())
  const { url } = simulator
  const control = createControl(url)
  const person = await control<{ twitchId: string }>('POST', '/control/streamers', { login: 'ivan', name: 'Иван' })
  const applications = new Map([[APPLICATION, `${APPLICATION}-secret`]])
  const oauth = createTwitchOAuth({ authUrl: `${url}/oauth2`, applications, request: createTestRequest() })
  const helix = createHelix({ apiUrl: `${url}/helix`, clientId: APPLICATION, request: createTestRequest() })
  const consent = oauth.authorizeUrl({ application: APPLICATION, redirectUri: CALLBACK, state: 's', scopes: [] })
  const code = await codeOf(`${consent}&login_as=ivan`)
  const tokens = await oauth.exchangeCode({ application: APPLICATION, redirectUri: CALLBACK, code })
  return { control, oauth, helix, tokens, twitchId: person.twitchId, code }
}

test('a streamer signs in, is known by name, and signs out', async (t) => {
  const { oauth, helix, tokens, twitchId } = await signIn(t)
  const { accessToken } = tokens
  const owner = await oauth.validate(accessToken)
  assert.deepEqual([owner.userId, owner.login, owner.scopes], [twitchId, 'ivan', []])
  const me = await helix.me(accessToken)
  assert.deepEqual([me.id, me.login, me.name], [twitchId, 'ivan', 'Иван'])
  await oauth.revoke({ application: APPLICATION, accessToken })
  await oauth.revoke({ application: APPLICATION, accessToken })
  assert.equal((await failureOf(oauth.validate(accessToken))).code, 'platform-auth')
  assert.equal((await failureOf(helix.me(accessToken))).code, 'platform-auth')
})

test('a code is good once', async (t) => {
  const { oauth, code } = await signIn(t)
  const failure = await failureOf(oauth.exchangeCode({ application: APPLICATION, redirectUri: CALLBACK, code }))
  assert.deepEqual([failure.code, failure.reason], ['oauth-failed', 'invalid authorization code'])
})

for (const twitchDeadRefreshStatus of [400, 401]) {
  test(`tokens are refreshed until the refresh token dies, said with ${twitchDeadRefreshStatus}`, async (t) => {
    const { oauth, tokens, control, twitchId } = await signIn(t)
    await control('PATCH', '/control/switches', { twitchDeadRefreshStatus })
    const refresh = (refreshToken: string | null) =>
      oauth.refresh({ application: APPLICATION, refreshToken: refreshToken ?? assert.fail() })
    const renewed = await refresh(tokens.refreshToken)
    await control('POST', '/control/faults', { target: 'twitch.token', kind: '500', times: 1 })
    assert.equal((await failureOf(refresh(renewed.refreshToken))).code, 'platform-server')
    await control('POST', '/control/tokens', { platform: 'twitch', userId: twitchId, kill: 'both' })
    assert.equal((await failureOf(refresh(renewed.refreshToken))).code, 'platform-auth')
    assert.equal((await failureOf(oauth.validate(renewed.accessToken))).code, 'platform-auth')
  })
}
