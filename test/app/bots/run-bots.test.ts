import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { AppError, hasCode } from '../../../src/base/errors.ts'
import { createChatSubscriptions } from '../../../src/persistence/chat-subscriptions.ts'
import type { Database } from '../../../src/persistence/database.ts'
import { SUBSCRIPTION_TYPES } from '../../../src/platforms/chat.ts'
import { addStreamers, ALL_SCOPES, createBots } from '../../support/bots.ts'
import { openTestDatabase } from '../../support/database.ts'
import { createFakeChatPlatform } from '../../support/fake-chat-platform.ts'
import { recordingLogger } from '../../support/logger.ts'

const ALL_TYPES = [...SUBSCRIPTION_TYPES].sort()

async function setUp(t: TestContext, options: { streamers?: number; scopes?: readonly string[] } = {}) {
  const { db } = await openTestDatabase(t)
  const { streamers = 1, scopes = ALL_SCOPES } = options
  return { db, streamers: await addStreamers(db, streamers, { scopes }) }
}

/** One streamer whose bot is on and complete. */
async function oneBot(t: TestContext, options: Parameters<typeof createBots>[2] = {}) {
  const { db, streamers } = await setUp(t)
  const [streamer] = streamers
  assert.ok(streamer)
  const world = createBots(t, db, options)
  await world.bots.start()
  await world.bots.setDesired(streamer.channelId, true)
  await world.until('all subscriptions', () => world.fake.typesOf(streamer.userId).length === ALL_TYPES.length)
  await world.until('them written down', async () => (await rowsOf(db, streamer.channelId)) === ALL_TYPES.length)
  await world.untilState(streamer.channelId, 'active')
  return { ...world, ...streamer, db }
}

const rowsOf = async (db: Database, channelId: string) =>
  (await db.query<{ type: string }>('select type from chat_subscriptions where channel_id = $1', [channelId])).length

test('without a bot nothing is asked of the platform, and nothing is open', async (t) => {
  const { db, streamers } = await setUp(t)
  const { bots, fake, clock, status } = createBots(t, db)
  await bots.start()
  await clock.advance(3 * 60 * 60_000)
  assert.deepEqual([fake.asked.opened, fake.asked.pages, clock.pendingTimers()], [0, 0, 0])
  const { desired, state, since, lastError, permitted } = await status(streamers[0]?.channelId ?? '')
  assert.deepEqual([desired, state, since, lastError, permitted], [false, 'inactive', null, null, true])
  await assert.rejects(bots.setDesired(crypto.randomUUID(), true), (error) => hasCode(error, 'no-channel'))
  await assert.rejects(bots.status(crypto.randomUUID()), (error) => hasCode(error, 'no-channel'))
})

test('a bot that is turned on gets its chat first, then the rest, and speaks as its streamer', async (t) => {
  const { bots, fake, userId, channelId, status, gauge } = await oneBot(t)
  assert.deepEqual(fake.typesOf(userId), ALL_TYPES)
  assert.equal(fake.asked.subscribed[0]?.type, 'channel.chat.message')
  assert.ok(fake.asked.subscribed.every(({ readerUserId }) => readerUserId === userId))
  const { desired, state, speaker, lastError, retryAt } = await status(channelId)
  assert.deepEqual(
    { desired, state, lastError, retryAt },
    { desired: true, state: 'active', lastError: null, retryAt: null },
  )
  assert.equal(speaker?.own, true)
  assert.equal(bots.byChannelUserId(userId)?.speakerUserId, userId)
  assert.ok(bots.isActive(channelId))
  assert.deepEqual(await gauge(), { active: 1, starting: 0, backoff: 0, inactive: 0 })
})

test('everybody’s chat comes before anybody’s other events', async (t) => {
  const { db, streamers } = await setUp(t, { streamers: 20 })
  await db.execute(`insert into assignments (kind, key, desired) select 'bot', id, true from channels`)
  const { bots, fake, until } = createBots(t, db)
  await bots.start()
  await until('all subscriptions', () => fake.size() === streamers.length * ALL_TYPES.length)
  const first = fake.asked.subscribed.slice(0, 20)
  assert.ok(first.every(({ type }) => type === 'channel.chat.message'))
  assert.equal(new Set(first.map(({ channelUserId }) => channelUserId)).size, 20)
  assert.equal(fake.asked.subscribed.length, streamers.length * ALL_TYPES.length, 'each is asked for once')
})

