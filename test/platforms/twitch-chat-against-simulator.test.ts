import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SUBSCRIPTION_TYPES } from '../../src/platforms/chat.ts'
import { eventually } from '../support/eventually.ts'
import { failureOf } from '../support/platform-request.ts'
import { CLIENTS } from '../support/simulated-platforms.ts'
import { IVAN, heardOnce, lostOf, startChatOfIvan, startTestedChat } from '../support/twitch-chat-client.ts'

test('nothing is asked before it is opened; then a conduit with two shards is made and both deliver', async (t) => {
  const twitch = await startTestedChat(t)
  assert.equal(twitch.simulator.log.total(), 0)
  const node = twitch.startNode()
  await node.stream.opened()
  await node.isOpen()
  const [conduit, ...others] = await twitch.conduits()
  assert.deepEqual(others, [])
  assert.equal(conduit?.id, node.stream.home())
  assert.deepEqual(
    conduit?.shards.map(({ id, status }) => [id, status]),
    [
      ['0', 'enabled'],
      ['1', 'enabled'],
    ],
  )
  assert.deepEqual(
    node.stream.shards().map(({ id, state }) => [id, state]),
    [
      ['0', 'enabled'],
      ['1', 'enabled'],
    ],
  )
})

test('every kind of event of a subscribed channel is told', async (t) => {
  const { node, control, say } = await startChatOfIvan(t)
  for (const type of SUBSCRIPTION_TYPES) {
    const outcome = await node.stream.subscribe({ type, channelUserId: IVAN, readerUserId: IVAN })
    assert.ok(outcome.ok && outcome.id !== null, type)
  }
  const [first = '', second = ''] = await say({ channel: 'ivan', count: 2 })
  await heardOnce(node, [first, second])
  await control('POST', 'twitch/delete-message', { id: first })
  await control('POST', 'twitch/ban', { channel: 'ivan', user: 'maria', forS: 10 })
  await control('POST', 'twitch/clear', { channel: 'ivan' })
  await eventually('the rest', () => node.events.length === 5)
  assert.deepEqual(node.events.slice(2), [
    { type: 'message-deleted', channelUserId: IVAN, messageId: first, userId: '108' },
    { type: 'user-cleared', channelUserId: IVAN, userId: '108' },
    { type: 'cleared', channelUserId: IVAN },
  ])
})

test('2,000 messages to 20 channels, many of them twice: each is told once', async (t) => {
  const { node, addStreamers, say } = await startChatOfIvan(t)
  const channels = await addStreamers(20)
  for (const channel of channels) await node.subscribe(channel)
  const ids = await say({ channels, count: 2_000, duplicateEvery: 3 })
  await heardOnce(node, ids)
  await eventually('the copies', async () => (await node.counted('duplicate')) === 666)
  assert.equal(await node.counted('invalid'), 0)
})

for (const kept of [true, false]) {
  test(`two moves in a row lose nothing, where the shard comes along: ${kept}`, async (t) => {
    const { node, control, addStreamers, say, conduits } = await startChatOfIvan(t, {
      switches: { shardKeptOnReconnect: kept, reconnectOverlap: true },
    })
    const channels = await addStreamers(10)
    for (const channel of channels) await node.subscribe(channel)
    const said: string[] = []
    for (let move = 0; move < 2; move++) {
      const before = node.logs.filter(({ msg }) => String(msg).includes('moved')).length
      await control('POST', 'twitch/sockets/reconnect', { all: true })
      if (kept) said.push(...(await say({ channels, count: 200 })))
      await eventually(
        'both moves',
        () => node.logs.filter(({ msg }) => String(msg).includes('moved')).length === before + 2,
      )
      await eventually('both shards', async () => {
        const sockets = (await control('GET', 'twitch/conduits'))['sockets'] as { state: string; shards: unknown[] }[]
        const holding = sockets.filter(({ shards }) => shards.length > 0)
        return (
          node.stream.state() === 'open' && holding.length === 2 && holding.every(({ state }) => state === 'connected')
        )
      })
      said.push(...(await say({ channels, count: 100 })))
    }
    await heardOnce(node, said)
    assert.deepEqual(lostOf(node), [])
    assert.equal(
      (await conduits())[0]?.shards.every(({ status }) => status === 'enabled'),
      true,
    )
  })
}

test('a half-open shard is noticed by its silence, and delivers again on a new session', async (t) => {
  const { node, control, addStreamers, say } = await startChatOfIvan(t)
  const channels = await addStreamers(8)
  for (const channel of channels) await node.subscribe(channel)
  await control('POST', 'twitch/sockets/half-open', { shard: '1' })
  // What Twitch believes to have delivered there is gone: it does not know yet, and nothing is sent again.
  await eventually('the loss', () => lostOf(node).length > 0)
  assert.equal(lostOf(node)[0]?.['why'], 'silent')
  await node.isOpen()
  await heardOnce(node, await say({ channels, count: 80 }))
})

