import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { createMetrics } from '../../src/base/metrics.ts'
import { channelOf } from '../../src/coordination/bus-channel.ts'
import type { Bus } from '../../src/coordination/bus.ts'
import type { ConnectedRedis } from '../../src/coordination/connect.redis.ts'
import type { RedisConfig } from '../../src/coordination/redis-config.ts'
import { eventually } from '../support/eventually.ts'
import { recordingLogger } from '../support/logger.ts'
import { connectTestRedis } from '../support/redis-connection.ts'
import { startCluster, startRedis, startSentinel } from '../support/redis-server.ts'

/** On a machine that does much else, what takes a second takes some. */
const SLOWLY_MS = 30_000

interface Node extends ConnectedRedis {
  logs: Array<Record<string, unknown>>
  metrics: ReturnType<typeof createMetrics>
}

function connect(t: TestContext, config: RedisConfig): Node {
  const { logger, logs } = recordingLogger()
  const metrics = createMetrics()
  const node = connectTestRedis(config, { logger, metrics })
  t.after(node.close)
  return { ...node, logs, metrics }
}

async function connectTwo(t: TestContext, config: RedisConfig): Promise<[Node, Node]> {
  const nodes: [Node, Node] = [connect(t, config), connect(t, config)]
  assert.deepEqual(await Promise.all(nodes.map((node) => node.comesUp(20_000))), [true, true])
  return nodes
}

/** Says something on each topic until all of it is heard. @returns after how long. */
async function flow(from: Bus, to: Bus, topics: Array<`news:${string}`> = ['news:1']): Promise<number> {
  const began = performance.now()
  const silent = new Set<string>(topics)
  const stops = topics.map((topic) => to.subscribe(topic, () => void silent.delete(topic)))
  await eventually(
    'messages that flow',
    () => {
      for (const topic of topics) if (silent.has(topic)) from.publish(topic, { type: 'queue-resumed' })
      return silent.size === 0
    },
    SLOWLY_MS,
  )
  for (const stop of stops) stop()
  return Math.round(performance.now() - began)
}

const lines = ({ logs }: Node) => logs.map(({ msg }) => String(msg).split(':')[0])

async function counted(node: Node, name: 'busMessages' | 'redisUp'): Promise<Record<string, number>> {
  const { values } = await node.metrics[name].get()
  return Object.fromEntries(values.map(({ labels, value }) => [Object.values(labels).join(' '), value]))
}

test('Redis dies and comes back: what is subscribed is heard again before anybody is told that it is up', async (t) => {
  const redis = await startRedis(t)
  const [one, other] = await connectTwo(t, redis.config)
  const heard: string[] = []
  other.bus.subscribe('news:1', ({ type }) => void heard.push(type))
  await flow(one.bus, other.bus)
  assert.deepEqual(await counted(one, 'redisUp'), { '': 1 })

  const ups: Array<Promise<unknown>> = []
  // Told from outside in the very moment in which the node says that it is there.
  const tell = () =>
    redis.ask('publish', channelOf('news:1'), JSON.stringify([1, 'somebody', { type: 'settings-changed' }]))
  other.bus.onUp(() => void ups.push(tell()))
  await redis.kill()
  await eventually('the loss', () => !one.bus.isUp() && !other.bus.isUp())
  assert.deepEqual(await counted(one, 'redisUp'), { '': 0 })
  heard.length = 0
  one.bus.publish('news:1', { type: 'queue-resumed' })
  const asked = performance.now()
  await assert.rejects(one.keys.get(['x']), { code: 'unavailable' })
  await assert.rejects(one.keys.setIfAbsent('x', 'y', 1_000), { code: 'unavailable' })
  assert.ok(performance.now() - asked < 1_000, 'at once')
  assert.equal(one.keys.isUp(), false)
  assert.equal((await counted(one, 'busMessages'))['out dropped-away'], 1)

  await redis.restart()
  await eventually('being up again', () => one.bus.isUp() && other.bus.isUp() && ups.length > 0, SLOWLY_MS)
  assert.equal(await ups[0], 1, 'the other node had subscribed by then')
  t.diagnostic(`messages flow ${await flow(one.bus, other.bus)} ms after both are up`)
  assert.deepEqual(await one.keys.get(['x']), [null])
  assert.ok(!heard.slice(0, 1).includes('queue-resumed'), 'what was said meanwhile is lost, not kept')
  assert.deepEqual(lines(one), ['Redis is there', 'Redis is lost', 'Redis is there'])
  assert.ok(Number(one.logs.at(-1)?.['awayMs']) > 0)
})

