import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import type { Owned } from '../../../src/app/assignments/assignment-runner.ts'
import { createRunShards } from '../../../src/app/bots/run-shards.ts'
import { createMemoryBus } from '../../../src/coordination/bus.memory.ts'
import { createAssignments } from '../../../src/persistence/assignments.ts'
import { createChatShards } from '../../../src/persistence/chat-shards.ts'
import { createOwnership } from '../../../src/persistence/ownership.ts'
import type { ChatShardStatus, ChatStream, ClusterChat } from '../../../src/platforms/chat.ts'
import { addStreamers } from '../../support/bots.ts'
import { openTestDatabase } from '../../support/database.ts'
import { eventually } from '../../support/eventually.ts'
import { createLittleSession } from '../../support/little-supervisor.ts'
import { silentLogger } from '../../support/logger.ts'
import { createManualClock } from '../../support/manual-clock.ts'

/** The shards of one node on real rows, in front of a stream that does as it is told. */
async function setUp(t: TestContext, { withBot = true } = {}) {
  const { db } = await openTestDatabase(t)
  const ownership = createOwnership(db)
  await addStreamers(db, 1)
  const assignments = createAssignments(db)
  const turnOn = async () => {
    await db.execute(`insert into assignments (kind, key, desired) select 'bot', id, true from channels`)
    bus.publish('cluster', { type: 'assignments-changed', kind: 'bot', keys: [] })
  }
  const clock = createManualClock()
  const bus = createMemoryBus({
    onError: (error) => {
      throw error
    },
  })
  const session = createLittleSession(db)
  const [mine, other] = [await session.begin(), await createLittleSession(db, 'other').begin()]
  const held: string[][] = []
  const followed: ClusterChat[] = []
  const stream = {
    opened: 0,
    dropped: 0,
    home: 'conduit-1',
    state: 'enabled' as ChatShardStatus['state'],
    idle: [] as string[],
  }
  const refused: string[] = []
  const runner = createRunShards({
    shards: createChatShards(db),
    assignments,
    session,
    bus,
    stream() {
      stream.opened++
      return {
        home: () => stream.home,
        hold: (ids: readonly string[]) => void held.push([...ids]),
        drop: () => void stream.dropped++,
        follow: (cluster: ClusterChat) => void followed.push(cluster),
        shards: () => (held.at(-1) ?? []).map((id) => ({ id, state: stream.state, since: clock.now() })),
        inspect: () => Promise.resolve({ held: 1, idle: stream.idle }),
      } as unknown as ChatStream
    },
    onStanding: () => {},
    onRefused: (keys) => void refused.push(...keys),
    clock,
    logger: silentLogger,
  })
  t.after(() => runner.stop())
  const until = (what: string, holds: () => unknown) =>
    eventually(what, async () => {
      await clock.advance(0)
      return holds()
    })
  await ownership.ensureShards(2)
  if (withBot) await turnOn()
  const claim = async (of: number, keys: string[]): Promise<Owned[]> =>
    (await ownership.claim(of, 'shard', keys)).map((row) => ({ ...row, legacy: null }))
  const row = async (key: string) =>
    (
      await db.query<{ state: string | null; home: string | null }>(
        `select state, detail ->> 'home' as home from assignments where kind = 'shard' and key = $1`,
        [key],
      )
    )[0]
  return {
    db,
    ownership,
    runner,
    session,
    bus,
    clock,
    stream,
    held,
    followed,
    refused,
    mine,
    other,
    until,
    claim,
    row,
    turnOn,
  }
}

test('without a bot on any node nothing is opened; the first one is noticed', async (t) => {
  const { runner, mine, claim, until, turnOn, stream, held, clock } = await setUp(t, { withBot: false })
  runner.begin(await claim(mine, ['0', '1']))
  await until('a look', () => clock.pendingTimers() > 0)
  assert.deepEqual([stream.opened, [...runner.running().keys()]], [0, ['0', '1']])
  await turnOn()
  await until('it is held', () => held.length > 0)
  assert.deepEqual(held.at(-1), ['0', '1'])
})

