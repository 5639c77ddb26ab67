import { chmod, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { StartError } from '../base/errors.ts'

/**
 * Makes DATA_DIR ours alone: mode 0700, and no second node while this one lives.
 *
 * The lock is one that the operating system holds for the process and drops when the process is gone, however it went:
 * no pid file can be trusted after SIGKILL, because pids are given out again. Node has no call for such a lock, SQLite
 * has, on every system; nothing is ever written into its file.
 *
 * @returns what gives the directory back.
 * @throws StartError 78 where the directory cannot be used or another node has it.
 */
export async function lockDataDir(dataDir: string): Promise<() => Promise<void>> {
  const pidFile = join(dataDir, 'node.pid')
  let lock: DatabaseSync
  try {
    await mkdir(dataDir, { recursive: true, mode: 0o700 })
    await closeToOthers(dataDir)
    // A node that was killed a moment ago may still be going.
    lock = new DatabaseSync(join(dataDir, 'node.lock'), { timeout: 500 })
  } catch (cause) {
    throw new StartError(78, [`DATA_DIR: ${dataDir} cannot be used: ${(cause as Error).message}`], { cause })
  }
  try {
    lock.exec('begin exclusive')
  } catch (cause) {
    lock.close()
    throw new StartError(78, await refusal(dataDir, pidFile, cause), { cause })
  }
  // For the words of a refusal only; the lock is what counts.
  await writeFile(pidFile, `${process.pid}\n`, { mode: 0o600 })
  return async () => {
    if (!lock.isOpen) return
    await rm(pidFile, { force: true })
    lock.close()
  }
}

/**
 * A directory that an operator made for us, or a mounted volume, often lets everybody in. One that also holds other
 * things (somebody set DATA_DIR=/tmp) is not ours to close; what we put there is private file by file.
 */
async function closeToOthers(dataDir: string): Promise<void> {
  const { mode } = await stat(dataDir)
  if ((mode & 0o077) === 0) return
  const names = await readdir(dataDir)
  const isOurs = names.includes('node.lock') || names.every((name) => name === 'secret-keys' || name === 'lost+found')
  if (!isOurs) return
  await chmod(dataDir, 0o700).catch((error: NodeJS.ErrnoException) => {
    // A volume that belongs to the platform we run on, and to our group.
    if (error.code !== 'EPERM') throw error
  })
}

const SQLITE_BUSY = 5

async function refusal(dataDir: string, pidFile: string, cause: unknown): Promise<string[]> {
  if ((cause as { errcode?: number }).errcode !== SQLITE_BUSY) {
    return [
      `DATA_DIR: files in ${dataDir} cannot be locked: ${(cause as Error).message}`,
      'Set DATA_DIR to a directory on a local disk.',
    ]
  }
  const pid = (await readFile(pidFile, 'utf8').catch(() => '')).trim()
  return [
    `DATA_DIR: ${dataDir} is in use by another node${pid ? ` (process ${pid})` : ''}.`,
    'Stop that node, give this one a DATA_DIR of its own, or let both share a server with DATABASE_URL.',
  ]
}
