import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/logger.ts'
import type { Metrics } from '../base/metrics.ts'
import { maskUrl } from '../base/mask-url.ts'
import { checkServer } from './check-server.ts'
import { createDatabase, type Database } from './database.ts'
import { startEmbeddedPostgres } from './embedded-postgres.ts'
import { migrate } from './migrate.ts'

export interface OpenDatabaseOptions {
  /** A server of the operator's; `null`: one of our own in `dataDir`. */
  url: string | null
  dataDir: string
  clock: Clock
  logger: Logger
  metrics: Pick<Metrics, 'databaseUp'>
}

/** A renewal, a claim and a fence at once; nothing else may take a connection from them. */
const VITAL_CONNECTIONS = 3

export interface OpenedDatabase extends Database {
  /**
   * The same database over a few connections of its own: for what keeps this node alive among the others. Statements that
   * hang, on all connections that there are, must not make a node miss its renewals.
   */
  vital: Database
}

/**
 * The node's database, ready to use: found or started, checked and migrated. `close` ends an embedded one too.
 * @throws StartError 69 where it cannot be reached, 78 where it cannot be used.
 */
export async function openDatabase(options: OpenDatabaseOptions): Promise<OpenedDatabase> {
  const { url, dataDir, clock, logger, metrics } = options
  const embedded = url === null ? await startEmbeddedPostgres({ dataDir, logger, clock }) : undefined
  const connection = embedded ? embedded.connection : { connectionString: url ?? '' }
  const db = createDatabase({ ...connection, logger, metrics })
  const vital = createDatabase({ ...connection, logger, metrics, maxConnections: VITAL_CONNECTIONS })
  const close = async () => {
    await Promise.all([db.close(), vital.close()])
    await embedded?.stop()
  }
  try {
    if (url !== null) await checkServer(db, { address: maskUrl(url), clock, logger })
    await migrate(db, { logger })
  } catch (error) {
    await close()
    throw error
  }
  return { ...db, vital, close }
}
