import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { AppError } from '../../../src/base/errors.ts'
import { createMetrics } from '../../../src/base/metrics.ts'
import type { ChatEvent } from '../../../src/domain/chat-message.ts'
import type { DisabledChatShard } from '../../../src/platforms/chat.ts'
import { openChatStream } from '../../../src/platforms/twitch/chat-stream.ts'
import type { StandingShard } from '../../../src/platforms/twitch/conduit-wire.ts'
import type { CreateOutcome } from '../../../src/platforms/twitch/subscription-api.ts'
import { chatEvent, notification, welcome } from '../../support/eventsub-frames.ts'
import { eventually } from '../../support/eventually.ts'
import { recordingLogger } from '../../support/logger.ts'
import { createManualClock } from '../../support/manual-clock.ts'
import { startScriptedServer } from '../../support/scripted-socket.ts'

/** A stream of two shards in front of scripted sockets and a Helix in memory. */
async function setUp(t: TestContext, { aborted = false } = {}) {
  const scripted = await startScriptedServer(t)
  const clock = createManualClock()
  const { logger, logs } = recordingLogger()
  const life = new AbortController()
  if (aborted) life.abort(new AppError('shutting-down'))
  const asked: string[] = []
  const created: (() => CreateOutcome)[] = []
  const events: ChatEvent[] = []
  const elsewhere: DisabledChatShard[] = []
  const helix = { conduits: ['conduit-1'], standing: new Map<string, StandingShard>() }
  const stream = openChatStream(
    {
      clientId: 'an-id',
      eventSubUrl: scripted.url,
      connections: 2,
      clock,
      random: () => 0,
      logger,
      metrics: createMetrics(),
      conduits: {
        list: () => {
          asked.push('list')
          return Promise.resolve(helix.conduits.map((id) => ({ id, shardCount: 2 })))
        },
        create: (shardCount) => {
          helix.conduits = [`conduit-${asked.push('make')}`]
          helix.standing.clear()
          return Promise.resolve({ id: helix.conduits[0] ?? '', shardCount })
        },
        resize: (conduit) => Promise.resolve(conduit),
        shards(conduitId) {
          asked.push('look')
          return Promise.resolve(helix.conduits.includes(conduitId) ? [...helix.standing.values()] : 'gone')
        },
        assign({ conduitId, shardIds, sessionId }) {
          asked.push(`assign ${shardIds.join()} ${sessionId}`)
          if (!helix.conduits.includes(conduitId)) return Promise.resolve('gone')
          for (const id of shardIds) helix.standing.set(id, { id, status: 'enabled', sessionId })
          return Promise.resolve(new Map(shardIds.map((id) => [id, { enabled: true }])))
        },
      },
      subscriptions: {
        create({ type, condition, conduitId }) {
          asked.push(`create ${type} ${Object.values(condition).join()} in ${conduitId}`)
          return Promise.resolve().then(() => created.shift()?.() ?? { kind: 'there', id: 'an-id' })
        },
        remove: () => Promise.resolve(),
        // oxlint-disable-next-line require-yield
        async *pages({ type }) {
          asked.push(`list ${type}`)
        },
      },
    },
    {
      onEvent: (event) => void events.push(event),
      onSubscriptionEnded: () => {},
      onAccessRevoked: () => {},
      onShardDisabled: (news) => void elsewhere.push(news),
      mayAct: () => true,
      onChange: () => {},
      signal: life.signal,
    },
  )
  void stream.follow({ keeps: 2, home: null })
  stream.hold(['0', '1'])
  t.after(async () => {
    await stream.close()
    assert.equal(clock.pendingTimers(), 0)
  })
  const goLive = async () => {
    const servers = []
    for (const session of ['a', 'b']) {
      const server = await scripted.accept()
      server.send(welcome(session, 600))
      servers.push(server)
    }
    await eventually('both shards', () => stream.state() === 'open')
    await eventually('its own subscriptions', () => asked.some((what) => what.startsWith('create user')))
    return servers
  }
  return { scripted, clock, logs, life, asked, created, events, elsewhere, helix, stream, goLive }
}

const OWN = [
  'create conduit.shard.disabled an-id,conduit-1 in conduit-1',
  'create user.authorization.revoke an-id in conduit-1',
]

