import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/logger.ts'
import type { Metrics } from '../base/metrics.ts'

/** Being away says no more than that it is lost. Anything else (a password, a certificate) is for somebody to mend. */
const AWAY = /ECONN|ETIMEDOUT|EHOST|ENET|EPIPE|ENOTFOUND|EAI_AGAIN|closed|not answer|unreachable|startup nodes/
/** Reasons of one outage that get a line each. */
const MAX_REASONS = 5

export interface RedisHealth {
  /** Up when every part of it is. */
  isUp(): boolean
  /** What was last wrong. */
  trouble(): string | null
  onUp(handler: () => void): () => void
  /** A connection that must be there; it begins as one that is not. */
  part(): HealthPart
}

export interface HealthPart {
  set(up: boolean): void
  failed(reason: string): void
  isUp(): boolean
  /** It is needed no more. */
  remove(): void
}

/** Several connections, one Redis for whoever reads the log: a line when it is lost, a line when it is back. */
export function createRedisHealth({
  where,
  clock,
  logger,
  metrics,
}: {
  where: string
  clock: Pick<Clock, 'monotonic'>
  logger: Logger
  metrics: Pick<Metrics, 'redisUp'>
}): RedisHealth {
  const parts = new Set<{ up: boolean }>()
  const handlers = new Set<() => void>()
  let up = false
  let downSince = clock.monotonic()
  let trouble: string | null = null
  let told = new Set<string>()
  metrics.redisUp.set(0)

  const settle = () => {
    const now = parts.size > 0 && [...parts].every((part) => part.up)
    if (now === up) return
    up = now
    metrics.redisUp.set(up ? 1 : 0)
    if (up) {
      logger.info({ redis: where, awayMs: Math.round(clock.monotonic() - downSince) }, 'Redis is there')
      trouble = null
      told = new Set()
      const waiting = [...handlers]
      for (const handler of waiting) handler()
    } else {
      downSince = clock.monotonic()
      logger.warn(
        { redis: where, reason: trouble ?? undefined },
        'Redis is lost: what goes between nodes waits until it is back',
      )
    }
  }

  return {
    isUp: () => up,
    trouble: () => trouble,
    onUp(handler) {
      handlers.add(handler)
      return () => handlers.delete(handler)
    },
    part() {
      const part = { up: false }
      parts.add(part)
      settle()
      return {
        set(value) {
          part.up = value
          if (parts.has(part)) settle()
        },
        failed(reason) {
          trouble = reason
          if (up || AWAY.test(reason) || told.has(reason) || told.size >= MAX_REASONS) return
          told.add(reason)
          logger.warn({ redis: where, reason }, 'Redis cannot be used')
        },
        isUp: () => part.up,
        remove() {
          parts.delete(part)
          settle()
        },
      }
    },
  }
}
