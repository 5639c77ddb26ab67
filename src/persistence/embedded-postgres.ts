import { realpath } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { backoffMs } from '../base/backoff.ts'
import type { Clock } from '../base/clock.ts'
import { StartError } from '../base/errors.ts'
import type { Logger } from '../base/logger.ts'
import { lockDataDir } from './data-dir-lock.ts'
import {
  DATABASE_NAME,
  passwordRefused,
  prepareFiles,
  readPassword,
  refuseForeignFiles,
  ROLE,
} from './postgres-directory.ts'
import { emptyDirectory, processesIn, readServerNote } from './postgres-processes.ts'
import { chooseServerUser, findPostgresProgram } from './postgres-program.ts'
import {
  adoptServer,
  isLoopback,
  lastWords,
  launchServer,
  logIn,
  stopServer,
  type Door,
  type PostgresServer,
} from './postgres-server.ts'

export interface EmbeddedPostgresOptions {
  /** Made where it is missing; kept to its owner alone. */
  dataDir: string
  logger: Logger
  clock: Clock
  random?: () => number
}

export interface EmbeddedPostgres {
  /** For `createDatabase`. Stays the same however often the server had to be started again. */
  connection: Door
  /** Whether the server was already running: a node before us was killed and left it. */
  adopted: boolean
  /** Ends the server in order, then gives DATA_DIR back. Takes 15 s at worst; calling it twice is harmless. */
  stop(): Promise<void>
}

/** A leftover server that says it is ready gets this long to let us in. With what follows it stays within 5 s. */
const ANSWER_MS = 1_000
/** One that is still replaying its log or writing its last pages is left to it: ending it would only start that anew. */
const BUSY_MS = 60_000
/** A server that lived this long was well: its next end counts as the first. */
const WELL_AFTER_MS = 60_000
const POLL_MS = 10
/** The length of a unix socket's path that every system takes; macOS has the least, 104 with the zero at the end. */
const SOCKET_PATH_BYTES = 103
const SOCKET_PORT = 5432

/**
 * A real PostgreSQL of this node's own in DATA_DIR, for which nobody has to install or run anything.
 *
 * It is reached over a unix socket in DATA_DIR (over loopback where that cannot be) with a generated password, by nobody
 * else. When it dies under us it is started again; when we are killed it runs on, and the next node takes it over.
 *
 * @throws StartError 78 where DATA_DIR cannot be used or another node has it, 69 where the server does not come up.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const unlock = await lockDataDir(options.dataDir)
  try {
    return await startLocked(options, unlock)
  } catch (error) {
    await unlock()
    throw error
  }
}

async function startLocked(
  { dataDir: givenDataDir, logger, clock, random = Math.random }: EmbeddedPostgresOptions,
  unlock: () => Promise<void>,
): Promise<EmbeddedPostgres> {
  const dataDir = await realpath(givenDataDir)
  const directory = join(dataDir, 'postgres')
  const logFile = join(dataDir, 'postgres.log')
  const program = await findPostgresProgram(await chooseServerUser(directory))
  await refuseForeignFiles(directory, program)

  const leftover = await takeOver(directory, clock)
  const { door, ...first } = leftover ?? (await startFresh())
  let server = first.server
  logger.info({ pid: server.pid, adopted: leftover !== null, host: door.host }, 'the embedded PostgreSQL is ready')

  const stopping = new AbortController()
  const watching = watch(stopping.signal)
  let stopped: Promise<void> | undefined

  return {
    connection: door,
    adopted: leftover !== null,
    stop() {
      stopped ??= stop()
      return stopped
    },
  }

  /** Starts the server again whenever it ends. Waits longer each time, up to a minute, and never gives up. */
  async function watch(signal: AbortSignal): Promise<void> {
    const toldToStop = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
    let failures = 0
    let startedAt = clock.monotonic()
    for (;;) {
      await Promise.race([server.ended, toldToStop])
      if (signal.aborted) return
      logger.error({ pid: server.pid, said: await lastWords(logFile) }, 'the embedded PostgreSQL ended by itself')
      if (clock.monotonic() - startedAt > WELL_AFTER_MS) failures = 0
      for (let isBack = false; !isBack; failures++) {
        try {
          if (failures > 0) await clock.sleep(backoffMs(failures, random), signal)
          await emptyDirectory(directory, clock)
          server = await launch(door, signal)
          startedAt = clock.monotonic()
          isBack = true
          logger.warn({ pid: server.pid }, 'the embedded PostgreSQL runs again')
        } catch (error) {
          if (signal.aborted) return
          logger.error({ err: error }, 'the embedded PostgreSQL did not start again')
        }
      }
    }
  }

  async function stop(): Promise<void> {
    stopping.abort()
    try {
      await watching
      const { inOrder } = await stopServer(server, { program, directory, clock })
      if (inOrder) logger.info('the embedded PostgreSQL stopped')
      else logger.warn('the embedded PostgreSQL was too slow to stop in order; its next start will recover')
    } finally {
      await unlock()
    }
  }

  async function startFresh(): Promise<{ server: PostgresServer; door: Door }> {
    await emptyDirectory(directory, clock)
    const password = await prepareFiles(directory, program, clock)
    for (let attempt = 1; ; attempt++) {
      const door = await chooseDoor(directory, password)
      try {
        return { door, server: await launch(door) }
      } catch (error) {
        // Somebody may have taken the port that was free a moment ago.
        if (!isLoopback(door) || attempt === 5 || (error as StartError).exitCode === 78) throw error
      }
    }
  }

  function launch(door: Door, signal?: AbortSignal): Promise<PostgresServer> {
    return launchServer({ program, directory, logFile, door, clock, ...(signal ? { signal } : {}) })
  }
}

