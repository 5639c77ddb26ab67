import { randomBytes } from 'node:crypto'
import type { TestContext } from 'node:test'
import { Client } from 'pg'
import { Gauge } from 'prom-client'
import { createDatabase, type Database } from '../../src/persistence/database.ts'
import { silentLogger } from './logger.ts'
import { startTestServer, type TestServer } from './postgres-server.ts'

export interface TestDatabase {
  db: Database
  /** For other processes of the same test: nodes, proxies in between. */
  connectionString: string
}

/**
 * A database of the test's own with all migrations applied (or, with `migrated: false`, empty), on a real server that all tests of this process share.
 * Both are gone when they end, however they end. Closed after everything else the test has put into `t.after`, so that
 * what stops then still finds its database.
 */
export async function openTestDatabase(
  t: Pick<TestContext, 'after'>,
  { migrated = true }: { migrated?: boolean } = {},
): Promise<TestDatabase> {
  const server = await sharedServer()
  const name = `test_${randomBytes(6).toString('hex')}`
  await onServer(
    server,
    `create database ${name} template ${migrated ? server.migrated : 'template0'} strategy file_copy`,
  )
  const connectionString = server.connectionString(name)
  const db = createDatabase({
    connectionString,
    logger: silentLogger,
    metrics: { databaseUp: new Gauge({ name: 'database_up', help: 'of a test', registers: [] }) },
  })
  // Hooks run in the order of their registration, and one that registers another during the run puts it last.
  t.after(() =>
    t.after(async () => {
      await db.close()
      await onServer(server, `drop database if exists ${name} with (force)`)
    }),
  )
  return { db, connectionString }
}

let starting: Promise<TestServer> | undefined

function sharedServer(): Promise<TestServer> {
  starting ??= startTestServer()
  return starting
}

async function onServer(server: TestServer, sql: string): Promise<void> {
  const client = new Client({ connectionString: server.connectionString('postgres') })
  await client.connect()
  try {
    await client.query(sql)
  } finally {
    await client.end()
  }
}
