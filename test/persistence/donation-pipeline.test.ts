import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test, type TestContext } from 'node:test'
import { createSecretBox, type SecretBox } from '../../src/base/secret-box.ts'
import type { Donation } from '../../src/domain/donation.ts'
import { createAlerts } from '../../src/persistence/alerts.ts'
import { createChannels } from '../../src/persistence/channels.ts'
import type { Database } from '../../src/persistence/database.ts'
import { createDonationConnections } from '../../src/persistence/donation-connections.ts'
import { createDonationPositions } from '../../src/persistence/donation-positions.ts'
import { createDonations } from '../../src/persistence/donations.ts'
import { createLedger } from '../../src/persistence/ledger.ts'
import { createUsers } from '../../src/persistence/users.ts'
import { openTestDatabase } from '../support/database.ts'

const provider = 'donationalerts'
const accountId = '7'

async function setUp(t: TestContext) {
  const { db } = await openTestDatabase(t)
  const box = createSecretBox([randomBytes(32)])
  const channels = createChannels(db, box)
  const newChannel = async (name: string) => {
    const user = await createUsers(db).recognise({ id: `tw-${name}`, login: name, name })
    await channels.create(user.id, {})
    const channel = await channels.byUser(user.id)
    assert.ok(channel)
    return channel.id
  }
  const channelId = await newChannel('ann')
  const positions = createDonationPositions(db, box)
  await connect(db, box, { channelId, externalId: accountId })
  const target = { channelId, provider, accountId } as const
  return {
    db,
    box,
    channels,
    channelId,
    newChannel,
    positions,
    donations: createDonations(db),
    alerts: createAlerts(db),
    ledger: createLedger(db),
    target,
  }
}

/** As a streamer who comes back from the platform's consent page. */
async function connect(
  db: Database,
  box: SecretBox,
  { channelId, externalId }: { channelId: string; externalId: string },
) {
  const [channel] = await db.query<{ user_id: string }>('select user_id from channels where id = $1', [channelId])
  const tokens = { accessToken: 'access', refreshToken: 'refresh', expiresInS: 3_600, scopes: [] }
  const account = {
    userId: channel?.user_id ?? '',
    provider,
    externalId,
    externalName: 'Ivan',
    application: 'app',
    tokens,
  } as const
  const connected = await createDonationConnections(db, box).connect(account, { channelId, socketToken: 'socket' })
  assert.ok(connected.ok)
  return { userId: account.userId, channelId }
}

function donation(id: number, change: Partial<Donation> = {}): Donation {
  return {
    provider,
    accountId,
    externalId: String(id),
    donor: 'Ivan',
    money: { amount: '500.00', currency: 'RUB' },
    message: 'Привет 💜',
    messageKind: 'text',
    createdAt: Date.now() + id * 1_000,
    raw: '{}',
    ...change,
  }
}

test('a donation is stored once, whatever ways bring it, and queued once', async (t) => {
  const { db, donations, target } = await setUp(t)
  const pushed = await donations.store({
    ...target,
    arrival: 'push',
    donations: [donation(1), donation(1), donation(2)],
  })
  assert.deepEqual(pushed.map((stored) => stored.externalId).sort(), ['1', '2'])
  const races = await Promise.all(
    (['push', 'recovery', 'sweep'] as const).map((arrival) =>
      donations.store({ ...target, arrival, donations: [donation(1), donation(2), donation(3)] }),
    ),
  )
  assert.deepEqual(
    races.flat().map((stored) => stored.externalId),
    ['3'],
  )
  const [count] = await db.query<{ donations: string; alerts: string }>(
    'select (select count(*) from donations) as donations, (select count(*) from alerts) as alerts',
  )
  assert.deepEqual(count, { donations: '3', alerts: '3' })
})

