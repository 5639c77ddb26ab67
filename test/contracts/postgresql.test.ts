/**
 * What we ask of SQL, on both ends of what we support: the embedded PostgreSQL 18 as a node starts it, and a server of
 * version 15. Each statement family that leans on more than plain SQL is here once.
 */
import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { test, type TestContext } from 'node:test'
import { systemClock } from '../../src/base/clock.ts'
import { hasCode } from '../../src/base/errors.ts'
import { createMetrics } from '../../src/base/metrics.ts'
import type { Donation } from '../../src/domain/donation.ts'
import { createAccounts } from '../../src/persistence/accounts.ts'
import { createAlerts } from '../../src/persistence/alerts.ts'
import { createChannels } from '../../src/persistence/channels.ts'
import { checkServer } from '../../src/persistence/check-server.ts'
import { createDatabase, isUniqueViolation, type Database } from '../../src/persistence/database.ts'
import { createDonationConnections } from '../../src/persistence/donation-connections.ts'
import { createDonations } from '../../src/persistence/donations.ts'
import { startEmbeddedPostgres } from '../../src/persistence/embedded-postgres.ts'
import { createLedger } from '../../src/persistence/ledger.ts'
import { migrate } from '../../src/persistence/migrate.ts'
import { createPlatformBudgets } from '../../src/persistence/platform-budgets.ts'
import { createSessions } from '../../src/persistence/sessions.ts'
import { createUsedKeys } from '../../src/persistence/used-keys.ts'
import { silentLogger as logger } from '../support/logger.ts'
import { addAccount, addUser, newTestBox } from '../support/people.ts'
import { startPostgres15 } from '../support/postgres-15.ts'

const servers: Array<{ name: string; major: number; open(t: TestContext): Promise<Database> }> = [
  {
    name: 'the embedded PostgreSQL 18',
    major: 18,
    async open(t) {
      const dataDir = await mkdtemp(join(tmpdir(), 'chatfolk-contract-'))
      const postgres = await startEmbeddedPostgres({ dataDir, logger, clock: systemClock })
      const db = createDatabase({ ...postgres.connection, logger, metrics: createMetrics() })
      t.after(async () => {
        await db.close()
        await postgres.stop()
        await rm(dataDir, { recursive: true })
      })
      return db
    },
  },
  {
    name: 'a PostgreSQL 15 server',
    major: 15,
    async open(t) {
      const { connectionString } = await startPostgres15()
      const db = createDatabase({ connectionString: connectionString('chatfolk'), logger, metrics: createMetrics() })
      t.after(() => db.close())
      return db
    },
  },
]

