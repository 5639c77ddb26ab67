import { randomBytes } from 'node:crypto'
import type { Clock } from './base/clock.ts'
import { StartError } from './base/errors.ts'
import type { Logger } from './base/logger.ts'
import type { Metrics } from './base/metrics.ts'
import type { Config } from './config.ts'
import { createMemoryBus } from './coordination/bus.memory.ts'
import type { Bus } from './coordination/bus.ts'
import { createMemoryKeys } from './coordination/shared-keys.memory.ts'
import type { SharedKeys } from './coordination/shared-keys.ts'
import type { DependencyState } from './http/health.ts'

/** A start that needs Redis fails within 10 s, its other steps included. */
const REQUIRED_WITHIN_MS = 6_000
/** One that does not need it gives it a moment, so that a healthy Redis is not warned of. */
const EXPECTED_WITHIN_MS = 1_000

export interface ComposeClusterOptions {
  config: Pick<Config, 'redis' | 'redisRequired'>
  clock: Clock
  random: () => number
  logger: Logger
  metrics: Metrics
}

/** What goes between this node and others; within the node where it is alone. */
export interface Cluster {
  bus: Bus
  keys: SharedKeys
  /** False where none is configured. */
  isRedisUp(): boolean
  redisState(): DependencyState
  close(): Promise<void>
}

/** @throws StartError 69 where Redis is required and does not come up. */
export async function composeCluster(options: ComposeClusterOptions): Promise<Cluster> {
  const { config, clock, random, logger, metrics } = options
  if (!config.redis) {
    metrics.redisUp.remove()
    const bus = createMemoryBus({ onError: (error) => logger.error({ err: error }, 'a listener of the bus failed') })
    return {
      bus,
      keys: createMemoryKeys({ clock }),
      isRedisUp: () => false,
      redisState: () => 'ok',
      close: bus.close,
    }
  }

  // A node that is alone need not load the client.
  const { connectRedis } = await import('./coordination/connect.redis.ts')
  const origin = randomBytes(9).toString('base64url')
  const redis = connectRedis({ config: config.redis, origin, clock, random, logger, metrics })
  if (!(await redis.comesUp(config.redisRequired ? REQUIRED_WITHIN_MS : EXPECTED_WITHIN_MS))) {
    const reason = redis.trouble() ?? 'no answer'
    if (config.redisRequired) {
      await redis.close()
      throw new StartError(69, [
        `Redis cannot be used at ${redis.where} (${reason}), and REDIS_REQUIRED is true: start Redis, correct REDIS_URL, REDIS_SENTINELS or REDIS_CLUSTER, or set REDIS_REQUIRED=false.`,
      ])
    }
    logger.warn(
      { redis: redis.where, reason },
      'Redis cannot be used: until it can, other nodes see no chat, alerts and settings of this one before they ask the ' +
        'database, work changes nodes with a gap, and overlays on several nodes may each take the lead. It is joined by itself',
    )
  }
  return {
    bus: redis.bus,
    keys: redis.keys,
    isRedisUp: redis.isUp,
    redisState() {
      if (redis.isUp()) return 'ok'
      return config.redisRequired ? 'down' : 'degraded'
    },
    close: redis.close,
  }
}
