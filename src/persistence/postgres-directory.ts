import { randomBytes } from 'node:crypto'
import { chown, mkdir, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Clock } from '../base/clock.ts'
import { StartError } from '../base/errors.ts'
import { emptyDirectory } from './postgres-processes.ts'
import { UNICODE, type PostgresProgram } from './postgres-program.ts'

export const DATABASE_NAME = 'chatfolk'
/** Owns our database and is no superuser: it cannot read files or run programs. */
export const ROLE = 'chatfolk'

/** Checks what is there, without touching anything that runs. */
export async function refuseForeignFiles(directory: string, program: PostgresProgram): Promise<void> {
  const there = await stat(directory).catch(() => undefined)
  if (!there) return
  const uid = program.user?.uid ?? process.getuid?.()
  if (uid !== undefined && there.uid !== uid) {
    throw new StartError(78, [
      `DATA_DIR: ${directory} belongs to user ${there.uid}, this node runs as user ${uid}.`,
      'Start it as the same user as the last time, or as root.',
    ])
  }
  const theirs = (await readFile(join(directory, 'PG_VERSION'), 'utf8').catch(() => '')).trim()
  const [ours] = program.version.split('.')
  if (theirs !== ours) {
    throw new StartError(78, [
      `DATA_DIR: ${directory} holds ${theirs ? `a database of PostgreSQL ${theirs}` : 'no PostgreSQL database'}, this Chatfolk brings PostgreSQL ${ours}.`,
      'Dump it with the older Chatfolk and load it into a new DATA_DIR (docs/operations), or move the directory away.',
    ])
  }
}

/**
 * The cluster, made where there is none. It appears under its name only when it is complete: a node killed in the
 * middle leaves nothing that looks like a database. Only while no server runs there.
 *
 * @returns the password of our role.
 */
export async function prepareFiles(directory: string, program: PostgresProgram, clock: Clock): Promise<string> {
  const isThere = await stat(directory).catch(() => undefined)
  const known = await readPassword(directory)
  if (isThere && known !== null) return known

  const password = randomBytes(24).toString('base64url')
  if (isThere) {
    // Somebody lost the password; the files are ours, so we may set another.
    await program.runAlone(directory, [`alter role ${ROLE} password '${password}'`])
  } else {
    const half = `${directory}.new`
    await emptyDirectory(half, clock)
    await rm(half, { recursive: true, force: true })
    await mkdir(half, { mode: 0o700 })
    if (program.user) await chown(half, program.user.uid, program.user.gid)
    await program.initialise(half, UNICODE)
    // initdb gave its superuser no password, so only our role can log in.
    await writeFile(join(half, 'pg_hba.conf'), ACCESS)
    await program.runAlone(half, [
      `create role ${ROLE} login password '${password}'`,
      `create database ${DATABASE_NAME} owner ${ROLE}`,
    ])
    await rename(half, directory)
  }
  await writeWhole(passwordFile(directory), password)
  return password
}

const ACCESS = `# Written by Chatfolk once. No door but these two, and never without the password.
local all all scram-sha-256
host all all 127.0.0.1/32 scram-sha-256
`

/** The password of our role; null where it is not known. */
export async function readPassword(directory: string): Promise<string | null> {
  return (await readFile(passwordFile(directory), 'utf8').catch(() => '')).trim() || null
}

export function passwordRefused(directory: string): StartError {
  return new StartError(78, [
    `DATA_DIR: the database in ${directory} does not take the password in ${passwordFile(directory)}.`,
    'Put the right file back, or delete it and start again: a new password is then set.',
  ])
}

/** Beside the cluster, where the server's own user cannot come. */
function passwordFile(directory: string): string {
  return join(dirname(directory), 'postgres-password')
}

/** Under a new name first, so that a power cut leaves the old text or the new one, never half of it. */
async function writeWhole(file: string, text: string): Promise<void> {
  const half = await open(`${file}.new`, 'w', 0o600)
  await half.writeFile(text)
  await half.sync()
  await half.close()
  await rename(`${file}.new`, file)
}
