import { DatabaseError } from 'pg'
import type { Clock } from '../base/clock.ts'
import { hasCode, StartError } from '../base/errors.ts'
import type { Logger } from '../base/logger.ts'
import type { Database } from './database.ts'

export interface CheckServerOptions {
  /** What the operator gave us, without the password: for the words of an error. */
  address: string
  clock: Clock
  logger: Logger
}

/** Started together, a node is often faster than its server. An attempt may itself take 5 s: 10 s in all. */
const PATIENCE_MS = 5_000
const PAUSE_MS = 250
const OLDEST = 15

/**
 * Waits a little for the server of DATABASE_URL and makes sure that we can work with it.
 *
 * @throws StartError 69 where it does not answer, 78 where it answers but is none for us.
 */
export async function checkServer(database: Database, { address, clock, logger }: CheckServerOptions): Promise<void> {
  const deadline = clock.monotonic() + PATIENCE_MS
  for (let attempt = 1; ; attempt++) {
    try {
      return await checkVersion(database, address)
    } catch (error) {
      if (error instanceof DatabaseError) {
        throw new StartError(78, [`DATABASE_URL: ${address} refuses us: ${error.message}.`], { cause: error })
      }
      if (!hasCode(error, 'unavailable')) throw error
      if (clock.monotonic() > deadline) {
        const reason = error.cause instanceof Error ? reasonOf(error.cause) : error.message
        throw new StartError(69, [`DATABASE_URL: no PostgreSQL answers at ${address}: ${reason}.`], { cause: error })
      }
      if (attempt === 1) logger.warn({ address }, 'waiting for the database')
      await clock.sleep(PAUSE_MS)
    }
  }
}

async function checkVersion(database: Database, address: string): Promise<void> {
  const [server] = await database.query<{ number: number; version: string }>(
    `select current_setting('server_version_num')::integer as number, current_setting('server_version') as version`,
  )
  if (server && server.number < OLDEST * 10_000) {
    throw new StartError(78, [`DATABASE_URL: ${address} is PostgreSQL ${server.version}; expected ${OLDEST} or newer.`])
  }
}

/** A name with several addresses fails once for each, in an error without words of its own. */
function reasonOf(cause: Error): string {
  if (cause instanceof AggregateError && cause.message === '') {
    return cause.errors.map((error: unknown) => (error instanceof Error ? error.message : String(error))).join(', ')
  }
  return cause.message
}
