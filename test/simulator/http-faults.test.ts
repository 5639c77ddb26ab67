import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import { eventually } from '../support/eventually.ts'
import { CLIENTS, startPlatforms, type SimulatedPlatforms, type Tokens } from '../support/simulated-platforms.ts'

const DONATIONS = '/api/v1/alerts/donations'

/** One good request to each place that can break. */
const requests: Record<
  string,
  (platforms: SimulatedPlatforms, da: Tokens, twitch: Tokens) => Promise<{ status: number }>
> = {
  'da.token': ({ refresh }, da) => refresh('da', da.refresh_token),
  'da.user': ({ ask }, da) => ask('GET', '/api/v1/user/oauth', { token: da.access_token }),
  'da.rest': ({ ask }, da) => ask('GET', DONATIONS, { token: da.access_token }),
  'da.subscribe': ({ ask }, da) =>
    ask('POST', '/api/v1/centrifuge/subscribe', {
      token: da.access_token,
      body: { channels: ['$alerts:donation_7'], client: 'c' },
    }),
  'da.authorize': ({ consent }) => consent('da', { login_as: 'ivan' }),
  'twitch.authorize': ({ consent }) => consent('twitch', { login_as: 'ivan' }),
  'twitch.token': ({ token }) => token('twitch', { grant_type: 'client_credentials' }),
  'twitch.validate': ({ ask }, _da, twitch) => ask('GET', '/oauth2/validate', { token: twitch.access_token }),
  'twitch.users': ({ ask }, _da, twitch) =>
    ask('GET', '/helix/users', { token: twitch.access_token, headers: { 'client-id': CLIENTS.twitch } }),
  'twitch.subscriptions': asApplication('GET', '/helix/eventsub/subscriptions'),
  'twitch.conduits': asApplication('GET', '/helix/eventsub/conduits'),
  'twitch.shards': asApplication('GET', '/helix/eventsub/conduits/shards'),
  'twitch.chat': ({ ask, simulator }, _da, twitch) => {
    simulator.twitch.authorizations.allow('107', CLIENTS.twitch, ['user:write:chat'])
    return ask('POST', '/helix/chat/messages', {
      token: twitch.access_token,
      headers: { 'client-id': CLIENTS.twitch },
      body: { broadcaster_id: '107', sender_id: '107', message: 'hi' },
    })
  },
}

/** With the application's own token, and a conduit to ask about. */
function asApplication(method: string, path: string): (platforms: SimulatedPlatforms) => Promise<{ status: number }> {
  return async ({ ask, simulator }) => {
    const client = CLIENTS.twitch
    const { twitch, twitchGrants } = simulator
    const { accessToken } = twitchGrants.issue({ user: null, client, scopes: [], ttlS: 60 })
    const conduit = twitch.conduits.of(client)[0] ?? twitch.conduits.create(client, 1)
    return ask(method, `${path}?conduit_id=${conduit?.id}`, { token: accessToken, headers: { 'client-id': client } })
  }
}

for (const [target, request] of Object.entries(requests)) {
  test(`${target} breaks as often as told, and no other place does`, async (t) => {
    const platforms = await startPlatforms(t)
    const [da, twitch] = [await platforms.signIn('da', 'ivan'), await platforms.signIn('twitch', 'ivan')]
    await platforms.control('POST', 'faults', { target, kind: '500', times: 2 })
    for (const [other, askOther] of Object.entries(requests))
      if (other !== target && other !== 'da.token')
        assert.ok((await askOther(platforms, da, twitch)).status < 400, other)
    const statuses = []
    for (let n = 0; n < 3; n++) statuses.push((await request(platforms, da, twitch)).status)
    assert.deepEqual(statuses.slice(0, 2), [500, 500])
    assert.ok((statuses[2] ?? 0) < 400)
  })
}

async function started(t: Parameters<typeof startPlatforms>[0]) {
  const platforms = await startPlatforms(t)
  const { access_token: token } = await platforms.signIn('da', 'ivan')
  return { ...platforms, list: () => platforms.ask('GET', DONATIONS, { token }) }
}

test('a storm of 429 lasts as long as told, with and without saying how long', async (t) => {
  const { control, list } = await started(t)
  await control('POST', 'faults', { target: 'da', kind: '429', durationMs: 20_000 })
  const { status, headers } = await list()
  assert.equal(status, 429)
  assert.ok(Number(headers.get('retry-after')) <= 20)
  await control('POST', 'clock', { advanceMs: 20_000 })
  assert.equal((await list()).status, 200)
  await control('POST', 'faults', { target: 'da.rest', kind: '429', retryAfter: false })
  assert.equal((await list()).headers.get('retry-after'), null)
})

