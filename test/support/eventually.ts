import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'

/** Waits until `holds` does; fails with what was waited for when it never does. */
export async function eventually(what: string, holds: () => unknown, withinMs = 10_000): Promise<void> {
  const deadline = performance.now() + withinMs
  while (!(await holds())) {
    assert.ok(performance.now() < deadline, `never came: ${what}`)
    await delay(5)
  }
}
