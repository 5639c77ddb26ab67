import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { hasCode } from '../../src/base/errors.ts'
import { createSecretBox } from '../../src/base/secret-box.ts'
import { createAccounts, type NewTokens } from '../../src/persistence/accounts.ts'
import { openTestDatabase } from '../support/database.ts'
import { addAccount, addUser, newTestBox } from '../support/people.ts'

const TOKENS: NewTokens = { accessToken: 'a1', refreshToken: 'r1', expiresInS: 631_151_999, scopes: ['one', 'two'] }

const connection = (userId: string, externalId = 'ext') => ({
  userId,
  provider: 'donationalerts' as const,
  externalId,
  externalName: 'Name',
  application: 'app-1',
  tokens: TOKENS,
})

test('an account comes back as it was stored, even with an end twenty years away', async (t) => {
  const { db } = await openTestDatabase(t)
  const accounts = createAccounts(db, newTestBox())
  const account = await addAccount(db, accounts, { tokens: TOKENS })
  assert.equal(account.accessToken, 'a1')
  assert.equal(account.refreshToken, 'r1')
  assert.deepEqual(account.scopes, ['one', 'two'])
  assert.equal(account.state, 'ok')
  assert.equal(account.refreshing, false)
  assert.ok(Math.abs((account.expiresInMs ?? 0) - 631_151_999_000) < 60_000)
  assert.deepEqual(await accounts.ofUser(account.userId, 'donationalerts').then((same) => same?.id), account.id)
  assert.equal(await accounts.ofUser(account.userId, 'twitch'), null)
})

test('connecting again replaces the tokens and makes the account good again', async (t) => {
  const { db } = await openTestDatabase(t)
  const accounts = createAccounts(db, newTestBox())
  const account = await addAccount(db, accounts, { tokens: TOKENS })
  await accounts.setState(account, 'needs_reauth')
  const again = await accounts.connect({
    ...account,
    externalId: 'another',
    tokens: { ...TOKENS, accessToken: 'a2', refreshToken: null, expiresInS: null },
  })
  assert.deepEqual(again, { ok: true, accountId: account.id })
  const after = await accounts.find(account.id)
  assert.equal(after?.accessToken, 'a2')
  assert.equal(after?.refreshToken, null)
  assert.equal(after?.externalId, 'another')
  assert.equal(after?.expiresInMs, null)
  assert.equal(after?.state, 'ok')
  assert.equal(after?.version, 2)
})

test('an account of one user is not given to another, also when both ask in the same moment', async (t) => {
  const { db } = await openTestDatabase(t)
  const accounts = createAccounts(db, newTestBox())
  const [first, second] = [await addUser(db), await addUser(db)]
  const answers = await Promise.all([first, second].map(({ id }) => accounts.connect(connection(id))))
  assert.equal(answers.filter(({ ok }) => ok).length, 1)

  // The loser has one of their own already and tries to change to the winner's.
  const loser = answers[0]?.ok ? second : first
  assert.equal((await accounts.connect(connection(loser.id, 'own'))).ok, true)
  assert.deepEqual(await accounts.connect(connection(loser.id)), { ok: false, reason: 'account-taken' })
  assert.equal((await accounts.ofUser(loser.id, 'donationalerts'))?.externalId, 'own')
})

test('sealed tokens open in no other row', async (t) => {
  const { db } = await openTestDatabase(t)
  const accounts = createAccounts(db, newTestBox())
  const [mine, theirs] = [
    await addAccount(db, accounts, { tokens: TOKENS }),
    await addAccount(db, accounts, { tokens: { ...TOKENS, accessToken: 'a2' } }),
  ]
  await db.execute(
    'update accounts set access_token = (select access_token from accounts where id = $2) where id = $1',
    [mine.id, theirs.id],
  )
  await assert.rejects(accounts.find(mine.id), (error) => hasCode(error, 'secret-unreadable'))
  // Not even the refresh token passes for the access token of its own row.
  await db.execute('update accounts set access_token = refresh_token where id = $1', [theirs.id])
  await assert.rejects(accounts.find(theirs.id), (error) => hasCode(error, 'secret-unreadable'))
})

