import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventually } from '../support/eventually.ts'
import { startTwitch, type SimulatedTwitch } from '../support/simulated-twitch.ts'

const HOUR_MS = 3_600_000

const conduitsOf = async ({ helix }: SimulatedTwitch) =>
  (await helix('GET', 'eventsub/conduits')).body['data'] as { id: string; shard_count: number }[]

const shardsOf = async ({ helix }: SimulatedTwitch, conduit: string, query = '') => {
  const { body } = await helix('GET', `eventsub/conduits/shards?conduit_id=${conduit}${query}`)
  return body as {
    data: { id: string; status: string; transport: Record<string, unknown> }[]
    pagination: { cursor?: string }
  }
}

test('an application has up to five conduits, with fields in the body or in the query', async (t) => {
  const twitch = await startTwitch(t)
  const { helix } = twitch
  assert.deepEqual(await conduitsOf(twitch), [])
  const ids = []
  for (const [path, body] of [
    ['', { shard_count: 1 }],
    ['?shard_count=2', undefined],
    ['', { shard_count: 20_000 }],
    ['', { shard_count: 4 }],
    ['', { shard_count: 5 }],
  ] as const) {
    const made = await helix('POST', `eventsub/conduits${path}`, body)
    assert.equal(made.status, 200)
    ids.push((made.body['data'] as { id: string }[])[0]?.id)
  }
  const sixth = await helix('POST', 'eventsub/conduits', { shard_count: 1 })
  assert.deepEqual([sixth.status, sixth.body['error']], [429, 'Too Many Requests'])
  assert.deepEqual(
    (await conduitsOf(twitch)).map(({ shard_count: count }) => count),
    [1, 2, 20_000, 4, 5],
  )
  const [first, second] = ids
  assert.equal((await helix('DELETE', `eventsub/conduits?id=${first}`)).status, 204)
  assert.equal((await helix('DELETE', `eventsub/conduits?id=${first}`)).status, 404)
  const changed = await helix('PATCH', `eventsub/conduits?id=${second}&shard_count=7`)
  assert.deepEqual(changed.body, { data: [{ id: second, shard_count: 7 }] })
  for (const count of [0, 20_001, 1.5, 'many', -1])
    assert.equal((await helix('POST', 'eventsub/conduits', { shard_count: count })).status, 400, String(count))
  assert.equal((await helix('PATCH', 'eventsub/conduits', { id: 'another', shard_count: 1 })).status, 404)
})

test('a conduit is its application’s alone', async (t) => {
  const twitch = await startTwitch(t)
  const { id } = await twitch.openConduit(1)
  const { body } = await twitch.token('twitch', { grant_type: 'client_credentials', client_id: 'another' })
  const asAnother = (method: string, path: string, given?: unknown) =>
    twitch.ask(method, `/helix/eventsub/conduits${path}`, {
      token: String(body['access_token']),
      headers: { 'client-id': 'another' },
      body: given,
    })
  assert.deepEqual((await asAnother('GET', '')).body, { data: [] })
  assert.equal((await asAnother('GET', `/shards?conduit_id=${id}`)).status, 404)
  assert.equal((await asAnother('DELETE', `?id=${id}`)).status, 404)
  assert.equal((await asAnother('PATCH', '', { id, shard_count: 1 })).status, 404)
})

test('of several shards some get their session and some do not, in one reply', async (t) => {
  const { openConduit, helix, openEventSub } = await startTwitch(t)
  const { id } = await openConduit(1)
  await helix('PATCH', 'eventsub/conduits', { id, shard_count: 3 })
  const { session } = await openEventSub()
  const transport = { method: 'websocket', session_id: session.id }
  const { status, body } = await helix('PATCH', 'eventsub/conduits/shards', {
    conduit_id: id,
    shards: [
      { id: '0', transport },
      { id: '3', transport },
      { id: '1', transport: { ...transport, session_id: 'gone' } },
      { id: '2', transport: { method: 'webhook', callback: 'https://example.org', secret: 's' } },
    ],
  })
  assert.equal(status, 202)
  const connected = { ...transport, connected_at: session['connected_at'] }
  assert.deepEqual(body['data'], [{ id: '0', status: 'enabled', transport: connected }])
  const errors = body['errors'] as { id: string; message: string; code: string }[]
  assert.deepEqual(
    errors.map(({ id, code }) => [id, code]),
    ['3', '1', '2'].map((shard) => [shard, 'invalid_parameter']),
  )
  assert.equal(errors[0]?.message, "The shard id is outside the conduit's range")
})

test('a PATCH of too many shards, of none and of another’s conduit is refused as a whole', async (t) => {
  const { openConduit, helix, openEventSub } = await startTwitch(t)
  const { id } = await openConduit(1)
  const { session } = await openEventSub()
  const shards = (count: number) =>
    Array.from({ length: count }, (_, shard) => ({
      id: String(shard),
      transport: { method: 'websocket', session_id: session.id },
    }))
  const patch = async (body: unknown) => (await helix('PATCH', 'eventsub/conduits/shards', body)).status
  assert.equal(await patch({ conduit_id: id, shards: shards(11) }), 400)
  assert.equal(await patch({ conduit_id: id, shards: [] }), 400)
  assert.equal(await patch({ conduit_id: 'another', shards: shards(1) }), 404)
  assert.equal(await patch({ conduit_id: id, shards: shards(10) }), 202)
})

