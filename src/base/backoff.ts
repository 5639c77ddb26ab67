/** Seconds between attempts of one streamer, from the origin's design: 1, 2, 4 … 32, then 60 for good. */
const LADDER_MS = [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000] as const

/**
 * How long to wait after the n-th failure in a row (1 is the first).
 * Spread over the upper half of the step, so that many streamers that failed together do not return together and the
 * step still means what it says to an operator.
 */
export function backoffMs(failures: number, random: () => number): number {
  const step = LADDER_MS[Math.min(Math.max(failures, 1), LADDER_MS.length) - 1] ?? 60_000
  return Math.round(step * (0.5 + random() / 2))
}

/** Full jitter for reconnecting sockets: anywhere between zero and the cap of this attempt, 1 s to 30 s. */
export function fullJitterMs(failures: number, random: () => number, maxMs = 30_000): number {
  const cap = Math.min(maxMs, 1_000 * 2 ** Math.min(Math.max(failures, 1) - 1, 10))
  return Math.round(cap * random())
}
