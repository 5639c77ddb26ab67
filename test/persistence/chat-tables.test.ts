import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { lookFromSeed, parseLook } from '../../src/domain/avatar-look.ts'
import { createAccounts } from '../../src/persistence/accounts.ts'
import { createAssignments } from '../../src/persistence/assignments.ts'
import { createChatSubscriptions } from '../../src/persistence/chat-subscriptions.ts'
import { createGrants } from '../../src/persistence/grants.ts'
import { createLooks } from '../../src/persistence/looks.ts'
import type { Database } from '../../src/persistence/database.ts'
import { createNodes } from '../../src/persistence/nodes.ts'
import { createOwnership } from '../../src/persistence/ownership.ts'
import { createReplyClaims } from '../../src/persistence/reply-claims.ts'
import { openTestDatabase } from '../support/database.ts'
import { createLittleSession } from '../support/little-supervisor.ts'
import { addChannel, addUser, newTestBox } from '../support/people.ts'

async function setUp(t: TestContext) {
  const { db } = await openTestDatabase(t)
  const user = await addUser(db)
  return { db, user, channelId: await addChannel(db, user.id) }
}

/** A session that owns the bots of these channels, each under epoch 1. */
async function own(db: Database, ...channelIds: string[]): Promise<number> {
  const session = createLittleSession(db, crypto.randomUUID())
  const mine = await session.begin()
  for (const channelId of channelIds) await createAssignments(db).setDesired(channelId, true)
  const claimed = await createOwnership(db).claim(mine, 'bot', channelIds)
  assert.equal(claimed.length, channelIds.length)
  return mine
}

test('of all who claim an answer at once, one gets it', async (t) => {
  const { db, channelId } = await setUp(t)
  const other = await addChannel(db, (await addUser(db)).id)
  const mine = await own(db, channelId, other)
  const replies = createReplyClaims(db)
  const claims = { claim: (batch: Parameters<typeof replies.claim>[1]) => replies.claim(mine, batch) }
  const epoch = 1
  const batch = ['a', 'b', 'c'].map((messageId) => ({ channelId, messageId, command: 'ping', epoch }))
  const answers = await Promise.all([
    claims.claim(batch),
    claims.claim(batch.toReversed()),
    claims.claim([...batch, ...batch]),
  ])
  assert.equal(answers.flat().filter((answer) => answer === 'won').length, 3)
  assert.deepEqual(await claims.claim(batch), ['taken', 'taken', 'taken'])
  // Another command of the same message, and the same message id in another channel, are other answers.
  assert.deepEqual(
    await claims.claim([
      { channelId, messageId: 'a', command: 'help', epoch },
      { channelId, messageId: 'a', command: 'ping', epoch },
      { channelId: other, messageId: 'a', command: 'ping', epoch },
    ]),
    ['won', 'taken', 'won'],
  )
  assert.deepEqual(await claims.claim([]), [])
})

test('who owned the bot once, or under another epoch, or where it is off, is given no answer', async (t) => {
  const { db, channelId } = await setUp(t)
  const [assignments, ownership, nodes] = [createAssignments(db), createOwnership(db), createNodes(db)]
  const claims = createReplyClaims(db)
  const first = await own(db, channelId)
  const second = await createLittleSession(db, 'second').begin()
  const claim = (session: number, epoch: number, messageId: string) =>
    claims.claim(session, [{ channelId, messageId, command: 'ping', epoch }])
  assert.deepEqual(await claim(first, 1, 'm1'), ['won'])
  assert.deepEqual([await claim(second, 1, 'm2'), await claim(first, 2, 'm2'), await claim(first, 0, 'm2')].flat(), [
    'foreign',
    'foreign',
    'foreign',
  ])
  // Handed over: from the same moment on the former owner is refused and the new one is not.
  const [moved] = await ownership.transfer(first, 'bot', [{ key: channelId, epoch: 1, to: second }])
  assert.equal(moved?.epoch, 2)
  assert.deepEqual([await claim(first, 1, 'm3'), await claim(first, 2, 'm3')].flat(), ['foreign', 'foreign'])
  assert.deepEqual(await claim(second, 2, 'm3'), ['won'])
  // Fenced, and not taken by anybody yet.
  await nodes.end(second)
  assert.deepEqual(await claim(second, 2, 'm4'), ['foreign'])
  // Taken again by the same session as once: under the epoch of then it is still refused.
  await ownership.claim(first, 'bot', [channelId])
  assert.deepEqual([await claim(first, 1, 'm4'), await claim(first, 3, 'm4')].flat(), ['foreign', 'won'])
  await assignments.setDesired(channelId, false)
  assert.deepEqual(await claim(first, 3, 'm5'), ['foreign'])
})

test('how things stand is written down by their owner alone, under its epoch', async (t) => {
  const { db, channelId } = await setUp(t)
  const assignments = createAssignments(db)
  const session = await own(db, channelId)
  const note = (epoch: number, changes: object = {}) => ({
    key: channelId,
    epoch,
    state: 'backoff',
    sinceAgoMs: 60_000,
    failures: 3,
    retryInMs: 30_000,
    error: { code: 'platform-server', agoMs: 5_000 },
    live: true,
    detail: { streamLive: true, figures: { viewers: 3 } },
    ...changes,
  })
  const bot = async () => (await assignments.bot(channelId, [])) ?? assert.fail()
  assert.deepEqual(await assignments.note('bot', session, [note(0)]), new Set())
  assert.deepEqual(await assignments.note('bot', session + 1, [note(1)]), new Set())
  assert.equal((await bot()).state, null)
  assert.deepEqual(await assignments.note('bot', session, [note(1)]), new Set([channelId]))
  const { state, stateSince, failures, retryInMs, lastError, lastErrorAt, streamLive, figures, epoch } = await bot()
  assert.deepEqual(
    { state, failures, lastError, streamLive, figures, epoch },
    {
      state: 'backoff',
      failures: 3,
      lastError: 'platform-server',
      streamLive: true,
      figures: { viewers: 3 },
      epoch: 1,
    },
  )
  assert.ok(retryInMs !== null && retryInMs > 25_000 && retryInMs <= 30_000)
  assert.ok(stateSince && lastErrorAt && lastErrorAt.getTime() - stateSince.getTime() > 50_000)
  await assignments.note('bot', session, [note(1, { error: null, retryInMs: null, live: null, state: 'active' })])
  const after = await bot()
  assert.deepEqual([after.state, after.lastError, after.retryInMs], ['active', null, null])
  const [row] = await db.query<{ live: boolean }>('select live from assignments where key = $1', [channelId])
  assert.equal(row?.live, true, 'what was known last stays known')
})

