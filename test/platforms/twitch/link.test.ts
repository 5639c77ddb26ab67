import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { AppError } from '../../../src/base/errors.ts'
import type { ConduitApi } from '../../../src/platforms/twitch/conduit-api.ts'
import { createConduitHome } from '../../../src/platforms/twitch/conduit.ts'
import type { Conduit, ShardAssignment, StandingShard } from '../../../src/platforms/twitch/conduit-wire.ts'
import { runLink } from '../../../src/platforms/twitch/link.ts'
import { reconnect, welcome } from '../../support/eventsub-frames.ts'
import { eventually } from '../../support/eventually.ts'
import { recordingLogger } from '../../support/logger.ts'
import { createManualClock } from '../../support/manual-clock.ts'
import { startScriptedServer } from '../../support/scripted-socket.ts'

const refused = (outOfRange = false): ShardAssignment => ({ enabled: false, code: 'invalid_parameter', outOfRange })
const failed = () => {
  throw new AppError('platform-server', { platform: 'twitch', endpoint: 'shards', status: 500 })
}

/** A connection with a shard in front of a scripted socket and a Helix whose answers the test says; by default all goes well. */
async function setUp(t: TestContext, ...lists: Conduit[][]) {
  const scripted = await startScriptedServer(t)
  const clock = createManualClock()
  const { logger, logs } = recordingLogger()
  const life = new AbortController()
  const asked: string[] = []
  const answers: {
    assign: (() => ShardAssignment | 'gone')[]
    shards: (() => StandingShard[] | 'gone')[]
  } = { assign: [], shards: [] }
  const answer = <Reply>(script: (() => Reply)[], otherwise: Reply): Promise<Reply> =>
    Promise.resolve().then(() => script.shift()?.() ?? otherwise)
  const api: ConduitApi = {
    list: () => {
      asked.push('list')
      return Promise.resolve(lists.shift() ?? [{ id: 'conduit-1', shardCount: 2 }])
    },
    create: (shardCount) => {
      asked.push(`create ${shardCount}`)
      return Promise.resolve({ id: 'conduit-new', shardCount })
    },
    resize: (conduit) => {
      asked.push(`resize ${conduit.id} ${conduit.shardCount}`)
      return Promise.resolve(conduit)
    },
    shards: (conduitId) => {
      asked.push(`look ${conduitId}`)
      return answer(answers.shards, [])
    },
    assign: async ({ conduitId, shardIds, sessionId }) => {
      asked.push(`assign ${conduitId} ${shardIds.join()} ${sessionId}`)
      const outcome = await answer(answers.assign, { enabled: true } as const)
      return outcome === 'gone' ? 'gone' : new Map(shardIds.map((id) => [id, outcome]))
    },
  }
  const changes: string[] = []
  const standing = { mayAct: true }
  const home = createConduitHome({
    api,
    mayAct: () => standing.mayAct,
    clock,
    random: () => 1,
    logger,
    signal: life.signal,
    onChange: () => void changes.push(`home ${home.id()}`),
  })
  void home.follow({ keeps: 2, home: null })
  const shard = runLink({
    name: 'a',
    shards: ['0'],
    mayAct: () => standing.mayAct,
    eventSubUrl: scripted.url,
    api,
    home,
    clock,
    random: () => 1,
    logger,
    signal: life.signal,
    onMessage: () => {},
    onChange: () => void changes.push(stateOf()),
    onWelcome: () => {},
  })
  const stateOf = () => shard.shards()[0]?.state ?? 'none'
  t.after(async () => {
    life.abort(new AppError('shutting-down'))
    await shard.ended
    assert.equal(clock.pendingTimers(), 0)
  })
  const goLive = async (sessionId = 'session-1') => {
    const server = await scripted.accept()
    server.send(welcome(sessionId, 600))
    await eventually('the shard', () => stateOf() === 'enabled')
    return server
  }
  return { scripted, clock, logs, asked, answers, changes, home, shard, standing, goLive }
}

test('the conduit is found before anything is dialled, and the session is assigned at once', async (t) => {
  const { asked, changes, shard, goLive } = await setUp(t)
  await goLive()
  assert.deepEqual(asked, ['list', 'assign conduit-1 0 session-1'])
  assert.deepEqual(changes, ['home conduit-1', 'enabled'])
  assert.equal(shard.sessionId(), 'session-1')
})

test('among several conduits the same one is chosen each time; a wrong count is set right', async (t) => {
  const { asked, goLive, logs } = await setUp(t, [
    { id: 'b', shardCount: 2 },
    { id: 'a', shardCount: 5 },
  ])
  await goLive()
  assert.deepEqual(asked, ['list', 'resize a 2', 'assign a 0 session-1'])
  assert.ok(logs.some(({ conduits }) => conduits === 2))
})

test('without a conduit one is made', async (t) => {
  const { asked, goLive } = await setUp(t, [])
  await goLive()
  assert.deepEqual(asked, ['list', 'create 2', 'assign conduit-new 0 session-1'])
})

test('failures of Helix are tried again on the same session, later and later', async (t) => {
  const { answers, asked, clock, scripted, shard, logs } = await setUp(t)
  answers.assign.push(failed, failed, failed)
  const server = await scripted.accept()
  server.send(welcome('session-1', 600))
  for (const [tries, waitMs] of [
    [1, 1_000],
    [2, 2_000],
    [3, 4_000],
  ] as const) {
    await eventually('the try', () => asked.filter((what) => what.startsWith('assign')).length === tries)
    await clock.advance(waitMs - 1)
    assert.equal(asked.filter((what) => what.startsWith('assign')).length, tries)
    await clock.advance(1)
  }
  await eventually('the shard', () => shard.shards()[0]?.state === 'enabled')
  assert.equal(logs.filter(({ code }) => code === 'platform-server').length, 3)
  assert.ok(server.isOpen())
})

