import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { createDonationAccounts } from '../../src/persistence/donation-accounts.ts'
import { createDonationConnections } from '../../src/persistence/donation-connections.ts'
import { createDonationPositions } from '../../src/persistence/donation-positions.ts'
import { createDonationStreams, type StreamNote } from '../../src/persistence/donation-streams.ts'
import { createDonations } from '../../src/persistence/donations.ts'
import { openTestDatabase } from '../support/database.ts'
import { addChannel, addUser, newTestBox } from '../support/people.ts'

async function setUp(t: TestContext) {
  const { db } = await openTestDatabase(t)
  const box = newTestBox()
  const connections = createDonationConnections(db, box)
  const positions = createDonationPositions(db, box)
  const newStreamer = async () => {
    const user = await addUser(db)
    const channelId = await addChannel(db, user.id)
    const accountId = `da-${user.login}`
    const connect = (externalId = accountId) =>
      connections.connect(
        {
          userId: user.id,
          provider: 'donationalerts',
          externalId,
          externalName: user.login,
          application: 'app',
          tokens: { accessToken: 'access', refreshToken: 'refresh', expiresInS: 3_600, scopes: [] },
        },
        { channelId, socketToken: 'socket' },
      )
    return {
      userId: user.id,
      channelId,
      accountId,
      connect,
      disconnect: () => connections.disconnect({ userId: user.id, channelId }),
    }
  }
  const newNode = async (name: string, roles = ['donations']) => {
    const [node] = await db.query<{ session: number }>(
      `insert into nodes (node_id, roles, version) values ($1, $2, '1') returning session::float8`,
      [name, roles],
    )
    return node?.session ?? assert.fail()
  }
  const own = (channelId: string, session: number | null, epoch: number) =>
    db.execute(`update assignments set owner = $2, epoch = $3 where kind = 'donations' and key = $1`, [
      channelId,
      session,
      epoch,
    ])
  const positionsOf = async (channelId: string) =>
    (await db.query('select 1 from donation_positions where channel_id = $1', [channelId])).length
  return {
    db,
    positions,
    streams: createDonationStreams(db),
    accounts: createDonationAccounts(db),
    newStreamer,
    newNode,
    own,
    positionsOf,
  }
}

const note = (key: string, epoch: number, change: Partial<StreamNote> = {}): StreamNote => ({
  key,
  epoch,
  state: 'live',
  live: false,
  failures: 0,
  retryInMs: null,
  lastError: null,
  detail: {},
  ...change,
})

test('a connection is an account, a place in its stream and a wish, and a disconnection is none of them', async (t) => {
  const { positions, streams, newStreamer, positionsOf } = await setUp(t)
  const streamer = await newStreamer()
  assert.equal(await streams.ofChannel(streamer.channelId), undefined)
  assert.ok((await streamer.connect()).ok)
  assert.equal((await positions.read('donationalerts', streamer.accountId)).socketToken, 'socket')
  assert.deepEqual(await streams.ofChannel(streamer.channelId), { state: null, detail: {}, refused: false })
  assert.equal(await streamer.disconnect(), true)
  assert.equal(await streamer.disconnect(), false)
  assert.equal(await positionsOf(streamer.channelId), 0)
  assert.equal(await streams.ofChannel(streamer.channelId), undefined)
})

test('a stream that has not heard of its end brings nothing back, whenever it writes', async (t) => {
  const { positions, newStreamer, positionsOf } = await setUp(t)
  const streamer = await newStreamer()
  await streamer.connect()
  await streamer.disconnect()
  await positions.begin('donationalerts', streamer.accountId, streamer.channelId)
  await positions.rememberSocketToken('donationalerts', streamer.accountId, 'late')
  await positions.jump('donationalerts', streamer.accountId, { epoch: 'e', seq: 9 }, { gap: true })
  assert.equal(await positionsOf(streamer.channelId), 0)
  // In the very moment of the disconnection.
  for (let round = 0; round < 20; round++) {
    await streamer.connect()
    await Promise.all([
      ...Array.from({ length: 4 }, () => positions.begin('donationalerts', streamer.accountId, streamer.channelId)),
      streamer.disconnect(),
      ...Array.from({ length: 4 }, () => positions.begin('donationalerts', streamer.accountId, streamer.channelId)),
    ])
    assert.equal(await positionsOf(streamer.channelId), 0)
  }
})

