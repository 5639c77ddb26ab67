import { randomUUID } from 'node:crypto'
import { systemClock } from '../../src/base/clock.ts'
import type { Logger } from '../../src/base/logger.ts'
import { createMetrics } from '../../src/base/metrics.ts'
import { connectRedis, type ConnectedRedis } from '../../src/coordination/connect.redis.ts'
import type { RedisConfig } from '../../src/coordination/redis-config.ts'
import { silentLogger } from './logger.ts'

/** A node's side of Redis, as `compose-cluster.ts` makes it. */
export function connectTestRedis(
  config: RedisConfig,
  {
    logger = silentLogger,
    metrics = createMetrics(),
  }: { logger?: Logger; metrics?: ReturnType<typeof createMetrics> } = {},
): ConnectedRedis {
  return connectRedis({ config, origin: randomUUID(), clock: systemClock, random: Math.random, logger, metrics })
}
