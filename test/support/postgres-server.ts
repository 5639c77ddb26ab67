import { execFile, spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { chown, mkdir, mkdtemp, open, readdir, readFile, rename, rm, statfs, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Client } from 'pg'
import { Gauge } from 'prom-client'
import { createDatabase } from '../../src/persistence/database.ts'
import { migrate } from '../../src/persistence/migrate.ts'
import {
  chooseServerUser,
  findPostgresProgram,
  UNICODE,
  type PostgresProgram,
} from '../../src/persistence/postgres-program.ts'
import { silentLogger } from './logger.ts'

/** A throw-away server, as the embedded one but without any promise to survive a power cut. */
export interface TestServer {
  /** The name of the database with all migrations applied, to be copied. */
  migrated: string
  connectionString(database: string): string
}

const MIGRATED = 'migrated'
const root = join(import.meta.dirname, '..', '..')

/**
 * Starts a server of this process's own on a copy of files that were made once: about 0.15 s instead of two seconds.
 * It ends when this process does, even by SIGKILL.
 */
export async function startTestServer(): Promise<TestServer> {
  return (await prepareTestServer())()
}

/** Files of a server's own, and the way to start it on them, again and again: at the port it had, where one is given. */
export async function prepareTestServer(): Promise<(port?: number) => ReturnType<typeof serve>> {
  const program = await findPostgresProgram(await chooseServerUser('/'))
  const template = await preparedFiles(program)
  const home = await mkdtemp(join(await quickPlace(), 'chatfolk-test-'))
  endWithThisProcess(home)
  const directory = join(home, 'postgres')
  await promisify(execFile)('cp', ['-a', join(template, 'postgres'), directory])
  const password = await readFile(join(template, 'password'), 'utf8')
  return (port) => serve(program, directory, password, port)
}

/**
 * Memory, where there is plenty: a database is 300 files, each test makes and drops one, and a disk's file system that
 * just dropped many is slow to make new ones.
 */
export async function quickPlace(): Promise<string> {
  const memory = '/dev/shm'
  const room = await statfs(memory).then(
    ({ bavail, bsize }) => bavail * bsize,
    () => 0,
  )
  return room > 2 * 2 ** 30 ? memory : tmpdir()
}

/** The cluster that is copied, kept until migrations or PostgreSQL change. */
async function preparedFiles(program: PostgresProgram): Promise<string> {
  const cache = join(root, 'node_modules', '.cache', 'chatfolk-postgres')
  const prepared = join(cache, await fingerprint(program))
  const isThere = () => readFile(join(prepared, 'password')).then(Boolean, () => false)
  if (await isThere()) return prepared

  await mkdir(cache, { recursive: true })
  const half = await mkdtemp(join(cache, 'half-'))
  endWithThisProcess(half)
  const directory = join(half, 'postgres')
  await mkdir(directory, { mode: 0o700 })
  if (program.user) await chown(directory, program.user.uid, program.user.gid)
  await program.initialise(directory, [...UNICODE, '--no-sync', '--wal-segsize=4'])
  await writeFile(join(directory, 'pg_hba.conf'), 'host all all 127.0.0.1/32 scram-sha-256\n')
  const password = randomBytes(24).toString('base64url')
  await writeFile(join(half, 'password'), password, { mode: 0o600 })
  await program.runAlone(directory, [
    'set scram_iterations = 1',
    `create role chatfolk login createdb password '${password}'`,
    `create database ${MIGRATED} owner chatfolk`,
  ])
  const server = await serve(program, directory, password)
  const db = createDatabase({
    connectionString: server.connectionString(MIGRATED),
    logger: silentLogger,
    metrics: { databaseUp: new Gauge({ name: 'database_up', help: 'of a test', registers: [] }) },
  })
  await migrate(db, { logger: silentLogger })
  await db.close()
  await server.stop()
  // Test files run at the same time: the first to get here wins, the others use its files.
  await rename(half, prepared).catch(async (error: unknown) => {
    await rm(half, { recursive: true, force: true })
    if (!(await isThere())) throw error
  })
  return prepared
}

async function fingerprint(program: PostgresProgram): Promise<string> {
  const hash = createHash('sha256').update(`${program.version} ${program.user?.uid}`)
  const migrations = join(root, 'migrations')
  for (const file of [
    import.meta.filename,
    ...(await readdir(migrations)).sort().map((name) => join(migrations, name)),
  ]) {
    hash.update('\0').update(await readFile(file))
  }
  return hash.digest('hex').slice(0, 16)
}

export async function serve(
  program: PostgresProgram,
  directory: string,
  password: string,
  given?: number,
): Promise<TestServer & { port: number; stop(how?: 'INT' | 'QUIT'): Promise<void> }> {
  const port = given ?? (await freePort())
  const logFile = `${directory}.log`
  const log = await open(logFile, 'w')
  const child = program.serve(
    directory,
    {
      listen_addresses: '127.0.0.1',
      port: String(port),
      unix_socket_directories: '',
      max_connections: '100',
      shared_buffers: '32MB',
      fsync: 'off',
      full_page_writes: 'off',
      wal_level: 'minimal',
      max_wal_senders: '0',
      max_logical_replication_workers: '0',
      // Unknown before 18.
      ...(Number.parseInt(program.version, 10) < 18 ? {} : { io_method: 'sync' }),
      autovacuum: 'off',
      log_min_messages: 'log',
    },
    log.fd,
  )
  await log.close()
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const connectionString = (database: string) => `postgresql://chatfolk:${password}@127.0.0.1:${port}/${database}`
  const deadline = performance.now() + 20_000
  while (!(await answers(connectionString('postgres')))) {
    if (child.exitCode === null && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 10))
      continue
    }
    child.kill('SIGKILL')
    const said = await readFile(logFile, 'utf8')
    // Somebody else was faster to take the port that was free a moment ago.
    if (given === undefined && /could not bind IPv4 address.*in use/.test(said))
      return serve(program, directory, password)
    throw new Error(`The PostgreSQL of the tests did not start: ${said.slice(-2_000)}`)
  }
  return {
    migrated: MIGRATED,
    connectionString,
    port,
    /** QUIT: at once, as in a power cut. */
    stop: async (how = 'INT') => {
      child.kill(`SIG${how}`)
      await gone
    },
  }
}

async function answers(connectionString: string): Promise<boolean> {
  const client = new Client({ connectionString })
  client.on('error', () => {})
  try {
    await client.connect()
    await client.end()
    return true
  } catch {
    return false
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer().once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}

/** A shell that waits at the other end of a pipe for us to be gone, then ends the server in `home` and removes it. */
export function endWithThisProcess(home: string): void {
  const script = `exec 2>/dev/null
    read -r _
    pid=$(head -n 1 "$1/postgres/postmaster.pid") && kill -QUIT "$pid" && while kill -0 "$pid"; do sleep 0.05; done
    rm -rf "$1"`
  // A process group of its own: Ctrl-C must not end it before us.
  const guard = spawn('sh', ['-c', script, 'sh', home], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] })
  guard.unref()
  ;(guard.stdin as unknown as { unref(): void }).unref()
}