test('a session that Twitch refuses three times is left for another one', async (t) => {
  const { answers, clock, scripted, logs, goLive, asked } = await setUp(t)
  answers.assign.push(refused, refused, refused)
  const server = await scripted.accept()
  server.send(welcome('session-1', 600))
  await eventually('the first refusal', () => asked.length === 2)
  await clock.advance(1_000)
  await eventually('the second refusal', () => asked.length === 3)
  await clock.advance(2_000)
  await eventually('the loss', () => logs.some(({ why }) => why === 'refused'))
  assert.ok(!server.isOpen())
  await clock.advance(1_000)
  await goLive('session-2')
  assert.equal(asked.at(-1), 'assign conduit-1 0 session-2')
})

test('a shard outside the conduit’s range has the count looked at, and is assigned at once', async (t) => {
  const { answers, asked, goLive } = await setUp(
    t,
    [{ id: 'conduit-1', shardCount: 2 }],
    [{ id: 'conduit-1', shardCount: 1 }],
  )
  answers.assign.push(() => refused(true))
  await goLive()
  assert.deepEqual(asked, [
    'list',
    'assign conduit-1 0 session-1',
    'list',
    'resize conduit-1 2',
    'assign conduit-1 0 session-1',
  ])
})

test('a conduit that is gone is replaced by another, on the same session and without waiting', async (t) => {
  const { answers, asked, changes, goLive } = await setUp(t, [{ id: 'conduit-1', shardCount: 2 }], [])
  answers.assign.push(() => 'gone')
  await goLive()
  assert.deepEqual(asked, [
    'list',
    'assign conduit-1 0 session-1',
    'list',
    'create 2',
    'assign conduit-new 0 session-1',
  ])
  assert.deepEqual(changes, ['home conduit-1', 'home null', 'home conduit-new', 'enabled'])
})

for (const [what, standing, assigns] of [
  ['came along', [{ id: '0', status: 'enabled', sessionId: 'session-2' }], false],
  ['stayed behind', [{ id: '0', status: 'websocket_disconnected', sessionId: 'session-1' }], true],
  ['is believed to be on the old session', [{ id: '0', status: 'enabled', sessionId: 'session-1' }], true],
  ['is not listed', [], true],
] as [string, StandingShard[], boolean][]) {
  test(`after a move the shard is looked at: it ${what}`, async (t) => {
    const { answers, asked, goLive, scripted, shard } = await setUp(t)
    const server = await goLive()
    answers.shards.push(() => standing)
    server.send(reconnect(`${scripted.url}/moved`))
    const next = await scripted.accept()
    next.send(welcome('session-2', 600))
    await eventually('the look', () => asked.includes('look conduit-1'))
    await eventually('the shard', () => shard.shards()[0]?.state === 'enabled')
    if (assigns) await eventually('the assignment', () => asked.includes('assign conduit-1 0 session-2'))
    else assert.ok(!asked.includes('assign conduit-1 0 session-2'))
  })
}

test('losses in a row are waited for longer and longer, and a good session begins the row anew', async (t) => {
  const { clock, goLive, logs, shard } = await setUp(t)
  const losses = () => logs.filter(({ msg }) => msg === 'lost a chat connection')
  for (const [failures, retryInMs] of [
    [1, 1_000],
    [2, 2_000],
    [3, 4_000],
    [4, 8_000],
  ] as const) {
    ;(await goLive(`session-${failures}`)).close(4000)
    await eventually('the loss', () => losses().length === failures)
    assert.deepEqual([losses().at(-1)?.['failures'], losses().at(-1)?.['retryInMs']], [failures, retryInMs])
    assert.equal(shard.shards()[0]?.state, 'lost')
    await clock.advance(retryInMs)
  }
  const server = await goLive('session-5')
  await clock.advance(30_000)
  server.close(4006)
  await eventually('the loss', () => losses().length === 5)
  assert.deepEqual([losses().at(-1)?.['failures'], losses().at(-1)?.['retryInMs']], [1, 1_000])
})

test('a session that Twitch calls dead is left a second later, another one is not', async (t) => {
  const { clock, goLive, logs, shard } = await setUp(t)
  const server = await goLive()
  shard.replace('session-0')
  await clock.advance(1_000)
  assert.ok(server.isOpen())
  shard.replace('session-1')
  await clock.advance(1_000)
  await eventually('the loss', () => logs.some(({ why }) => why === 'disabled'))
})

test('a node that may not act takes no shard, and does so as soon as it may', async (t) => {
  const { clock, asked, scripted, shard, standing } = await setUp(t)
  standing.mayAct = false
  const server = await scripted.accept()
  server.send(welcome('session-1', 600))
  await eventually('the session', () => shard.sessionId() !== null)
  await clock.advance(2_000)
  assert.ok(!asked.some((what) => what.startsWith('assign')))
  standing.mayAct = true
  await clock.advance(500)
  await eventually('the shard', () => shard.shards()[0]?.state === 'enabled')
})

test('shards that come to a connection that stands are assigned with one request, and those that left it are not looked after', async (t) => {
  const { asked, goLive, shard } = await setUp(t)
  await goLive()
  asked.length = 0
  shard.give(['1', '2'])
  await eventually('three shards', () => shard.shards().filter(({ state }) => state === 'enabled').length === 3)
  assert.deepEqual(asked, ['assign conduit-1 1,2 session-1'])
  shard.take(['0', '2'])
  shard.repair()
  await eventually('the look', () => asked.at(-1) === 'assign conduit-1 1 session-1')
})
