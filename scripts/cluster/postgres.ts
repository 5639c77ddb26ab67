import { randomBytes } from 'node:crypto'
import { closeSync, openSync } from 'node:fs'
import { chown, mkdir, writeFile } from 'node:fs/promises'
import { Client } from 'pg'
import { chooseServerUser, findPostgresProgram, UNICODE } from '../../src/persistence/postgres-program.ts'
import type { Processes } from './processes.ts'
import { createSupervised, type Supervised, type SupervisedOptions } from './supervised.ts'

export interface Postgres extends Supervised {
  /** Of a database of its own, for the nodes. */
  url: string
}

export interface PostgresOptions {
  processes: Processes
  /** Where its files go; made here. */
  directory: string
  port: number
  restart?: SupervisedOptions['restart']
  onDeath?: SupervisedOptions['onDeath']
}

/** The PostgreSQL that comes with npm, as a server of its own on a port, with an empty database. Not begun yet. */
export async function createPostgres(options: PostgresOptions): Promise<Postgres> {
  const { processes, directory, port, restart = null, onDeath } = options
  const program = await findPostgresProgram(await chooseServerUser('/'))
  await mkdir(directory, { recursive: true, mode: 0o700 })
  if (program.user) await chown(directory, program.user.uid, program.user.gid)
  await program.initialise(directory, [...UNICODE, '--no-sync'])
  await writeFile(`${directory}/pg_hba.conf`, 'host all all 127.0.0.1/32 scram-sha-256\n')
  const password = randomBytes(24).toString('base64url')
  await program.runAlone(directory, [
    `create role chatfolk login createdb password '${password}'`,
    'create database chatfolk owner chatfolk',
  ])
  const url = `postgresql://chatfolk:${password}@127.0.0.1:${port}/chatfolk`
  const logFile = processes.logFile('postgres')
  const supervised = createSupervised({
    name: 'postgres',
    port,
    restart,
    ...(onDeath ? { onDeath } : {}),
    isReady: () => answers(url),
    spawn() {
      const log = openSync(logFile, 'a')
      const child = program.serve(
        directory,
        {
          listen_addresses: '127.0.0.1',
          port: String(port),
          unix_socket_directories: '',
          max_connections: '200',
          shared_buffers: '64MB',
          // What is written need not survive a power cut.
          fsync: 'off',
          full_page_writes: 'off',
        },
        log,
      )
      closeSync(log)
      return processes.adopt(child, { logFile, endSignal: 'SIGINT' })
    },
  })
  return Object.assign(supervised, { url })
}

async function answers(connectionString: string): Promise<boolean> {
  const client = new Client({ connectionString, connectionTimeoutMillis: 2_000 })
  client.on('error', () => {})
  try {
    await client.connect()
    await client.end()
    return true
  } catch {
    return false
  }
}
