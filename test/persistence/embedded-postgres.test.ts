import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test, type TestContext } from 'node:test'
import { systemClock } from '../../src/base/clock.ts'
import { createLogger } from '../../src/base/logger.ts'
import { createMetrics } from '../../src/base/metrics.ts'
import { createDatabase, type Database } from '../../src/persistence/database.ts'
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../../src/persistence/embedded-postgres.ts'
import { emptyDirectory, processesIn } from '../../src/persistence/postgres-processes.ts'
import { eventually, startDoomedNode } from '../support/doomed-node.ts'
import { silentLogger } from '../support/logger.ts'

const RECOVERY_MS = 5_000

/** A DATA_DIR that was started and stopped once: a first start is a second of hard work, so most tests share this one. */
const used = await mkdtemp(join(tmpdir(), 'chatfolk-embedded-'))
after(() => rm(used, { recursive: true, force: true }))
before(async () => {
  const postgres = await startEmbeddedPostgres({ dataDir: used, logger: silentLogger, clock: systemClock })
  await postgres.stop()
})

test('a fresh DATA_DIR gets a server that nobody but its node can reach', async (t) => {
  const dataDir = await openDataDir(t)
  const { postgres, db } = await start(t, dataDir)

  assert.equal(postgres.adopted, false)
  assert.equal((await stat(dataDir)).mode & 0o777, 0o700)
  assert.equal((await stat(join(dataDir, 'postgres'))).mode & 0o777, 0o700)
  assert.equal((await stat(join(dataDir, 'postgres-password'))).mode & 0o777, 0o600)
  assert.equal(postgres.connection.host, join(dataDir, 'postgres'))
  assert.deepEqual(
    await db.query(`select current_setting('listen_addresses') as addresses, current_setting('fsync') as fsync,
      usesuper as super from pg_user where usename = current_user`),
    [{ addresses: '', fsync: 'on', super: false }],
  )
  for (const guess of [{ password: 'guess' }, { user: 'postgres' }]) {
    const stranger = open({ ...postgres.connection, ...guess })
    await assert.rejects(stranger.query('select 1'), /password/)
    await stranger.close()
  }
})

test('what was stored is there after a restart, and no process is left in between', async (t) => {
  const dataDir = useDataDir(t)
  const first = await start(t, dataDir)
  await leaveNote(first.db)
  await first.db.close()
  await first.postgres.stop()
  await first.postgres.stop()
  assert.deepEqual(await processesIn(join(dataDir, 'postgres')), [])

  const second = await start(t, dataDir)
  assert.equal(second.postgres.adopted, false)
  assert.deepEqual(await second.db.query('select number from notes'), [{ number: 7 }])
})

test('the server of a node that was killed is adopted with all it had stored', async (t) => {
  const dataDir = useDataDir(t)
  const node = startDoomedNode(t, dataDir)
  await node.hasStored(200)
  await node.kill()

  const { postgres, db, readyMs } = await start(t, dataDir)
  assert.equal(postgres.adopted, true)
  assert.ok(readyMs < RECOVERY_MS, `${readyMs} ms`)
  assert.deepEqual(await missing(db, node.stored), [])

  await db.close()
  await postgres.stop()
  assert.deepEqual(await processesIn(join(dataDir, 'postgres')), [], 'an adopted server is stopped like our own')
})

test('a node killed together with its server comes back with all that was stored', async (t) => {
  const dataDir = useDataDir(t)
  const node = startDoomedNode(t, dataDir)
  await node.hasStored(200)
  const pids = await processesIn(join(dataDir, 'postgres'))
  assert.ok(pids.length > 1)
  for (const pid of pids) process.kill(pid, 'SIGKILL')
  await node.kill()

  const { postgres, db, readyMs } = await start(t, dataDir)
  assert.equal(postgres.adopted, false)
  assert.ok(readyMs < RECOVERY_MS, `${readyMs} ms`)
  assert.deepEqual(await missing(db, node.stored), [])
})

test('a server that was left hanging is ended and its data recovered', async (t) => {
  const dataDir = useDataDir(t)
  const node = startDoomedNode(t, dataDir)
  await node.hasStored(50)
  for (const pid of await processesIn(join(dataDir, 'postgres'))) process.kill(pid, 'SIGSTOP')
  await node.kill()

  const { postgres, db, readyMs } = await start(t, dataDir)
  assert.equal(postgres.adopted, false)
  assert.ok(readyMs < RECOVERY_MS, `${readyMs} ms`)
  assert.deepEqual(await missing(db, node.stored), [])
})

