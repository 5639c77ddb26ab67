import assert from 'node:assert/strict'
import { copyFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { migrate } from '../../src/persistence/migrate.ts'
import { openTestDatabase } from '../support/database.ts'
import { silentLogger as logger } from '../support/logger.ts'

const ours = join(import.meta.dirname, '..', '..', 'migrations')

test('nodes that start together apply each file once', async (t) => {
  const { db } = await openTestDatabase(t, { migrated: false })
  const files = (await readdir(ours)).sort()
  const applied = await Promise.all(Array.from({ length: 5 }, () => migrate(db, { logger })))
  assert.deepEqual(applied.flat().sort(), files)
  assert.deepEqual(
    await db.query('select number, name from schema_migrations order by number'),
    files.map((name, index) => ({ number: index + 1, name })),
  )
  assert.deepEqual(await migrate(db, { logger }), [], 'a database that is up to date is left alone')
})

test('a new file is applied to the database that has the older ones', async (t) => {
  const { db } = await openTestDatabase(t, { migrated: false })
  const directory = await openMigrations(t, { '0001-first.sql': 'create table first (id integer)' })
  assert.deepEqual(await migrate(db, { logger, directory }), ['0001-first.sql'])
  await writeFile(
    join(directory, '0002-second.sql'),
    'alter table first add column name text; insert into first values (1)',
  )
  assert.deepEqual(await migrate(db, { logger, directory }), ['0002-second.sql'])
  assert.deepEqual(await db.query('select * from first'), [{ id: 1, name: null }])
})

test('a file that was edited after it landed stops the start with words; other line ends are no edit', async (t) => {
  const { db } = await openTestDatabase(t)
  const directory = await openMigrations(t)
  const [first = ''] = await readdir(directory)
  const sql = await readFile(join(directory, first), 'utf8')
  await writeFile(join(directory, first), sql.replaceAll('\n', '\r\n'))
  assert.deepEqual(await migrate(db, { logger, directory }), [])
  await writeFile(join(directory, first), `${sql}-- one word more`)
  await assert.rejects(migrate(db, { logger, directory }), {
    name: 'StartError',
    exitCode: 78,
    message: new RegExp(`migrations/${first} is not what was applied`),
  })
})

test('a database of a newer version stops the start with words and is left alone', async (t) => {
  const { db } = await openTestDatabase(t)
  await db.execute(`insert into schema_migrations (number, name, checksum) values (9999, '9999-of-tomorrow.sql', '')`)
  await assert.rejects(migrate(db, { logger }), {
    exitCode: 78,
    message: /newer Chatfolk \(to 9999-of-tomorrow\.sql\)/,
  })
})

test('of a file that fails nothing is kept, of those before it everything', async (t) => {
  const { db } = await openTestDatabase(t, { migrated: false })
  const directory = await openMigrations(t, {
    '0001-good.sql': 'create table good (id integer)',
    '0002-bad.sql': 'create table half (id integer); create table good (id integer)',
  })
  await assert.rejects(migrate(db, { logger, directory }), {
    exitCode: 78,
    message: /0002-bad\.sql failed.*relation "good" already exists/,
  })
  assert.deepEqual(await db.query(`select to_regclass('good') is not null as good, to_regclass('half') as half`), [
    { good: true, half: null },
  ])
  await writeFile(join(directory, '0002-bad.sql'), 'create table half (id integer)')
  assert.deepEqual(await migrate(db, { logger, directory }), ['0002-bad.sql'])
})

test('files that are not numbered without a hole are refused before anything is applied', async (t) => {
  const { db } = await openTestDatabase(t, { migrated: false })
  const directory = await openMigrations(t, { '0001-first.sql': 'create table first ()', '0003-third.sql': 'select 1' })
  await assert.rejects(migrate(db, { logger, directory }), {
    exitCode: 78,
    message: /0003-third\.sql: expected number 2/,
  })
  assert.deepEqual(await db.query(`select to_regclass('first') as first`), [{ first: null }])
})

/** A directory with these files, or with copies of ours. */
async function openMigrations(t: TestContext, files?: Record<string, string>): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'chatfolk-migrations-'))
  t.after(() => rm(directory, { recursive: true, force: true }))
  if (files) for (const [name, sql] of Object.entries(files)) await writeFile(join(directory, name), sql)
  else for (const name of await readdir(ours)) await copyFile(join(ours, name), join(directory, name))
  return directory
}
