import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DEFAULT_SWITCHES } from '../../simulator/switches.ts'
import { eventually } from '../support/eventually.ts'
import { startPlatforms } from '../support/simulated-platforms.ts'

test('a streamer is somebody on both platforms; ids are made up, or taken as given', async (t) => {
  const { control, ask } = await startPlatforms(t)
  const made = await control('POST', 'streamers', { login: 'anna', name: 'Анна' })
  assert.deepEqual(Object.keys(made), ['twitchId', 'login', 'name', 'daId', 'daName'])
  assert.match(String(made['twitchId']), /^\d+$/)
  assert.match(String(made['daId']), /^\d+$/)
  const given = { twitchId: '5', login: 'bob', name: 'Bob', daId: '6', daName: 'Bobby' }
  assert.deepEqual(await control('POST', 'streamers', given), given)
  const { streamers } = await control('GET', 'streamers')
  assert.equal((streamers as unknown[]).length, 4)
  for (const field of ['twitchId', 'login', 'daId'] as const) {
    const fresh = { login: 'carl', name: 'Carl' }
    const { status, body } = await ask('POST', '/control/streamers', { body: { ...fresh, [field]: given[field] } })
    const [error] = body['errors'] as { path: string }[]
    assert.deepEqual([status, error?.path], [400, field])
  }
})

