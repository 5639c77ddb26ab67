import type { Clock } from '../clock.ts'

/** Helix: so many points a minute for an application by itself, and as many for each of its users. */
const POINTS = 800
const MINUTE_MS = 60_000

export interface Points {
  /** Takes one point. `null` when there is none left. */
  take(bucket: string): { headers: Record<string, string>; left: boolean }
  clear(): void
}

/** Points come back steadily, as Twitch describes it; `Ratelimit-Reset` says when all of them are back. */
export function createPoints(clock: Clock): Points {
  const buckets = new Map<string, { points: number; at: number }>()
  return {
    take(key) {
      const now = clock.monotonic()
      const bucket = buckets.get(key) ?? { points: POINTS, at: now }
      bucket.points = Math.min(POINTS, bucket.points + ((now - bucket.at) * POINTS) / MINUTE_MS)
      bucket.at = now
      const left = bucket.points >= 1
      if (left) bucket.points--
      buckets.set(key, bucket)
      const resetMs = clock.now() + ((POINTS - bucket.points) * MINUTE_MS) / POINTS
      return {
        left,
        headers: {
          'ratelimit-limit': String(POINTS),
          'ratelimit-remaining': String(Math.floor(bucket.points)),
          'ratelimit-reset': String(Math.ceil(resetMs / 1_000)),
        },
      }
    },
    clear: () => buckets.clear(),
  }
}