test('notes of a dead server whose pids belong to strangers now do not keep a new one from starting', async (t) => {
  const dataDir = useDataDir(t)
  const first = await start(t, dataDir)
  const note = await readFile(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8')
  await first.db.close()
  await first.postgres.stop()
  await writeFile(join(dataDir, 'postgres', 'postmaster.pid'), note.replace(/^\d+/, String(process.pid)))
  await writeFile(join(dataDir, 'node.pid'), `${process.pid}\n`)

  const second = await start(t, dataDir)
  assert.equal(second.postgres.adopted, false)
})

test('a server that dies under us is started again at the same place', async (t) => {
  const dataDir = useDataDir(t)
  const lines: string[] = []
  const { postgres, db } = await start(t, dataDir, lines)
  await leaveNote(db)
  const [pid] = (await readFile(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8')).split('\n')
  process.kill(Number(pid), 'SIGKILL')

  await eventually(async () => {
    assert.match(lines.join(''), /the embedded PostgreSQL runs again/)
    assert.deepEqual(await db.query('select number from notes'), [{ number: 7 }])
  })
  assert.match(lines.join(''), /"level":"error".*the embedded PostgreSQL ended by itself/)
  await db.close()
  await postgres.stop()
  assert.deepEqual(await processesIn(join(dataDir, 'postgres')), [])
})

test('an adopted server that dies is started again too', async (t) => {
  const dataDir = useDataDir(t)
  const node = startDoomedNode(t, dataDir)
  await node.hasStored(1)
  await node.kill()
  const { postgres, db } = await start(t, dataDir)
  assert.equal(postgres.adopted, true)
  for (const pid of await processesIn(join(dataDir, 'postgres'))) process.kill(pid, 'SIGKILL')
  await eventually(async () => assert.deepEqual(await missing(db, node.stored), []))
})

test('a second node on the same DATA_DIR is refused with words that name the first', async (t) => {
  const dataDir = useDataDir(t)
  const first = startDoomedNode(t, dataDir)
  await first.hasStored(1)
  const refusal = {
    name: 'StartError',
    exitCode: 78,
    message: new RegExp(`in use by another node \\(process ${first.pid}\\)`),
  }
  await assert.rejects(start(t, dataDir), refusal)

  const second = startDoomedNode(t, dataDir)
  assert.equal(await second.exit, 78)
  const before = first.stored.length
  await first.hasStored(before + 10)

  process.kill(first.pid, 'SIGTERM')
  assert.equal(await first.exit, 0)
  const third = await start(t, dataDir)
  assert.deepEqual(await missing(third.db, first.stored), [])
})

test('of nodes that start together on one DATA_DIR one gets it', async (t) => {
  const dataDir = useDataDir(t)
  const nodes = Array.from({ length: 4 }, () => startDoomedNode(t, dataDir))
  const exits: Array<number | null> = []
  for (const node of nodes) void node.exit.then((code) => exits.push(code))
  await eventually(() => assert.deepEqual(exits, [78, 78, 78]))
  await eventually(() => assert.equal(nodes.filter((node) => node.stored.length > 0).length, 1))
})

test('a node killed while it makes the first files leaves nothing that looks like a database', async (t) => {
  const dataDir = await openDataDir(t)
  const node = startDoomedNode(t, dataDir)
  await eventually(async () => assert.ok((await readdir(join(dataDir, 'postgres.new'))).includes('base')))
  await node.kill()

  const { db } = await start(t, dataDir)
  assert.deepEqual(await db.query('select 1 as one'), [{ one: 1 }])
  assert.ok(!(await readdir(dataDir)).includes('postgres.new'))
})

test('directories that are closed to others do not matter, for root either', async (t) => {
  const dataDir = await openDataDir(t)
  const deep = join(dataDir, 'private', 'clone', 'data')
  await mkdir(join(dataDir, 'private'), { mode: 0o700 })
  const { db } = await start(t, deep)
  assert.deepEqual(await db.query('select 1 as one'), [{ one: 1 }])
})

test('where the path is too long for a socket, loopback with a password serves, also after a kill', async (t) => {
  const dataDir = join(await openDataDir(t), 'a-long-name-'.repeat(10))
  const node = startDoomedNode(t, dataDir)
  await node.hasStored(10)
  await node.kill()

  const { postgres, db } = await start(t, dataDir)
  assert.equal(postgres.adopted, true)
  assert.equal(postgres.connection.host, '127.0.0.1')
  assert.deepEqual(await missing(db, node.stored), [])
  const stranger = open({ ...postgres.connection, password: 'guess' })
  await assert.rejects(stranger.query('select 1'), /password/)
  await stranger.close()
})

test('a lost password is replaced; a wrong one is refused with words', async (t) => {
  const dataDir = useDataDir(t)
  const first = await start(t, dataDir)
  await leaveNote(first.db)
  await first.db.close()
  await first.postgres.stop()

  await writeFile(join(dataDir, 'postgres-password'), 'of another house')
  await assert.rejects(start(t, dataDir), {
    exitCode: 78,
    message: /does not take the password in .*postgres-password/,
  })
  assert.deepEqual(await processesIn(join(dataDir, 'postgres')), [])

  await rm(join(dataDir, 'postgres-password'))
  const second = await start(t, dataDir)
  assert.deepEqual(await second.db.query('select number from notes'), [{ number: 7 }])
})

test('files of another PostgreSQL are refused and left as they are', async (t) => {
  const dataDir = useDataDir(t)
  await writeFile(join(dataDir, 'postgres', 'PG_VERSION'), '17\n')
  await assert.rejects(start(t, dataDir), { exitCode: 78, message: /holds a database of PostgreSQL 17/ })

  await writeFile(join(dataDir, 'postgres', 'PG_VERSION'), '18\n')
  await start(t, dataDir)
})

test('a DATA_DIR that cannot be one is refused with words', async (t) => {
  const dataDir = await openDataDir(t)
  await writeFile(join(dataDir, 'file'), '')
  await assert.rejects(start(t, join(dataDir, 'file')), { exitCode: 78, message: /DATA_DIR: .*file cannot be used/ })
})

/** {@link used} for one test, which leaves it stopped. */
function useDataDir(t: TestContext): string {
  t.after(() => t.after(() => endServersBelow(used)))
  return used
}

/** An empty directory of the test's own. */
async function openDataDir(t: TestContext): Promise<string> {
  const dataDir = await mkdtemp(join(tmpdir(), 'chatfolk-embedded-'))
  // Last of all hooks: after nodes were stopped and killed.
  t.after(() =>
    t.after(async () => {
      await endServersBelow(dataDir)
      await rm(dataDir, { recursive: true, force: true })
    }),
  )
  return dataDir
}

async function endServersBelow(dataDir: string): Promise<void> {
  for (const entry of await readdir(dataDir, { recursive: true, withFileTypes: true })) {
    if (/^postgres(\.new)?$/.test(entry.name)) await emptyDirectory(join(entry.parentPath, entry.name), systemClock)
  }
}

/** Something to find again. */
async function leaveNote(db: Database): Promise<void> {
  await db.execute('drop table if exists notes; create table notes as select 7 as number')
}

async function start(
  t: TestContext,
  dataDir: string,
  lines: string[] = [],
): Promise<{ postgres: EmbeddedPostgres; db: Database; readyMs: number }> {
  const logger = createLogger({
    level: 'info',
    pretty: false,
    nodeId: 'test',
    destination: { write: (line) => void lines.push(line) },
  })
  const startedAt = performance.now()
  const postgres = await startEmbeddedPostgres({ dataDir, logger, clock: systemClock })
  const readyMs = performance.now() - startedAt
  const db = open(postgres.connection)
  t.after(async () => {
    await db.close()
    await postgres.stop()
  })
  return { postgres, db, readyMs }
}

function open(connection: EmbeddedPostgres['connection']): Database {
  return createDatabase({ ...connection, logger: silentLogger, metrics: createMetrics() })
}

/** What was said to be stored and is not there. */
async function missing(db: Database, stored: number[]): Promise<number[]> {
  const rows = await db.query<{ number: string }>('select number from numbers')
  const there = new Set(rows.map(({ number }) => Number(number)))
  return stored.filter((number) => !there.has(number))
}