for (const [method, path, body, complaint] of [
  ['POST', 'streamers', { login: 'Big Letters', name: 'x' }, 'login'],
  ['POST', 'streamers', { login: 'x' }, 'name'],
  ['POST', 'donations', { daId: 999 }, 'daId'],
  ['POST', 'donations', { daId: 7, count: 10_001 }, 'count'],
  ['POST', 'donations', { daId: 7, push: 'sometimes' }, 'push'],
  ['POST', 'donations', { daId: 7, createdAt: '2026-13-41 00:00:00' }, 'createdAt'],
  ['POST', 'donations', { daId: 7, amount: -1 }, 'amount'],
  ['POST', 'donations', { daId: 7, ammount: 1 }, 'ammount'],
  ['POST', 'donations', [], ''],
  ['POST', 'donations', '{"daId":', ''],
  ['POST', 'reorder', { daId: 7 }, 'hold'],
  ['POST', 'epoch', {}, 'daId'],
  ['POST', 'publish', { channel: '$nowhere:1', data: 1 }, 'channel'],
  ['POST', 'sockets/close', { all: true, code: 1005 }, 'code'],
  ['POST', 'sockets/close', { all: true, code: 99 }, 'code'],
  ['POST', 'sockets/close', { code: 3000 }, 'daId'],
  ['POST', 'sockets/close', { daId: 7, all: true, code: 3000 }, 'daId'],
  ['POST', 'sockets/close', { all: true, code: 3000, reason: 'ё'.repeat(80) }, 'reason'],
  ['POST', 'sockets/half-open', { all: 'yes' }, 'all'],
  ['POST', 'faults', { target: 'da.rest', kind: 'flood' }, 'kind'],
  ['POST', 'faults', { target: 'mars', kind: '500' }, 'target'],
  ['POST', 'tokens', { platform: 'da', userId: '999', kill: 'both' }, 'userId'],
  ['POST', 'streamers', { count: 20_001 }, 'count'],
  ['POST', 'streamers', { count: 2, scopes: 'A;B' }, 'scopes'],
  ['POST', 'twitch/viewers', {}, 'login'],
  ['POST', 'twitch/viewers', { login: 'x', count: 2 }, 'login'],
  ['POST', 'twitch/viewers', { login: 'x', color: 'red' }, 'color'],
  ['POST', 'twitch/viewers', { login: 'ivan' }, 'login'],
  ['POST', 'twitch/say', { as: 'ivan', text: 'x' }, 'channel'],
  ['POST', 'twitch/say', { channel: 'nobody', as: 'ivan', text: 'x' }, 'channel'],
  ['POST', 'twitch/say', { channel: 'ivan', channels: ['ivan'], as: 'ivan', text: 'x' }, 'channel'],
  ['POST', 'twitch/say', { channel: 'ivan', as: '555', text: 'x' }, 'as'],
  ['POST', 'twitch/say', { channel: 'ivan', as: 'ivan', text: '' }, 'text'],
  ['POST', 'twitch/say', { channel: 'ivan', as: 'ivan', text: 'x', count: 0 }, 'count'],
  ['POST', 'twitch/say', { channel: 'ivan', as: 'ivan', text: 'x', badges: [{ id: '1' }] }, 'badges'],
  ['POST', 'twitch/say', { channel: 'ivan', as: 'ivan', text: 'x', messageType: 'shout' }, 'messageType'],
  ['POST', 'twitch/say', { channel: 'ivan', as: 'ivan', text: 'x', replyTo: '"' }, 'replyTo'],
  ['POST', 'twitch/say', { channel: 'ivan', as: 'ivan', text: 'x', emotes: { a: 1 } }, 'emotes'],
  ['POST', 'twitch/delete-message', { id: 'unknown' }, 'id'],
  ['POST', 'twitch/ban', { channel: 'ivan', user: 'nobody' }, 'user'],
  ['POST', 'twitch/standing', { channel: 'ivan', user: 'maria', vip: 1 }, 'vip'],
  ['POST', 'twitch/notice', { channel: 'ivan', as: 'maria', type: 'party' }, 'type'],
  ['POST', 'twitch/stream', { channel: 'ivan' }, 'live'],
  ['POST', 'twitch/revoke', { user: 'ivan', status: 'bored' }, 'status'],
  ['POST', 'twitch/refusals', { channel: 'ivan' }, 'code'],
  ['POST', 'twitch/refusals', { code: 'x', status: 403 }, 'code'],
  ['POST', 'twitch/subscriptions/end', { status: 'enabled' }, 'status'],
  ['POST', 'twitch/conduits/delete', { id: 'x' }, 'id'],
  ['POST', 'twitch/sockets/close', { code: 4000 }, 'shard'],
  ['POST', 'twitch/sockets/close', { all: true, shard: '0', code: 4000 }, 'shard'],
  ['POST', 'twitch/sockets/close', { all: true, code: 1005 }, 'code'],
  ['POST', 'twitch/sockets/half-open', { shard: 0 }, 'shard'],
  ['POST', 'twitch/load', { channels: 50, perSecond: 1, durationMs: 1 }, 'channels'],
  ['POST', 'twitch/load', { channels: ['ivan'], perSecond: 1, durationMs: 1, commandShare: 2 }, 'commandShare'],
  ['POST', 'twitch/load', { channels: ['ivan'], perSecond: 1, durationMs: 1, commands: [] }, 'commands'],
  ['GET', 'twitch/sent?channel=nobody', undefined, 'channel'],
  ['GET', 'twitch/messages?limit=x', undefined, 'limit'],
  ['PATCH', 'switches', { recovery: 'off' }, 'recovery'],
  ['PATCH', 'switches', { retryShard: 'best' }, 'retryShard'],
  ['PATCH', 'switches', { warpDrive: true }, 'warpDrive'],
  ['POST', 'clock', { advanceMs: -1 }, 'advanceMs'],
  ['GET', 'requests?limit=x', undefined, 'limit'],
] as const) {
  test(`${method} ${path} ${JSON.stringify(body)?.slice(0, 60)} is refused, and told what is wrong`, async (t) => {
    const { ask } = await startPlatforms(t)
    const { status, body: reply } = await ask(method, `/control/${path}`, { body })
    assert.equal(status, 400)
    assert.deepEqual(
      (reply['errors'] as { path: string }[]).map((error) => error.path),
      [complaint],
    )
    assert.ok(String(reply['message']).length > 10)
  })
}

test('many streamers come at once, with what they have allowed and with tokens', async (t) => {
  const { control, ask, simulator } = await startPlatforms(t)
  const wanted = { count: 3, prefix: 's', scopes: 'channel:bot user:bot', tokens: true }
  const { streamers } = await control('POST', 'streamers', wanted)
  const [first, ...others] = streamers as Record<string, string>[]
  assert.deepEqual([first?.['login'], others.length], ['s1', 2])
  const { body } = await ask('GET', '/oauth2/validate', { token: first?.['accessToken'] ?? '' })
  assert.deepEqual([body['login'], body['scopes']], ['s1', ['channel:bot', 'user:bot']])
  assert.ok(simulator.twitch.authorizations.has(first?.['twitchId'] ?? '', 'chatfolk-twitch', 'channel:bot'))
  assert.equal((await ask('POST', '/control/streamers', { body: wanted })).status, 400, 'they are there already')
})

