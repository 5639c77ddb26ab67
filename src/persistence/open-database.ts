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

/**
 * The node's database, ready to use: found or started, checked and migrated. `close` ends an embedded one too.
 * @throws StartError 69 where it cannot be reached, 78 where it cannot be used.
 */
export async function openDatabase({ url, dataDir, clock, logger, metrics }: OpenDatabaseOptions): Promise<Database> {
  const embedded = url === null ? await startEmbeddedPostgres({ dataDir, logger, clock }) : undefined
  const db = createDatabase({ ...(embedded ? embedded.connection : { connectionString: url ?? '' }), logger, metrics })
  const close = async () => {
    await db.close()
    await embedded?.stop()
  }
  try {
    if (url !== null) await checkServer(db, { address: maskUrl(url), clock, logger })
    await migrate(db, { logger })
  } catch (error) {
    await close()
    throw error
  }
  return { ...db, close }
}