test('a session may hold several shards: who survives adopts a dead one’s', async (t) => {
  const twitch = await startTwitch(t)
  const { id, sockets } = await twitch.openConduit(3)
  const [alive, dead] = sockets
  assert.ok(alive && dead)
  dead.terminate()
  const statuses = async () => (await shardsOf(twitch, id)).data.map(({ status }) => status)
  await eventually('Twitch notices', async () => (await statuses())[1] === 'websocket_disconnected')
  const [shard] = (await shardsOf(twitch, id, '&status=websocket_disconnected')).data
  assert.deepEqual(Object.keys(shard?.transport ?? {}), ['method', 'session_id', 'connected_at', 'disconnected_at'])
  await twitch.assign(id, { 1: alive })
  assert.deepEqual(await statuses(), ['enabled', 'enabled', 'enabled'])
  alive.terminate()
  await eventually('both go', async () => (await shardsOf(twitch, id, '&status=enabled')).data.length === 1)
})

test('the list of shards comes in pages', async (t) => {
  const twitch = await startTwitch(t, { switches: { shardPageSize: 2 } })
  const { id } = await twitch.openConduit(3)
  const first = await shardsOf(twitch, id)
  const second = await shardsOf(twitch, id, `&after=${first.pagination.cursor}`)
  assert.deepEqual(
    [first, second].map(({ data }) => data.map((shard) => shard.id)),
    [['0', '1'], ['2']],
  )
  assert.deepEqual(second.pagination, {})
})

for (const stay of [false, true]) {
  test(`shards that a lower count takes away are ${stay ? 'still' : 'no longer'} listed, and get nothing`, async (t) => {
    const twitch = await startTwitch(t, { switches: { removedShardsStayListed: stay } })
    const { id, sockets } = await twitch.openConduit(3)
    await twitch.subscribe(id, 'channel.chat.message')
    await twitch.helix('PATCH', 'eventsub/conduits', { id, shard_count: 1 })
    assert.equal((await shardsOf(twitch, id)).data.length, stay ? 3 : 1)
    await twitch.say({})
    await eventually('shard 0 hears it', () => sockets[0]?.notifications().length === 1)
    assert.equal(sockets.flatMap((socket) => socket.notifications()).length, 1)
  })
}

test('a conduit outlives its shards for 72 hours, and its subscriptions end with it, late', async (t) => {
  const twitch = await startTwitch(t)
  const { id, sockets } = await twitch.openConduit(1)
  await twitch.subscribe(id, 'channel.chat.message')
  const deserted = async () => (await shardsOf(twitch, id, '&status=enabled')).data.length === 0
  sockets[0]?.terminate()
  await eventually('the shard stands empty', deserted)
  await twitch.pass(71 * HOUR_MS)
  assert.equal((await conduitsOf(twitch))[0]?.id, id)

  const socket = await twitch.openEventSub()
  const transport = { method: 'websocket', session_id: socket.session.id }
  const adopt = { conduit_id: id, shards: [{ id: '0', transport }] }
  assert.equal((await twitch.helix('PATCH', 'eventsub/conduits/shards', adopt)).status, 202)
  await twitch.pass(2 * HOUR_MS)
  assert.ok(socket.isOpen())
  socket.terminate()
  await eventually('the shard stands empty again', () => twitch.simulator.twitch.sockets.sessions().length === 0)
  await twitch.pass(72 * HOUR_MS)
  assert.deepEqual(await conduitsOf(twitch), [])
  const statuses = async () => {
    const { body } = await twitch.helix('GET', 'eventsub/subscriptions')
    return (body['data'] as { status: string }[]).map(({ status }) => status)
  }
  assert.deepEqual(await statuses(), ['enabled'])
  await twitch.pass(60_000)
  assert.deepEqual(await statuses(), ['conduit_deleted'])
})

test('when a conduit is deleted its subscriptions are enabled for a while longer, and can be made anew elsewhere', async (t) => {
  const twitch = await startTwitch(t)
  const { id } = await twitch.openConduit(1)
  await twitch.subscribe(id, 'channel.chat.message')
  await twitch.helix('DELETE', `eventsub/conduits?id=${id}`)
  const { id: other, sockets } = await twitch.openConduit(1)
  assert.equal((await twitch.subscribe(other, 'channel.chat.message')).status, 202)
  await twitch.say({})
  await eventually('the new conduit hears', () => sockets[0]?.notifications().length === 1)
  await twitch.pass(60_000)
  const { body } = await twitch.helix('GET', 'eventsub/subscriptions?status=conduit_deleted')
  assert.equal((body['data'] as unknown[]).length, 1)
})

test('a shard that loses its session is told of by an event, where somebody subscribed to it', async (t) => {
  const twitch = await startTwitch(t)
  const { id, sockets } = await twitch.openConduit(2)
  const { id: other } = await twitch.openConduit(1)
  const subscribe = (condition: Record<string, string>) => twitch.subscribe(id, 'conduit.shard.disabled', condition)
  assert.equal((await subscribe({ client_id: 'another' })).status, 403)
  assert.equal((await subscribe({ client_id: 'chatfolk-twitch', conduit_id: id })).status, 202)
  assert.equal((await subscribe({ client_id: 'chatfolk-twitch', conduit_id: other })).status, 202)
  const [first, second] = sockets
  assert.ok(first && second)
  first.terminate()
  await eventually('the event', () => second.notifications().length === 1)
  assert.deepEqual(second.notifications()[0]?.payload.event, {
    conduit_id: id,
    shard_id: '0',
    status: 'websocket_disconnected',
    transport: {
      method: 'websocket',
      session_id: first.session.id,
      connected_at: first.session['connected_at'],
      disconnected_at: (await shardsOf(twitch, id)).data[0]?.transport['disconnected_at'],
    },
  })
})
