import type { Clock } from '../clock.ts'

const MINUTE_MS = 60_000

export interface Points {
  /** Takes one point of a bucket that holds so many. `left` is false when there is none to take. */
  take(bucket: string, size: number): { headers: Record<string, string>; left: boolean }
  clear(): void
}

/** Points come back steadily, as Twitch describes it; `Ratelimit-Reset` says when all of them are back. */
export function createPoints(clock: Clock): Points {
  const buckets = new Map<string, { points: number; at: number }>()
  return {
    take(key, size) {
      const now = clock.monotonic()
      const bucket = buckets.get(key) ?? { points: size, at: now }
      bucket.points = Math.min(size, bucket.points + ((now - bucket.at) * size) / MINUTE_MS)
      bucket.at = now
      const left = bucket.points >= 1
      if (left) bucket.points--
      buckets.set(key, bucket)
      const resetMs = clock.now() + ((size - bucket.points) * MINUTE_MS) / size
      return {
        left,
        headers: {
          'ratelimit-limit': String(size),
          'ratelimit-remaining': String(Math.floor(bucket.points)),
          'ratelimit-reset': String(Math.ceil(resetMs / 1_000)),
        },
      }
    },
    clear: () => buckets.clear(),
  }
}
