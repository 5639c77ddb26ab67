import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CHAT_SCOPES, startTwitch, type SimulatedTwitch } from '../support/simulated-twitch.ts'

const MESSAGE = 'channel.chat.message'

async function withConduit(t: Parameters<typeof startTwitch>[0], options: Parameters<typeof startTwitch>[1] = {}) {
  const twitch = await startTwitch(t, options)
  const made = await twitch.helix('POST', 'eventsub/conduits', { shard_count: 1 })
  const [conduit] = made.body['data'] as { id: string }[]
  return { ...twitch, conduit: conduit?.id ?? assert.fail() }
}

const listOf = async ({ helix }: SimulatedTwitch, query = '') => {
  const { body, status, text } = await helix('GET', `eventsub/subscriptions${query}`)
  assert.equal(status, 200, text)
  return body as { data: Record<string, unknown>[]; pagination: { cursor?: string }; total: number; total_cost: number }
}

test('a subscription is made once: the second time Twitch says which one is there', async (t) => {
  const { subscribe, conduit } = await withConduit(t)
  const made = await subscribe(conduit, MESSAGE)
  assert.equal(made.status, 202)
  const [subscription] = made.body['data'] as Record<string, unknown>[]
  const { id, created_at: createdAt, ...rest } = subscription ?? {}
  assert.match(String(createdAt), /\.\d{9}Z$/)
  assert.deepEqual(rest, {
    status: 'enabled',
    type: MESSAGE,
    version: '1',
    condition: { broadcaster_user_id: '107', user_id: '107' },
    transport: { method: 'conduit', conduit_id: conduit },
    cost: 0,
  })
  const { total, total_cost: cost, max_total_cost: max } = made.body
  assert.deepEqual([total, cost, max], [1, 0, 10_000])
  const again = await subscribe(conduit, MESSAGE, { user_id: '107', broadcaster_user_id: '107' })
  assert.deepEqual([again.status, again.body['error'], again.body['id']], [409, 'Conflict', id])
})

test('the same type and condition may be subscribed to three times, by other conduits; the fourth is a quota', async (t) => {
  const twitch = await withConduit(t)
  const statuses = []
  for (let n = 0; n < 4; n++) {
    const made = await twitch.helix('POST', 'eventsub/conduits', { shard_count: 1 })
    const [conduit] = made.body['data'] as { id: string }[]
    const { status, body } = await twitch.subscribe(conduit?.id ?? '', MESSAGE)
    statuses.push(status === 202 ? 202 : [status, body['message']])
  }
  assert.deepEqual(statuses, [202, 202, 202, [429, 'maximum subscriptions with type and condition exceeded']])
})

for (const [what, given, status, words] of [
  ['an unknown type', { type: 'channel.chat.song' }, 400, /invalid subscription type/],
  ['a version that never was', { version: '7' }, 400, /invalid version/],
  ['a version that was taken away', { type: 'channel.follow', version: '1' }, 410, /no longer available/],
  ['a condition without the reader', { condition: { broadcaster_user_id: '107' } }, 400, /"user_id" is missing/],
  ['a field that is none', { condition: { broadcaster_user_id: '107', user_id: '107', x: '1' } }, 400, /unknown field/],
  ['a number instead of text', { condition: { broadcaster_user_id: 107, user_id: '107' } }, 400, /must be a string/],
  ['nobody’s channel', { condition: { broadcaster_user_id: '5', user_id: '107' } }, 400, /does not exist/],
  ['another conduit', { transport: { method: 'conduit', conduit_id: 'x' } }, 400, /conduit not found/],
  ['a socket as transport', { transport: { method: 'websocket', session_id: 'x' } }, 400, /no transport "websocket"/],
  ['a raid in both directions', { type: 'channel.raid', condition: {} }, 400, /exactly one of/],
] as const) {
  test(`a subscription with ${what} is refused with ${status}`, async (t) => {
    const { helix, conduit } = await withConduit(t)
    const answer = await helix('POST', 'eventsub/subscriptions', {
      type: MESSAGE,
      version: '1',
      condition: { broadcaster_user_id: '107', user_id: '107' },
      transport: { method: 'conduit', conduit_id: conduit },
      ...given,
    })
    assert.equal(answer.status, status, answer.text)
    assert.match(String(answer.body['message']), words)
  })
}

