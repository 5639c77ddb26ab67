import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventually } from '../support/eventually.ts'
import { recordingLogger } from '../support/logger.ts'
import { startNode } from '../support/node.ts'
import { connectTestRedis } from '../support/redis-connection.ts'
import { startRedis, startSentinel } from '../support/redis-server.ts'

async function healthOf(baseUrl: string): Promise<{ status: number; redis: unknown; ready: unknown }> {
  const answer = await fetch(`${baseUrl}/health/ready`)
  const { redis, ready } = (await answer.json()) as Record<string, unknown>
  return { status: answer.status, redis, ready }
}

async function gaugeOf(baseUrl: string): Promise<string | null> {
  const text = await (await fetch(`${baseUrl}/metrics`)).text()
  return /^chatfolk_redis_up (.*)$/m.exec(text)?.[1] ?? null
}

test('a node whose Redis is away starts, serves, says once what is lost, and joins by itself', async (t) => {
  const redis = await startRedis(t)
  await redis.kill()
  const { baseUrl, logs } = await startNode(t, { environment: redis.environment })
  assert.deepEqual(await healthOf(baseUrl), { status: 200, redis: 'degraded', ready: true })
  assert.equal(await gaugeOf(baseUrl), '0')
  const told = logs.filter(({ level, msg }) => level === 'warn' && String(msg).includes('Redis'))
  assert.equal(told.length, 1, JSON.stringify(told))
  assert.match(String(told[0]?.['msg']), /chat.*alerts.*gap.*overlays/)
  assert.match(String(told[0]?.['reason']), /ECONNREFUSED/)

  await redis.restart()
  await eventually('it joins', async () => (await healthOf(baseUrl)).redis === 'ok')
  assert.equal(await gaugeOf(baseUrl), '1')

  await redis.kill()
  await eventually('the loss', async () => (await healthOf(baseUrl)).redis === 'degraded')
  assert.equal((await healthOf(baseUrl)).status, 200, 'one Redis must not take all nodes out of rotation')
})

test('a required Redis that dies later is down, and the node goes on serving', async (t) => {
  const redis = await startRedis(t)
  const { baseUrl } = await startNode(t, { environment: { ...redis.environment, REDIS_REQUIRED: 'true' } })
  assert.deepEqual(await healthOf(baseUrl), { status: 200, redis: 'ok', ready: true })
  await redis.kill()
  await eventually('the loss', async () => (await healthOf(baseUrl)).redis === 'down')
  assert.deepEqual(await healthOf(baseUrl), { status: 200, redis: 'down', ready: true })
})

test('a node without a configured Redis misses none', async (t) => {
  const { baseUrl } = await startNode(t)
  assert.deepEqual(await healthOf(baseUrl), { status: 200, redis: 'ok', ready: true })
  assert.equal(await gaugeOf(baseUrl), null)
})

test('a replica is not taken for the Redis until it is the primary, and the reason is told once', async (t) => {
  const replica = await startRedis(t)
  await replica.ask('REPLICAOF', '127.0.0.1', '1')
  const { logger, logs } = recordingLogger()
  const connected = connectTestRedis(replica.config, { logger })
  t.after(() => connected.close())
  assert.equal(await connected.comesUp(2_500), false)
  assert.equal(connected.trouble(), 'it is a replica, which takes no writes: name the primary')
  assert.deepEqual(
    logs.map(({ level, msg, reason }) => ({ level, msg, reason })),
    [{ level: 'warn', msg: 'Redis cannot be used', reason: connected.trouble() }],
  )
  await replica.ask('REPLICAOF', 'NO', 'ONE')
  assert.equal(await connected.comesUp(10_000), true)
})

test('a Sentinel that is named as the Redis is told for what it is', async (t) => {
  const { config } = await startSentinel(t)
  assert.ok(config.kind === 'sentinel')
  const [address] = config.sentinels
  assert.ok(address)
  const { password, username, db, tls } = config
  const connected = connectTestRedis({ kind: 'single', address, password, username, db, tls })
  t.after(() => connected.close())
  assert.equal(await connected.comesUp(1_500), false)
  assert.equal(connected.trouble(), 'it is a Sentinel: name it in REDIS_SENTINELS')
})

test('two nodes without a Redis are told what is lost, once; one alone is not', async (t) => {
  const first = await startNode(t)
  const warnings = (logs: typeof first.logs) => logs.filter(({ msg }) => String(msg).includes('no Redis is set'))
  assert.deepEqual(warnings(first.logs), [])
  const second = await startNode(t, { beside: first })
  await eventually('both say so', () => warnings(first.logs).length === 1 && warnings(second.logs).length === 1)
  assert.deepEqual(warnings(second.logs)[0]?.['others'], [first.nodeId])
})
