import { randomBytes } from 'node:crypto'
import { chmod, chown, mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { chooseServerUser, runPrograms } from '../../src/persistence/postgres-program.ts'
import { endWithThisProcess, quickPlace, serve, type TestServer } from './postgres-server.ts'

/** Where Debian's postgresql-15 keeps its programs; `npm test` makes sure that they are there. */
const BIN = process.env['POSTGRES15_BIN'] ?? '/usr/lib/postgresql/15/bin'

/** A throw-away server of the oldest version that we support, with an empty database. It ends when this process does. */
export async function startPostgres15(): Promise<TestServer> {
  const user = await chooseServerUser('/')
  const programs = { initdb: join(BIN, 'initdb'), postgres: join(BIN, 'postgres'), pg_ctl: join(BIN, 'pg_ctl') }
  const program = runPrograms({ ...programs, version: '15' }, user)
  const home = await mkdtemp(join(await quickPlace(), 'chatfolk-test-'))
  endWithThisProcess(home)
  // Before 16 PostgreSQL walks back to where it stands.
  await chmod(home, 0o711)
  const directory = join(home, 'postgres')
  await mkdir(directory, { mode: 0o700 })
  if (user) await chown(directory, user.uid, user.gid)
  await program.initialise(directory, ['--no-sync', '--wal-segsize=4'])
  await writeFile(join(directory, 'pg_hba.conf'), 'host all all 127.0.0.1/32 scram-sha-256\n')
  const password = randomBytes(24).toString('base64url')
  await program.runAlone(directory, [
    `create role chatfolk login createdb password '${password}'`,
    'create database chatfolk owner chatfolk',
  ])
  return serve(program, directory, password)
}
