import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { Gauge } from 'prom-client'
import { systemClock } from '../../src/base/clock.ts'
import { createSecretBox } from '../../src/base/secret-box.ts'
import { createChannels } from '../../src/persistence/channels.ts'
import { createDatabase, type Database } from '../../src/persistence/database.ts'
import { migrate } from '../../src/persistence/migrate.ts'
import { openDatabase } from '../../src/persistence/open-database.ts'
import { createUsers } from '../../src/persistence/users.ts'
import { addChannels, addNode } from '../support/admin-rows.ts'
import { silentLogger } from '../support/logger.ts'
import { startPostgres15 } from '../support/postgres-15.ts'

const PAGE = join(import.meta.dirname, '..', '..', 'docs', 'operations', 'backup.md')
const BIN = process.env['POSTGRES15_BIN'] ?? '/usr/lib/postgresql/15/bin'

const metrics = { databaseUp: new Gauge({ name: 'database_up', help: 'of a test', registers: [] }) }

/** The commands of a section, exactly as an operator would copy them. */
async function commandsUnder(heading: string): Promise<string[]> {
  const page = await readFile(PAGE, 'utf8')
  const section = page.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? ''
  const blocks = [...section.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block = '']) => block.trim())
  assert.ok(blocks.length > 0, heading)
  return blocks
}

function run(command: string, cwd: string, env: Record<string, string>): void {
  const { status, stdout, stderr } = spawnSync('sh', ['-eu', '-c', command], {
    cwd,
    encoding: 'utf8',
    env: { PATH: `${BIN}${delimiter}${process.env['PATH']}`, ...env },
  })
  assert.equal(status, 0, `${command}\n${stdout}\n${stderr}`)
}

async function directoryOf(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'chatfolk-backup-'))
  t.after(() => rm(directory, { recursive: true, force: true }))
  return directory
}

/** A service with some history, and one overlay link that only the right key can open. */
async function fill(db: Database, key: Buffer): Promise<string> {
  await addChannels(db, 50)
  await addNode(db, 'node-a', { figures: { overlays: 3 } })
  await db.execute(
    `insert into donations (channel_id, provider, account_id, external_id, donor, amount, currency, message, message_kind,
       arrival, history, test, made_at, raw)
     select id, 'donationalerts', '7', id::text, 'Ночной Лис', 500.10, 'RUB', '💜', 'text', 'push', false, false, now(), '{}'
     from channels`,
  )
  await db.execute(
    `insert into alerts (channel_id, donation_id, test, made_at) select channel_id, id, false, made_at from donations`,
  )
  const channels = createChannels(db, createSecretBox([key]))
  const user = await createUsers(db).recognise({ id: 'tw-me', login: 'me', name: 'Me' })
  await channels.create(user.id, {})
  return user.id
}

async function everything(db: Database): Promise<Record<string, unknown>> {
  const tables = await db.query<{ name: string }>(
    `select table_name as name from information_schema.tables where table_schema = 'public' order by 1`,
  )
  const all: Record<string, unknown> = {}
  for (const { name } of tables) {
    all[name] = await db.query(`select "${name}"::text as row from "${name}" order by 1`)
  }
  all['next'] = await db.query(`select sequencename as name, last_value as value from pg_sequences order by 1`)
  return all
}

async function linkOf(db: Database, key: Buffer, userId: string): Promise<string | undefined> {
  const channels = createChannels(db, createSecretBox([key]))
  const channel = await channels.byUser(userId)
  return channel && channels.overlayKey(channel.id)
}

test('a dump that is restored holds every row, goes on counting, and opens with the same keys', async (t) => {
  const directory = await directoryOf(t)
  const server = await startPostgres15()
  const url = server.connectionString('chatfolk')
  const restoredUrl = server.connectionString('restored')
  const open = (connectionString: string) => {
    const db = createDatabase({ connectionString, logger: silentLogger, metrics })
    t.after(() => db.close())
    return db
  }
  const db = open(url)
  await migrate(db, { logger: silentLogger })
  const key = randomBytes(32)
  const userId = await fill(db, key)
  const before = await everything(db)

  for (const command of await commandsUnder('With a PostgreSQL of your own')) {
    run(command, directory, { DATABASE_URL: url, RESTORED_URL: restoredUrl })
  }
  const restored = open(restoredUrl)
  assert.deepEqual(await everything(restored), before)
  assert.ok((before['alerts'] as unknown[]).length === 50)
  assert.deepEqual(await migrate(restored, { logger: silentLogger }), [], 'it is known what was migrated')
  const link = await linkOf(db, key, userId)
  assert.ok(link)
  assert.equal(await linkOf(restored, key, userId), link)
  assert.equal(await linkOf(restored, randomBytes(32), userId), undefined, 'another key opens nothing')
})

test('a copy of a stopped node’s directory starts as that node', async (t) => {
  const directory = await directoryOf(t)
  // Its server may run as another user, who has to get there.
  spawnSync('chmod', ['711', directory])
  const open = (dataDir: string) =>
    openDatabase({ url: null, dataDir, clock: systemClock, logger: silentLogger, metrics: metrics })
  const key = randomBytes(32)
  const first = await open(join(directory, 'data'))
  const userId = await fill(first, key)
  const before = await everything(first)
  const link = await linkOf(first, key, userId)
  await first.close()

  for (const command of await commandsUnder('With the embedded database')) run(command, directory, {})
  await rm(join(directory, 'data'), { recursive: true })
  const copy = await open(join(directory, 'data-backup'))
  t.after(() => copy.close())
  assert.deepEqual(await everything(copy), before)
  assert.equal(await linkOf(copy, key, userId), link)
})