for (const server of servers) {
  test(`${server.name} keeps the contract`, async (t) => {
    const db = await server.open(t)

    await t.test('it is taken at start and migrated by nodes that start together', async () => {
      await checkServer(db, { address: 'postgresql://here', clock: systemClock, logger })
      assert.match(
        (await db.query<{ v: string }>('select version() as v'))[0]?.v ?? '',
        new RegExp(`L ${server.major}\\.`),
      )
      const applied = await Promise.all([1, 2, 3, 4, 5].map(() => migrate(db, { logger })))
      assert.deepEqual(applied.flat().sort(), (await readdir(join(import.meta.dirname, '../../migrations'))).sort())
    })

    await t.test('values arrive as the rest of the house expects them', async () => {
      const [row] = await db.query(
        `select 9007199254740993::bigint as big, 500.10::numeric as money, timestamptz '2026-01-01 00:00:00Z' as at,
           '{"a":[1,"💜"]}'::jsonb as json, array['x','y'] as list, null::text as nothing`,
      )
      assert.deepEqual(row, {
        big: '9007199254740993',
        money: '500.10',
        at: new Date('2026-01-01T00:00:00Z'),
        json: { a: [1, '💜'] },
        list: ['x', 'y'],
        nothing: null,
      })
    })

    await t.test('a transaction keeps everything or nothing, and errors are told apart', async () => {
      await assert.rejects(
        db.transaction(async (tx) => {
          await addUser(tx, 'nobody')
          await tx.execute('select 1 / 0')
        }),
        /division by zero/,
      )
      assert.deepEqual(await db.query(`select 1 from users where login = 'nobody'`), [])
      await addUser(db, 'twice')
      await assert.rejects(
        db.execute(`insert into users (twitch_user_id, login, display_name) values ('tw-twice', 'x', 'x')`),
        (error) => isUniqueViolation(error, 'users_twitch_user_id_key'),
      )
      await assert.rejects(db.query('select pg_sleep(5)', [], { timeoutMs: 50 }), (error) =>
        hasCode(error, 'unavailable'),
      )
    })

    await t.test('a donation goes from the platform to the screen and into the ledger, once', async () => {
      const box = newTestBox()
      const user = await addUser(db, 'streamer')
      const channels = createChannels(db, box)
      await channels.create(user.id, {})
      const channelId = (await channels.byUser(user.id))?.id ?? ''
      const target = { channelId, provider: 'donationalerts', accountId: '7' } as const
      const connected = await createDonationConnections(db, box).connect(
        {
          userId: user.id,
          provider: target.provider,
          externalId: target.accountId,
          externalName: 'Streamer',
          application: 'app',
          tokens: { accessToken: 'access', refreshToken: 'refresh', expiresInS: 3_600, scopes: [] },
        },
        { channelId, socketToken: 'socket' },
      )
      assert.ok(connected.ok)
      const donations = createDonations(db)
      const races = await Promise.all(
        (['push', 'recovery', 'sweep'] as const).map((arrival) =>
          donations.store({ ...target, arrival, donations: [donation(1), donation(2)] }),
        ),
      )
      assert.equal(races.flat().length, 2)

      const alerts = createAlerts(db)
      const offers = await Promise.all(
        [1, 2, 3].map((n) => alerts.offerNext(channelId, `overlay-${n}`, { onlyTests: false })),
      )
      assert.equal(offers.filter((offer) => offer !== undefined).length, 1)

      const ledger = createLedger(db)
      const page = await ledger.page(channelId, { before: null, limit: 1 })
      const [newest] = page
      assert.ok(newest)
      assert.equal(newest.donor, 'Donor 2')
      const older = await ledger.page(channelId, { before: { madeAt: newest.made, id: newest.id }, limit: 5 })
      assert.deepEqual(
        older.map(({ donor, amount }) => ({ donor, amount })),
        [{ donor: 'Donor 1', amount: '500.00' }],
      )
      assert.deepEqual(await ledger.totals(channelId), [{ currency: 'RUB', amount: '1000.00', count: 2 }])
    })

    await t.test('sessions, one-time keys, sealed tokens and budgets hold between racing nodes', async () => {
      const user = await addUser(db)
      const sessions = createSessions(db)
      assert.equal((await sessions.find(await sessions.start(user.id)))?.userId, user.id)

      const keys = createUsedKeys(db)
      const uses = await Promise.all(Array.from({ length: 8 }, () => keys.use('a state', 60_000)))
      assert.equal(uses.filter(Boolean).length, 1)

      const tokens = { accessToken: 'access', refreshToken: 'refresh', expiresInS: 3_600, scopes: ['a'] }
      const account = await addAccount(db, createAccounts(db, newTestBox()), { tokens })
      assert.equal(account.accessToken, 'access')

      const budgets = createPlatformBudgets(db)
      const ask = (rank: number, next: number | null = null) => budgets.take('app', { spacingMs: 400, rank, next })
      const answers = await Promise.all(Array.from({ length: 8 }, () => ask(4)))
      assert.equal(answers.filter(({ granted }) => granted).length, 1, 'a place is given to one')
      const { waitMs } = await ask(1)
      assert.ok(waitMs > 0 && waitMs <= 400, `the next in ${waitMs} ms`)
      await delay(waitMs + 5)
      assert.equal((await ask(4)).granted, false, 'what is less urgent lets it pass')
      assert.equal((await ask(1)).granted, true)
      await budgets.close('app', 60_000)
      const closed = await ask(0)
      assert.equal(closed.granted, false)
      assert.ok(closed.closedMs > 59_000 && closed.waitMs > 59_000)
    })
  })
}

function donation(id: number): Donation {
  return {
    provider: 'donationalerts',
    accountId: '7',
    externalId: String(id),
    donor: `Donor ${id}`,
    money: { amount: '500.00', currency: 'RUB' },
    message: 'Привет 💜',
    messageKind: 'text',
    createdAt: Date.now() + id * 1_000,
    raw: '{}',
  }
}
