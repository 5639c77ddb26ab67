import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventually } from '../support/eventually.ts'
import { openEventSubSocket, startTwitch, type EventSubSocket } from '../support/simulated-twitch.ts'

const typesOf = ({ messages }: Pick<EventSubSocket, 'messages'>) =>
  messages.map(({ metadata }) => metadata.message_type)
const keepalives = (socket: EventSubSocket) => typesOf(socket).filter((type) => type === 'session_keepalive').length

/** A shard's socket, in whose channel chat is subscribed. */
async function listening(t: Parameters<typeof startTwitch>[0], options: Parameters<typeof startTwitch>[1] = {}) {
  const twitch = await startTwitch(t, options)
  const { id: conduit, sockets } = await twitch.openConduit(1)
  await twitch.subscribe(conduit, 'channel.chat.message')
  const [socket] = sockets
  assert.ok(socket)
  const shard = async () => {
    const { body } = await twitch.helix('GET', `eventsub/conduits/shards?conduit_id=${conduit}`)
    const [first] = body['data'] as { status: string; transport: { session_id: string } }[]
    return first ?? assert.fail()
  }
  /** Tells the socket to move, and returns where to. */
  const askToReconnect = async () => {
    await twitch.control('POST', 'twitch/sockets/reconnect', { all: true })
    await eventually('the request to move', () => typesOf(socket).includes('session_reconnect'))
    return String(socket.messages.at(-1)?.payload.session?.['reconnect_url'])
  }
  return { ...twitch, conduit, socket, shard, askToReconnect }
}

test('a welcome says who one is, how long silence may last, and something that no documentation knows', async (t) => {
  const { openEventSub } = await startTwitch(t)
  const { session } = await openEventSub()
  assert.match(session.id, /^AgoQ/)
  assert.deepEqual(
    { ...session, id: '' },
    {
      id: '',
      status: 'connected',
      connected_at: '2026-01-01T00:00:00.000000000Z',
      keepalive_timeout_seconds: 10,
      reconnect_url: null,
      recovery_url: null,
    },
  )
})

for (const [asked, given] of [
  ['30', 30],
  ['5', 10],
  ['601', 600],
  ['soon', 10],
] as const) {
  test(`whoever asks for a keepalive of ${asked} s gets ${given} s`, async (t) => {
    const { openEventSub } = await startTwitch(t)
    const { session } = await openEventSub({ query: `?keepalive_timeout_seconds=${asked}` })
    assert.equal(session['keepalive_timeout_seconds'], given)
  })
}

test('for tests a shorter keepalive can be allowed', async (t) => {
  const { openEventSub } = await startTwitch(t, { switches: { keepaliveMinS: 1 } })
  const { session } = await openEventSub({ query: '?keepalive_timeout_seconds=1' })
  assert.equal(session['keepalive_timeout_seconds'], 1)
})

test('a keepalive comes only when nothing else did', async (t) => {
  const { socket, pass, say } = await listening(t)
  await pass(9_000)
  await say({})
  await eventually('the message', () => socket.notifications().length === 1)
  await pass(9_900)
  assert.equal(keepalives(socket), 0)
  await pass(100)
  await eventually('a keepalive', () => keepalives(socket) === 1)
  await pass(30_000)
  await eventually('one every ten seconds', () => keepalives(socket) === 4)
  assert.deepEqual(socket.messages.at(-1)?.payload, {})
})

test('a socket for which nothing is assigned in 10 s is closed with 4003', async (t) => {
  const { openEventSub, pass } = await startTwitch(t)
  const socket = await openEventSub()
  await pass(9_999)
  assert.ok(socket.isOpen())
  await pass(1)
  assert.equal(await socket.closed, 4003)
})

for (const [what, act] of [
  ['a word', (socket: EventSubSocket) => socket.send('hello')],
  ['a ping', (socket: EventSubSocket) => socket.ping()],
] as const) {
  test(`a client that sends ${what} is closed with 4001`, async (t) => {
    const { socket, shard } = await listening(t)
    act(socket)
    assert.equal(await socket.closed, 4001)
    assert.equal((await shard()).status, 'websocket_received_inbound_traffic')
  })
}

