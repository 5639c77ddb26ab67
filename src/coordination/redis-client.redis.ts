import { Cluster, Redis, type RedisOptions } from 'ioredis'
import type { RedisAddress, RedisConfig } from './redis-config.ts'

/** Between attempts to connect: soon at first, then every second for ever. Spread, so that nodes do not come together. */
const FIRST_RETRY_MS = 50
const LAST_RETRY_MS = 1_000

export function retryMs(failures: number, random: () => number): number {
  return Math.round(Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(failures - 1, 10)) * (0.5 + random() / 2))
}

/**
 * What every connection has. Nothing waits for a Redis that is away: what cannot be sent fails, what was sent and not
 * answered fails with its connection, and subscriptions are made anew by whoever keeps them.
 */
function connectionOptions(config: RedisConfig, random: () => number) {
  return {
    lazyConnect: true,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    autoResubscribe: false,
    connectTimeout: 2_000,
    // A socket whose other side is gone never says goodbye.
    disconnectTimeout: 200,
    keepAlive: 10_000,
    maxLoadingRetryTime: LAST_RETRY_MS,
    retryStrategy: (failures: number) => retryMs(failures, random),
    // A primary that became a replica under our feet.
    reconnectOnError: (error: Error) => error.message.startsWith('READONLY'),
    connectionName: 'chatfolk',
    db: config.db,
    ...(config.username === null ? {} : { username: config.username }),
    ...(config.password === null ? {} : { password: config.password }),
    ...(config.tls ? { tls: config.tls } : {}),
  } satisfies RedisOptions
}

/** A connection to the one server, or to the primary that Sentinels name; begun by its `connect`. */
export function createRedis(config: Exclude<RedisConfig, { kind: 'cluster' }>, random: () => number): Redis {
  const common = { ...connectionOptions(config, random), enableAutoPipelining: true }
  if (config.kind === 'single') return new Redis({ ...common, ...config.address })
  return new Redis({
    ...common,
    sentinels: config.sentinels,
    name: config.name,
    connectTimeout: 1_000,
    sentinelCommandTimeout: 1_000,
    // Where none answers the client comes to its end, and is made anew.
    sentinelRetryStrategy: () => null,
    // Clients with it were left without a connection in 7 of 20 failovers, without it in none.
    failoverDetector: false,
    // Without a password of their own they take any for this user.
    ...(config.password === null ? {} : { sentinelUsername: 'default', sentinelPassword: config.password }),
    ...(config.tls ? { sentinelTLS: config.tls, enableTLSForSentinelMode: true } : {}),
  })
}

/** For commands alone: how subscriptions are kept see `subscriptions.redis.ts`. */
export function createCluster(config: Extract<RedisConfig, { kind: 'cluster' }>, random: () => number): Cluster {
  // The cluster has a queue and retries of its own.
  const { enableOfflineQueue: _queue, retryStrategy: _retry, ...redisOptions } = connectionOptions(config, random)
  return new Cluster(config.nodes, {
    lazyConnect: true,
    enableOfflineQueue: false,
    enableAutoPipelining: true,
    clusterRetryStrategy: (failures) => retryMs(failures, random),
    slotsRefreshTimeout: 1_000,
    slotsRefreshInterval: 5_000,
    // Names stay names: certificates speak of those.
    dnsLookup: (host, callback) => callback(null, host),
    redisOptions,
  })
}

/** A connection of its own to one node of a cluster. */
export function createClusterNode(config: RedisConfig, address: RedisAddress, random: () => number): Redis {
  return new Redis({ ...connectionOptions(config, random), ...address })
}

/** Why it does not work, in one line without a secret: errors themselves carry the command, which may be `AUTH`. */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return reasonOf(error.errors[0])
  if (!(error instanceof Error)) return 'unknown'
  if ('lastNodeError' in error && error.lastNodeError) return reasonOf(error.lastNodeError)
  return (error.message || String((error as NodeJS.ErrnoException).code)).slice(0, 200)
}
