import type { Clock } from '../base/clock.ts'

/**
 * Remembers what went by lately, within a bounded memory. Two sets take turns: when the younger is full or old, the
 * older is thrown away whole. So at least `capacity` ids are known, unless they are older than `keepMs`.
 */
export interface RecentIds {
  /** True where it was seen before; from now on it was. */
  seen(id: string): boolean
  /** Forgets what is old, also where nothing comes that would push it out. */
  sweep(): void
  /** How many are remembered. */
  size(): number
}

export interface RecentIdsOptions {
  clock: Pick<Clock, 'monotonic'>
  capacity?: number
  keepMs?: number
}

/**
 * Copies of an event come within the 30 s in which an old and a new socket both deliver, or within seconds as a retry.
 * At 2,000 messages a second these are 60,000 ids, some 8 MB in each set.
 */
const CAPACITY = 65_536

/** A quiet node lets its memory go. Longer than any platform repeats itself. */
const KEEP_MS = 10 * 60_000

export function createRecentIds({ clock, capacity = CAPACITY, keepMs = KEEP_MS }: RecentIdsOptions): RecentIds {
  let young = new Set<string>()
  let old = new Set<string>()
  let turnedAtMs = clock.monotonic()

  const turn = (nowMs: number) => {
    // After a long silence the younger set is as worthless as the older one.
    old = nowMs - turnedAtMs >= 2 * keepMs ? new Set() : young
    young = new Set()
    turnedAtMs = nowMs
  }

  return {
    seen(id) {
      const nowMs = clock.monotonic()
      if (young.size >= capacity || nowMs - turnedAtMs >= keepMs) turn(nowMs)
      if (young.has(id) || old.has(id)) return true
      young.add(id)
      return false
    },
    sweep() {
      const nowMs = clock.monotonic()
      if (nowMs - turnedAtMs >= keepMs) turn(nowMs)
    },
    size: () => young.size + old.size,
  }
}
