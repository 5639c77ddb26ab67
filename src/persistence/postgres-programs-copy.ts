import { chmod, cp, lstat, mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { StartError } from '../base/errors.ts'
import type { PackagedPrograms, ServerUser } from './postgres-program.ts'

/** Where root keeps what can be made again (File Hierarchy Standard). Only root can write below it. */
const CACHE = '/var/cache/chatfolk'

/**
 * The same programs where `user` can run them. A clone in a private directory (/root is one) cannot be walked by the
 * user that PostgreSQL must run as; then they are copied once a version to a public place that only root can write.
 */
export async function reachablePrograms(
  packaged: PackagedPrograms,
  user: ServerUser,
  cache = CACHE,
): Promise<PackagedPrograms> {
  const blocking = await directoryThatBlocks(packaged.postgres, user)
  if (blocking === null) return packaged
  const copy = join(cache, `postgresql-${packaged.version}`)
  try {
    await copyOnce(dirname(dirname(packaged.postgres)), copy)
    const copyBlocking = await directoryThatBlocks(join(copy, 'bin', 'postgres'), user)
    if (copyBlocking !== null) throw new Error(`${copyBlocking} may not be entered either`)
  } catch (cause) {
    throw new StartError(
      78,
      [
        `DATABASE_URL: not set, and the PostgreSQL that came with npm cannot run: PostgreSQL refuses root, and the user ${user.name} may not enter ${blocking}.`,
        `A copy of its programs in ${copy} failed: ${cause instanceof Error ? cause.message : String(cause)}`,
        `Run \`chmod o+x ${blocking}\`, move the clone (for example to /opt), start as an ordinary user, or set DATABASE_URL.`,
      ],
      { cause },
    )
  }
  const program = (name: string) => join(copy, 'bin', name)
  return { ...packaged, initdb: program('initdb'), postgres: program('postgres'), pg_ctl: program('pg_ctl') }
}

/** The first directory on the way to `path` that `user` may not enter, or null where there is none. */
export async function directoryThatBlocks(path: string, user: Pick<ServerUser, 'uid' | 'gid'>): Promise<string | null> {
  const directories: string[] = []
  for (let at = dirname(resolve(path)); directories.at(-1) !== at; at = dirname(at)) directories.push(at)
  for (const directory of directories.toReversed()) {
    const { mode, uid, gid } = await stat(directory)
    const enter = uid === user.uid ? 0o100 : gid === user.gid ? 0o010 : 0o001
    if ((mode & enter) === 0) return directory
  }
  return null
}

async function copyOnce(from: string, to: string): Promise<void> {
  if (await mkdir(dirname(to), { recursive: true })) await chmod(dirname(to), 0o755)
  // Whoever could write there could have us run anything.
  const parent = await lstat(dirname(to))
  if (!parent.isDirectory() || parent.uid !== 0 || (parent.mode & 0o022) !== 0) {
    throw new Error(`${dirname(to)} does not belong to root alone`)
  }
  if (await stat(to).catch(() => undefined)) return
  const half = await mkdtemp(`${to}-`)
  try {
    await cp(from, half, {
      recursive: true,
      verbatimSymlinks: true,
      filter: (path) => !/\.a$|\/include(\/|$)/.test(path),
    })
    await openToReaders(half)
    await rename(half, to)
  } catch (error) {
    await rm(half, { recursive: true, force: true })
    // Another node of ours may have been faster.
    if (!(await stat(to).catch(() => undefined))) throw error
  }
}

/** Whatever our umask made of them: npm's files, or their copies. */
async function openToReaders(directory: string): Promise<void> {
  await chmod(directory, 0o755)
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    if (entry.isSymbolicLink()) continue
    const path = join(entry.parentPath, entry.name)
    const { mode } = await stat(path)
    await chmod(path, (mode & 0o100) === 0 ? 0o644 : 0o755)
  }
}