test('a Sentinel fails over: messages flow over the new primary, and keys are asked there', async (t) => {
  const redis = await startSentinel(t)
  const [one, other] = await connectTwo(t, redis.config)
  await flow(one.bus, other.bus)
  let ups = 0
  other.bus.onUp(() => ups++)
  const killed = await redis.killPrimary()
  const tookMs = await flow(one.bus, other.bus)
  t.diagnostic(`messages flow ${tookMs} ms after the primary was killed`)
  assert.ok(tookMs < 6_000, `${tookMs} ms`)
  await eventually('being up again', () => other.bus.isUp() && ups > 0, SLOWLY_MS)
  await eventually('keys', () => one.keys.setIfAbsent('after', 'x', 60_000).catch(() => false))
  // The old one comes back, thinks for a moment that it is a primary still, and must not part the nodes.
  await killed.restart()
  await flow(other.bus, one.bus)
  assert.deepEqual(await other.keys.get(['after']), ['x'])
})

test('the primary of Sentinels hangs with all its connections open: they are left for the new one', async (t) => {
  const redis = await startSentinel(t)
  const [one, other] = await connectTwo(t, redis.config)
  await flow(one.bus, other.bus)
  const hanging = await redis.primary()
  t.after(hanging.resume)
  hanging.pause()
  // One may be at the new primary before the other has noticed.
  const lost = (node: Node) => lines(node).includes('Redis is lost')
  await eventually('the loss', () => lost(one) && lost(other), SLOWLY_MS)
  t.diagnostic(`messages flow ${await flow(one.bus, other.bus)} ms after the loss was noticed`)
  hanging.resume()
  await flow(other.bus, one.bus)
})

test('the primary and all Sentinels are gone for a while: clients that came to their end are made anew', async (t) => {
  const redis = await startSentinel(t)
  const [one, other] = await connectTwo(t, redis.config)
  const gone = [await redis.primary(), ...redis.processes.slice(3)]
  await Promise.all(gone.map((process) => process.kill()))
  await eventually('the loss', () => !one.bus.isUp() && !other.bus.isUp())
  await eventually('what is wrong', () => one.trouble()?.includes('sentinels are unreachable'), SLOWLY_MS)
  await Promise.all(gone.map((process) => process.restart()))
  await flow(one.bus, other.bus)
  await flow(other.bus, one.bus)
})

/** Enough to be on every primary of the cluster. */
const MANY = Array.from({ length: 200 }, (_, index) => `news:${index}` as const)

test('a primary of a cluster is killed: every topic is heard again', async (t) => {
  const redis = await startCluster(t)
  const [one, other] = await connectTwo(t, redis.config)
  const stops = MANY.map((topic) => other.bus.subscribe(topic, () => {}))
  await flow(one.bus, other.bus, MANY)
  let ups = 0
  other.bus.onUp(() => ups++)
  await redis.killPrimary(channelOf('news:1'))
  await eventually('the loss', () => !other.bus.isUp())
  const tookMs = await flow(one.bus, other.bus, MANY)
  t.diagnostic(`all topics are heard ${tookMs} ms after a primary was killed`)
  assert.ok(tookMs < 10_000, `${tookMs} ms`)
  await eventually('being up again', () => other.bus.isUp() && ups > 0, SLOWLY_MS)
  await eventually('keys', () => one.keys.setIfAbsent('after', 'x', 60_000).catch(() => false))
  for (const stop of stops) stop()
})

test('slots of a cluster move to another primary while nothing dies: subscriptions follow', async (t) => {
  const redis = await startCluster(t)
  const [one, other] = await connectTwo(t, redis.config)
  const stops = MANY.map((topic) => other.bus.subscribe(topic, () => {}))
  await flow(one.bus, other.bus, MANY)
  const before = await redis.primary(channelOf('news:1'))
  const id = String(await before.ask('cluster', 'myid'))
  const nodes = String(await before.ask('cluster', 'nodes')).split('\n')
  const port = nodes.find((line) => line.includes('slave') && line.includes(id))?.match(/:(\d+)@/)?.[1]
  const replica = redis.processes.find((process) => String(process.port) === port)
  assert.equal(await replica?.ask('cluster', 'failover'), 'OK')
  await eventually('the exchange', async () => (await redis.primary(channelOf('news:1'))) === replica, SLOWLY_MS)
  const tookMs = await flow(one.bus, other.bus, MANY)
  t.diagnostic(`all topics are heard ${tookMs} ms after the exchange`)
  await eventually('being up', () => one.bus.isUp() && other.bus.isUp(), SLOWLY_MS)
  for (const stop of stops) stop()
})

