import { DatabaseError, Pool, type PoolClient, type PoolConfig, type QueryConfig } from 'pg'
import { AppError } from '../base/errors.ts'
import type { Logger } from '../base/logger.ts'
import type { Metrics } from '../base/metrics.ts'

/** Where a PostgreSQL is: a URL, or its parts (`host` may be the directory of a unix socket). */
export type DatabaseConnection =
  { connectionString: string } | { host: string; port: number; user: string; password: string; database: string }

export interface StatementOptions {
  /** Prepares the statement once a connection under this name. For hot paths; the same name must always mean the same SQL. */
  name?: string
  /** Gives up on the answer after this long. Statements end after {@link STATEMENT_TIMEOUT_MS} on the server in any case. */
  timeoutMs?: number
}

/**
 * Where statements can be sent: the database itself, or a transaction in it.
 * `bigint` and `numeric` arrive as strings (they do not fit a JavaScript number), `timestamptz` as `Date`.
 *
 * @throws AppError `unavailable` where the database cannot be reached or does not answer in time; what the SQL itself
 * did wrong arrives as pg's own `DatabaseError`.
 */
export interface Sql {
  query<Row>(sql: string, params?: readonly unknown[], options?: StatementOptions): Promise<Row[]>
  /** For statements whose only answer is how many rows they changed. */
  execute(sql: string, params?: readonly unknown[], options?: StatementOptions): Promise<number>
}

export interface Database extends Sql {
  /** Commits what `run` did through `tx`, or nothing of it where `run` throws. Statements outside `tx` are not part of it. */
  transaction<T>(run: (tx: Sql) => Promise<T>): Promise<T>
  /** Whether the database answers at this moment. Never rejects. */
  ping(): Promise<boolean>
  /** Ends when all connections are given back and closed. Calling it twice is harmless. */
  close(): Promise<void>
}

export type DatabaseOptions = DatabaseConnection & {
  logger: Logger
  metrics: Pick<Metrics, 'databaseUp'>
  maxConnections?: number
}

/** Our longest statement reads a page of a ledger; what takes longer than this is lost, and holds a connection of few. */
const STATEMENT_TIMEOUT_MS = 15_000
/** A dead network gives no server-side time-out; the client gives up a little later than the server would. */
const ANSWER_TIMEOUT_MS = STATEMENT_TIMEOUT_MS + 2_000
const CONNECT_TIMEOUT_MS = 5_000
const PING_TIMEOUT_MS = 2_000

export function createDatabase({ logger, metrics, maxConnections = 10, ...connection }: DatabaseOptions): Database {
  const pool = new Pool({
    ...connection,
    application_name: 'chatfolk',
    max: maxConnections,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    idleTimeoutMillis: 30_000,
    // After a fail-over a pool full of connections to the old primary heals within this time.
    maxLifetimeSeconds: 1_800,
    keepAlive: true,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    query_timeout: ANSWER_TIMEOUT_MS,
    idle_in_transaction_session_timeout: 30_000,
  } satisfies PoolConfig)
  let closing: Promise<void> | undefined

  let isLossTold = false

  // An idle connection that the server ends is no fault of any request: the pool has dropped it and opens another. A
  // server that goes down ends them all, and is one event. Of the error only its words: it holds the whole connection.
  pool.on('error', ({ message }) => {
    if (closing || isLossTold) return
    isLossTold = true
    logger.warn(
      { reason: message },
      'the database closed connections: they are opened anew, and what cannot wait fails',
    )
  })

  const noticed = <T>(answer: Promise<T>): Promise<T> =>
    answer.then(
      (value) => {
        metrics.databaseUp.set(1)
        if (isLossTold) logger.info('the database answers again')
        isLossTold = false
        return value
      },
      (cause: unknown) => {
        const error = named(cause)
        if (error instanceof AppError) metrics.databaseUp.set(0)
        throw error
      },
    )

  const direct = statements((config) => noticed(pool.query(config)))

  return {
    ...direct,
    async transaction(run) {
      const client = await noticed(pool.connect())
      const tx = statements((config) => noticed(client.query(config)))
      // A connection that breaks between two statements says so here; the next statement fails by itself.
      const onLost = () => metrics.databaseUp.set(0)
      client.on('error', onLost)
      try {
        await tx.execute('begin')
        const result = await run(tx)
        await tx.execute('commit')
        client.release()
        return result
      } catch (error) {
        await rollBack(client, error)
        throw error
      } finally {
        client.off('error', onLost)
      }
    },
    ping: () =>
      direct.execute('select 1', [], { timeoutMs: PING_TIMEOUT_MS }).then(
        () => true,
        () => false,
      ),
    close() {
      closing ??= pool.end()
      return closing
    },
  }
}

/** True for an error of PostgreSQL that says "there is one already" (of `constraint`, where given). */
export function isUniqueViolation(error: unknown, constraint?: string): boolean {
  return (
    error instanceof DatabaseError &&
    error.code === '23505' &&
    (constraint === undefined || error.constraint === constraint)
  )
}

interface Answer {
  rows: unknown[]
  rowCount: number | null
}

function statements(send: (config: QueryConfig) => Promise<Answer>): Sql {
  const config = (text: string, params: readonly unknown[], { name, timeoutMs }: StatementOptions): QueryConfig => ({
    text,
    values: params as unknown[],
    ...(name === undefined ? {} : { name }),
    ...(timeoutMs === undefined ? {} : { query_timeout: timeoutMs }),
  })
  return {
    query: async <Row>(sql: string, params: readonly unknown[] = [], options: StatementOptions = {}) =>
      (await send(config(sql, params, options))).rows as Row[],
    execute: async (sql, params = [], options = {}) => (await send(config(sql, params, options))).rowCount ?? 0,
  }
}

/**
 * Gives the connection back after a failure. One that no longer answers, or is still busy with a statement we gave up
 * on, is closed instead: nobody may inherit an open transaction.
 */
async function rollBack(client: PoolClient, reason: unknown): Promise<void> {
  if (reason instanceof AppError && reason.code === 'unavailable') return client.release(true)
  try {
    await client.query('rollback')
    client.release()
  } catch {
    client.release(true)
  }
}

/**
 * SQLSTATEs of a server that is not there for us: its connections are full (53300), it is starting or stopping
 * (57P01–57P03), or the statement ran out of time (57014). Class 08 is the connection itself.
 */
const UNAVAILABLE = /^(08...|53300|57P0[1-3]|57014)$/

function named(cause: unknown): unknown {
  if (cause instanceof AppError) return cause
  if (cause instanceof DatabaseError) {
    // They quote the row or the parameter that was refused: a person's words, which belong into no log.
    cause.detail = undefined
    cause.where = undefined
    return cause.code && UNAVAILABLE.test(cause.code)
      ? new AppError('unavailable', { message: 'The database is not available', cause })
      : cause
  }
  // Anything pg itself throws outside DatabaseError: refused, reset, terminated, timed out. A wrong argument is a TypeError.
  return cause instanceof Error && !(cause instanceof TypeError)
    ? new AppError('unavailable', { message: 'The database does not answer', cause })
    : cause
}
