import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { AppError, hasCode } from '../../../src/base/errors.ts'
import { createAssignments } from '../../../src/persistence/assignments.ts'
import { createGrants } from '../../../src/persistence/grants.ts'
import { SUBSCRIPTION_TYPES } from '../../../src/platforms/chat.ts'
import { addStreamers, ALL_SCOPES, createBots } from '../../support/bots.ts'
import { openTestDatabase } from '../../support/database.ts'
import { recordingLogger } from '../../support/logger.ts'

const BOT_SCOPES = ['user:read:chat', 'user:bot', 'user:write:chat']

async function setUp(t: TestContext, options: Parameters<typeof createBots>[2] & { scopes?: readonly string[] } = {}) {
  const { db } = await openTestDatabase(t)
  const { scopes = ALL_SCOPES, ...rest } = options
  const [streamer, other] = await addStreamers(db, 2, { scopes })
  assert.ok(streamer && other)
  const world = createBots(t, db, rest)
  await world.bots.start()
  const allow = async (userId: string, granted: readonly string[]) => {
    await db.execute(`update accounts set granted_scopes = $2 where external_id = $1`, [userId, granted])
    world.bots.permissionGranted(userId)
  }
  return { ...world, db, streamer, other, allow, grants: createGrants(db) }
}

test('without the permission nothing is asked for, and the bot begins by itself when it comes', async (t) => {
  const world = await setUp(t, { scopes: [] })
  const { bots, fake, streamer, status, allow, clock, untilState, restarts } = world
  await bots.setDesired(streamer.channelId, true)
  const waiting = await status(streamer.channelId)
  assert.deepEqual(
    [waiting.desired, waiting.state, waiting.lastError?.code, waiting.permitted],
    [true, 'inactive', 'missing-scope', false],
  )
  await clock.advance(3_600_000)
  assert.equal(fake.asked.opened, 0)

  await allow(streamer.userId, ['channel:bot'])
  await clock.advance(1_000)
  assert.equal((await status(streamer.channelId)).state, 'inactive', 'a part is not enough')
  await allow(streamer.userId, ALL_SCOPES)
  await untilState(streamer.channelId, 'active')
  const { lastError, permitted } = await status(streamer.channelId)
  assert.deepEqual([lastError, permitted], [null, true])
  assert.equal(await restarts('permission'), 1)
})

test('where the platform knows of no permission, ours is forgotten; the bot waits for a new one', async (t) => {
  const { bots, fake, streamer, status, allow, untilState, until, grants, off } = await setUp(t)
  fake.refuse(streamer.userId, 'permission')
  await bots.setDesired(streamer.channelId, true)
  await untilState(streamer.channelId, 'inactive')
  const refused = await status(streamer.channelId)
  assert.deepEqual([refused.desired, refused.lastError?.code, refused.permitted], [true, 'missing-scope', false])
  assert.equal(refused.retryAt, null)
  assert.deepEqual(off, [streamer.channelId])
  await until('it is forgotten', async () => (await grants.of(streamer.userId))?.scopes.length === 0)
  fake.refuse(streamer.userId, null)
  await allow(streamer.userId, ALL_SCOPES)
  await untilState(streamer.channelId, 'active')
})

test('who takes our access back turns the bot off, is told so, and leaves nothing subscribed', async (t) => {
  const { logger, logs } = recordingLogger()
  const world = await setUp(t, { logger })
  const { bots, fake, streamer, other, status, until, untilState, grants, off, db } = world
  for (const { channelId } of [streamer, other]) await bots.setDesired(channelId, true)
  await until('both complete', () => fake.size() === 2 * SUBSCRIPTION_TYPES.length)
  fake.revoke(streamer.userId)
  await until('the bot is off', async () => (await status(streamer.channelId)).lastError !== null)
  const { state, lastError, permitted } = await status(streamer.channelId)
  assert.deepEqual([state, lastError?.code, permitted], ['inactive', 'permission-revoked', false])
  await until('nothing is left of it', () => fake.typesOf(streamer.userId).length === 0)
  await until('no row is left of it', async () => {
    return (await db.query('select from chat_subscriptions where channel_id = $1', [streamer.channelId])).length === 0
  })
  assert.deepEqual((await grants.of(streamer.userId))?.scopes, [])
  assert.deepEqual(off, [streamer.channelId])
  const lines = logs.filter(({ msg }) => msg === 'a bot was turned off')
  assert.deepEqual(
    lines.map(({ channelId, why }) => [channelId, why]),
    [[streamer.channelId, 'permission-revoked']],
  )
  assert.ok(bots.isActive(other.channelId), 'nobody else is touched')

  // Turned on again it waits for the permission, and begins with it.
  await bots.setDesired(streamer.channelId, true)
  assert.equal((await status(streamer.channelId)).lastError?.code, 'missing-scope')
  await world.allow(streamer.userId, ALL_SCOPES)
  await untilState(streamer.channelId, 'active')
})