test('a Redis that hangs is noticed, answers nobody late, and is used again when it goes on', async (t) => {
  const redis = await startRedis(t)
  t.after(redis.resume)
  const [one, other] = await connectTwo(t, redis.config)
  await flow(one.bus, other.bus)
  redis.pause()
  const began = performance.now()
  await assert.rejects(one.keys.get(['x']), { code: 'unavailable' })
  assert.ok(performance.now() - began < 2_500)
  await eventually('the loss', () => !one.bus.isUp() && !other.bus.isUp(), SLOWLY_MS)
  t.diagnostic(`noticed after ${Math.round(performance.now() - began)} ms`)
  // It takes connections (the kernel does) and says nothing on them.
  assert.equal(await one.comesUp(3_000), false)
  redis.resume()
  await flow(one.bus, other.bus)
  assert.ok(one.logs.some(({ reason }) => reason === 'it does not answer'))
})

test('a certificate that nobody vouches for is refused, and told; one that is known is taken', async (t) => {
  const redis = await startRedis(t, { tls: true })
  const trusting = connect(t, redis.config)
  assert.ok(await trusting.comesUp(20_000))
  await trusting.keys.set([{ key: 'over TLS', value: 'x', ttlMs: 60_000 }])

  const strict = connect(t, { ...redis.config, tls: {} })
  await eventually('what is wrong', () => strict.trouble(), SLOWLY_MS)
  assert.match(strict.trouble() ?? '', /self-signed certificate/)
  assert.equal(await strict.comesUp(1_000), false)
  assert.equal(strict.logs.filter(({ msg }) => msg === 'Redis cannot be used').length, 1, 'told once')
})

test('a wrong password is told, itself never', async (t) => {
  const redis = await startRedis(t)
  for (const username of [null, 'somebody']) {
    const node = connect(t, { ...redis.config, username, password: 'hunter2' })
    await eventually('what is wrong', () => node.logs.length > 0, SLOWLY_MS)
    assert.match(String(node.logs[0]?.['reason']), /^WRONGPASS/)
    assert.equal(await node.comesUp(500), false)
    assert.equal(node.logs.length, 1)
    assert.ok(!JSON.stringify(node.logs).includes('hunter2'))
  }
})

test('words that no node of ours would say are counted and heard by nobody', async (t) => {
  const redis = await startRedis(t)
  const [node] = await connectTwo(t, redis.config)
  const heard: unknown[] = []
  node.bus.subscribe('cluster', (message) => void heard.push(message))
  const say = (text: string) => redis.ask('publish', channelOf('cluster'), text)
  const good = JSON.stringify([1, 'somebody', { type: 'nodes-changed' }])
  await eventually('the first word', async () => {
    await say(good)
    return heard.length > 0
  })
  const wrong = [
    '',
    'no JSON',
    '{}',
    'null',
    '[]',
    '[2,"somebody",{"type":"nodes-changed"}]',
    '[1,7,{"type":"nodes-changed"}]',
    '[1,"somebody",null]',
    '[1,"somebody","text"]',
    '[1,"somebody"]',
    `[${'['.repeat(100_000)}`,
  ]
  for (const text of wrong) await say(text)
  heard.length = 0
  for (const name of ['__proto__', '\\u005f_proto__', '__pr\\u006Fto__'])
    await say(`[1,"somebody",{"type":"nodes-changed","${name}":{"polluted":true}}]`)
  await eventually('the last word', () => heard.length === 3)
  assert.equal((await counted(node, 'busMessages'))['in malformed'], wrong.length)
  for (const message of heard) {
    const copy = Object.assign({}, message) as { type: string; polluted?: boolean }
    assert.deepEqual([copy.type, copy.polluted], ['nodes-changed', undefined])
  }
})

test('more than a bus holds is dropped and counted, and the next second is as ever', async (t) => {
  const redis = await startRedis(t)
  const [one, other] = await connectTwo(t, redis.config)
  for (let count = 0; count < 25_000; count++) one.bus.publish('news:1', { type: 'queue-resumed' })
  const { 'out dropped-full': dropped = 0 } = await counted(one, 'busMessages')
  assert.equal(dropped, 15_000)
  await flow(one.bus, other.bus)
})