test('where Twitch notices first, the session is replaced at once and the other shard tells all meanwhile', async (t) => {
  const { node, control, addStreamers, say } = await startChatOfIvan(t)
  const channels = await addStreamers(8)
  for (const channel of channels) await node.subscribe(channel)
  await control('POST', 'twitch/sockets/half-open', { shard: '1' })
  await control('POST', 'twitch/sockets/notice', { all: true })
  await heardOnce(node, await say({ channels, count: 80 }))
  await eventually('the loss', () => lostOf(node).length > 0)
  assert.equal(lostOf(node)[0]?.['why'], 'disabled')
  await node.isOpen()
})

test('a conduit that was made smaller elsewhere refuses a shard, and is given its size back', async (t) => {
  const { node, control, conduits, ask, say } = await startChatOfIvan(t)
  const shrunk = await ask('PATCH', '/helix/eventsub/conduits', {
    token: node.token(),
    headers: { 'client-id': CLIENTS.twitch },
    body: { id: node.stream.home(), shard_count: 1 },
  })
  assert.equal(shrunk.status, 200)
  await control('POST', 'twitch/sockets/close', { all: true, code: 4000 })
  await eventually('the refusal', () => node.logs.some((line) => line['outOfRange'] === true))
  await node.isOpen()
  const [conduit] = await conduits()
  assert.equal(conduit?.shardCount, 2)
  await heardOnce(node, await say({ channel: 'ivan', count: 3 }))
})

test('a killed socket loses nothing that Twitch tries again, and comes back', async (t) => {
  const { node, control, addStreamers, say } = await startChatOfIvan(t)
  const channels = await addStreamers(8)
  for (const channel of channels) await node.subscribe(channel)
  await control('POST', 'twitch/sockets/close', { shard: '0', code: 1006 })
  const ids = await say({ channels, count: 80 })
  await heardOnce(node, ids)
  await eventually('the loss', () => lostOf(node)[0]?.['why'] === 'cut')
  await node.isOpen()
})

for (const code of [4000, 4001, 4002, 4003, 4004, 4005, 4006, 4007, 4500, 1001, 1012]) {
  test(`after a close with ${code} the shard is enabled again on a new session`, async (t) => {
    const { node, control, say } = await startChatOfIvan(t)
    await control('POST', 'twitch/sockets/close', { all: true, code })
    await eventually('both losses', () => lostOf(node).length >= 2)
    await node.isOpen()
    assert.deepEqual(
      lostOf(node).map((line) => line['code']),
      [code, code],
    )
    await heardOnce(node, await say({ channel: 'ivan', count: 3 }))
  })
}

test('a revoked application token is replaced by one new one, and what was asked is done', async (t) => {
  const { node, ask, asked, addStreamers } = await startChatOfIvan(t)
  const [channel = ''] = await addStreamers(1)
  const form = new URLSearchParams({ client_id: CLIENTS.twitch, token: node.token() })
  assert.equal((await ask('POST', '/oauth2/revoke', { body: form })).status, 200)
  await node.subscribe(channel)
  const message = { channelUserId: IVAN, speakerUserId: IVAN, text: 'hi', replyTo: null }
  assert.equal((await node.chat.send(message)).sent, true)
  assert.equal(asked('twitch.token', 'POST'), 2)
})

test('a conduit that is deleted elsewhere is made anew, told as another home, and filled again', async (t) => {
  const { node, control, conduits, addStreamers, say } = await startChatOfIvan(t)
  const former = node.stream.home() ?? ''
  await control('POST', 'twitch/conduits/delete', { id: former })
  const [channel = ''] = await addStreamers(1)
  const failure = await failureOf(
    node.stream.subscribe({ type: 'channel.chat.message', channelUserId: channel, readerUserId: channel }),
  )
  assert.equal(failure.code, 'platform-network')
  await eventually('another home', () => node.stream.home() !== null && node.stream.home() !== former)
  await eventually('both shards', async () => {
    const [conduit] = await conduits()
    return conduit?.shards.filter(({ status }) => status === 'enabled').length === 2
  })
  await node.subscribe(channel)
  await heardOnce(node, await say({ channel: 'streamer1', count: 3 }))
  assert.equal((await conduits()).length, 1)
})

test('Helix down for a while at the start is waited out', async (t) => {
  const twitch = await startTestedChat(t)
  await twitch.control('POST', 'faults', { target: 'twitch.conduits', kind: '500', times: 2 })
  await twitch.control('POST', 'faults', { target: 'twitch.shards', kind: 'html', times: 1 })
  const node = twitch.startNode()
  await node.isOpen()
  assert.equal((await twitch.conduits()).length, 1)
})

test('no token, no secret and nobody’s words are in any line of the log, and no line is written for a message', async (t) => {
  const { node, control, say } = await startChatOfIvan(t)
  const before = node.logs.length
  await heardOnce(node, await say({ channel: 'ivan', text: 'canary words', count: 100 }))
  assert.equal(node.logs.length, before)
  await control('POST', 'twitch/sockets/close', { all: true, code: 4000 })
  await eventually('both losses', () => lostOf(node).length >= 2)
  await node.isOpen()
  const everything = JSON.stringify(node.logs)
  assert.ok(!everything.includes(node.token()) && !everything.includes('-secret') && !everything.includes('canary'))
})