test('chat is read with the reader’s scopes, and the channel’s or a moderator’s place in it', async (t) => {
  const twitch = await withConduit(t)
  const { conduit, control } = twitch
  const subscribe = async (broadcaster: string, reader: string) =>
    (await twitch.subscribe(conduit, MESSAGE, { broadcaster_user_id: broadcaster, user_id: reader })).status
  assert.equal(await subscribe('108', '107'), 403, 'Maria lets no bot in')
  await control('POST', 'twitch/standing', { channel: 'maria', user: 'ivan', moderator: true })
  assert.equal(await subscribe('108', '107'), 202, 'Ivan is her moderator')
  assert.equal(await subscribe('108', '108'), 403, 'Maria has allowed nothing')
  await control('POST', 'twitch/allow', { user: 'maria', scopes: 'user:read:chat' })
  assert.equal(await subscribe('108', '108'), 403, 'user:bot is missing')
  await control('POST', 'twitch/allow', { user: 'maria', scopes: 'user:bot' })
  assert.equal(await subscribe('108', '108'), 202, 'consents add up; one’s own channel needs no channel:bot')
  assert.equal(await subscribe('107', '108'), 202, 'Ivan lets bots in')
  await control('POST', 'twitch/viewers', { login: 'troll' })
  await control('POST', 'twitch/allow', { user: 'troll', scopes: CHAT_SCOPES })
  await control('POST', 'twitch/ban', { channel: 'ivan', user: 'troll' })
  const { id } = twitch.simulator.twitch.chatters.find('troll') ?? assert.fail()
  assert.equal(await subscribe('107', id), 403, 'whoever is banned reads nothing')
})

test('a consent on Twitch’s own page counts', async (t) => {
  const { subscribe, conduit, signIn } = await withConduit(t)
  const condition = { broadcaster_user_id: '108', user_id: '108' }
  assert.equal((await subscribe(conduit, MESSAGE, condition)).status, 403)
  await signIn('twitch', 'maria', { scopes: CHAT_SCOPES })
  assert.equal((await subscribe(conduit, MESSAGE, condition)).status, 202)
})

test('conduits are for the application by itself: a person’s token is refused', async (t) => {
  const { helix, signIn, conduit } = await withConduit(t)
  const { access_token: token } = await signIn('twitch', 'ivan', { scopes: CHAT_SCOPES })
  const transport = { method: 'conduit', conduit_id: conduit }
  const condition = { broadcaster_user_id: '107', user_id: '107' }
  const create = { type: MESSAGE, version: '1', condition, transport }
  for (const [method, path, body] of [
    ['POST', 'eventsub/subscriptions', create],
    ['GET', 'eventsub/subscriptions', undefined],
    ['DELETE', 'eventsub/subscriptions?id=1', undefined],
    ['GET', 'eventsub/conduits', undefined],
    ['POST', 'eventsub/conduits', { shard_count: 1 }],
    ['PATCH', 'eventsub/conduits', { id: conduit, shard_count: 1 }],
    ['DELETE', `eventsub/conduits?id=${conduit}`, undefined],
    ['GET', `eventsub/conduits/shards?conduit_id=${conduit}`, undefined],
    ['PATCH', 'eventsub/conduits/shards', { conduit_id: conduit, shards: [] }],
  ] as const)
    assert.equal((await helix(method, path, body, token)).status, 401, `${method} ${path}`)
})

test('public events cost one each, and nothing about people who have allowed anything', async (t) => {
  const twitch = await withConduit(t)
  const { conduit, subscribe } = twitch
  const costs = []
  for (const channel of ['107', '108']) {
    const { body } = await subscribe(conduit, 'stream.online', { broadcaster_user_id: channel })
    costs.push((body['data'] as { cost: number }[])[0]?.cost)
  }
  assert.deepEqual(costs, [0, 1])
  assert.equal((await listOf(twitch)).total_cost, 1)
})

test('what is over the total cost is refused, and what is deleted gives its cost back', async (t) => {
  const twitch = await withConduit(t)
  const { conduit, subscribe, control, helix, simulator } = twitch
  await control('POST', 'streamers', { count: 5_001, prefix: 's' })
  const { subscriptions } = simulator.twitch
  const client = 'chatfolk-twitch'
  const strangers = simulator.people.all().slice(2)
  for (const type of ['stream.online', 'stream.offline'])
    for (const { twitchId } of strangers.slice(0, 5_000)) {
      const condition = { broadcaster_user_id: twitchId }
      const made = subscriptions.create({ client, type, version: '1', condition, conduitId: conduit, cost: 1 })
      assert.ok('made' in made)
    }
  const one = { broadcaster_user_id: strangers.at(-1)?.twitchId ?? '' }
  const over = await subscribe(conduit, 'stream.online', one)
  assert.deepEqual(
    [over.status, over.body['message']],
    [429, 'the request exceeds the maximum total cost of subscriptions'],
  )
  const [first] = subscriptions.all()
  assert.equal((await helix('DELETE', `eventsub/subscriptions?id=${first?.id}`)).status, 204)
  assert.equal((await subscribe(conduit, 'stream.online', one)).status, 202)
})