test('many viewers come at once, each with a colour of their own', async (t) => {
  const { control } = await startPlatforms(t)
  await control('POST', 'twitch/viewers', { count: 30, prefix: 'v' })
  await control('POST', 'twitch/viewers', { login: 'pale', name: 'Бледный', color: '' })
  const { viewers } = (await control('GET', 'twitch/viewers')) as { viewers: Record<string, string>[] }
  assert.equal(viewers.length, 31)
  assert.ok(new Set(viewers.map(({ color }) => color)).size > 10)
  assert.deepEqual([viewers[0]?.['login'], viewers[29]?.['login'], viewers[30]?.['color']], ['v1', 'v30', ''])
})

test('a refused change of switches changes none of them', async (t) => {
  const { ask, control } = await startPlatforms(t)
  await ask('PATCH', '/control/switches', { body: { recovery: false, historySize: 'x' } })
  assert.deepEqual(await control('GET', 'switches'), { ...DEFAULT_SWITCHES })
  const turned = { recovery: false, historySize: 3, subscribeReply: 'empty', socketTokenTtlS: null }
  assert.deepEqual(await control('PATCH', 'switches', turned), { ...DEFAULT_SWITCHES, ...turned })
})

test('pages of other sites may not control the simulator, its own may', async (t) => {
  const { ask, url } = await startPlatforms(t)
  const reset = (origin: string) => ask('POST', '/control/reset', { body: {}, headers: { origin } })
  assert.equal((await reset('https://evil.example')).status, 403)
  assert.equal((await reset('null')).status, 403)
  assert.equal((await reset(url)).status, 200)
})

test('the state tells who is there, who listens, and what is broken', async (t) => {
  const { control, listen } = await startPlatforms(t)
  const { client } = await listen('7')
  await control('POST', 'donations', { daId: 7, count: 3 })
  await control('POST', 'faults', { target: 'da.rest', kind: '500' })
  const { streamers, sockets, donations, faults } = await control('GET', 'state')
  const [ivan, maria] = streamers as Record<string, unknown>[]
  assert.deepEqual([ivan?.['donations'], ivan?.['sockets'], ivan?.['listeners']], [3, 1, 1])
  assert.match(JSON.stringify(ivan?.['position']), /^{"seq":3,"epoch":"\w{4}"}$/)
  assert.equal(maria?.['sockets'], 0)
  const [socket] = sockets as Record<string, unknown>[]
  assert.deepEqual([socket?.['client'], socket?.['channels']], [client, ['$alerts:donation_7']])
  assert.deepEqual([donations, faults], [3, [{ target: 'da.rest', kind: '500' }]])
})

test('every donation is on record with its way', async (t) => {
  const { control, listen } = await startPlatforms(t)
  await listen('7')
  const { ids } = await control('POST', 'donations', { daId: 7, count: 2, push: 'duplicate', amount: '12.50' })
  const { ids: dropped } = await control('POST', 'donations', { daId: 8, push: 'drop', restDelayMs: 5_000 })
  const { donations } = await control('GET', 'donations')
  const [first, second, third] = donations as Record<string, unknown>[]
  assert.deepEqual([first?.['id'], second?.['id'], third?.['id']], [...(ids as number[]), ...(dropped as number[])])
  assert.deepEqual([first?.['seqs'], second?.['seqs'], third?.['seqs']], [[1, 2], [3, 4], []])
  assert.deepEqual([first?.['listeners'], first?.['amount'], third?.['listeners']], [1, '12.50', 0])
  assert.equal(Math.round(Number(third?.['listedAt']) - Number(third?.['at'])), 5_000)
  assert.equal(((await control('GET', 'donations?daId=8'))['donations'] as unknown[]).length, 1)
})

test('anything can be published to any channel that there is', async (t) => {
  const { control, simulator } = await startPlatforms(t)
  assert.deepEqual(await control('POST', 'publish', { channel: '$goals:goal_1', data: { id: 1 } }), { seq: 1 })
  assert.deepEqual(await control('POST', 'publish', { channel: '$nohist:a', data: null }), { seq: null })
  assert.deepEqual(simulator.channels.history('$goals:goal_1'), [{ seq: 1, data: '{"id":1}' }])
})