test('after a restart all bots are active at once, and not one subscription is asked for', async (t) => {
  const { db, streamers } = await setUp(t, { streamers: 50 })
  await db.execute(`insert into assignments (kind, key, desired) select 'bot', id, true from channels`)
  const fake = createFakeChatPlatform()
  const before = createBots(t, db, { fake })
  await before.bots.start()
  await before.until('all subscriptions', () => fake.size() === 50 * ALL_TYPES.length)
  await before.bots.stop()
  fake.asked.subscribed.length = 0

  const after = createBots(t, db, { fake })
  await after.bots.start()
  await after.until('all active', async () => (await after.gauge())['active'] === 50)
  await after.clock.advance(2 * 60 * 60_000)
  assert.deepEqual([fake.asked.subscribed.length, fake.asked.unsubscribed.length], [0, 0])
  assert.ok(fake.asked.pages > 0, 'the platform’s list was looked through')
  assert.equal(await after.restarts('takeover'), 50)
  assert.ok(after.bots.isActive(streamers[7]?.channelId ?? ''))
})

test('events reach whoever answers, with the bot they are for; the stream’s news is noted', async (t) => {
  const { bots, fake, events, channelId, userId, status } = await oneBot(t)
  assert.equal((await status(channelId)).streamLive, null)
  fake.emit({ type: 'stream-online', channelUserId: userId })
  assert.equal((await status(channelId)).streamLive, true)
  fake.emit({ type: 'stream-offline', channelUserId: userId })
  fake.emit({ type: 'cleared', channelUserId: 'a stranger' })
  assert.equal((await status(channelId)).streamLive, false)
  assert.deepEqual(
    events.map((one) => [one.channelId, one.event.type]),
    [
      [channelId, 'stream-online'],
      [channelId, 'stream-offline'],
    ],
  )
  await bots.setDesired(channelId, false)
  fake.emit({ type: 'stream-online', channelUserId: userId })
  assert.equal(events.length, 2)
})

test('a handler that throws costs one event of one channel', async (t) => {
  const { fake, bots, userId } = await oneBot(t, {
    onEvent: () => {
      throw new Error('of a test')
    },
  })
  fake.emit({ type: 'cleared', channelUserId: userId })
  assert.ok(bots.byChannelUserId(userId))
})

test('turned off, everything of the channel is ended and forgotten', async (t) => {
  const { bots, fake, db, channelId, userId, off, status, until, gauge } = await oneBot(t)
  await bots.setDesired(channelId, false)
  assert.equal(bots.byChannelUserId(userId), undefined)
  assert.deepEqual(off, [channelId])
  await until('the end of all', () => fake.size() === 0)
  assert.equal(await rowsOf(db, channelId), 0)
  const { desired, state } = await status(channelId)
  assert.deepEqual([desired, state], [false, 'inactive'])
  assert.deepEqual(await gauge(), { active: 0, starting: 0, backoff: 0, inactive: 0 })
  await bots.setDesired(channelId, false)
  assert.deepEqual(off, [channelId], 'off twice is off once')
})

test('a switch that is flicked ends where it was left, with everything subscribed or nothing', async (t) => {
  const { bots, fake, channelId, userId, until, untilState, db } = await oneBot(t)
  const flicks = [false, true, false, true]
  await Promise.all(flicks.map((desired) => bots.setDesired(channelId, desired)))
  await untilState(channelId, 'active')
  await until('all again', () => fake.typesOf(userId).length === ALL_TYPES.length)
  await until('all written', async () => (await rowsOf(db, channelId)) === ALL_TYPES.length)
  await Promise.all([true, false].map((desired) => bots.setDesired(channelId, desired)))
  await until('nothing', async () => fake.size() === 0 && (await rowsOf(db, channelId)) === 0)
})

test('turned off while a subscription is under way, it is ended when it came about', async (t) => {
  const { db, streamers } = await setUp(t)
  const { channelId = '', userId = '' } = streamers[0] ?? {}
  const { bots, fake, until } = createBots(t, db)
  await bots.start()
  await bots.setDesired(channelId, true)
  await until('the first request', () => fake.asked.subscribed.length > 0 || fake.asked.opened > 0)
  const release = fake.hold()
  await until('a request', () => fake.asked.subscribed.length > 0)
  await bots.setDesired(channelId, false)
  release()
  await until('nothing is left', async () => fake.typesOf(userId).length === 0 && (await rowsOf(db, channelId)) === 0)
})

