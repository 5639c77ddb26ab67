/** So many messages in a time, whoever counts them from whichever moment. */
export interface MessageRate {
  messages: number
  windowMs: number
}

/** Buckets of one kind: one a bot account, a channel, a viewer. */
export interface MessageBuckets {
  /** Whether `key` may send one now, by the monotonic clock. Takes nothing. */
  has(key: string, nowMs: number): boolean
  take(key: string, nowMs: number): void
  /** Forgets whose bucket is full again: that is what a new one would be. */
  sweep(nowMs: number): void
}

/**
 * Token buckets of half the allowed size that refill with the other half during the window: in no stretch of that
 * length leaves more than what is allowed, wherever the platform's own window begins.
 */
export function createMessageBuckets({ messages, windowMs }: MessageRate): MessageBuckets {
  const size = Math.max(1, messages / 2)
  const perMs = Math.max(0, messages - size) / windowMs || 1 / windowMs
  const buckets = new Map<string, { tokens: number; at: number }>()
  const tokensOf = (key: string, now: number) => {
    const bucket = buckets.get(key)
    return bucket ? Math.min(size, bucket.tokens + (now - bucket.at) * perMs) : size
  }
  return {
    has: (key, now) => tokensOf(key, now) >= 1,
    take(key, now) {
      buckets.set(key, { tokens: tokensOf(key, now) - 1, at: now })
    },
    sweep(now) {
      for (const key of buckets.keys()) if (tokensOf(key, now) >= size) buckets.delete(key)
    },
  }
}