test('a reset forgets everything but the time', async (t) => {
  const { control, listen, signIn, ask, simulator } = await startPlatforms(t)
  const socket = await listen('7')
  const { access_token: token } = await signIn('da', 'ivan')
  await control('POST', 'donations', { daId: 7, count: 3 })
  await control('PATCH', 'switches', { recovery: false })
  await control('POST', 'faults', { target: 'twitch', kind: '500', durationMs: 100_000 })
  await control('POST', 'reset')
  assert.equal((await socket.closed).code, 1006)
  const state = await control('GET', 'state')
  for (const part of ['streamers', 'sockets', 'faults']) assert.deepEqual(state[part], [], part)
  assert.deepEqual([state['donations'], simulator.switches.recovery], [0, true])
  assert.equal((await ask('GET', '/api/v1/user/oauth', { token })).status, 401)
})

test('ids of donations grow over restarts, so that none comes twice', async (t) => {
  const idOf = async () => {
    const { control } = await startPlatforms(t)
    const { ids } = await control('POST', 'donations', { daId: 7, count: 100 })
    return ids as number[]
  }
  const before = await idOf()
  const after = await idOf()
  assert.ok(Math.max(...before) < Math.min(...after))
})

test('the control page and its parts are served', async (t) => {
  const { ask } = await startPlatforms(t)
  const page = await ask('GET', '/')
  assert.match(page.headers.get('content-security-policy') ?? '', /script-src 'self'/)
  for (const [, path] of page.text.matchAll(/(?:href|src)="(\/[^"]+)"/g)) {
    const part = await ask('GET', path ?? '')
    assert.deepEqual([part.status, part.text.length > 100], [200, true], path)
  }
})

test('in the demo a listener is given something after 2 s and then every 8 to 12 s, until nobody listens', async (t) => {
  const { simulator, listen } = await startPlatforms(t, { demo: true, seed: 5 })
  assert.deepEqual(simulator.people.byTwitchId('1001'), {
    twitchId: '1001',
    login: 'demo',
    name: 'DemoStreamer',
    daId: '7001',
    daName: 'DemoStreamer',
  })
  await simulator.clock.advance(60_000)
  assert.equal(simulator.donations.total(), 0)
  const socket = await listen('7001')
  await simulator.clock.advance(1_500)
  assert.equal(simulator.donations.total(), 0)
  await simulator.clock.advance(600)
  assert.equal(simulator.donations.total(), 1)
  await simulator.clock.advance(3_600_000)
  const records = simulator.donations.records('7001')
  assert.ok(records.length >= 300 && records.length <= 450, String(records.length))
  for (const [index, { at }] of records.slice(1).entries()) {
    const pause = at - (records[index]?.at ?? 0)
    assert.ok(pause > 7_900 && pause < 12_500, `${pause} ms`)
  }
  const currencies = records.map(({ currency }) => currency)
  assert.ok(new Set(currencies).size >= 5)
  assert.ok(currencies.filter((currency) => currency === 'RUB').length > records.length / 3)
  assert.ok(records.some(({ username }) => username === null))

  socket.terminate()
  await eventually('nobody listens', () => simulator.sockets.sessions().length === 0)
  await simulator.clock.advance(600_000)
  const left = simulator.donations.total()
  assert.ok(left - records.length <= 12, 'it stops after a minute')
  await listen('7001')
  await simulator.clock.advance(2_500)
  assert.equal(simulator.donations.total(), left + 1, 'and goes on with the next listener')
})

test('whoever started the demo may hold its evening: nobody donates before an audience that is not there', async (t) => {
  const { simulator, listen } = await startPlatforms(t, { demo: true, seed: 5 })
  await listen('7001')
  await simulator.clock.advance(2_100)
  process.emit('message', { hold: true }, undefined)
  await simulator.clock.advance(600_000)
  assert.equal(simulator.donations.total(), 1)
  process.emit('message', { hold: false }, undefined)
  await simulator.clock.advance(1_100)
  assert.equal(simulator.donations.total(), 2)
})