test('what fails is tried again later and later, one timer for all, and a restart hurries nothing', async (t) => {
  const { db, streamers } = await setUp(t, { streamers: 30 })
  await db.execute(`insert into assignments (kind, key, desired) select 'bot', id, true from channels`)
  const fake = createFakeChatPlatform()
  fake.fail(() => new AppError('platform-server'))
  const first = createBots(t, db, { fake })
  await first.bots.start()
  await first.until('all in backoff', async () => (await first.gauge())['backoff'] === 30)
  assert.ok(
    first.clock.pendingTimers() <= 3,
    `${first.clock.pendingTimers()} timers: one for all, one for the look, one for the rows`,
  )
  const { failures, lastError, retryAt } = await first.status(streamers[0]?.channelId ?? '')
  assert.deepEqual([failures, lastError?.code, retryAt], [1, 'platform-server', first.clock.now() + 750])
  for (let round = 2; round <= 4; round++) {
    await first.clock.advance(8_000)
    await first.until(
      'the next failure',
      async () => (await first.status(streamers[0]?.channelId ?? '')).failures >= round,
    )
  }
  await first.until('it is written down', async () => {
    await first.clock.advance(100)
    const waiting = await db.query(`select from assignments where failures >= 4 and next_attempt_at > now()`)
    return waiting.length > 0
  })
  await first.bots.stop()
  await db.execute(`update assignments set failures = 7, next_attempt_at = now() + interval '1 minute'`)

  fake.fail(null)
  fake.asked.subscribed.length = 0
  const second = createBots(t, db, { fake })
  await second.bots.start()
  await second.until('all wait', async () => (await second.gauge())['backoff'] === 30)
  await second.clock.advance(30_000)
  assert.equal(fake.asked.subscribed.length, 0)
  assert.equal((await second.gauge())['backoff'], 30)
  await second.clock.advance(31_000)
  await second.until('all active', async () => (await second.gauge())['active'] === 30)
  await second.until('the failures are forgotten', async () => {
    await second.clock.advance(1_000)
    const left = await db.query('select from assignments where failures > 0 or last_error is not null')
    return left.length === 0
  })
})

test('a bot that was off when its row was read, and is on again without our hearing of it, is found by the watchdog', async (t) => {
  const { db, streamers } = await setUp(t)
  const { channelId = '' } = streamers[0] ?? {}
  const { bots, session, clock, untilState } = createBots(t, db)
  await bots.start()
  await db.execute(`insert into assignments (kind, key, desired, owner, epoch) values ('bot', $1, false, $2, 1)`, [
    channelId,
    session.session(),
  ])
  bots.begin([{ key: channelId, epoch: 1, live: false, orphanedForMs: null, legacy: null }])
  await clock.advance(1_000)
  await db.query('select pg_sleep(0.1)')
  assert.equal(bots.describe(channelId), undefined)
  await db.execute(`update assignments set desired = true where key = $1`, [channelId])
  assert.equal(bots.running().get(channelId), 1)
  assert.equal(await bots.inspect?.(), 0)
  await untilState(channelId, 'active')
})

test('a streamer who turns a waiting bot on once more waits no longer', async (t) => {
  const { db, streamers } = await setUp(t)
  const { channelId = '' } = streamers[0] ?? {}
  const { bots, fake, untilState } = createBots(t, db)
  fake.fail(() => new AppError('platform-server'))
  await bots.start()
  await bots.setDesired(channelId, true)
  await untilState(channelId, 'backoff')
  fake.fail(null)
  await bots.setDesired(channelId, true)
  await untilState(channelId, 'active')
})

test('a switch that is quicker than the start of the node makes one bot', async (t) => {
  const { db, streamers } = await setUp(t, { streamers: 2 })
  await db.execute(`insert into assignments (kind, key, desired) select 'bot', id, true from channels`)
  const { bots, gauge, state, until } = createBots(t, db)
  const { channelId = '' } = streamers[0] ?? {}
  assert.equal(await state(channelId), 'starting', 'nobody has come to it yet')
  await Promise.all([bots.setDesired(channelId, true), bots.start()])
  await until('both', async () => (await gauge())['active'] === 2)
  assert.equal(bots.count(), 2)
})

