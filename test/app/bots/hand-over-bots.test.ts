import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { createOwnership } from '../../../src/persistence/ownership.ts'
import type { Database } from '../../../src/persistence/database.ts'
import { SUBSCRIPTION_TYPES } from '../../../src/platforms/chat.ts'
import { addStreamers, createBots } from '../../support/bots.ts'
import { messageOf } from '../../support/chat-room.ts'
import { openTestDatabase } from '../../support/database.ts'
import { createFakeChatPlatform } from '../../support/fake-chat-platform.ts'
import { linkBuses } from '../../support/linked-buses.ts'

const ALL = SUBSCRIPTION_TYPES.length

/** Two nodes in front of the same chat, the first of which has all bots, complete. */
async function twoNodes(t: TestContext, count = 2) {
  const { db } = await openTestDatabase(t)
  const streamers = await addStreamers(db, count)
  await db.execute(`insert into assignments (kind, key, desired) select 'bot', id, true from channels`)
  const [fake, buses] = [createFakeChatPlatform(), linkBuses()]
  const statements: string[] = []
  const watched: Database = {
    ...db,
    query: (sql, ...rest) => {
      statements.push(sql)
      return db.query(sql, ...rest)
    },
  }
  const stages = new Map<string, unknown>()
  const gone: Array<[string, string]> = []
  const a = createBots(t, db, {
    fake,
    bus: buses.add(),
    nodeId: 'a',
    stageOf: (channelId) => ({ of: channelId }),
    ownOf: (channelId) => ({ by: channelId }),
    onGone: (...what) => void gone.push(what),
  })
  const b = createBots(t, watched, {
    fake,
    bus: buses.add(),
    nodeId: 'b',
    onBegin: ({ channelId }, stage, own) => void stages.set(channelId, { stage, own }),
  })
  await a.bots.start()
  await a.until('all complete', () => fake.size() === count * ALL)
  await b.session.begin()
  const [first] = streamers
  assert.ok(first)
  const handOver = async (channelId: string) => {
    const epoch = a.bots.running().get(channelId) ?? assert.fail()
    const [moved] = await createOwnership(db).transfer(a.session.session() ?? 0, 'bot', [
      { key: channelId, epoch, to: b.session.session() ?? 0 },
    ])
    assert.ok(moved)
    const legacy = JSON.parse(JSON.stringify(a.bots.legacy(channelId))) as unknown
    const ended = a.bots.end([channelId], 'handed-over')
    statements.length = 0
    b.bots.begin([{ key: channelId, epoch: moved.epoch, live: false, orphanedForMs: null, legacy }])
    return { ended, epoch: moved.epoch }
  }
  return { db, fake, a, b, streamers, first, statements, stages, gone, handOver }
}

test('a bot that is handed over is active within the same turn, and nothing of the platform is asked for', async (t) => {
  const { fake, a, b, first, statements, stages, gone, handOver, db } = await twoNodes(t)
  const { channelId, userId } = first
  fake.emit({ type: 'stream-online', channelUserId: userId })
  fake.asked.subscribed.length = 0
  const { ended, epoch } = await handOver(channelId)
  assert.equal(b.bots.byChannelUserId(userId)?.epoch, epoch)
  assert.equal(b.bots.describe(channelId)?.state, 'active')
  assert.equal(b.bots.isStreamLive(channelId), true)
  assert.equal(a.bots.describe(channelId), undefined)
  assert.deepEqual([...b.bots.running()], [[channelId, epoch]])
  assert.deepEqual(
    [stages.get(channelId), gone],
    [{ stage: { of: channelId }, own: { by: channelId } }, [[channelId, 'handed-over']]],
  )
  assert.deepEqual(a.off, [], 'nobody leaves the stage')
  await ended
  await b.until('its row is read, for it may have been renamed', () => statements.length > 0)
  await b.clock.advance(60_000)
  assert.ok(!statements.some((sql) => sql.includes('chat_subscriptions where')), 'subscriptions are known')
  assert.deepEqual(fake.asked.subscribed, [])
  assert.equal(fake.size(), 2 * ALL, 'and nothing is ended')
  await b.until('its state is written down by its new owner', async () => {
    await b.clock.advance(1_000)
    const [row] = await db.query<{ state: string; epoch: string }>(
      `select state, epoch from assignments where key = $1`,
      [channelId],
    )
    return row?.state === 'active' && Number(row.epoch) === epoch
  })
  assert.deepEqual((await b.status(channelId)).owner, 'b')
  assert.deepEqual((await a.status(channelId)).owner, 'b', 'any node can tell')
})

