import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { test, type TestContext } from 'node:test'
import { DatabaseError } from 'pg'
import { hasCode } from '../../src/base/errors.ts'
import { createMetrics } from '../../src/base/metrics.ts'
import { createDatabase, isUniqueViolation, type Database } from '../../src/persistence/database.ts'
import { openTestDatabase } from '../support/database.ts'
import { eventually } from '../support/eventually.ts'
import { recordingLogger, silentLogger } from '../support/logger.ts'

const isUnavailable = (error: unknown) => hasCode(error, 'unavailable')

function open(t: TestContext, connectionString: string, maxConnections = 10) {
  const metrics = createMetrics()
  const db = createDatabase({ connectionString, logger: silentLogger, metrics, maxConnections })
  t.after(() => db.close())
  const up = async () => (await metrics.databaseUp.get()).values[0]?.value
  return { db, up }
}

test('numbers that JavaScript would bend arrive as text, times as dates', async (t) => {
  const { db } = await openTestDatabase(t)
  const [row] = await db.query(
    `select 9007199254740993::bigint as big, 0.10::numeric as money, 7::integer as small,
            '2026-01-02T03:04:05.006Z'::timestamptz as at, '{"a":1}'::jsonb as json, null::text as none`,
  )
  assert.deepEqual(row, {
    big: '9007199254740993',
    money: '0.10',
    small: 7,
    at: new Date('2026-01-02T03:04:05.006Z'),
    json: { a: 1 },
    none: null,
  })
})

test('a transaction is kept whole or not at all', async (t) => {
  const { db } = await openTestDatabase(t)
  await db.execute('create table things (name text primary key)')
  const failure = new Error('no')
  await assert.rejects(
    db.transaction(async (tx) => {
      await tx.execute(`insert into things values ('lost')`)
      throw failure
    }),
    failure,
  )
  const answer = await db.transaction(async (tx) => {
    await tx.execute(`insert into things values ('kept')`)
    assert.deepEqual(await db.query('select * from things'), [], 'nobody else sees it before the end')
    return 'done'
  })
  assert.equal(answer, 'done')
  assert.deepEqual(await db.query('select * from things'), [{ name: 'kept' }])
})

test('a transaction that fails gives back a connection that is clean', async (t) => {
  const { connectionString } = await openTestDatabase(t)
  const { db } = open(t, connectionString, 1)
  for (let n = 0; n < 3; n++)
    await assert.rejects(
      db.transaction((tx) => tx.execute('select nonsense')),
      DatabaseError,
    )
  const [row] = await db.query<{ state: boolean }>('select pg_current_xact_id_if_assigned() is null as state')
  assert.equal(row?.state, true)
})

test('a duplicate is recognised, and its words are not repeated', async (t) => {
  const { db } = await openTestDatabase(t)
  await db.execute('create table things (name text constraint things_name unique)')
  await db.execute(`insert into things values ('a letter')`)
  await assert.rejects(db.execute(`insert into things values ('a letter')`), (error) => {
    assert.ok(isUniqueViolation(error) && isUniqueViolation(error, 'things_name') && !isUniqueViolation(error, 'other'))
    assert.ok(!JSON.stringify({ ...(error as object) }).includes('a letter'))
    return true
  })
})

test('data that the database refuses is not quoted by its error', async (t) => {
  const { db } = await openTestDatabase(t)
  const words = JSON.stringify([{ message: 'a letter\u0000' }])
  const refused = db.query('select * from jsonb_to_recordset($1::jsonb) as d(message text)', [words])
  await assert.rejects(refused, (error) => !JSON.stringify({ ...(error as object) }).includes('a letter'))
})

test('an unreachable database is told as such and does not keep anybody waiting', async (t) => {
  const { db, up } = open(t, 'postgres://user:secret@127.0.0.1:1/none')
  assert.equal(await db.ping(), false)
  await assert.rejects(db.query('select 1'), isUnavailable)
  await assert.rejects(
    db.transaction((tx) => tx.query('select 1')),
    isUnavailable,
  )
  assert.equal(await up(), 0)
})

test('a server that ends our connections costs one statement at most, and nothing crashes', async (t) => {
  const { db: admin, connectionString } = await openTestDatabase(t)
  const { db, up } = open(t, connectionString)
  await Promise.all(Array.from({ length: 5 }, () => db.query('select pg_sleep(0.02)')))
  assert.equal(await up(), 1)

  const inside = db.transaction(async (tx) => {
    await tx.query('select 1')
    await endOthers(admin)
    await tx.query('select 1')
  })
  await assert.rejects(inside, isUnavailable)
  await eventually('an answer over a new connection', () => db.ping())
  assert.equal(await up(), 1)
})

test('a server that ends many connections at once is one line, and one when it answers again', async (t) => {
  const { db: admin, connectionString } = await openTestDatabase(t)
  const { logger, logs } = recordingLogger()
  const db = createDatabase({ connectionString, logger, metrics: createMetrics() })
  t.after(() => db.close())
  await Promise.all([1, 2, 3].map(() => db.query('select pg_sleep(0.1)')))
  await endOthers(admin)
  await eventually('the loss', () => logs.length > 0)
  await eventually('an answer', () => db.ping())
  assert.deepEqual(
    logs.map(({ level, msg }) => [level, msg]),
    [
      ['warn', 'the database closed connections: they are opened anew, and what cannot wait fails'],
      ['info', 'the database answers again'],
    ],
  )
  assert.doesNotMatch(JSON.stringify(logs), /secretKey|connectionParameters/)
})

test('a network that swallows everything is given up on after the time-out of the statement', async (t) => {
  const { connectionString } = await openTestDatabase(t)
  const url = new URL(connectionString)
  const sockets = new Set<Socket>()
  let swallow = false
  const proxy = createServer((client) => {
    const socket = url.searchParams.get('host')
    const upstream = connect(
      socket ? { path: `${socket}/.s.PGSQL.${url.port || '5432'}` } : { host: url.hostname, port: Number(url.port) },
    )
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from)
      from.on('data', (chunk) => swallow || to.write(chunk))
      from.on('error', () => undefined)
      from.on('close', () => to.destroy())
    }
  }).listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    proxy.close()
  })
  const through = new URL(connectionString)
  through.searchParams.delete('host')
  through.hostname = '127.0.0.1'
  through.port = String((proxy.address() as AddressInfo).port)
  const { db } = open(t, through.href)
  await db.query('select 1')
  swallow = true
  const begun = performance.now()
  await assert.rejects(db.query('select 1', [], { timeoutMs: 200 }), isUnavailable)
  assert.ok(performance.now() - begun < 2_000)
  swallow = false
  await db.query('select 1')
})

test('closing twice is harmless', async (t) => {
  const { connectionString } = await openTestDatabase(t)
  const { db } = open(t, connectionString)
  await db.ping()
  await Promise.all([db.close(), db.close()])
  await assert.rejects(db.query('select 1'), isUnavailable)
})

const endOthers = (admin: Database) =>
  admin.execute(
    `select pg_terminate_backend(pid) from pg_stat_activity
     where datname = current_database() and pid <> pg_backend_pid() and application_name = 'chatfolk'`,
  )
