import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

const MAIN = join(import.meta.dirname, '..', 'src', 'main.ts')

/** A node as an operator starts it: a process of its own, its own database, fsync on. */
export interface NodeUnderTest {
  baseUrl: string
  /** From the spawn to the first 200 of /health/ready. */
  readyAfterMs: number
  pid: number
  stop(): Promise<void>
}

export async function startNodeUnderTest(env: Record<string, string>): Promise<NodeUnderTest> {
  const began = performance.now()
  const child = spawn(process.execPath, [MAIN], {
    env: { PATH: process.env['PATH'], LOG_LEVEL: 'warn', LOG_PRETTY: 'false', ...env },
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  const baseUrl = env['BASE_URL'] ?? ''
  while (!(await isReady(baseUrl))) {
    if (child.exitCode !== null) throw new Error(`the node ended with ${child.exitCode}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  return { baseUrl, readyAfterMs: performance.now() - began, pid: child.pid ?? 0, stop: () => stop(child) }
}

async function isReady(baseUrl: string): Promise<boolean> {
  try {
    return (await fetch(`${baseUrl}/health/ready`)).ok
  } catch {
    return false
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return
  child.kill('SIGTERM')
  await once(child, 'exit')
}

/** Memory of a process that it shares with nobody, bytes: what would be free if it ended. Linux alone tells. */
export async function privateBytes(pid: number): Promise<number> {
  const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8')
  const kilobytes = [...rollup.matchAll(/^Private_(?:Clean|Dirty):\s+(\d+) kB/gm)].map((match) => Number(match[1]))
  return kilobytes.reduce((sum, each) => sum + each, 0) * 1024
}

/** User and system time that a process has used, milliseconds. */
export async function cpuMs(pid: number): Promise<number> {
  const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1]?.split(' ') ?? []
  // Clock ticks of 10 ms: fields 14 and 15 of proc(5), two of which stand before the bracket.
  return (Number(fields[11]) + Number(fields[12])) * 10
}

/** The PostgreSQL processes whose files are in `dataDir`, by their working directory. */
export async function databasePids(dataDir: string): Promise<number[]> {
  const { readdir, readlink } = await import('node:fs/promises')
  const pids: number[] = []
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue
    const place = await readlink(`/proc/${entry}/cwd`).catch(() => '')
    if (place.startsWith(dataDir)) pids.push(Number(entry))
  }
  return pids
}
