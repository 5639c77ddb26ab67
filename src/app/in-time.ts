import type { Clock } from '../base/clock.ts'

/** @returns whether the work was done within `withinMs`, milliseconds. What fails before that is the caller's affair. */
export async function inTime(clock: Clock, work: unknown, withinMs: number): Promise<boolean> {
  const patience = new AbortController()
  const late = clock.sleep(withinMs, patience.signal).then(
    () => false,
    () => false,
  )
  try {
    return await Promise.race([Promise.resolve(work).then(() => true), late])
  } finally {
    patience.abort()
  }
}
