import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { lookFromSeed, parseLook } from '../../src/domain/avatar-look.ts'
import { createAccounts } from '../../src/persistence/accounts.ts'
import { createAssignments } from '../../src/persistence/assignments.ts'
import { createChatSubscriptions } from '../../src/persistence/chat-subscriptions.ts'
import { createGrants } from '../../src/persistence/grants.ts'
import { createLooks } from '../../src/persistence/looks.ts'
import { createReplyClaims } from '../../src/persistence/reply-claims.ts'
import { openTestDatabase } from '../support/database.ts'
import { addChannel, addUser, newTestBox } from '../support/people.ts'

async function setUp(t: TestContext) {
  const { db } = await openTestDatabase(t)
  const user = await addUser(db)
  return { db, user, channelId: await addChannel(db, user.id) }
}

test('of all who claim an answer at once, one gets it', async (t) => {
  const { db, channelId } = await setUp(t)
  const claims = createReplyClaims(db)
  const batch = ['a', 'b', 'c'].map((messageId) => ({ channelId, messageId, command: 'ping' }))
  const answers = await Promise.all([
    claims.claim(batch),
    claims.claim(batch.toReversed()),
    claims.claim([...batch, ...batch]),
  ])
  assert.equal(answers.flat().filter(Boolean).length, 3)
  assert.deepEqual(await claims.claim(batch), [false, false, false])
  // Another command of the same message, and the same message id in another channel, are other answers.
  const other = await addChannel(db, (await addUser(db)).id)
  assert.deepEqual(
    await claims.claim([
      { channelId, messageId: 'a', command: 'help' },
      { channelId, messageId: 'a', command: 'ping' },
      { channelId: other, messageId: 'a', command: 'ping' },
    ]),
    [true, false, true],
  )
  assert.deepEqual(await claims.claim([]), [])
})

test('claims are purged by their age, however many there are', async (t) => {
  const { db, channelId } = await setUp(t)
  const claims = createReplyClaims(db, { purgeBatch: 10 })
  const many = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, n) => ({ channelId, messageId: `m${from + n}`, command: 'ping' }))
  await claims.claim(many(0, 35))
  await db.execute(`update reply_claims set claimed_at = now() - interval '2 hours'`)
  await claims.claim(many(35, 40))
  assert.equal(await claims.purge(3_600_000), 35)
  assert.equal(await claims.purge(3_600_000), 0)
  assert.deepEqual(await claims.claim(many(34, 36)), [true, false])
})

test('subscriptions are known by their home, and the last word about one counts', async (t) => {
  const { db, channelId } = await setUp(t)
  const subscriptions = createChatSubscriptions(db)
  const row = (type: string, subscriptionId: string | null, readerUserId = 'r1') => ({
    channelId,
    type,
    readerUserId,
    subscriptionId,
  })
  await subscriptions.add('h1', [row('chat', null), row('online', 's2'), row('chat', 's1')])
  await subscriptions.add('h2', [row('chat', 's9')])
  // A channel that is gone meanwhile takes nothing else with it.
  await subscriptions.add('h1', [{ ...row('chat', 'x'), channelId: crypto.randomUUID() }])
  const [known, ...others] = await subscriptions.of('h1')
  assert.deepEqual(others, [])
  assert.deepEqual(
    { ...known, types: known?.types.toSorted() },
    { channelId, readerUserId: 'r1', types: ['chat', 'online'] },
  )
  assert.deepEqual(
    (await subscriptions.ofChannel('h1', channelId))
      .map(({ type, subscriptionId }) => `${type} ${subscriptionId}`)
      .sort(),
    ['chat s1', 'online s2'],
  )
  await subscriptions.add('h1', [row('chat', 's3', 'r2')])
  await subscriptions.forget('h1', [{ channelId, type: 'online' }])
  assert.deepEqual(await subscriptions.of('h1'), [{ channelId, readerUserId: 'r2', types: ['chat'] }])
  assert.equal(await subscriptions.forgetOtherHomes('h1'), 1)
  assert.deepEqual(await subscriptions.of('h2'), [])
})

test('old news of a subscription’s end changes nothing of the one in its place', async (t) => {
  const { db, channelId } = await setUp(t)
  const subscriptions = createChatSubscriptions(db)
  const add = (subscriptionId: string | null) =>
    subscriptions.add('h', [{ channelId, type: 'chat', readerUserId: 'r', subscriptionId }])
  const ended = (id: string) => subscriptions.ended('h', { channelId, type: 'chat', id })
  await add('new')
  assert.equal(await ended('old'), false)
  assert.equal((await subscriptions.of('h')).length, 1)
  assert.equal(await ended('new'), true)
  assert.equal((await subscriptions.of('h')).length, 0)
  await add(null)
  assert.equal(await ended('some'), true)
  assert.equal((await subscriptions.of('h')).length, 0)
})