/** Adopts the server that a killed node left; null where there is none, or none that is of use. */
async function takeOver(directory: string, clock: Clock): Promise<{ server: PostgresServer; door: Door } | null> {
  const password = await readPassword(directory)
  const since = clock.monotonic()
  for (;;) {
    const note = await readServerNote(directory)
    // A server to which nobody has the password any more is of no use.
    if (note === null || password === null) return null
    const door = note.hasSocket ? socketIn(directory, password) : loopback(note.port, password)
    const isVisible = (await processesIn(directory)).includes(note.pid)
    const answer = note.state === 'ready' ? await logIn(door) : 'no-answer'
    if (answer === 'refused' && isVisible) throw passwordRefused(directory)
    if (answer === 'done') {
      if (isVisible) return { server: adoptServer(note.pid, directory, clock), door }
      throw new StartError(78, [
        `DATA_DIR: a PostgreSQL that this node cannot see (in another container?) serves ${directory}.`,
        'End it there, or start this node where it runs.',
      ])
    }
    // Dead, or only its children are left.
    if (!isVisible) return null
    if (clock.monotonic() - since > (note.state === 'ready' ? ANSWER_MS : BUSY_MS)) return null
    await clock.sleep(POLL_MS)
  }
}

async function chooseDoor(directory: string, password: string): Promise<Door> {
  const path = join(directory, `.s.PGSQL.${SOCKET_PORT}`)
  const isFit = process.platform !== 'win32' && Buffer.byteLength(path) <= SOCKET_PATH_BYTES
  // Some file systems (shared folders of virtual machines) know no sockets.
  if (isFit && (await portOf({ path })) !== null) return socketIn(directory, password)
  const port = await portOf({ host: '127.0.0.1', port: 0 })
  if (port === null) throw new StartError(69, ['The embedded PostgreSQL finds no free port on 127.0.0.1.'])
  return loopback(port, password)
}

function socketIn(directory: string, password: string): Door {
  return { host: directory, port: SOCKET_PORT, user: ROLE, password, database: DATABASE_NAME }
}

function loopback(port: number, password: string): Door {
  return { host: '127.0.0.1', port, user: ROLE, password, database: DATABASE_NAME }
}

/** Listens there for a moment: the port it got (0 for a socket), or null where that is not possible. */
function portOf(where: { path: string } | { host: string; port: number }): Promise<number | null> {
  return new Promise((resolve) => {
    const probe = createServer()
    probe.once('error', () => resolve(null))
    probe.listen(where, () => {
      const address = probe.address()
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}