test('one channel that fails keeps no other waiting', async (t) => {
  const { db, streamers } = await setUp(t, { streamers: 3 })
  await db.execute(`insert into assignments (kind, key, desired) select 'bot', id, true from channels`)
  const { bots, fake, until, gauge, state } = createBots(t, db)
  fake.fail(({ channelUserId }) =>
    channelUserId === streamers[1]?.userId ? new AppError('platform-network') : undefined,
  )
  await bots.start()
  await until('the others', async () => (await gauge())['active'] === 2 && (await gauge())['backoff'] === 1)
  assert.equal(await state(streamers[1]?.channelId ?? ''), 'backoff')
})

test('asked to wait, everybody waits as long as the platform says, and nobody has failed', async (t) => {
  const { db, streamers } = await setUp(t)
  const { channelId = '' } = streamers[0] ?? {}
  const { bots, fake, clock, until, untilState, status } = createBots(t, db)
  fake.fail(() => new AppError('platform-rate-limit', { retryAfterMs: 20_000 }))
  await bots.start()
  await bots.setDesired(channelId, true)
  await until('the first request', () => fake.asked.subscribed.length === 1)
  fake.fail(null)
  await clock.advance(19_000)
  assert.equal(fake.asked.subscribed.length, 1)
  assert.deepEqual([(await status(channelId)).state, (await status(channelId)).failures], ['starting', 0])
  await clock.advance(1_000)
  await untilState(channelId, 'active')
})

test('a lost connection is one sum for all bots, and what is known stays known', async (t) => {
  const { bots, fake, channelId, status, gauge, until } = await oneBot(t)
  const asked = fake.asked.subscribed.length
  fake.setState('closed')
  const { state, lastError } = await status(channelId)
  assert.deepEqual([state, lastError?.code, bots.isActive(channelId)], ['backoff', 'chat-connection-lost', false])
  assert.deepEqual(await gauge(), { active: 0, starting: 0, backoff: 1, inactive: 0 })
  fake.setState('degraded')
  await until('it is back', () => bots.isActive(channelId))
  assert.equal(fake.asked.subscribed.length, asked)
})

test('who went off the air before a connection broke may be on it again: nobody could tell us', async (t) => {
  const { fake, channelId, userId, status, until } = await oneBot(t)
  fake.emit({ type: 'stream-offline', channelUserId: userId })
  assert.equal((await status(channelId)).streamLive, false)
  fake.setState('closed')
  fake.setState('open')
  await until('nobody has said so', async () => (await status(channelId)).streamLive === null)
})

test('a bot that was turned on while the database went away begins as soon as it is back', async (t) => {
  const { db } = await openTestDatabase(t)
  const subscriptions = createChatSubscriptions(db)
  let away = true
  let asks = 0
  const of: typeof subscriptions.of = (...asked) =>
    away ? (asks++, Promise.reject(new AppError('unavailable'))) : subscriptions.of(...asked)
  const [streamer] = await addStreamers(db, 1)
  const { channelId = '' } = streamer ?? {}
  const { bots, clock, status, until, untilState } = createBots(t, db, {
    subscriptions: { ...subscriptions, of },
  })
  await bots.start()
  await bots.setDesired(channelId, true)
  await until('it asks', () => asks > 0)
  assert.equal((await status(channelId)).state, 'starting')
  away = false
  await clock.advance(1_000)
  await untilState(channelId, 'active')
  assert.equal((await status(channelId)).lastError, null)
})

test('what the platform does to fifty bots at once is one line', async (t) => {
  const { db, streamers } = await setUp(t, { streamers: 50 })
  const fake = createFakeChatPlatform()
  fake.fail(() => new AppError('platform-server', { platform: 'twitch', endpoint: 'subscriptions', status: 500 }))
  const { logger, logs } = recordingLogger()
  const { bots, gauge, until } = createBots(t, db, { fake, logger })
  await bots.start()
  for (const { channelId } of streamers) await bots.setDesired(channelId, true)
  await until('all wait', async () => (await gauge())['backoff'] === 50)
  assert.equal(logs.filter(({ msg }) => msg === 'a bot is put off').length, 1)
})

test('it says how the connection stands, which all bots share', async (t) => {
  const { db, streamers } = await setUp(t)
  const { bots, fake } = createBots(t, db)
  await bots.start()
  assert.equal(bots.connection(), null, 'no bot needs one')
  await bots.setDesired(streamers[0]?.channelId ?? '', true)
  assert.equal(bots.connection(), 'open')
  for (const state of ['degraded', 'closed'] as const) {
    fake.setState(state)
    assert.equal(bots.connection(), state)
  }
})
