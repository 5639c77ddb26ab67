import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { eventually } from '../support/eventually.ts'
import { lostOf, startTestedChat, type TestedNode } from '../support/twitch-chat-client.ts'

/** Two nodes with a shard each, and channels that are spread over both. */
async function twoNodes(t: TestContext) {
  const twitch = await startTestedChat(t)
  const a = twitch.startNode({ shards: ['0'], keeps: 2 })
  const b = twitch.startNode({ shards: ['1'], keeps: null })
  await Promise.all([a.isOpen(), b.isOpen()])
  const channels = await twitch.addStreamers(16)
  for (const channel of channels) await a.subscribe(channel)
  const assigned = () => twitch.asked('twitch.shards', 'PATCH')
  const say = (count: number) => twitch.say({ channels, count })
  return { ...twitch, a, b, channels, assigned, say }
}

const idsOf = (...nodes: TestedNode[]) => nodes.flatMap((node) => node.messages().map(({ id }) => id))

async function heardByOne(nodes: TestedNode[], ids: string[]): Promise<void> {
  await eventually(`${ids.length} messages`, () => idsOf(...nodes).length >= ids.length)
  assert.deepEqual(idsOf(...nodes).toSorted(), ids.toSorted())
}

async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms))
}

test('two nodes that begin at once make one conduit: one of them is to', async (t) => {
  const twitch = await startTestedChat(t)
  const b = twitch.startNode({ shards: ['1'], keeps: null })
  const a = twitch.startNode({ shards: ['0'], keeps: 2 })
  await Promise.all([a.isOpen(), b.isOpen()])
  const conduits = await twitch.conduits()
  assert.equal(conduits.length, 1)
  assert.equal(a.stream.home(), b.stream.home())
  assert.deepEqual(
    conduits[0]?.shards.map(({ status }) => status),
    ['enabled', 'enabled'],
  )
  assert.equal(twitch.asked('twitch.conduits', 'POST'), 1)
})

test('whoever becomes its keeper while there is none makes it, without waiting for a turn', async (t) => {
  const twitch = await startTestedChat(t)
  const node = twitch.startNode({ keeps: null })
  await pause(700)
  assert.equal(twitch.asked('twitch.conduits', 'POST'), 0)
  void node.stream.follow({ keeps: 2, home: null })
  await node.isOpen()
  assert.equal(twitch.asked('twitch.conduits', 'POST'), 1)
})

test('among several conduits all nodes take the one that its keeper names', async (t) => {
  const twitch = await startTestedChat(t)
  const a = twitch.startNode()
  await a.isOpen()
  const first = a.stream.home() ?? ''
  const { ask } = twitch
  for (let n = 0; n < 3; n++) {
    await ask('POST', '/helix/eventsub/conduits', {
      token: a.token(),
      headers: { 'client-id': 'chatfolk-twitch' },
      body: { shard_count: 1 },
    })
  }
  const b = twitch.startNode({ shards: [], keeps: null })
  await b.stream.follow({ keeps: null, home: first })
  assert.equal(b.stream.home(), first)
})

test('a shard that is handed over is the other node’s with one request, nothing is lost, and nobody fights for it', async (t) => {
  const { a, b, assigned, say } = await twoNodes(t)
  const said = await say(200)
  const before = assigned()
  // As at a hand-over: the new owner takes it, the former one lets go, in either order.
  b.stream.hold(['0', '1'])
  said.push(...(await say(200)))
  a.stream.hold([])
  said.push(...(await say(200)))
  await eventually('both shards on one node', () => b.stream.state() === 'open' && b.stream.shards().length === 2)
  said.push(...(await say(200)))
  await heardByOne([a, b], said)
  assert.equal(assigned() - before, 1)
  await pause(1_500)
  assert.equal(assigned() - before, 1, 'its former owner does not take it back')
  assert.deepEqual([lostOf(a), lostOf(b)], [[], []])
})