test('who has shard 0 keeps as many as there are rows, and says where subscriptions live', async (t) => {
  const { runner, mine, claim, until, held, followed, row, ownership, clock, session } = await setUp(t)
  runner.begin(await claim(mine, ['0', '1']))
  await until('both are held', () => held.length > 0)
  assert.deepEqual(followed.at(-1), { keeps: 2, home: null })
  await until('it is written down', async () => (await row('0'))?.state === 'enabled')
  runner.connectionsChanged({ home: () => 'conduit-1' } as ChatStream)
  await until('its place too', async () => (await row('0'))?.home === 'conduit-1')
  await ownership.ensureShards(3)
  await clock.advance(2_000)
  await until('one more', () => followed.at(-1)?.keeps === 3)
  assert.equal(followed.at(-1)?.home, 'conduit-1')
  session.mute(true)
  await clock.advance(2_000)
  await until('a muted node keeps nothing', () => followed.at(-1)?.keeps === null)
  assert.equal(runner.keeps(), false)
})

test('what the others deliver counts: chat stands as long as one shard does anywhere', async (t) => {
  const { db, runner, mine, other, claim, until, clock, bus } = await setUp(t)
  runner.begin(await claim(mine, ['0']))
  await claim(other, ['1'])
  const set = async (state: string) => {
    await db.execute(`update assignments set state = $1 where kind = 'shard' and key = '1'`, [state])
    bus.publish('cluster', { type: 'assignments-changed', kind: 'shard', keys: ['1'] })
  }
  await set('enabled')
  await until('the other one is told all', () => runner.standing('closed') === 'degraded')
  assert.equal(runner.standing('open'), 'open')
  await set('lost')
  await until('only ours', () => runner.standing('open') === 'degraded')
  assert.equal(runner.standing('closed'), 'closed')
  await runner.end(['0'], 'lost')
  await set('enabled')
  await clock.advance(2_000)
  await until('a node without a shard hears of the others', () => runner.standing('closed') !== 'closed')
})

test('one that is handed over is let go at once, and its end is told when nothing is on its way', async (t) => {
  const { runner, mine, claim, until, held, clock } = await setUp(t)
  runner.begin(await claim(mine, ['0', '1']))
  await until('both are held', () => held.length > 0)
  let ended = false
  const ending = runner.end(['1'], 'handed-over').then(() => (ended = true))
  assert.deepEqual(held.at(-1), ['0'])
  await clock.advance(1_999)
  assert.equal(ended, false)
  await clock.advance(1)
  await ending
})

test('one that the rows say is another’s is dropped, and the rows are to be looked at', async (t) => {
  const { db, runner, mine, other, claim, until, held, refused } = await setUp(t)
  runner.begin(await claim(mine, ['0', '1']))
  await until('both are held', () => held.length > 0)
  await db.execute(`update assignments set owner = $1, epoch = epoch + 1 where kind = 'shard' and key = '0'`, [other])
  runner.connectionsChanged({ home: () => 'conduit-1' } as ChatStream)
  await until('it is dropped', () => !runner.running().has('0'))
  assert.deepEqual([refused, held.at(-1)], [['0'], ['1']])
})

test('a node that was believed dead leaves the connections that it had', async (t) => {
  const { runner, mine, claim, until, held, stream } = await setUp(t)
  runner.begin(await claim(mine, ['0', '1']))
  await until('both are held', () => held.length > 0)
  await runner.end(['0', '1'], 'lost')
  assert.equal(stream.dropped, 1)
})

test('the watchdog is told how much was put right at the platform', async (t) => {
  const { runner, mine, claim, until, held, stream } = await setUp(t)
  assert.equal(await runner.inspect?.(), 0)
  runner.begin(await claim(mine, ['0', '1']))
  await until('both are held', () => held.length > 0)
  stream.idle = ['1']
  assert.equal(await runner.inspect?.(), 1)
})