test('the news that a person took everything back is enough, also where no subscription ends', async (t) => {
  const { bots, fake, streamer, status, until, untilState } = await setUp(t)
  await bots.setDesired(streamer.channelId, true)
  await untilState(streamer.channelId, 'active')
  fake.tellEnded({
    id: 'of another time',
    type: 'channel.chat.message',
    channelUserId: streamer.userId,
    status: 'authorization_revoked',
    why: 'permission',
  })
  await new Promise((resolve) => setImmediate(resolve))
  await until('old news changed nothing', async () => (await status(streamer.channelId)).state === 'active')
  fake.revoke('a viewer who signed in once')
  assert.equal((await status(streamer.channelId)).desired, true)
  fake.revoke(streamer.userId)
  await until('the bot is off', async () => !(await status(streamer.channelId)).desired)
})

test('an account that is gone has no bot any more', async (t) => {
  const { bots, fake, streamer, status, until, untilState } = await setUp(t)
  await bots.setDesired(streamer.channelId, true)
  await untilState(streamer.channelId, 'active')
  fake.endOf(streamer.userId, 'gone')
  await until('it is told why', async () => (await status(streamer.channelId)).lastError?.code === 'account-gone')
  assert.equal((await status(streamer.channelId)).desired, false)
})

test('what the platform ended for a reason of its own is subscribed again', async (t) => {
  const { bots, fake, streamer, until, clock, state, restarts } = await setUp(t)
  await bots.setDesired(streamer.channelId, true)
  await until('complete', () => fake.size() === SUBSCRIPTION_TYPES.length)
  fake.endOf(streamer.userId, 'other', 'channel.chat.message')
  await until('it is noticed', async () => (await state(streamer.channelId)) === 'starting')
  await clock.advance(1_000)
  await until('complete again', () => fake.size() === SUBSCRIPTION_TYPES.length && bots.isActive(streamer.channelId))
  assert.equal(await restarts('subscription-ended'), 1)
})

test('the shared account reads and speaks in every channel, of which a streamer allows only its presence', async (t) => {
  const world = await setUp(t, { scopes: ['channel:bot'], botUserId: 'the-bot' })
  const { bots, fake, streamer, status, untilState, db } = world
  await bots.setDesired(streamer.channelId, true)
  const missing = await status(streamer.channelId)
  assert.deepEqual(
    [missing.state, missing.lastError?.code, missing.permitted, missing.speaker],
    ['inactive', 'bot-account-missing', true, null],
  )
  assert.equal(fake.asked.opened, 0)

  const [bot] = await addStreamers(db, 1, { scopes: [], prefix: 'x' })
  await db.execute(`update users set twitch_user_id = 'the-bot', login = 'helper' where twitch_user_id = $1`, [
    bot?.userId,
  ])
  await db.execute(`update accounts set external_id = 'the-bot' where external_id = $1`, [bot?.userId])
  await world.allow('the-bot', BOT_SCOPES)
  await untilState(streamer.channelId, 'active')
  assert.ok(fake.asked.subscribed.every(({ readerUserId }) => readerUserId === 'the-bot'))
  assert.deepEqual((await status(streamer.channelId)).speaker, { login: 'helper', own: false })
  assert.equal(bots.byChannelUserId(streamer.userId)?.speakerUserId, 'the-bot')
})

test('where the shared account takes its permission back, all bots wait and none is turned off', async (t) => {
  const { db } = await openTestDatabase(t)
  const streamers = await addStreamers(db, 3, { scopes: ['channel:bot'], prefix: 's' })
  await addStreamers(db, 1, { scopes: BOT_SCOPES, prefix: 'bot' })
  const { bots, fake, clock, gauge, until, status } = createBots(t, db, { botUserId: 'bot-1' })
  await bots.start()
  for (const { channelId } of streamers) await bots.setDesired(channelId, true)
  await until('all active', async () => (await gauge())['active'] === 3)
  const known = async () => (await db.query('select from chat_subscriptions')).length
  await until('all complete, and known to be', async () => (await known()) === 3 * SUBSCRIPTION_TYPES.length)
  fake.revoke('bot-1')
  await until('all wait', async () => (await gauge())['inactive'] === 3)
  const [first] = streamers
  const waiting = await status(first?.channelId ?? '')
  assert.deepEqual([waiting.desired, waiting.lastError?.code], [true, 'bot-account-missing'])
  await until('what ended is known', async () => (await known()) === 3 * 2)
  await clock.advance(5_000)
  assert.equal((await gauge())['inactive'], 3)

  await db.execute(`update accounts set granted_scopes = $1 where external_id = 'bot-1'`, [BOT_SCOPES])
  bots.permissionGranted('bot-1')
  await until('all active again', async () => (await gauge())['active'] === 3)
  await until('all complete again', () => fake.size() === 3 * SUBSCRIPTION_TYPES.length)

  // A streamer who takes theirs back is one streamer.
  fake.revoke(first?.userId ?? '')
  await until('one is off', async () => (await gauge())['active'] === 2)
  await until('it is told why', async () => {
    return (await status(first?.channelId ?? '')).lastError?.code === 'permission-revoked'
  })
})

