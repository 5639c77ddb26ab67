import type { Clock } from '../clock.ts'

/** The present moment, or one so long ago, as EventSub writes it: `2023-07-19T14:56:51.634234626Z`. */
export type Stamp = (agoMs?: number) => string

export function createStamp(clock: Clock): Stamp {
  const now = createPreciseNow(clock)
  return (agoMs = 0) => {
    const moment = now() - agoMs
    const whole = Math.floor(moment)
    const nanoseconds = Math.floor((moment - whole) * 1_000_000)
    return `${new Date(whole).toISOString().slice(0, -1)}${String(nanoseconds).padStart(6, '0')}Z`
  }
}

/**
 * Milliseconds since 1970, with fractions. The wall clock counts whole ones; what is behind the point comes from the
 * monotonic clock, so that a receiver on this machine can tell how long a message was under way.
 */
export function createPreciseNow(clock: Clock): () => number {
  let offset = clock.now() - clock.monotonic()
  return () => {
    const wall = clock.now()
    let precise = clock.monotonic() + offset
    // Within the same millisecond as the wall clock says, whoever has set that meanwhile.
    if (precise < wall || precise >= wall + 1) {
      precise = Math.min(Math.max(precise, wall), wall + 0.999)
      offset = precise - clock.monotonic()
    }
    return precise
  }
}
