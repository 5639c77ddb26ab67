import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { eventually } from '../support/eventually.ts'
import { CLIENTS } from '../support/simulated-platforms.ts'
import { IVAN, heardOnce, startChatOfIvan } from '../support/twitch-chat-client.ts'

async function collect<Page>(pages: AsyncIterable<Page>): Promise<Page[]> {
  const all: Page[] = []
  for await (const page of pages) all.push(page)
  return all
}

test('a restart finds its conduit and asks for no subscription', async (t) => {
  const { node, addStreamers, say, asked, startNode } = await startChatOfIvan(t)
  const channels = await addStreamers(30)
  for (const channel of channels) await node.subscribe(channel)
  const created = () => asked('twitch.subscriptions', 'POST')
  const home = node.stream.home()
  await node.stop()
  assert.equal(node.stream.state(), 'closed')
  const before = created()
  const second = startNode()
  await second.isOpen()
  assert.equal(second.stream.home(), home)
  await heardOnce(second, await say({ channels, count: 60 }))
  const listed = await collect(second.stream.subscriptions())
  assert.deepEqual(
    new Set(listed.flat().map((entry) => [entry.channelUserId, entry.readerUserId, entry.enabled].join())),
    new Set([IVAN, ...channels].map((id) => [id, id, true].join())),
  )
  await eventually('the look at its own', () => asked('twitch.subscriptions', 'GET') >= 2 + 2)
  assert.equal(created(), before)
  assert.equal(asked('twitch.conduits', 'POST'), 1)
})

test('a list of many pages comes page by page', async (t) => {
  const { node, addStreamers } = await startChatOfIvan(t, { switches: { subscriptionPageSize: 10 } })
  for (const channel of await addStreamers(35)) await node.subscribe(channel)
  const pages = await collect(node.stream.subscriptions())
  assert.equal(pages.flat().length, 36)
  assert.ok(pages.length >= 4)
})

test('what is there already is success with its id, and what is gone already too', async (t) => {
  const { node } = await startChatOfIvan(t)
  const request = { type: 'stream.online', channelUserId: IVAN, readerUserId: IVAN } as const
  const first = await node.stream.subscribe(request)
  assert.deepEqual(await node.stream.subscribe(request), first)
  const id = first.ok ? (first.id ?? '') : ''
  await node.stream.unsubscribe(id)
  await node.stream.unsubscribe(id)
})

test('what is not allowed is a refusal with its reason', async (t) => {
  const { node, control } = await startChatOfIvan(t)
  const subscribe = (channelUserId: string, readerUserId: string) =>
    node.stream.subscribe({ type: 'channel.chat.message', channelUserId, readerUserId })
  assert.deepEqual(await subscribe('108', '108'), { ok: false, reason: 'permission' })
  assert.deepEqual(await subscribe('999', IVAN), { ok: false, reason: 'invalid' })
  await control('POST', 'twitch/ban', { channel: 'maria', user: 'ivan' })
  assert.deepEqual(await subscribe('108', IVAN), { ok: false, reason: 'banned' })
})

test('a quota is no rate limit: it is refused at once, and nobody waits', async (t) => {
  const { node, helix } = await withHelix(t)
  // The other two conduits of the application hold two such subscriptions, a third one the last.
  for (let conduit = 0; conduit < 3; conduit++) {
    const id = await helix.conduit()
    await helix.subscribe(id, 'stream.online', IVAN)
  }
  const request = { channelUserId: IVAN, readerUserId: IVAN }
  assert.deepEqual(await node.stream.subscribe({ ...request, type: 'stream.online' }), { ok: false, reason: 'invalid' })
  assert.ok((await node.stream.subscribe({ ...request, type: 'stream.offline' })).ok)
})

async function withHelix(t: TestContext) {
  const setting = await startChatOfIvan(t)
  const { ask, node } = setting
  const call = async (path: string, body: unknown) => {
    const answer = await ask('POST', `/helix/eventsub/${path}`, {
      token: node.token(),
      headers: { 'client-id': CLIENTS.twitch },
      body,
    })
    assert.ok(answer.status < 300, answer.text)
    return (answer.body['data'] as { id: string }[])[0]?.id ?? ''
  }
  const helix = {
    conduit: () => call('conduits', { shard_count: 1 }),
    subscribe: (conduit_id: string, type: string, broadcaster_user_id: string) =>
      call('subscriptions', {
        type,
        version: '1',
        condition: { broadcaster_user_id },
        transport: { method: 'conduit', conduit_id },
      }),
  }
  return { ...setting, helix }
}

test('a revoked permission ends the subscription with its reason, and the person’s leaving is told', async (t) => {
  const { node, control } = await startChatOfIvan(t)
  await control('POST', 'twitch/revoke', { user: 'ivan' })
  await eventually('both news', () => node.ended.length === 1 && node.revoked.length === 1)
  const [ended] = node.ended
  assert.deepEqual(
    [ended?.type, ended?.channelUserId, ended?.status, ended?.why],
    ['channel.chat.message', IVAN, 'authorization_revoked', 'permission'],
  )
  assert.deepEqual(node.revoked, [IVAN])
})