test('what an older key sealed is sealed anew when it is read, so that the key can go', async (t) => {
  const { db } = await openTestDatabase(t)
  const [oldKey, newKey] = [randomBytes(32), randomBytes(32)]
  const before = createAccounts(db, createSecretBox([oldKey]))
  const account = await addAccount(db, before, { tokens: TOKENS })

  const during = createAccounts(db, createSecretBox([newKey, oldKey]))
  assert.equal((await during.find(account.id))?.refreshToken, 'r1')

  const after = createAccounts(db, createSecretBox([newKey]))
  const read = await after.find(account.id)
  assert.equal(read?.accessToken, 'a1')
  assert.equal(read?.refreshToken, 'r1')
  assert.equal(read?.version, account.version)
})

test('accounts are counted by the application they belong to', async (t) => {
  const { db } = await openTestDatabase(t)
  const accounts = createAccounts(db, newTestBox())
  for (const application of ['x', 'y', 'x']) {
    const { id } = await addUser(db)
    await accounts.connect({ ...connection(id, id), application })
  }
  const counted = await accounts.countByApplication('donationalerts')
  assert.deepEqual(Object.fromEntries(counted), { x: 2, y: 1 })
  assert.equal((await accounts.countByApplication('twitch')).size, 0)
})

test('a refreshed pair is stored only in place of the version it was made from', async (t) => {
  const { db } = await openTestDatabase(t)
  const accounts = createAccounts(db, newTestBox())
  const account = await addAccount(db, accounts, { tokens: TOKENS })
  assert.deepEqual(await accounts.storeRefreshed(account, { ...TOKENS, accessToken: 'a2', refreshToken: null }), {
    stored: true,
    revived: false,
  })
  assert.deepEqual(await accounts.storeRefreshed(account, { ...TOKENS, accessToken: 'a3', scopes: null }), {
    stored: false,
    revived: false,
  })
  const after = await accounts.find(account.id)
  assert.equal(after?.accessToken, 'a2')
  assert.equal(after?.refreshToken, 'r1', 'a platform that gives no refresh token means the old one')
  assert.deepEqual(after?.scopes, ['one', 'two'])
})

test('one lease at a time, and it is given back or runs out', async (t) => {
  const { db } = await openTestDatabase(t)
  const accounts = createAccounts(db, newTestBox())
  const account = await addAccount(db, accounts, { tokens: TOKENS })
  const tries = await Promise.all(['a', 'b', 'c', 'd'].map((holder) => accounts.leaseRefresh(account, holder, 60_000)))
  assert.equal(tries.filter(Boolean).length, 1)
  assert.equal((await accounts.find(account.id))?.refreshing, true)

  const holder = ['a', 'b', 'c', 'd'][tries.findIndex(Boolean)] ?? ''
  await accounts.endRefresh(account, 'somebody else', { lost: true })
  assert.equal(await accounts.leaseRefresh(account, 'e', 60_000), null)
  await accounts.endRefresh(account, holder, { lost: true })
  assert.ok((await accounts.find(account.id))?.refreshLostAt instanceof Date)
  assert.ok(await accounts.leaseRefresh(account, 'e', 0))
  assert.ok(await accounts.leaseRefresh(account, 'f', 60_000), 'a lease that has run out stands in nobody’s way')
})

test('accounts due for validation are taken by one node each', async (t) => {
  const { db } = await openTestDatabase(t)
  const accounts = createAccounts(db, newTestBox())
  for (let n = 0; n < 20; n++) await addAccount(db, accounts, { provider: 'twitch', tokens: TOKENS })
  assert.deepEqual(await accounts.takeDueForValidation('twitch', { maxAgeMs: 3_600_000, limit: 50 }), [])
  await db.execute(`update accounts set validated_at = now() - interval '61 minutes'`)
  const taken = await Promise.all(
    Array.from({ length: 4 }, () => accounts.takeDueForValidation('twitch', { maxAgeMs: 3_600_000, limit: 5 })),
  )
  const ids = taken.flat().map(({ id }) => id)
  assert.equal(new Set(ids).size, ids.length)
  assert.equal(ids.length, 20)
})