test('what is said while a bot changes hands reaches one of the two, each message once', async (t) => {
  const { fake, a, b, first, handOver } = await twoNodes(t)
  const { channelId, userId } = first
  const say = (id: string) =>
    fake.emit({ type: 'message', message: { ...messageOf('hi', { id }), channelUserId: userId } })
  say('m1')
  await handOver(channelId)
  for (let n = 2; n < 50; n++) say(`m${n}`)
  for (const { clock } of [a, b]) await clock.advance(1_000)
  const heard = [...a.events, ...b.events].flatMap(({ event }) => (event.type === 'message' ? [event.message.id] : []))
  assert.deepEqual(heard.sort(), Array.from({ length: 49 }, (_, n) => `m${n + 1}`).sort())
  assert.deepEqual(a.events.length, 1)
})

test('a node that is refused by the rows drops the bot at once, whatever it was told', async (t) => {
  const { a, b, first, fake, db } = await twoNodes(t)
  const { channelId, userId } = first
  await db.execute(`update assignments set owner = $1, epoch = epoch + 1 where key = $2`, [
    b.session.session(),
    channelId,
  ])
  fake.emit({ type: 'stream-online', channelUserId: userId })
  await a.until('it has noticed', async () => {
    await a.clock.advance(1_000)
    return a.bots.describe(channelId) === undefined
  })
  assert.equal(a.bots.running().has(channelId), false)
  assert.equal(fake.size(), 2 * ALL, 'what is subscribed is the new owner’s')
})

test('a bot of a lost node is taken over with its row and what is known of it, and its silence is told', async (t) => {
  const { db, a, b, first, fake } = await twoNodes(t)
  await a.bots.end([...a.bots.running().keys()], 'lost')
  await db.execute(
    `update assignments set owner = null, orphaned_at = now() - interval '12 seconds' where kind = 'bot'`,
  )
  fake.asked.subscribed.length = 0
  await b.bots.start()
  await b.until('both are active', async () => (await b.gauge())['active'] === 2)
  assert.deepEqual(fake.asked.subscribed, [])
  assert.equal(await b.restarts('takeover'), 2)
  const { values } = await b.metrics.botTakeover.get()
  const sum = values.find(({ metricName }) => metricName?.endsWith('_sum'))?.value ?? 0
  assert.ok(sum >= 24 && sum < 34, `${sum} s`)
  assert.equal((await b.status(first.channelId)).epoch, 2)
})

test('a look at the platform’s list touches nothing of bots that run elsewhere; what nobody needs one node ends', async (t) => {
  const { fake, a, b, first, handOver } = await twoNodes(t)
  await handOver(first.channelId)
  const stray = fake.plant({
    type: 'channel.chat.message',
    channelUserId: 'a stranger',
    readerUserId: 'a stranger',
    enabled: true,
  })
  for (const { clock, until } of [b, a]) {
    await clock.advance(3_600_000)
    await until('a look', () => fake.asked.pages > 0)
  }
  await a.until('the stray is ended', () => !fake.has(stray))
  assert.equal(fake.size(), 2 * ALL)
})

test('turned off on any node, the owner ends it; a permission that comes to another node begins it', async (t) => {
  const { db, fake, a, b, first, streamers } = await twoNodes(t)
  await b.bots.status(first.channelId)
  await b.bots.setDesired(first.channelId, false)
  await a.until('its owner has ended it', () => a.bots.describe(first.channelId) === undefined)
  await a.until('nothing of it is left', () => fake.typesOf(first.userId).length === 0)
  assert.deepEqual(a.off, [first.channelId])

  const second = streamers[1] ?? assert.fail()
  fake.refuse(second.userId, 'permission')
  fake.endOf(second.userId, 'other', 'channel.chat.message')
  await a.until('it waits', async () => {
    await a.clock.advance(1_000)
    return a.bots.describe(second.channelId)?.lastError?.code === 'missing-scope'
  })
  await a.until('it is written down', async () => (await b.status(second.channelId)).state === 'inactive')
  await a.until('ours is forgotten', async () => !(await b.status(second.channelId)).permitted)
  fake.refuse(second.userId, null)
  await db.execute(`update accounts set granted_scopes = $1, validated_at = now()`, [
    ['user:read:chat', 'user:bot', 'user:write:chat', 'channel:bot'],
  ])
  b.bots.permissionGranted(second.userId)
  await a.until('it is back', () => a.bots.isActive(second.channelId))
})