test('a stream of an account that was replaced takes nothing from the one that took its place', async (t) => {
  const { positions, newStreamer } = await setUp(t)
  const streamer = await newStreamer()
  await streamer.connect('old')
  await streamer.connect('new')
  await positions.begin('donationalerts', 'old', streamer.channelId)
  assert.equal((await positions.read('donationalerts', 'new')).socketToken, 'socket')
  assert.equal((await positions.read('donationalerts', 'old')).socketToken, null)
})

test('the history that a stream reads after the account is gone is history', async (t) => {
  const { db, newStreamer } = await setUp(t)
  const streamer = await newStreamer()
  await streamer.connect()
  await streamer.disconnect()
  const { channelId, accountId } = streamer
  const stored = await createDonations(db).store({
    channelId,
    provider: 'donationalerts',
    accountId,
    arrival: 'sweep',
    donations: [
      {
        provider: 'donationalerts',
        accountId,
        externalId: '1',
        donor: 'Ann',
        money: { amount: '5.00', currency: 'RUB' },
        message: '',
        messageKind: 'text',
        createdAt: Date.now() - 3_600_000,
        raw: '{}',
      },
    ],
  })
  assert.deepEqual(
    stored.map(({ alertId }) => alertId),
    [null],
  )
})

test('only the owner under its own epoch writes how a stream does, and what it put off waits for whoever is next', async (t) => {
  const { streams, accounts, newStreamer, newNode, own } = await setUp(t)
  const { channelId, connect } = await newStreamer()
  await connect()
  const [one, other] = [await newNode('one'), await newNode('other')]
  await own(channelId, one, 3)
  const state = async () => (await streams.ofChannel(channelId))?.state ?? null
  await streams.note(other, [note(channelId, 3)])
  await streams.note(one, [note(channelId, 2)])
  assert.equal(await state(), null)
  await streams.note(one, [note(channelId, 3, { state: 'backoff', failures: 4, retryInMs: 8_000, detail: { x: 1 } })])
  assert.equal(await state(), 'backoff')
  await own(channelId, other, 4)
  await streams.note(one, [note(channelId, 3)])
  const [account] = await accounts.toStream([channelId])
  assert.equal(account?.failures, 4)
  assert.ok((account?.retryInMs ?? 0) > 6_000 && (account?.retryInMs ?? 0) <= 8_000)
  await own(channelId, null, 5)
  assert.equal(await state(), null, 'what nobody runs has no state')
  await connect()
  assert.equal((await accounts.toStream([channelId]))[0]?.retryInMs, null, 'who connects anew is tried at once')
})

test('a second socket is wanted only by the owner of the first, and only where another node could hold it', async (t) => {
  const { db, streams, newStreamer, newNode, own } = await setUp(t)
  const { channelId, connect, disconnect } = await newStreamer()
  await connect()
  const one = await newNode('one')
  await own(channelId, one, 1)
  const wish = (session: number, wanted: boolean) => streams.wishStandbys(session, [{ key: channelId, wanted }])
  const isWanted = async () =>
    (await db.query<{ desired: boolean }>(`select desired from assignments where kind = 'donations-standby'`))[0]
      ?.desired ?? false
  await newNode('pages', ['web', 'bots'])
  await wish(one, true)
  assert.equal(await isWanted(), false)
  const other = await newNode('other')
  assert.deepEqual(await wish(other, true), [])
  assert.deepEqual(await wish(one, true), [channelId])
  assert.deepEqual(await wish(one, true), [])
  assert.equal(await isWanted(), true)
  assert.deepEqual(await wish(one, false), [channelId])
  await wish(one, true)
  await disconnect()
  assert.equal(await isWanted(), false)
})