test('the position moves only over contiguous numbers, and only within its epoch', async (t) => {
  const { donations, positions, target } = await setUp(t)
  const position = async () => (await positions.read(provider, accountId)).position
  assert.equal(await position(), null)
  await positions.jump(provider, accountId, { epoch: 'aa', seq: 10 }, { gap: false })
  const push = (from: number, to: number, epoch = 'aa') =>
    donations.store({ ...target, arrival: 'push', donations: [donation(to)], advance: { epoch, from, to } })
  await push(11, 11)
  assert.deepEqual(await position(), { epoch: 'aa', seq: 11 })
  await push(13, 13)
  assert.deepEqual(await position(), { epoch: 'aa', seq: 11 }, '12 is missing')
  await push(12, 13)
  assert.deepEqual(await position(), { epoch: 'aa', seq: 13 })
  await push(14, 14, 'bb')
  assert.deepEqual(await position(), { epoch: 'aa', seq: 13 }, 'another epoch')
  await push(5, 6)
  assert.deepEqual(await position(), { epoch: 'aa', seq: 13 }, 'never back')
})

test('a refused donation leaves neither an alert nor a moved position behind', async (t) => {
  const { db, donations, positions, target } = await setUp(t)
  await positions.jump(provider, accountId, { epoch: 'aa', seq: 0 }, { gap: false })
  const broken = donation(1, { messageKind: 'video' as 'text' })
  await assert.rejects(
    donations.store({
      ...target,
      arrival: 'push',
      donations: [donation(2), broken],
      advance: { epoch: 'aa', from: 1, to: 2 },
    }),
  )
  assert.equal((await db.query('select from donations')).length, 0)
  assert.equal((await positions.read(provider, accountId)).position?.seq, 0)
})

test('what the history tells from before the connection is stored and not shown; what is pushed is always shown', async (t) => {
  const { donations, target } = await setUp(t)
  const old = Date.now() - 3_600_000
  const swept = await donations.store({
    ...target,
    arrival: 'sweep',
    donations: [donation(1, { createdAt: old }), donation(2)],
  })
  assert.deepEqual(swept.map(({ externalId, alertId }) => `${externalId} ${alertId !== null}`).sort(), [
    '1 false',
    '2 true',
  ])
  const pushed = await donations.store({ ...target, arrival: 'push', donations: [donation(3, { createdAt: old })] })
  assert.ok(pushed[0]?.alertId)
})

test('two nodes that offer at once give out one alert', async (t) => {
  const { donations, alerts, target, channelId } = await setUp(t)
  await donations.store({ ...target, arrival: 'push', donations: [1, 2, 3, 4].map((id) => donation(id)) })
  const offers = await Promise.all(
    Array.from({ length: 8 }, (_, node) => alerts.offerNext(channelId, `overlay-${node}`, { onlyTests: false })),
  )
  const given = offers.filter((offer) => offer !== undefined)
  assert.equal(given.length, 1)
  assert.equal(given[0]?.externalId, '1')
})

test('alerts are offered in the order in which the donations were made, equal moments by the platform’s number', async (t) => {
  const { donations, alerts, target, channelId } = await setUp(t)
  const moment = Date.now()
  await donations.store({ ...target, arrival: 'sweep', donations: [donation(110, { createdAt: moment + 5_000 })] })
  await donations.store({
    ...target,
    arrival: 'push',
    donations: [
      donation(9, { createdAt: moment + 1_000 }),
      donation(100, { createdAt: moment + 1_000 }),
      donation(20, { createdAt: moment + 1_000 }),
    ],
  })
  const order: string[] = []
  for (let n = 0; n < 4; n++) {
    const offer = await alerts.offerNext(channelId, 'o', { onlyTests: false })
    assert.ok(offer)
    order.push(offer.externalId)
    const request = { channelId, alertId: offer.id, token: offer.token, overlay: 'o', keyRev: 1 }
    assert.ok(await alerts.start(request))
    assert.ok(await alerts.finish(request))
  }
  assert.deepEqual(order, ['9', '20', '100', '110'])
})

test('only the overlay that was answered 200 draws; asking again from it is answered alike', async (t) => {
  const { donations, alerts, target, channelId } = await setUp(t)
  await donations.store({ ...target, arrival: 'push', donations: [donation(1)] })
  const offer = await alerts.offerNext(channelId, 'one', { onlyTests: false })
  assert.ok(offer)
  const request = { channelId, alertId: offer.id, token: offer.token, keyRev: 1 }
  assert.equal(await alerts.start({ ...request, overlay: 'one', token: crypto.randomUUID() }), false, 'a foreign token')
  assert.equal(await alerts.start({ ...request, overlay: 'one', token: 'no uuid' }), false)
  assert.equal(await alerts.start({ ...request, overlay: 'one', keyRev: 0 }), false, 'a rotated key')
  assert.equal(
    await alerts.start({ ...request, overlay: 'one', channelId: crypto.randomUUID() }),
    false,
    'a foreign channel',
  )
  assert.equal(await alerts.start({ ...request, overlay: 'one' }), true)
  assert.equal(await alerts.start({ ...request, overlay: 'one' }), true, 'the first answer may have got lost')
  assert.equal(await alerts.start({ ...request, overlay: 'two' }), false)
  assert.equal(await alerts.finish(request), true)
  assert.equal(await alerts.finish(request), true)
  assert.equal(await alerts.start({ ...request, overlay: 'one' }), false, 'shown is shown')
})

