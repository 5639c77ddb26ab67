import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { AppError } from '../../../src/base/errors.ts'
import type { Database } from '../../../src/persistence/database.ts'
import { SUBSCRIPTION_TYPES } from '../../../src/platforms/chat.ts'
import { addStreamers, createBots } from '../../support/bots.ts'
import { openTestDatabase } from '../../support/database.ts'
import { createFakeChatPlatform } from '../../support/fake-chat-platform.ts'

const ALL = SUBSCRIPTION_TYPES.length
const FIRST_LOOK_MS = 10_000
const HOUR_MS = 3_600_000

/** Bots that are on and complete, and whose first look at the platform's list is behind them. */
async function complete(t: TestContext, count: number, options: Parameters<typeof createBots>[2] = {}) {
  const { db } = await openTestDatabase(t)
  const streamers = await addStreamers(db, count)
  await db.execute(`insert into assignments (kind, key, desired) select 'bot', id, true from channels`)
  const world = createBots(t, db, options)
  await world.bots.start()
  await world.until('all complete', () => world.fake.size() === count * ALL)
  await world.until('all known', async () => (await rows(db)) === count * ALL)
  await world.clock.advance(FIRST_LOOK_MS)
  const { fake, clock } = world
  await world.until('the first look and the plan for the next', () => fake.asked.pages > 0 && clock.pendingTimers() > 0)
  world.fake.asked.subscribed.length = 0
  const [first, second] = streamers
  assert.ok(first)
  return { ...world, db, streamers, first, second: second ?? first }
}

const rows = async (db: Database) => (await db.query('select from chat_subscriptions')).length

test('what vanished at the platform is missed at the next look, and made again', async (t) => {
  const { fake, clock, first, until, bots, restarts } = await complete(t, 3)
  fake.lose(first.userId, 'channel.chat.message', 'stream.online')
  assert.ok(bots.isActive(first.channelId), 'nobody has told us yet')
  await clock.advance(HOUR_MS)
  await until('complete again', () => fake.size() === 3 * ALL)
  await until('active again', () => bots.isActive(first.channelId))
  assert.deepEqual(fake.asked.subscribed.map(({ type }) => type).sort(), ['channel.chat.message', 'stream.online'])
  assert.equal(await restarts('subscription-missing'), 1)
})

test('what nobody needs is ended: of strangers, of a former reader, of those that deliver nothing; ours alone', async (t) => {
  const { fake, clock, first, until } = await complete(t, 2)
  const planted = [
    { type: 'channel.chat.message', channelUserId: 'a stranger', readerUserId: 'a stranger', enabled: true },
    { type: 'channel.chat.message', channelUserId: first.userId, readerUserId: 'a former bot', enabled: true },
    { type: 'stream.offline', channelUserId: first.userId, readerUserId: null, enabled: false },
  ].map(fake.plant)
  const own = fake.plant({ type: 'user.authorization.revoke', channelUserId: '', readerUserId: null, enabled: true })
  await clock.advance(HOUR_MS)
  await until('they are ended', () => planted.every((id) => !fake.has(id)))
  await clock.advance(HOUR_MS)
  assert.ok(fake.has(own), 'what the adapter has there is the adapter’s')
  assert.equal(fake.size(), 2 * ALL + 1)
  assert.equal(fake.asked.subscribed.length, 0)
})

test('what is there and was not known is taken on without a request', async (t) => {
  const { db } = await openTestDatabase(t)
  const [streamer] = await addStreamers(db, 1)
  const fake = createFakeChatPlatform()
  const first = createBots(t, db, { fake })
  await first.bots.start()
  await first.bots.setDesired(streamer?.channelId ?? '', true)
  await first.until('complete', () => fake.size() === ALL)
  await first.bots.stop()
  // As after the loss of a few seconds of the database: the platform has them, and a retry is far away.
  await db.execute('delete from chat_subscriptions')
  await db.execute(`update assignments set failures = 7, next_attempt_at = now() + interval '1 hour', last_error = 'x'`)
  fake.asked.subscribed.length = 0

  const { bots, clock, until, status } = createBots(t, db, { fake })
  await bots.start()
  await clock.advance(0)
  await until(
    'the stream is known',
    async () => fake.asked.opened === 2 && (await status(streamer?.channelId ?? '')).state === 'backoff',
  )
  await until('the look', async () => {
    await clock.advance(FIRST_LOOK_MS)
    return bots.isActive(streamer?.channelId ?? '')
  })
  assert.equal(fake.asked.subscribed.length, 0)
  await until('known again', async () => (await rows(db)) === ALL)
  assert.equal((await status(streamer?.channelId ?? '')).lastError, null)
})

test('where the platform lost all with its home, all is made again and the old is forgotten', async (t) => {
  const { fake, db, until, gauge, restarts } = await complete(t, 5)
  fake.moveTo('home-2')
  await until('all complete', () => fake.asked.subscribed.length === 5 * ALL)
  await until('all known', async () => (await gauge())['active'] === 5)
  await until('the old is forgotten', async () => {
    const homes = await db.query<{ home: string }>('select distinct home from chat_subscriptions')
    return homes.length === 1 && homes[0]?.home === 'home-2'
  })
  assert.equal(await restarts('home-lost'), 5)
  assert.ok(fake.asked.subscribed.slice(0, 5).every(({ type }) => type === 'channel.chat.message'))
})

