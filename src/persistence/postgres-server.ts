import { open, readFile } from 'node:fs/promises'
import { Client, DatabaseError } from 'pg'
import type { Clock } from '../base/clock.ts'
import { StartError } from '../base/errors.ts'
import type { DatabaseConnection } from './database.ts'
import { passwordRefused } from './postgres-directory.ts'
import { emptyDirectory, readServerNote, standsIn } from './postgres-processes.ts'
import type { PostgresProgram } from './postgres-program.ts'

/** Where our server is reached: the parts of a connection. `host` may be the directory of a unix socket. */
export type Door = Exclude<DatabaseConnection, { connectionString: string }>

/** A server that runs; `ended` resolves when it does not any more. */
export interface PostgresServer {
  pid: number
  ended: Promise<void>
}

export interface LaunchOptions {
  program: PostgresProgram
  directory: string
  logFile: string
  door: Door
  clock: Clock
  signal?: AbortSignal
}

/** Replaying the log after a crash; with `max_wal_size` as it is, seconds on the slowest disk. */
const READY_MS = 120_000
const FAST_STOP_MS = 10_000
const IMMEDIATE_STOP_MS = 2_000
const POLL_MS = 10
/** We are told of a child's end; a server that we adopted must be looked at. */
const WATCH_MS = 100

/** Fit for one node with few connections and little memory; durable as PostgreSQL is by default. */
function settingsFor(door: Door): Record<string, string> {
  const isSocket = !isLoopback(door)
  return {
    listen_addresses: isSocket ? '' : door.host,
    port: String(door.port),
    // Where the server stands: its own directory, whatever the length of the way there.
    unix_socket_directories: isSocket ? '.' : '',
    unix_socket_permissions: '0700',
    cluster_name: 'chatfolk',
    max_connections: '30',
    shared_buffers: '24MB',
    jit: 'off',
    io_method: 'sync',
    wal_level: 'minimal',
    max_wal_senders: '0',
    max_logical_replication_workers: '0',
    max_parallel_workers_per_gather: '0',
    // Bounds what a start after a crash has to read.
    max_wal_size: '256MB',
    // Before it reads, it writes out what the crash left in memory: in one call instead of file by file, 65 ms, not 170.
    ...(process.platform === 'linux' ? { recovery_init_sync_method: 'syncfs' } : {}),
    timezone: 'UTC',
    // Neither statements nor their values: they hold what people wrote. Errors reach us through the connection.
    log_min_messages: 'log',
    log_min_error_statement: 'panic',
    log_error_verbosity: 'terse',
    log_checkpoints: 'off',
  }
}

export function isLoopback(door: Door): boolean {
  return door.host === '127.0.0.1'
}

/**
 * Starts a server and waits until it answers.
 *
 * @throws StartError 69 with the server's own words where it does not.
 */
export async function launchServer(options: LaunchOptions): Promise<PostgresServer> {
  const { program, directory, logFile, door, clock, signal } = options
  const log = await open(logFile, 'w', 0o600)
  const child = program.serve(directory, settingsFor(door), log.fd)
  await log.close()
  let hasEnded = false
  const ended = new Promise<void>((resolve) => {
    const end = () => {
      hasEnded = true
      resolve()
    }
    // `error`: the program itself could not be run.
    child.once('exit', end).once('error', end)
  })

  const deadline = clock.monotonic() + READY_MS
  const isReady = async () => {
    if ((await readServerNote(directory))?.state !== 'ready') return false
    const answer = await logIn(door)
    if (answer === 'refused') throw passwordRefused(directory)
    return answer === 'done'
  }
  try {
    while (!(await isReady())) {
      if (hasEnded || clock.monotonic() > deadline) {
        throw new StartError(69, ['The embedded PostgreSQL did not start.', ...(await lastWords(logFile))])
      }
      await clock.sleep(POLL_MS, signal)
    }
  } catch (error) {
    if (!hasEnded) await stopServer({ pid: child.pid ?? 0, ended }, options)
    throw error
  }
  return { pid: child.pid ?? 0, ended }
}

/** The server that a killed node left behind, looked at until it is gone. */
export function adoptServer(pid: number, directory: string, clock: Clock): PostgresServer {
  const ended = async () => {
    while (await standsIn(pid, directory)) await clock.sleep(WATCH_MS)
  }
  return { pid, ended: ended() }
}

/** Ends a server: in order, so that nothing has to be recovered; with force where that takes too long. */
export async function stopServer(
  server: PostgresServer,
  { program, directory, clock }: Pick<LaunchOptions, 'program' | 'directory' | 'clock'>,
): Promise<{ inOrder: boolean }> {
  const tell = async (signal: 'INT' | 'QUIT') => {
    // Its pid may have been given to somebody else since it went.
    if (await standsIn(server.pid, directory)) await program.signal(server.pid, signal)
  }
  await tell('INT')
  const inOrder = await within(clock, FAST_STOP_MS, server.ended)
  if (!inOrder) {
    await tell('QUIT')
    await within(clock, IMMEDIATE_STOP_MS, server.ended)
  }
  await emptyDirectory(directory, clock)
  return { inOrder }
}

/** Whether the server lets us in; `refused` where it answers but does not take our password. */
export async function logIn(door: Door): Promise<'done' | 'refused' | 'no-answer'> {
  const client = new Client({ ...door, connectionTimeoutMillis: 500, query_timeout: 500 })
  client.on('error', () => {})
  try {
    await client.connect()
    await client.query('select 1')
    return 'done'
  } catch (error) {
    return error instanceof DatabaseError && error.code?.startsWith('28') ? 'refused' : 'no-answer'
  } finally {
    await client.end().catch(() => {})
  }
}

/** The end of what the server wrote: lines of its own, without statements. */
export async function lastWords(logFile: string): Promise<string[]> {
  const text = await readFile(logFile, 'utf8').catch(() => '')
  return text.trim().split('\n').slice(-8)
}

/** Whether `end` came in time. */
async function within(clock: Clock, limitMs: number, end: Promise<void>): Promise<boolean> {
  const waiting = new AbortController()
  const inTime = await Promise.race([
    end.then(() => true),
    clock.sleep(limitMs, waiting.signal).then(
      () => false,
      () => false,
    ),
  ])
  waiting.abort()
  return inTime
}