test('a lease that runs out sends an offer back to the queue and makes a drawing interrupted, unless it was shown after all', async (t) => {
  const { db, donations, alerts, target, channelId } = await setUp(t)
  await donations.store({ ...target, arrival: 'push', donations: [donation(1)] })
  const runOut = () =>
    db.execute(`update alerts set lease_until = now() - interval '1 s' where lease_until is not null`)

  const first = await alerts.offerNext(channelId, 'o', { onlyTests: false })
  assert.deepEqual(await alerts.expire(), [])
  await runOut()
  assert.deepEqual(
    (await alerts.expire()).map((alert) => alert.state),
    ['queued'],
  )
  const second = await alerts.offerNext(channelId, 'o', { onlyTests: false })
  assert.equal(second?.attempt, 2)
  assert.notEqual(second?.token, first?.token)
  const request = { channelId, alertId: second?.id ?? '', token: second?.token ?? '', overlay: 'o', keyRev: 1 }
  assert.equal(await alerts.start({ ...request, token: first?.token ?? '' }), false, 'the old offer is void')
  assert.equal(await alerts.start(request), true)
  await runOut()
  assert.deepEqual(
    (await alerts.expire()).map((alert) => alert.state),
    ['interrupted'],
  )
  assert.equal(
    await alerts.offerNext(channelId, 'o', { onlyTests: false }),
    undefined,
    'it is not drawn again by itself',
  )
  assert.equal(await alerts.finish(request), true, 'late word counts')
})

test('nodes that look for run out leases at the same time wait for nobody, and each is told of once', async (t) => {
  const { db, box, donations, alerts, target, channelId, newChannel } = await setUp(t)
  const other = await newChannel('bob')
  await connect(db, box, { channelId: other, externalId: '8' })
  await donations.store({ ...target, arrival: 'push', donations: [donation(1)] })
  const theirs = { channelId: other, provider, accountId: '8' } as const
  await donations.store({ ...theirs, arrival: 'push', donations: [donation(1, { accountId: '8' })] })
  for (const id of [channelId, other]) await alerts.offerNext(id, 'o', { onlyTests: false })
  await db.execute(`update alerts set lease_until = now() - interval '1 s'`)
  await db.transaction(async (tx) => {
    await tx.query(`select from alerts where channel_id = $1 for update`, [other])
    assert.deepEqual(
      (await alerts.expire()).map((alert) => alert.channelId),
      [channelId],
    )
  })
  assert.deepEqual(
    (await alerts.expire()).map((alert) => alert.channelId),
    [other],
  )
})

test('a paused queue offers nothing; skipping takes what is on screen, then what is next', async (t) => {
  const { channels, donations, alerts, target, channelId } = await setUp(t)
  await donations.store({ ...target, arrival: 'push', donations: [donation(1), donation(2)] })
  await channels.setAlertsPaused(channelId, true)
  assert.equal(await alerts.offerNext(channelId, 'o', { onlyTests: false }), undefined)
  await channels.setAlertsPaused(channelId, false)
  const offer = await alerts.offerNext(channelId, 'o', { onlyTests: false })
  assert.equal((await alerts.skip(channelId))?.id, offer?.id)
  assert.equal((await alerts.standing(channelId)).queued, 1)
  assert.ok(await alerts.skip(channelId))
  assert.equal(await alerts.skip(channelId), undefined)
})