test('… whose former owner stays connected for a while, and is then gone', async (t) => {
  const { a, b, control } = await twoNodes(t)
  b.stream.hold(['0', '1'])
  a.stream.hold([])
  const sockets = async () => ((await control('GET', 'twitch/conduits'))['sockets'] as unknown[]).length
  await pause(500)
  assert.equal(await sockets(), 2)
  await eventually('its end', async () => (await sockets()) === 1, 10_000)
})

test('the shard of a node that is gone is adopted with one request; meanwhile the other one is told all', async (t) => {
  const { a, b, assigned, say, conduits } = await twoNodes(t)
  await a.stop()
  const said = await say(100)
  const before = assigned()
  const began = performance.now()
  b.stream.hold(['0', '1'])
  await eventually('both shards', () => b.stream.state() === 'open')
  t.diagnostic(`adopted within ${Math.round(performance.now() - began)} ms`)
  assert.ok(performance.now() - began < 1_000)
  assert.equal(assigned() - before, 1)
  said.push(...(await say(100)))
  await heardByOne([b], said)
  assert.ok((await conduits())[0]?.shards.every(({ status }) => status === 'enabled'))
})

test('what Twitch says of a shard that another node holds is told, and heeded there alone', async (t) => {
  const { a, b, control } = await twoNodes(t)
  await control('POST', 'twitch/sockets/half-open', { shard: '0' })
  await control('POST', 'twitch/sockets/notice', { all: true })
  await eventually('the news', () => b.disabled.length > 0)
  const [news] = b.disabled
  assert.ok(news?.shard === '0' && news.home === b.stream.home())
  b.stream.shardDisabled(news)
  a.stream.shardDisabled({ ...news, session: 'of another time' })
  a.stream.shardDisabled(news)
  await eventually('the loss', () => lostOf(a).length > 0)
  await a.isOpen()
  assert.deepEqual(lostOf(b), [])
})

test('the count follows its keeper; one that was not wide enough yet is waited for', async (t) => {
  const { a, b, startNode, conduits, channels, control } = await twoNodes(t)
  const c = startNode({ shards: ['2'], keeps: null })
  await eventually('a refusal', () => c.logs.some((line) => line['outOfRange'] === true))
  await a.stream.follow({ keeps: 3, home: null })
  assert.equal((await conduits())[0]?.shardCount, 3)
  await c.isOpen()
  await heardByOne(
    [a, b, c],
    await control('POST', 'twitch/say', { as: 'maria', text: 'x{n}', channels, count: 120 }).then(
      ({ ids }) => ids as string[],
    ),
  )
  assert.ok(c.messages().length > 0, 'the new shard has its part')

  c.stream.hold([])
  await a.stream.follow({ keeps: 2, home: null })
  assert.equal((await conduits())[0]?.shardCount, 2)
  const before = idsOf(a, b).length
  await control('POST', 'twitch/say', { as: 'maria', text: 'y{n}', channels, count: 60 })
  await eventually('all of it comes to the two', () => idsOf(a, b).length === before + 60)
})

test('a look on demand finds what stands idle, and has it put right', async (t) => {
  const { a, b, control } = await twoNodes(t)
  assert.deepEqual(await a.stream.inspect(), { held: 1, idle: [] })
  // Somebody else has taken it, as a node that does not know yet that it is over.
  b.stream.hold(['0', '1'])
  await eventually('it is there', async () => {
    const { conduits } = await control('GET', 'twitch/conduits')
    return (
      JSON.stringify(conduits).length > 0 &&
      b.stream.shards().every(({ state }) => state === 'enabled') &&
      b.stream.shards().length === 2
    )
  })
  b.stream.hold(['1'])
  assert.deepEqual((await a.stream.inspect()).idle, ['0'])
  await eventually('it is put right', async () => (await a.stream.inspect()).idle.length === 0)
})
