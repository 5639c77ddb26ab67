import type { Clock } from './clock.ts'

/**
 * Writes lines of a kind at most once a minute: what one cause does to a thousand channels, or to each of a thousand
 * messages, is one line. `unlogged`: how many of the kind went by without one since the last. Metrics count them all.
 */
export type Seldom = (kind: string, log: (unlogged: number) => void) => void

const EVERY_MS = 60_000

/** Kinds are to be a bounded set of our own words. */
export function createSeldom(clock: Pick<Clock, 'monotonic'>): Seldom {
  const kinds = new Map<string, { loggedAt: number; unlogged: number }>()
  return (kind, log) => {
    const now = clock.monotonic()
    const last = kinds.get(kind)
    if (last && now - last.loggedAt < EVERY_MS) {
      last.unlogged++
      return
    }
    kinds.set(kind, { loggedAt: now, unlogged: 0 })
    log(last?.unlogged ?? 0)
  }
}
