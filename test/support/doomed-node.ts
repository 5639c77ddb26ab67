import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { TestContext } from 'node:test'

/** What {@link file://./embedded-node.ts} is, seen from outside. */
export interface DoomedNode {
  pid: number
  /** Numbers it told us were stored. */
  stored: number[]
  /** What it said when its database was ready, counted from when it began to look for one; null until then. */
  ready(): { adopted: boolean; afterMs: number } | null
  hasStored(count: number): Promise<void>
  /** Its exit code, null where a signal ended it. */
  exit: Promise<number | null>
  kill(): Promise<void>
}

/** A process of its own that starts the embedded PostgreSQL and stores numbers until it is killed. */
export function startDoomedNode(t: TestContext, dataDir: string): DoomedNode {
  const program = join(import.meta.dirname, 'embedded-node.ts')
  const child: ChildProcess = spawn(process.execPath, [program, dataDir], { stdio: ['ignore', 'pipe', 'inherit'] })
  const stored: number[] = []
  let ready: { adopted: boolean; afterMs: number } | null = null
  if (child.stdout) {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const said = parsed(line)
      if (said.stored !== undefined) stored.push(said.stored)
      if (said.readyMs !== undefined) ready = { adopted: said.adopted === true, afterMs: said.readyMs }
    })
  }
  // `close` comes after all it said was read.
  const exit = new Promise<number | null>((resolve) => child.once('close', resolve))
  const kill = async () => {
    child.kill('SIGKILL')
    await exit
  }
  t.after(kill)
  return {
    pid: child.pid ?? 0,
    stored,
    ready: () => ready,
    hasStored: (count) => eventually(() => assert.ok(stored.length >= count, `stored only ${stored.length}`)),
    exit,
    kill,
  }
}

/** Tries again until `check` does not throw; then, or after 15 s with its last error, ends. */
export async function eventually(check: () => void | Promise<void>): Promise<void> {
  const deadline = performance.now() + 15_000
  for (;;) {
    try {
      return await check()
    } catch (error) {
      if (performance.now() > deadline) throw error
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }
}

/** The last line of a killed process may be half of one; it then said nothing. */
function parsed(line: string): { stored?: number; adopted?: boolean; readyMs?: number } {
  try {
    return JSON.parse(line) as { stored?: number; adopted?: boolean; readyMs?: number }
  } catch {
    return {}
  }
}