test('a replay comes before what waits, and stands in the ledger', async (t) => {
  const { donations, alerts, ledger, target, channelId, newChannel } = await setUp(t)
  const [first] = await donations.store({ ...target, arrival: 'push', donations: [donation(1)] })
  await alerts.skip(channelId)
  await donations.store({ ...target, arrival: 'push', donations: [donation(2)] })
  assert.equal(
    await alerts.replay(await newChannel('bob'), first?.donationId ?? ''),
    undefined,
    'not another’s donation',
  )
  assert.ok(await alerts.replay(channelId, first?.alertId ?? ''))
  assert.equal((await alerts.offerNext(channelId, 'o', { onlyTests: false }))?.externalId, '1')
  const entries = await ledger.page(channelId, { before: null, limit: 10 })
  assert.deepEqual(
    entries.map(({ state, replay }) => [state, replay]),
    [
      ['queued', false],
      ['offered', true],
    ],
  )
})

test('replaying what still waits moves it to the front and shows it once', async (t) => {
  const { donations, alerts, target, channelId } = await setUp(t)
  await donations.store({ ...target, arrival: 'push', donations: [donation(1), donation(2)] })
  const [third] = await donations.store({ ...target, arrival: 'push', donations: [donation(3)] })
  assert.equal(await alerts.replay(channelId, third?.donationId ?? ''), third?.alertId)
  assert.equal(await alerts.replay(channelId, third?.alertId ?? ''), third?.alertId)
  assert.equal((await alerts.standing(channelId)).queued, 3)
  assert.equal((await alerts.offerNext(channelId, 'o', { onlyTests: false }))?.externalId, '3')
})

test('an age limit turns what waited too long into missed; without one it waits for ever', async (t) => {
  const { channels, donations, alerts, target, channelId } = await setUp(t)
  const hourAgo = Date.now() - 3_600_000
  await donations.store({ ...target, arrival: 'push', donations: [donation(1, { createdAt: hourAgo }), donation(2)] })
  assert.deepEqual(await alerts.miss(), [])
  await channels.changeSettings(channelId, { alerts: { maxAgeMinutes: 30 } })
  assert.equal((await alerts.miss()).length, 1)
  assert.equal((await alerts.offerNext(channelId, 'o', { onlyTests: false }))?.externalId, '2')
})

test('the ledger pages without gaps and its totals leave tests, history and replays out', async (t) => {
  const { donations, alerts, ledger, target, channelId } = await setUp(t)
  const moment = Date.now()
  const amounts = ['0.10', '0.20', '1234567.89']
  await donations.store({
    ...target,
    arrival: 'push',
    donations: amounts.map((amount, n) => donation(n, { createdAt: moment, money: { amount, currency: 'RUB' } })),
  })
  await donations.store({ ...target, arrival: 'sweep', donations: [donation(90, { createdAt: moment - 3_600_000 })] })
  await donations.store({
    channelId,
    provider: 'test',
    accountId: channelId,
    arrival: 'push',
    test: true,
    donations: [donation(91)],
  })
  await alerts.replay(channelId, (await ledger.page(channelId, { before: null, limit: 1 }))[0]?.id ?? '')

  const seen: string[] = []
  let before = null as Parameters<typeof ledger.page>[1]['before']
  for (;;) {
    const page = await ledger.page(channelId, { before, limit: 2 })
    const last = page.at(-1)
    if (!last) break
    seen.push(...page.map((entry) => entry.id))
    before = { madeAt: last.made, id: last.id }
  }
  assert.equal(seen.length, 5)
  assert.equal(new Set(seen).size, 5)
  assert.deepEqual(await ledger.totals(channelId), [{ currency: 'RUB', amount: '1234568.19', count: 3 }])
})

test('the newest donation is the newest that was received: neither history nor a test is one', async (t) => {
  const { db, donations, target } = await setUp(t)
  const last = () => donations.lastReceivedAt(target.channelId)
  await donations.store({
    ...target,
    arrival: 'sweep',
    donations: [donation(1, { createdAt: Date.now() - 3_600_000 })],
  })
  await donations.store({
    ...target,
    provider: 'test',
    arrival: 'push',
    test: true,
    donations: [donation(2, { provider: 'test' })],
  })
  assert.equal(await last(), null)
  await donations.store({ ...target, arrival: 'push', donations: [donation(3)] })
  const [row] = await db.query<{ at: Date }>(`select received_at as at from donations where external_id = '3'`)
  assert.deepEqual(await last(), row?.at)
})
