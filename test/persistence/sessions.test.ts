import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newSecret } from '../../src/base/secret-box.ts'
import { createSessions } from '../../src/persistence/sessions.ts'
import { createUsers } from '../../src/persistence/users.ts'
import { openTestDatabase } from '../support/database.ts'
import { addChannel, addUser } from '../support/people.ts'

test('a session tells who it belongs to, and the channel once there is one', async (t) => {
  const { db } = await openTestDatabase(t)
  const user = await addUser(db, 'ivan')
  const sessions = createSessions(db)
  const id = await sessions.start(user.id)
  const owner = {
    userId: user.id,
    twitchUserId: user.twitchUserId,
    login: 'ivan',
    name: 'IVAN',
    channelId: null,
    extended: false,
  }
  assert.deepEqual(await sessions.find(id), owner)
  const channelId = await addChannel(db, user.id)
  assert.deepEqual(await sessions.find(id), { ...owner, channelId })
})

test('an id that was never given out, or ended, or ran out, opens nothing', async (t) => {
  const { db } = await openTestDatabase(t)
  const { id: userId } = await addUser(db)
  const sessions = createSessions(db)
  assert.equal(await sessions.find(newSecret()), null)

  const [ended, expired, alive] = [
    await sessions.start(userId),
    await sessions.start(userId),
    await sessions.start(userId),
  ]
  await sessions.end(ended)
  assert.equal(await sessions.find(ended), null)
  assert.ok(await sessions.find(alive))
  assert.equal(await sessions.endAllOf(userId), 2)
  assert.equal(await sessions.find(alive), null)
  assert.equal(await sessions.find(expired), null)

  const late = await sessions.start(userId)
  await db.execute(`update sessions set expires_at = now() - interval '1 second'`)
  assert.equal(await sessions.find(late), null)
  await sessions.start(userId)
  const [left] = await db.query<{ count: string }>('select count(*) from sessions')
  assert.equal(left?.count, '1', 'what ran out is cleared away when the next one begins')
})

test('the database holds no session id', async (t) => {
  const { db } = await openTestDatabase(t)
  const id = await createSessions(db).start((await addUser(db)).id)
  const dump = JSON.stringify(await db.query('select sessions::text from sessions'))
  assert.ok(!dump.includes(id))
  assert.ok(!dump.includes(Buffer.from(id).toString('hex')))
  assert.ok(!dump.includes(Buffer.from(id, 'base64url').toString('hex')))
})

test('use moves the end of a session by thirty days, and writes that once an hour', async (t) => {
  const { db } = await openTestDatabase(t)
  const sessions = createSessions(db)
  const id = await sessions.start((await addUser(db)).id)
  assert.equal((await sessions.find(id))?.extended, false)
  await db.execute(`update sessions set seen_at = now() - interval '61 minutes', expires_at = now() + interval '1 day'`)
  assert.equal((await sessions.find(id))?.extended, true)
  assert.equal((await sessions.find(id))?.extended, false)
  const [row] = await db.query<{ days: number }>(
    'select (extract(epoch from expires_at - now()) / 86400)::float8 as days from sessions',
  )
  assert.ok(Math.abs((row?.days ?? 0) - 30) < 0.01)
})

test('a person who renames themself at Twitch stays the same person', async (t) => {
  const { db } = await openTestDatabase(t)
  const users = createUsers(db)
  const before = await users.recognise({ id: '7', login: 'old', name: 'Old' })
  const after = await users.recognise({ id: '7', login: 'new', name: 'New' })
  assert.equal(after.id, before.id)
  assert.deepEqual(after, { id: before.id, twitchUserId: '7', login: 'new', displayName: 'New' })
})