test('the list comes in pages, oldest first, filtered by one thing at a time', async (t) => {
  const twitch = await withConduit(t)
  const { conduit, subscribe, control, helix } = twitch
  const { streamers } = await control('POST', 'streamers', { count: 250, prefix: 's', scopes: CHAT_SCOPES })
  const people = streamers as { twitchId: string }[]
  for (const { twitchId } of people)
    await subscribe(conduit, MESSAGE, { broadcaster_user_id: twitchId, user_id: twitchId })
  await subscribe(conduit, 'stream.online', { broadcaster_user_id: '107' })
  const pages = []
  let cursor: string | undefined
  do {
    const page = await listOf(twitch, cursor === undefined ? '' : `?after=${cursor}`)
    pages.push(page.data.map(({ condition }) => (condition as Record<string, string>)['broadcaster_user_id']))
    assert.equal(page.total, 251)
    cursor = page.pagination.cursor
  } while (cursor !== undefined)
  assert.deepEqual(
    pages.map((page) => page.length),
    [100, 100, 51],
  )
  assert.deepEqual(pages.flat(), [...people.map(({ twitchId }) => twitchId), '107'])
  assert.equal((await listOf(twitch, '?type=stream.online')).data.length, 1)
  assert.equal((await listOf(twitch, `?user_id=${people[3]?.twitchId}`)).data.length, 1)
  assert.equal((await listOf(twitch, '?status=authorization_revoked')).data.length, 0)
  assert.equal((await listOf(twitch, '?first=7')).data.length, 7)
  for (const query of ['?type=x&status=enabled', '?first=101', '?after=nonsense'])
    assert.equal((await helix('GET', `eventsub/subscriptions${query}`)).status, 400, query)
})

test('pages stay in order while others delete and subscribe', async (t) => {
  const twitch = await withConduit(t, { switches: { subscriptionPageSize: 2 } })
  const { conduit, subscribe, helix } = twitch
  for (const type of [MESSAGE, 'channel.chat.clear', 'channel.chat.notification', 'channel.chat.message_delete'])
    await subscribe(conduit, type)
  const first = await listOf(twitch)
  await helix('DELETE', `eventsub/subscriptions?id=${String(first.data[0]?.['id'])}`)
  const second = await listOf(twitch, `?after=${first.pagination.cursor}`)
  assert.deepEqual(
    second.data.map(({ type }) => type),
    ['channel.chat.notification', 'channel.chat.message_delete'],
  )
  assert.equal((await helix('DELETE', 'eventsub/subscriptions?id=gone')).status, 404)
})

test('all calls of the application by itself share one bucket, people have their own, and so has chat', async (t) => {
  const { helix, signIn, subscribe, conduit, pass } = await withConduit(t, { switches: { helixPointsPerMinute: 60 } })
  const { access_token: token } = await signIn('twitch', 'ivan', { scopes: CHAT_SCOPES })
  const spent = await helix('GET', 'eventsub/conduits')
  assert.deepEqual([spent.headers.get('ratelimit-limit'), spent.headers.get('ratelimit-remaining')], ['60', '58'])
  for (let n = 0; n < 58; n++) await helix('GET', 'users?login=maria')
  const refused = await subscribe(conduit, MESSAGE)
  assert.deepEqual([refused.status, refused.body['message']], [429, 'too many requests'])
  const resetInMs = Number(refused.headers.get('ratelimit-reset')) * 1_000 - Date.UTC(2026, 0, 1)
  assert.equal(resetInMs, 60_000, 'when all points are back')
  const own = await helix('GET', 'users', undefined, token)
  assert.deepEqual([own.status, own.headers.get('ratelimit-remaining')], [200, '59'])
  const said = await helix('POST', 'chat/messages', { broadcaster_id: '107', sender_id: '107', message: 'hi' })
  assert.deepEqual([said.status, said.headers.get('ratelimit-limit')], [200, '2400'])
  await pass(1_000)
  assert.equal((await subscribe(conduit, MESSAGE)).status, 202, 'one point a second comes back')
})

test('a refusal can be made to look like any of the quotas, or to name a reset in the past', async (t) => {
  const { control, subscribe, conduit } = await withConduit(t)
  const message = 'number of websocket transports limit exceeded'
  await control('POST', 'faults', { target: 'twitch.subscriptions', kind: '429', message })
  const quota = await subscribe(conduit, MESSAGE)
  assert.deepEqual(quota.body, { error: 'Too Many Requests', status: 429, message })
  assert.notEqual(quota.headers.get('ratelimit-remaining'), '0', 'it is not for want of points')
  await control('POST', 'faults', { target: 'twitch.subscriptions', kind: '429', resetInS: -30 })
  const late = await subscribe(conduit, MESSAGE)
  assert.equal(late.headers.get('ratelimit-remaining'), '0')
  assert.equal(Number(late.headers.get('ratelimit-reset')), Date.UTC(2026, 0, 1) / 1_000 - 30)
  assert.equal((await subscribe(conduit, MESSAGE)).status, 202)
})
