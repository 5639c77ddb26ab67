import type { Stats } from 'node:fs'
import { readdir, readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../base/clock.ts'
import { StartError } from '../base/errors.ts'

/** What a server says about itself in `postmaster.pid`. */
export interface ServerNote {
  pid: number
  port: number
  hasSocket: boolean
  state: 'starting' | 'stopping' | 'ready'
}

/** Processes of a dead server notice its death and go within a moment; so do those told to. */
const GRACE_MS = 500
const POLL_MS = 10

export async function readServerNote(directory: string): Promise<ServerNote | null> {
  const lines = (await readFile(join(directory, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n')
  const pid = Number(lines[0])
  if (!Number.isSafeInteger(pid) || pid <= 0) return null
  const state = lines[7]?.trim()
  return {
    pid,
    port: Number(lines[3]),
    hasSocket: (lines[4] ?? '') !== '',
    state: state === 'ready' || state === 'stopping' ? state : 'starting',
  }
}

/**
 * The processes of PostgreSQL that stand in `directory`: the truth about who uses it. Pids in files lie after a crash;
 * a zombie has no place to stand. Systems without /proc have only the pid file to go by.
 */
export async function processesIn(directory: string): Promise<number[]> {
  if (process.platform !== 'linux') {
    const note = await readServerNote(directory)
    return note && isAlive(note.pid) ? [note.pid] : []
  }
  const pids = (await readdir('/proc')).map(Number).filter((pid) => pid > 0)
  const place = await stat(directory).catch(() => null)
  if (place === null) return []
  const standing = await Promise.all(pids.map((pid) => isServerAt(pid, place)))
  return pids.filter((_, index) => standing[index])
}

/** Whether `pid` is a process of PostgreSQL in `directory`. */
export async function standsIn(pid: number, directory: string): Promise<boolean> {
  if (process.platform !== 'linux') return isAlive(pid)
  const place = await stat(directory).catch(() => null)
  return place !== null && isServerAt(pid, place)
}

async function isServerAt(pid: number, place: Stats): Promise<boolean> {
  try {
    const { ino, dev } = await stat(`/proc/${pid}/cwd`)
    // An operator's shell may stand there too.
    return (
      ino === place.ino && dev === place.dev && /^(postgres|initdb)$/m.test(await readFile(`/proc/${pid}/comm`, 'utf8'))
    )
  } catch {
    // Not ours to look at, or gone in this moment.
    return false
  }
}

/** Sees to it that no process of PostgreSQL is left in the directory, nor the notes of one. */
export async function emptyDirectory(directory: string, clock: Clock): Promise<void> {
  const isGone = async () => {
    const deadline = clock.monotonic() + GRACE_MS
    for (const pid of await processesIn(directory)) {
      while (await standsIn(pid, directory)) {
        if (clock.monotonic() > deadline) return false
        await clock.sleep(POLL_MS)
      }
    }
    return true
  }
  const isGoneBy = async (...signals: NodeJS.Signals[]) => {
    for (const pid of await processesIn(directory)) for (const signal of signals) send(pid, signal)
    return isGone()
  }
  const isServed = async () => {
    const note = await readServerNote(directory)
    return note !== null && (await standsIn(note.pid, directory))
  }
  // Children of a dead server go by themselves, a living one does not. SIGQUIT is PostgreSQL's "leave at once"; who was
  // stopped hears it when told to go on; who is stuck hears only SIGKILL.
  const isEmpty =
    (!(await isServed()) && (await isGone())) || (await isGoneBy('SIGQUIT', 'SIGCONT')) || (await isGoneBy('SIGKILL'))
  if (!isEmpty) {
    const pids = await processesIn(directory)
    throw new StartError(69, [
      `PostgreSQL still runs in ${directory} and cannot be ended (process ${pids.join(', ')}).`,
    ])
  }
  // With its notes gone, a stranger's process that was given the old pid cannot keep the next server from starting.
  const notes = ['postmaster.pid', '.s.PGSQL.5432', '.s.PGSQL.5432.lock']
  await Promise.all(notes.map((name) => rm(join(directory, name), { force: true })))
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // It went by itself.
  }
}
