import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError, StartError } from '../base/errors.ts'
import type { Logger } from '../base/logger.ts'
import type { Database, Sql } from './database.ts'

export interface MigrateOptions {
  logger: Logger
  /** Where the numbered files are; ours by default. */
  directory?: string
}

interface Migration {
  number: number
  name: string
  sql: string
  checksum: string
}

interface Applied {
  number: number
  name: string
  checksum: string
}

/** "chatfolk" as a number: nobody else's lock on a shared server. */
const LOCK = '7163366520389332843'
/** A migration of a big table may take long, and so may the wait for another node that is in the middle of one. */
const PATIENCE_MS = 10 * 60_000

/**
 * Brings the database to the newest form: each file of `migrations/` once, in order, in a transaction of its own.
 * Nodes that start together wait for each other.
 *
 * @returns the names of the files this call applied.
 * @throws StartError 78 where files and database contradict each other: a file was edited after it landed, or a newer
 * version of Chatfolk has already been here.
 */
export async function migrate(database: Database, { logger, directory = OURS }: MigrateOptions): Promise<string[]> {
  const migrations = await readMigrations(directory)
  const appliedHere: string[] = []
  for (;;) {
    const name = await database.transaction((tx) => applyNext(tx, migrations))
    if (name === null) return appliedHere
    appliedHere.push(name)
    logger.info({ migration: name }, 'database migrated')
  }
}

const OURS = join(import.meta.dirname, '..', '..', 'migrations')

async function applyNext(tx: Sql, migrations: Migration[]): Promise<string | null> {
  const patient = { timeoutMs: PATIENCE_MS }
  await tx.execute('set local statement_timeout = 0')
  await tx.execute(`select pg_advisory_xact_lock(${LOCK})`, [], patient)
  const applied = await readApplied(tx)
  refuseContradictions(migrations, applied)
  const next = migrations[applied.length]
  if (!next) return null
  try {
    await tx.execute(next.sql, [], patient)
  } catch (cause) {
    if (cause instanceof AppError) throw cause
    throw new StartError(78, [`Migration ${next.name} failed, nothing of it was kept: ${(cause as Error).message}`], {
      cause,
    })
  }
  await tx.execute('insert into schema_migrations (number, name, checksum) values ($1, $2, $3)', [
    next.number,
    next.name,
    next.checksum,
  ])
  return next.name
}

async function readApplied(tx: Sql): Promise<Applied[]> {
  const [table] = await tx.query<{ there: boolean }>(`select to_regclass('schema_migrations') is not null as there`)
  if (!table?.there) {
    await tx.execute(
      `create table schema_migrations (
        number integer primary key, name text not null, checksum text not null, applied_at timestamptz not null default now())`,
    )
    return []
  }
  return tx.query<Applied>('select number, name, checksum from schema_migrations order by number')
}

function refuseContradictions(migrations: Migration[], applied: Applied[]): void {
  const newer = applied.slice(migrations.length)
  const last = newer.at(-1)
  if (last) {
    throw new StartError(78, [
      `The database was already migrated by a newer Chatfolk (to ${last.name}); this one knows it up to ${migrations.at(-1)?.name ?? 'nothing'}.`,
      'Start the newer version, or restore a backup from before its first start.',
    ])
  }
  const edited = applied.filter(({ checksum }, index) => migrations[index]?.checksum !== checksum)
  if (edited.length > 0) {
    throw new StartError(78, [
      ...edited.map(({ name }) => `migrations/${name} is not what was applied to this database.`),
      'A migration that has run is never edited: restore the file and put the change into a new one.',
    ])
  }
}

/** Numbered from 1 without a hole, so that the n-th row of the database is the n-th file. */
async function readMigrations(directory: string): Promise<Migration[]> {
  const names = (await readdir(directory)).filter((name) => name.endsWith('.sql')).sort()
  return Promise.all(
    names.map(async (name, index) => {
      const number = Number(/^(\d{4})-[a-z0-9-]+\.sql$/.exec(name)?.[1])
      if (number !== index + 1) {
        throw new StartError(78, [`migrations/${name}: expected number ${index + 1}, written as 0001-a-few-words.sql.`])
      }
      // Git on Windows may have changed the line ends.
      const sql = (await readFile(join(directory, name), 'utf8')).replaceAll('\r\n', '\n')
      return { number, name, sql, checksum: createHash('sha256').update(sql).digest('hex') }
    }),
  )
}