test('what is told of the application itself is looked for and then subscribed to, once', async (t) => {
  const { asked, clock, goLive } = await setUp(t)
  await goLive()
  await clock.advance(180_000)
  assert.deepEqual(
    asked.filter((what) => what.startsWith('create')),
    OWN,
  )
  assert.deepEqual(
    asked.filter((what) => what.startsWith('list ')),
    ['list conduit.shard.disabled', 'list user.authorization.revoke'],
  )
})

test('a failure to subscribe to it is tried again, a quota is not', async (t) => {
  const { asked, clock, created, goLive, logs } = await setUp(t)
  created.push(
    () => {
      throw new AppError('platform-server', { status: 500 })
    },
    () => ({ kind: 'full', quota: 'type-and-condition' }),
  )
  const live = goLive()
  await eventually('the first try', () => asked.includes(OWN[0] ?? ''))
  await clock.advance(500)
  await live
  await clock.advance(180_000)
  assert.deepEqual(
    asked.filter((what) => what.startsWith('create')),
    [OWN[0], OWN[0], OWN[1]],
  )
  assert.ok(logs.some(({ quota }) => quota === 'type-and-condition'))
})

test('once a minute somebody looks: a shard that stands idle is assigned again', async (t) => {
  const { asked, clock, helix, goLive, stream } = await setUp(t)
  await goLive()
  await clock.advance(59_999)
  assert.ok(!asked.includes('look'))
  const shard = [...helix.standing.values()][1] ?? assert.fail()
  helix.standing.set(shard.id, { ...shard, status: 'websocket_network_error' })
  asked.length = 0
  await clock.advance(1)
  await eventually('the assignment', () => helix.standing.get(shard.id)?.status === 'enabled')
  await eventually('both shards', () => stream.state() === 'open')
  assert.deepEqual(asked, ['look', 'look', `assign ${shard.id} ${shard.sessionId}`])
})

test('… and a conduit that was deleted elsewhere is made anew, with all that belongs to it', async (t) => {
  const { asked, clock, helix, goLive, stream } = await setUp(t)
  await goLive()
  helix.conduits = []
  asked.length = 0
  await clock.advance(60_000)
  await eventually('another home', () => stream.home() !== null && stream.home() !== 'conduit-1')
  await eventually('both shards', () => helix.standing.size === 2 && stream.state() === 'open')
  const home = stream.home()
  await eventually('its own subscriptions', () => asked.includes(`create user.authorization.revoke an-id in ${home}`))
  assert.equal(asked.filter((what) => what === 'make').length, 1)
})

test('with one connection lost it is degraded, with both closed, and then open again', async (t) => {
  const { goLive, stream, clock, scripted } = await setUp(t)
  const [first, second] = await goLive()
  first?.close(4000)
  await eventually('one loss', () => stream.state() === 'degraded')
  second?.terminate()
  await eventually('both losses', () => stream.state() === 'closed')
  await clock.advance(0)
  for (const session of ['c', 'd']) (await scripted.accept()).send(welcome(session, 600))
  await eventually('both shards', () => stream.state() === 'open')
})

test('without a home nothing can be subscribed to or listed, and nothing is asked', async (t) => {
  const { stream, asked } = await setUp(t, { aborted: true })
  const request = { type: 'stream.online', channelUserId: '1', readerUserId: '1' } as const
  await assert.rejects(stream.subscribe(request), { code: 'platform-network' })
  await assert.rejects(stream.subscriptions()[Symbol.asyncIterator]().next(), { code: 'platform-network' })
  assert.deepEqual(asked, [])
  assert.equal(stream.state(), 'closed')
})

test('a signal that aborts ends all connections, and nothing is told after it', async (t) => {
  const { goLive, life, stream, events } = await setUp(t)
  const servers = await goLive()
  servers[1]?.send(notification('channel.chat.message', chatEvent({ message_id: 'before' })))
  await eventually('the message', () => events.length === 1)
  life.abort(new AppError('shutting-down'))
  servers[0]?.send(notification('channel.chat.message', chatEvent()))
  await eventually('the ends', () => servers.every((server) => !server.isOpen()))
  // Our side may hear of an end a moment after the other.
  await eventually('the stream is closed', () => stream.state() === 'closed')
  assert.equal(events.length, 1)
})
