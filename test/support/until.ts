import assert from 'node:assert/strict'

/** Waits for something to become true, looking often; fails with `what` when it does not within `withinMs`. */
export async function until(what: string, condition: () => unknown, withinMs = 10_000): Promise<void> {
  const deadline = performance.now() + withinMs
  while (!(await condition())) {
    if (performance.now() > deadline) assert.fail(`not within ${withinMs} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
