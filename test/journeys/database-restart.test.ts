import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { Gauge } from 'prom-client'
import { createDatabase } from '../../src/persistence/database.ts'
import { eventually } from '../support/eventually.ts'
import { silentLogger } from '../support/logger.ts'
import { startNode } from '../support/node.ts'
import { prepareTestServer } from '../support/postgres-server.ts'
import { createControl } from '../support/simulator-control.ts'
import { joinAsStreamer } from '../support/streamer.ts'

const STREAMS = 4
const OUTAGE_MS = 4_000

test('a database that falls and comes back costs nobody a donation, a socket or a session', async (t) => {
  const startServer = await prepareTestServer()
  let server = await startServer()
  const connectionString = server.connectionString(server.migrated)
  const db = createDatabase({
    connectionString,
    logger: silentLogger,
    metrics: { databaseUp: new Gauge({ name: 'database_up', help: 'of a test', registers: [] }) },
  })
  // After the nodes have stopped: hooks run in the order of their registration, and what they register comes last.
  t.after(() =>
    t.after(async () => {
      await db.close()
      await server.stop()
    }),
  )

  const one = await startNode(t, { environment: { DATABASE_URL: connectionString } })
  await startNode(t, { beside: one })
  const control = createControl(one.simulator.url)
  const streamers = await Promise.all(
    Array.from({ length: STREAMS }, (_, n) =>
      joinAsStreamer({ baseUrl: one.baseUrl, simulatorUrl: one.simulator.url, login: `s${n}` }),
    ),
  )
  const owned = () =>
    db.query<{ key: string; owner: string; epoch: string; state: string }>(
      `select key, owner, epoch, state from assignments where kind = 'donations' order by key`,
    )
  const states = async () => (await owned()).map(({ state }) => state)
  await eventually('all streams are live', async () => (await states()).every((state) => state === 'live'), 30_000)
  await eventually(
    'each node has half of them',
    async () => {
      const counts = Map.groupBy(await owned(), ({ owner }) => owner)
      return counts.size === 2 && [...counts.values()].every(({ length }) => length === STREAMS / 2)
    },
    30_000,
  )
  await eventually('all streams are live', async () => (await states()).every((state) => state === 'live'), 30_000)

  const signatures = async () =>
    (await control.requests()).requests.filter(({ endpoint }) => endpoint === 'da.subscribe').length
  const before = await owned()
  const signaturesBefore = before.reduce((sum, { epoch }) => sum + Number(epoch), 0)
  await eventually('each owner has opened its sockets', async () => (await signatures()) === signaturesBefore)
  const ids: string[] = []
  const donate = async (count: number) => {
    for (let n = 0; n < count; n++) {
      const { daId } = streamers[n % STREAMS] ?? assert.fail()
      const made = await control.donate({ daId, username: 'Ann', amount: n + 1, currency: 'RUB' })
      ids.push(...made.ids.map(String))
    }
  }
  await donate(8)
  await server.stop('QUIT')
  const down = performance.now()
  await donate(60)
  await delay(OUTAGE_MS - (performance.now() - down))
  server = await startServer(server.port)
  const up = performance.now()
  await donate(8)
  await eventually('every donation is stored', async () => {
    const rows = await db.query<{ id: string }>('select external_id as id from donations').catch(() => [])
    const stored = new Set(rows.map(({ id }) => id))
    return ids.every((id) => stored.has(id))
  })
  const tookMs = Math.round(performance.now() - up)
  t.diagnostic(`all was stored ${tookMs} ms after the database was back`)
  assert.ok(tookMs < 5_000)
  const [counted] = await db.query<{ donations: number; alerts: number }>(
    `select (select count(*) from donations)::integer as donations, (select count(*) from alerts)::integer as alerts`,
  )
  assert.deepEqual(counted, { donations: ids.length, alerts: ids.length })

  // Whoever would have lost its session has found out by now.
  await delay(4_000)
  const owners = (rows: Awaited<ReturnType<typeof owned>>) =>
    rows.map(({ key, owner, epoch }) => ({ key, owner, epoch }))
  assert.deepEqual(owners(await owned()), owners(before))
  assert.equal(await signatures(), signaturesBefore, 'no socket was opened anew')
})