test('what vanished while nobody could tell us is missed soon after the connection is back', async (t) => {
  const { fake, clock, first, until, bots } = await complete(t, 2)
  fake.setState('closed')
  fake.lose(first.userId, ...SUBSCRIPTION_TYPES)
  await clock.advance(60_000)
  assert.equal(fake.asked.subscribed.length, 0)
  fake.setState('open')
  assert.ok(bots.isActive(first.channelId), 'as far as anybody knows')
  await clock.advance(FIRST_LOOK_MS)
  await until('complete again', () => fake.size() === 2 * ALL)
})

test('a list that cannot be read is read again soon, and changes nothing', async (t) => {
  const fake = createFakeChatPlatform()
  let broken = false
  const open: typeof fake.platform.open = (options) => {
    const stream = fake.platform.open(options)
    const read = stream.subscriptions.bind(stream)
    stream.subscriptions = async function* (signal) {
      for await (const page of read(signal)) {
        if (broken) throw new AppError('platform-server')
        yield page
      }
    }
    return stream
  }
  const { clock, first, until, bots } = await complete(t, 1, { fake, chat: { open } })
  fake.lose(first.userId, 'channel.chat.clear')
  broken = true
  await clock.advance(HOUR_MS)
  assert.ok(bots.isActive(first.channelId))
  broken = false
  await clock.advance(5 * 60_000)
  await until('made again', () => fake.size() === ALL)
})

test('a subscription that the platform will not give costs one request a look, and not the chat', async (t) => {
  const fake = createFakeChatPlatform()
  const open: typeof fake.platform.open = (options) => {
    const stream = fake.platform.open(options)
    const subscribe = stream.subscribe.bind(stream)
    stream.subscribe = (request) =>
      request.type === 'channel.chat.notification'
        ? (fake.asked.subscribed.push(request), Promise.resolve({ ok: false, reason: 'invalid' }))
        : subscribe(request)
    return stream
  }
  const { db } = await openTestDatabase(t)
  const [streamer] = await addStreamers(db, 1)
  const { bots, clock, until } = createBots(t, db, { fake, chat: { open } })
  await bots.start()
  await bots.setDesired(streamer?.channelId ?? '', true)
  const tries = () => fake.asked.subscribed.filter(({ type }) => type === 'channel.chat.notification').length
  await until('the others', () => fake.size() === ALL - 1 && tries() === 1)
  assert.ok(bots.isActive(streamer?.channelId ?? ''))
  await clock.advance(5_000)
  assert.equal(tries(), 1)
  await clock.advance(5_000)
  await until('one more', () => tries() === 2)
})

test('10,000 bots come back with a handful of statements, two timers and little memory', async (t) => {
  const COUNT = 10_000
  const { db } = await openTestDatabase(t)
  const streamers = await addStreamers(db, COUNT)
  await db.execute(`insert into assignments (kind, key, desired) select 'bot', id, true from channels`)
  await db.execute(
    `insert into chat_subscriptions (home, channel_id, type, reader_user_id, subscription_id)
     select 'home-1', c.id, type, u.twitch_user_id, 's' from channels c join users u on u.id = c.user_id, unnest($1::text[]) type`,
    [SUBSCRIPTION_TYPES],
  )
  let statements = 0
  const counting: Database = {
    ...db,
    query(...args) {
      statements++
      return db.query(...args)
    },
    execute(...args) {
      statements++
      return db.execute(...args)
    },
  }
  const { bots, fake, clock, gauge, until } = createBots(t, counting)
  // What a node keeps for each, without what was read on the way to it.
  setFlagsFromString('--expose-gc')
  const collectGarbage = runInNewContext('gc') as () => void
  collectGarbage()
  const before = process.memoryUsage().heapUsed
  const begun = performance.now()
  await bots.start()
  await until('all active', async () => (await gauge())['active'] === COUNT)
  const tookMs = performance.now() - begun
  collectGarbage()
  const bytes = (process.memoryUsage().heapUsed - before) / COUNT
  t.diagnostic(
    `${COUNT} bots active in ${Math.round(tookMs)} ms, ${Math.round(bytes)} bytes each, ${statements} statements`,
  )
  assert.ok(statements <= 10, `${statements} statements`)
  assert.ok(clock.pendingTimers() <= 2, `${clock.pendingTimers()} timers`)
  assert.equal(fake.asked.subscribed.length, 0)
  assert.ok(tookMs < 10_000, `${tookMs} ms`)
  assert.ok(bytes < 2_000, `${bytes} bytes a bot`)
  assert.equal(bots.byChannelUserId(streamers[4_711]?.userId ?? '')?.channelId, streamers[4_711]?.channelId)
})