test('HTML, emptiness and broken gateways look like themselves', async (t) => {
  const { control, list } = await started(t)
  const meet = async (kind: string) => {
    await control('POST', 'faults', { target: 'da.rest', kind })
    return list()
  }
  const page = await meet('html')
  assert.deepEqual([page.status, page.text.startsWith('<!DOCTYPE html>')], [200, true])
  const empty = await meet('empty')
  assert.deepEqual([empty.status, empty.text], [200, ''])
  const gateway = await meet('502')
  assert.deepEqual([gateway.status, gateway.text.includes('<html>')], [502, true])
})

test('a slow answer comes when its time is up, a hanging one never, a reset one breaks off', async (t) => {
  const { control, list, simulator } = await started(t)
  await control('POST', 'faults', { target: 'da.rest', kind: 'slow', delayMs: 30_000 })
  let status = 0
  const slow = list().then((answer) => (status = answer.status))
  await eventually('the request is there', () => simulator.log.all().at(-1)?.fault === 'slow')
  assert.equal(status, 0)
  await simulator.clock.advance(30_000)
  assert.equal(await slow, 200)

  for (const kind of ['reset', 'reply-lost']) {
    await control('POST', 'faults', { target: 'da.rest', kind })
    await assert.rejects(list())
  }
  await control('POST', 'faults', { target: 'da.rest', kind: 'hang' })
  let hasEnded = false
  const hanging = list().finally(() => (hasEnded = true))
  hanging.catch(() => {})
  await eventually('the request is there', () => simulator.log.all().at(-1)?.fault === 'hang')
  await simulator.clock.advance(600_000)
  assert.equal(hasEnded, false)
  await simulator.close()
  await assert.rejects(hanging, 'closing the simulator ends it')
  t.after(() => {})
})

test('the youngest fault comes first, and all of them can be called off', async (t) => {
  const { control, list } = await started(t)
  await control('POST', 'faults', { target: 'da', kind: '500', durationMs: 60_000 })
  await control('POST', 'faults', { target: 'da.rest', kind: '502', times: 1 })
  assert.deepEqual([(await list()).status, (await list()).status], [502, 500])
  await control('DELETE', 'faults')
  assert.equal((await list()).status, 200)
})

test('every request is on record: when, whose, where to, and what came of it', async (t) => {
  const { control, list, ask } = await started(t)
  await control('POST', 'faults', { target: 'da.rest', kind: '500' })
  await list()
  await control('POST', 'faults', { target: 'da.rest', kind: 'reset' })
  await assert.rejects(list())
  await ask('GET', DONATIONS, { token: 'nonsense' })
  const { requests, total } = await control('GET', 'requests?limit=3')
  const records = requests as Record<string, unknown>[]
  assert.deepEqual(
    records.map(({ application, user, endpoint, status, fault }) => ({ application, user, endpoint, status, fault })),
    [
      { application: CLIENTS.da, user: '7', endpoint: 'da.rest', status: 500, fault: '500' },
      { application: CLIENTS.da, user: '7', endpoint: 'da.rest', status: 0, fault: 'reset' },
      { application: null, user: null, endpoint: 'da.rest', status: 401, fault: null },
    ],
  )
  const times = records.map(({ at }) => Number(at))
  assert.deepEqual(
    times,
    times.toSorted((a, b) => a - b),
  )
  assert.equal(total, 5, 'consent, token, and these three')
})

test('malformed HTTP, foreign paths and huge bodies are refused, and nothing falls over', async (t) => {
  const { ask, url } = await startPlatforms(t)
  const { port } = new URL(url)
  for (const nonsense of [
    'NONSENSE\r\n\r\n',
    'GET //[ HTTP/1.1\r\nHost: x\r\n\r\n',
    'GET /nowhere HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n',
  ]) {
    const socket = connect(Number(port), '127.0.0.1')
    socket.setEncoding('utf8').end(nonsense)
    const [answer] = (await once(socket, 'data')) as [string]
    assert.match(answer, /^HTTP\/1\.1 40[04]/)
    socket.destroy()
  }
  assert.equal((await ask('GET', '/nowhere')).status, 404)
  const wrong = await ask('DELETE', '/oauth/token')
  assert.deepEqual([wrong.status, wrong.headers.get('allow')], [405, 'POST'])
  assert.equal((await ask('POST', '/oauth/token', { body: 'x'.repeat(5_000_000) })).status, 413)
  assert.equal((await ask('POST', '/oauth/token', { body: '{"a":' })).status, 401)
  assert.equal((await ask('GET', '/control/state')).status, 200)
})