test('whoever does not answer a ping is closed with 4002, and the shard says why', async (t) => {
  const { openEventSub, assign, conduit, shard, pass } = await listening(t)
  const deaf = await openEventSub({ autoPong: false })
  await assign(conduit, { 0: deaf })
  await pass(19_999)
  assert.ok(deaf.isOpen())
  await pass(1)
  assert.equal(await deaf.closed, 4002)
  assert.equal((await shard()).status, 'websocket_failed_ping_pong')
})

for (const [code, status] of [
  [4000, 'websocket_internal_error'],
  [4002, 'websocket_failed_ping_pong'],
  [4004, 'websocket_failed_to_reconnect'],
  [4005, 'websocket_network_timeout'],
  [4006, 'websocket_network_error'],
  [1006, 'websocket_disconnected'],
] as const) {
  test(`a shard can be closed with ${code}, and is then ${status}`, async (t) => {
    const { socket, shard, control } = await listening(t)
    await control('POST', 'twitch/sockets/close', { shard: '0', code })
    assert.equal(await socket.closed, code)
    assert.equal((await shard()).status, status)
  })
}

test('a client that is told to move is heard on the old connection until the new one has its welcome', async (t) => {
  const { socket, say, openEventSub, askToReconnect, shard, pass } = await listening(t)
  const url = await askToReconnect()
  const request = socket.messages.at(-1)?.payload.session
  assert.match(url, /^ws:\/\/127\.0\.0\.1:\d+\/ws\?challenge=\w+&id=AgoQ/)
  assert.deepEqual(
    [request?.id, request?.['status'], request?.['keepalive_timeout_seconds']],
    [socket.session.id, 'reconnecting', null],
  )
  await say({ text: 'before' })
  await eventually('the old one hears', () => socket.texts().includes('before'))
  const next = await openEventSub({ url })
  assert.notEqual(next.session.id, socket.session.id)
  assert.equal((await shard()).transport.session_id, next.session.id, 'the shard goes over')
  await say({ text: 'after' })
  await eventually('the new one hears', () => next.texts().includes('after'))
  assert.deepEqual([socket.texts(), next.texts()], [['before'], ['after']])
  socket.close()
  await socket.closed
  await pass(60_000)
  assert.deepEqual([next.isOpen(), (await shard()).status], [true, 'enabled'])
})

test('during a move both connections can hear everything', async (t) => {
  const { socket, say, openEventSub, askToReconnect } = await listening(t, { switches: { reconnectOverlap: true } })
  const next = await openEventSub({ url: await askToReconnect() })
  await say({ text: 'both' })
  await eventually('both hear', () => socket.texts().length === 1 && next.texts().length === 1)
  assert.equal(socket.notifications()[0]?.metadata.message_id, next.notifications()[0]?.metadata.message_id)
  socket.close()
  await socket.closed
  await say({ text: 'one' })
  await eventually('the new one hears', () => next.texts().length === 2)
})

test('a shard can be left behind by a move, so that the client must ask for it', async (t) => {
  const { socket, openEventSub, askToReconnect, shard, assign, conduit, pass } = await listening(t, {
    switches: { shardKeptOnReconnect: false },
  })
  const next = await openEventSub({ url: await askToReconnect() })
  assert.equal((await shard()).transport.session_id, socket.session.id)
  socket.close()
  await socket.closed
  await eventually('the shard stands empty', async () => (await shard()).status === 'websocket_disconnected')
  await assign(conduit, { 0: next })
  await pass(20_000)
  assert.deepEqual([next.isOpen(), (await shard()).status], [true, 'enabled'])
})

test('whoever does not move within 30 s is closed with 4004', async (t) => {
  const { socket, askToReconnect, shard, pass } = await listening(t)
  await askToReconnect()
  await pass(29_999)
  assert.ok(socket.isOpen())
  await pass(1)
  assert.equal(await socket.closed, 4004)
  assert.equal((await shard()).status, 'websocket_failed_to_reconnect')
})

test('the old connection of a client that has moved is closed at the end of the grace, and the shard stays', async (t) => {
  const { socket, askToReconnect, openEventSub, shard, pass } = await listening(t)
  const next = await openEventSub({ url: await askToReconnect() })
  await pass(30_000)
  assert.equal(await socket.closed, 4004)
  assert.deepEqual([next.isOpen(), (await shard()).status], [true, 'enabled'])
})