test('what was turned on or allowed after a revocation was heard stays', async (t) => {
  const { db, user, channelId } = await setUp(t)
  const [assignments, grants, accounts] = [createAssignments(db), createGrants(db), createAccounts(db, newTestBox())]
  const tokens = { accessToken: 'a', refreshToken: null, expiresInS: null, scopes: ['read'] }
  const { id: userId, twitchUserId: externalId, displayName: externalName } = user
  await accounts.connect({ userId, provider: 'twitch', externalId, externalName, application: 'app', tokens })
  await assignments.setDesired(channelId, true)
  const late = { agoMs: 60_000 }
  assert.equal(await grants.withdraw(externalId, late), false)
  assert.equal(await assignments.turnOff(externalId, 'permission-revoked', late), undefined)
  assert.equal((await assignments.bot(channelId, ['read']))?.permitted, true)
  const now = { agoMs: 0 }
  assert.equal(await grants.withdraw(externalId, now), true)
  assert.equal(await assignments.turnOff(externalId, 'permission-revoked', now), channelId)
  const off = await assignments.bot(channelId, ['read'])
  assert.deepEqual([off?.desired, off?.lastError, off?.permitted], [false, 'permission-revoked', false])
  assert.equal(await assignments.turnOff(externalId, 'permission-revoked', now), undefined, 'it is off')
})

test('claims are purged by their age, however many there are', async (t) => {
  const { db, channelId } = await setUp(t)
  const mine = await own(db, channelId)
  const replies = createReplyClaims(db, { purgeBatch: 10 })
  const claims = { ...replies, claim: (batch: Parameters<typeof replies.claim>[1]) => replies.claim(mine, batch) }
  const many = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, n) => ({ channelId, messageId: `m${from + n}`, command: 'ping', epoch: 1 }))
  await claims.claim(many(0, 35))
  await db.execute(`update reply_claims set claimed_at = now() - interval '2 hours'`)
  await claims.claim(many(35, 40))
  assert.equal(await claims.purge(3_600_000), 35)
  assert.equal(await claims.purge(3_600_000), 0)
  assert.deepEqual(await claims.claim(many(34, 36)), ['won', 'taken'])
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
  const [known, ...others] = await subscriptions.of('h1', [channelId])
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
  assert.deepEqual(await subscriptions.of('h1', [channelId]), [{ channelId, readerUserId: 'r2', types: ['chat'] }])
  assert.equal(await subscriptions.forgetOtherHomes('h1'), 1)
  assert.deepEqual(await subscriptions.of('h2', [channelId]), [])
})

test('old news of a subscription’s end changes nothing of the one in its place', async (t) => {
  const { db, channelId } = await setUp(t)
  const subscriptions = createChatSubscriptions(db)
  const add = (subscriptionId: string | null) =>
    subscriptions.add('h', [{ channelId, type: 'chat', readerUserId: 'r', subscriptionId }])
  const ended = (id: string) => subscriptions.ended('h', { channelId, type: 'chat', id })
  await add('new')
  assert.equal(await ended('old'), false)
  assert.equal((await subscriptions.of('h', [channelId])).length, 1)
  assert.equal(await ended('new'), true)
  assert.equal((await subscriptions.of('h', [channelId])).length, 0)
  await add(null)
  assert.equal(await ended('some'), true)
  assert.equal((await subscriptions.of('h', [channelId])).length, 0)
})

test('a bot’s row says whether it is wanted, since when, whose it is, and what keeps it from running', async (t) => {
  const { db, user, channelId } = await setUp(t)
  const assignments = createAssignments(db)
  const bot = async () => await assignments.bot(channelId, ['one', 'two'])
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
    owner: null,
    epoch: 0,
    state: null,
    stateSince: null,
    streamLive: null,
    figures: null,
    chatDelivered: false,
  })
  assert.deepEqual(await assignments.wanted([user.twitchUserId]), new Set())
  const session = await own(db, channelId)
  const on = await bot()
  assert.ok(on?.since instanceof Date && on.owner)
  assert.deepEqual([on.desired, on.epoch], [true, 1])
  assert.deepEqual(await assignments.wanted([user.twitchUserId, 'a stranger']), new Set([user.twitchUserId]))
  assert.deepEqual(
    (await assignments.bots([channelId, crypto.randomUUID()], [])).map((row) => row.channelId),
    [channelId],
  )
  await createNodes(db).end(session)
  assert.equal((await bot())?.owner, null)

  await assignments.setDesired(channelId, false)
  const off = await bot()
  assert.ok(off?.since && off.since > on.since)
  assert.deepEqual([off.desired, off.state], [false, null])
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

  assert.equal(await grants.withdraw(user.twitchUserId, { agoMs: 0 }), true)
  assert.equal(await grants.withdraw(user.twitchUserId, { agoMs: 0 }), false)
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
