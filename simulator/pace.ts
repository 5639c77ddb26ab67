import type { Clock } from './clock.ts'

export interface Pace {
  /** How many times in all. */
  count: number
  /** `Infinity`: all at once. */
  perSecond: number
  run(index: number): void
  done?: () => void
}

/** Finer than this no timer of Node's is worth its price; what falls due between two ticks goes together. */
const TICK_MS = 2

/** Does something so many times, evenly. A late tick is made up for: the rate holds. The returned function stops it. */
export function pace(clock: Clock, { count, perSecond, run, done }: Pace): () => void {
  const startedAt = clock.monotonic()
  let next = 0
  let cancel = () => {}
  const tick = () => {
    const elapsedMs = clock.monotonic() - startedAt
    const due = perSecond === Infinity ? count : Math.min(count, Math.floor((elapsedMs * perSecond) / 1_000) + 1)
    while (next < due) run(next++)
    if (next >= count) return done?.()
    const nextAt = startedAt + (next * 1_000) / perSecond
    cancel = clock.after(Math.max(TICK_MS, nextAt - clock.monotonic()), tick)
  }
  tick()
  return () => {
    next = count
    cancel()
  }
}