test('a reconnect address is used unmodified and once; anything else is closed with 4007', async (t) => {
  const { askToReconnect, openEventSub, url } = await listening(t)
  const address = await askToReconnect()
  for (const wrong of [`${address}&keepalive_timeout_seconds=30`, address.replace(/challenge=./, 'challenge=x')])
    assert.equal(await openEventSubSocket(t, wrong).closed, 4007)
  assert.equal(await openEventSubSocket(t, `${url.replace('http', 'ws')}/ws?id=AgoQunknown`).closed, 4007)
  await openEventSub({ url: address })
  assert.equal(await openEventSubSocket(t, address).closed, 4007)
})

test('a half-open connection hears nothing and is not closed; Twitch believes in it until no pong comes', async (t) => {
  const { socket, say, control, shard, pass, simulator } = await listening(t)
  await control('POST', 'twitch/sockets/half-open', { shard: '0' })
  const [lost] = await say({})
  await pass(19_000)
  assert.equal((await shard()).status, 'enabled')
  await pass(1_000)
  assert.equal((await shard()).status, 'websocket_failed_ping_pong')
  assert.deepEqual([socket.isOpen(), typesOf(socket)], [true, ['session_welcome']])
  const [notification] = simulator.twitch.ledger.find(lost ?? '')?.notifications ?? []
  assert.deepEqual([notification?.fate, notification?.session], ['lost', socket.session.id])
})

test('a connection may bring pings and nothing else: neither side finds anything wrong with it', async (t) => {
  const { socket, say, control, shard, pass } = await listening(t)
  await control('POST', 'twitch/sockets/half-open', { shard: '0', pings: true })
  await say({})
  await pass(120_000)
  assert.deepEqual([socket.isOpen(), socket.pings(), typesOf(socket)], [true, 12, ['session_welcome']])
  assert.equal((await shard()).status, 'enabled')
  socket.close()
  await eventually('Twitch sees it go', async () => (await shard()).status === 'websocket_disconnected')
})

test('a half-open connection can be noticed at once', async (t) => {
  const { control, shard } = await listening(t)
  await control('POST', 'twitch/sockets/half-open', { shard: '0' })
  assert.deepEqual(await control('POST', 'twitch/sockets/notice', { all: true }), { noticed: 1 })
  assert.equal((await shard()).status, 'websocket_network_timeout')
})

test('a connection that breaks off may be noticed late: what is sent meanwhile is lost', async (t) => {
  const { socket, say, control, shard, pass, simulator } = await listening(t)
  await say({ text: 'still arrives' })
  await control('POST', 'twitch/sockets/close', { shard: '0', code: 1006, noticedAfterMs: 5_000 })
  assert.equal(await socket.closed, 1006)
  assert.deepEqual(socket.texts(), ['still arrives'])
  const [lost] = await say({ text: 'into the void' })
  assert.equal((await shard()).status, 'enabled')
  await pass(5_000)
  assert.equal((await shard()).status, 'websocket_disconnected')
  const [dropped] = await say({ text: 'to nobody' })
  const fate = (id: string | undefined) => simulator.twitch.ledger.find(id ?? '')?.notifications[0]?.fate
  assert.deepEqual([fate(lost), fate(dropped)], ['lost', 'dropped'])
})

test('a client’s own end without a close frame may be noticed late, too', async (t) => {
  const { socket, shard, pass, simulator } = await listening(t, { switches: { deadSocketNoticedMs: 3_000 } })
  socket.terminate()
  await eventually('it is dead', () => simulator.twitch.sockets.sessions()[0]?.state().state === 'dead')
  assert.equal((await shard()).status, 'enabled')
  await pass(3_000)
  assert.equal((await shard()).status, 'websocket_disconnected')
})

for (const kind of ['429', '500', '502', 'html', 'reset', 'empty'] as const) {
  test(`a new connection can meet ${kind}`, async (t) => {
    const { control, openEventSub, url } = await startTwitch(t)
    await control('POST', 'faults', { target: 'twitch.socket', kind })
    assert.equal(await openEventSubSocket(t, `${url.replace('http', 'ws')}/ws`).closed, 1006)
    assert.ok((await openEventSub()).isOpen(), 'the next one is let in')
  })
}