test('a shared account that is banned from a chat comes back there an hour later', async (t) => {
  const { db } = await openTestDatabase(t)
  const [streamer] = await addStreamers(db, 1, { scopes: ['channel:bot'], prefix: 's' })
  await addStreamers(db, 1, { scopes: BOT_SCOPES, prefix: 'bot' })
  const { bots, fake, clock, until, untilState, status } = createBots(t, db, { botUserId: 'bot-1' })
  const channelId = streamer?.channelId ?? ''
  await bots.start()
  await bots.setDesired(channelId, true)
  await untilState(channelId, 'active')
  fake.refuse(streamer?.userId ?? '', 'banned')
  fake.endOf(streamer?.userId ?? '', 'banned')
  await untilState(channelId, 'backoff')
  const { lastError, retryAt } = await status(channelId)
  assert.deepEqual([lastError?.code, retryAt], ['banned', clock.now() + 3_600_000])
  fake.refuse(streamer?.userId ?? '', null)
  await clock.advance(3_600_000)
  await until('it is back', () => bots.isActive(channelId))
})

test('with a shared account, a subscription that ends for want of a permission is asked for once more to learn whose', async (t) => {
  const { db } = await openTestDatabase(t)
  const [streamer] = await addStreamers(db, 1, { scopes: ['channel:bot'], prefix: 's' })
  await addStreamers(db, 1, { scopes: BOT_SCOPES, prefix: 'bot' })
  const { bots, fake, clock, until, untilState, status } = createBots(t, db, { botUserId: 'bot-1' })
  const { channelId = '', userId = '' } = streamer ?? {}
  await bots.start()
  await bots.setDesired(channelId, true)
  await until('complete', () => fake.size() === SUBSCRIPTION_TYPES.length)
  fake.refuse(userId, 'permission')
  fake.endOf(userId, 'permission', 'channel.chat.message')
  await untilState(channelId, 'starting')
  await clock.advance(2_000)
  await untilState(channelId, 'inactive')
  const { desired, lastError, permitted, retryAt } = await status(channelId)
  assert.deepEqual([desired, lastError?.code, permitted], [true, 'missing-scope', false])
  assert.equal(retryAt, clock.now() + 3_600_000, 'nobody may come to tell us')
  await until('nothing is left of it', () => fake.size() === 0)
  fake.refuse(userId, null)
  await clock.advance(3_600_000)
  await until('complete again', () => fake.size() === SUBSCRIPTION_TYPES.length && bots.isActive(channelId))
})

test('a revocation that comes while the database is away is written down when it is back', async (t) => {
  const { db } = await openTestDatabase(t)
  const assignments = createAssignments(db)
  let away = false
  const setDesired: typeof assignments.setDesired = (...asked) =>
    away ? Promise.reject(new AppError('unavailable')) : assignments.setDesired(...asked)
  const [streamer] = await addStreamers(db, 1)
  const { bots, fake, clock, until, untilState } = createBots(t, db, { assignments: { ...assignments, setDesired } })
  const { channelId = '', userId = '' } = streamer ?? {}
  await bots.start()
  await bots.setDesired(channelId, true)
  await untilState(channelId, 'active')
  away = true
  await assert.rejects(bots.setDesired(channelId, false), (error) => hasCode(error, 'unavailable'))
  assert.ok(bots.isActive(channelId), 'a switch that could not be written down changes nothing')
  fake.revoke(userId)
  await until('it is off at once', () => bots.byChannelUserId(userId) === undefined)
  await clock.advance(60_000)
  away = false
  const row = () => assignments.bot(channelId, [])
  await until('it is written down', async () => {
    await clock.advance(60_000)
    return (await row())?.desired === false
  })
  assert.equal((await row())?.lastError, 'permission-revoked')
})

test('who allows it again before the revocation was written down has allowed it', async (t) => {
  const { db } = await openTestDatabase(t)
  const grants = createGrants(db)
  let away = false
  const withdraw: typeof grants.withdraw = (...asked) =>
    away ? Promise.reject(new AppError('unavailable')) : grants.withdraw(...asked)
  const [streamer] = await addStreamers(db, 1)
  const { bots, fake, clock, until, untilState } = createBots(t, db, { grants: { ...grants, withdraw } })
  const { channelId = '', userId = '' } = streamer ?? {}
  await bots.start()
  await bots.setDesired(channelId, true)
  await untilState(channelId, 'active')
  away = true
  fake.revoke(userId)
  await until('it is off at once', () => bots.byChannelUserId(userId) === undefined)
  await bots.setDesired(channelId, true)
  bots.permissionGranted(userId)
  await untilState(channelId, 'active')
  away = false
  await clock.advance(60_000)
  await until('nothing waits', () => bots.isActive(channelId))
  assert.deepEqual((await grants.of(userId))?.scopes, ALL_SCOPES)
})