test('a bot’s row says whether it is wanted, since when, and what keeps it from running', async (t) => {
  const { db, user, channelId } = await setUp(t)
  const assignments = createAssignments(db)
  const bot = () => assignments.bot(channelId, ['one', 'two'])
  assert.deepEqual(await bot(), {
    channelId,
    login: user.login,
    channelUserId: user.twitchUserId,
    desired: false,
    since: null,
    failures: 0,
    retryInMs: null,
    lastError: null,
    lastErrorAt: null,
    permitted: false,
  })
  assert.deepEqual(await assignments.desiredBots([]), [])
  await assignments.setDesired(channelId, true)
  const { since } = (await bot()) ?? {}
  assert.ok(since instanceof Date)
  await assignments.noteFailure(channelId, { failures: 3, error: 'platform-server', retryInMs: 60_000 })
  const failed = await bot()
  assert.ok(failed?.retryInMs && failed.retryInMs > 50_000 && failed.retryInMs <= 60_000)
  assert.deepEqual(
    [failed.failures, failed.lastError, failed.lastErrorAt instanceof Date],
    [3, 'platform-server', true],
  )
  await assignments.setDesired(channelId, true)
  const again = await bot()
  assert.deepEqual([again?.failures, again?.retryInMs, again?.lastError, again?.since], [0, null, null, since])
  assert.equal((await assignments.desiredBots([]))[0]?.channelId, channelId)

  await assignments.setDesired(channelId, false, 'permission-revoked')
  const off = await bot()
  assert.deepEqual([off?.desired, off?.lastError], [false, 'permission-revoked'])
  assert.ok(off?.since && off.since > since)
  assert.deepEqual(await assignments.desiredBots([]), [])
  assert.equal((await assignments.restingBots([])).length, 1)
  assert.equal(await assignments.bot(crypto.randomUUID(), []), undefined)
})

test('what was allowed once stays allowed, until it is withdrawn', async (t) => {
  const { db, user, channelId } = await setUp(t)
  const [accounts, grants, assignments] = [createAccounts(db, newTestBox()), createGrants(db), createAssignments(db)]
  const connect = (scopes: string[] | null, changes: { externalId?: string; application?: string } = {}) =>
    accounts.connect({
      userId: user.id,
      provider: 'twitch',
      externalId: user.twitchUserId,
      externalName: user.displayName,
      application: 'app',
      tokens: { accessToken: 'a', refreshToken: null, expiresInS: null, scopes },
      ...changes,
    })
  const granted = async () => (await grants.of(user.twitchUserId))?.scopes.toSorted()
  const permitted = async () => (await assignments.bot(channelId, ['read', 'write']))?.permitted
  assert.equal(await granted(), undefined)
  await connect(['read'])
  assert.equal(await permitted(), false)
  await connect(['write', 'read'])
  assert.deepEqual([await granted(), await permitted()], [['read', 'write'], true])
  await connect([])
  await connect(null)
  assert.deepEqual([await granted(), await permitted()], [['read', 'write'], true])
  assert.equal((await grants.of(user.twitchUserId))?.login, user.login)

  assert.equal(await grants.withdraw(user.twitchUserId), true)
  assert.equal(await grants.withdraw(user.twitchUserId), false)
  assert.deepEqual([await granted(), await permitted()], [[], false])
  // What one application was allowed, another was not.
  await connect(['read', 'write'])
  await connect(['read'], { application: 'other' })
  assert.deepEqual(await granted(), ['read'])
})

test('looks are read for a whole crowd at once, and one that cannot be drawn is none', async (t) => {
  const { db } = await setUp(t)
  const looks = createLooks(db)
  const [one, two] = [lookFromSeed(1), lookFromSeed(2)]
  await looks.set('1', two)
  await looks.set('1', one)
  await looks.set('2', two)
  await db.execute(
    `insert into looks (twitch_user_id, look) values ('3', '{"head":"pumpkin"}'), ('4', '[]'), ('5', 'null')`,
  )
  assert.deepEqual(
    await looks.of(['1', '2', '3', '4', '5', '6']),
    new Map([
      ['1', one],
      ['2', two],
    ]),
  )
  assert.deepEqual(await looks.of([]), new Map())
  assert.equal(await looks.remove('1'), true)
  assert.equal(await looks.remove('1'), false)
  assert.equal((await looks.of(['1'])).size, 0)
})

test('a look is known by all its parts', () => {
  for (let seed = 0; seed < 200; seed++) assert.deepEqual(parseLook(lookFromSeed(seed)), lookFromSeed(seed))
  const look = lookFromSeed(7)
  assert.deepEqual(parseLook({ ...look, wings: 'bat' }), look, 'what it does not know is left out')
  for (const wrong of [null, 7, 'look', [], {}, { ...look, head: 'pumpkin' }, { ...look, skin: undefined }])
    assert.equal(parseLook(wrong), undefined)
  assert.equal(parseLook(Object.create(look)), undefined, 'inherited parts are none of its own')
})
