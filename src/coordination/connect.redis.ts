import type { Cluster, Redis } from 'ioredis'
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/logger.ts'
import type { Metrics } from '../base/metrics.ts'
import { createRedisBus, type BusConnection } from './bus.redis.ts'
import type { Bus } from './bus.ts'
import { keepConnection, type KeptConnection } from './kept-connection.redis.ts'
import { createCluster, createClusterNode, createRedis } from './redis-client.redis.ts'
import { describeRedis, type RedisConfig } from './redis-config.ts'
import { createRedisHealth, type RedisHealth } from './redis-health.redis.ts'
import { createRedisKeys } from './shared-keys.redis.ts'
import type { SharedKeys } from './shared-keys.ts'
import { keepShardedSubscriptions } from './sharded-subscriptions.redis.ts'
import { keepSubscriptions } from './subscriptions.redis.ts'

export interface ConnectRedisOptions {
  config: RedisConfig
  /** This process and no other, ever. */
  origin: string
  clock: Clock
  random: () => number
  logger: Logger
  metrics: Pick<Metrics, 'busMessages' | 'redisUp'>
}

/** What goes between nodes over one Redis, of whatever kind. */
export interface ConnectedRedis {
  bus: Bus
  keys: SharedKeys
  isUp(): boolean
  /** Where it is, for an operator. */
  where: string
  /** What is wrong while it is not up, without secrets. */
  trouble(): string | null
  /** Resolves with whether it came up within `ms`. */
  comesUp(ms: number): Promise<boolean>
  /** Of the bus, and all connections with it. */
  close(): Promise<void>
}

const WRONG_ROLES: Readonly<Record<string, string>> = {
  slave: 'it is a replica, which takes no writes: name the primary',
  sentinel: 'it is a Sentinel: name it in REDIS_SENTINELS',
}
/** A replica may be made primary. */
const ASK_ROLE_EVERY_MS = 1_000

/** Begins to connect, and goes on with it for ever. Never throws for want of a Redis. */
export function connectRedis({ config, origin, clock, random, logger, metrics }: ConnectRedisOptions): ConnectedRedis {
  const where = describeRedis(config)
  const health = createRedisHealth({ where, clock, logger, metrics })
  const onMessage = createOnMessage()
  const { commands, mayWrite, subscriptions, publish } =
    config.kind === 'cluster'
      ? connectCluster({ config, health, onMessage: onMessage.tell, clock, random })
      : connectOne({ config, health, onMessage: onMessage.tell, clock, random })

  const connection: BusConnection = {
    publish,
    subscribe: subscriptions.subscribe,
    unsubscribe: subscriptions.unsubscribe,
    onMessage: onMessage.set,
    isUp: health.isUp,
    onUp: health.onUp,
    close() {
      subscriptions.close()
      commands.close()
    },
  }
  const bus = createRedisBus({
    connection,
    origin,
    clock,
    metrics,
    onError: (error) => logger.error({ err: error }, 'a listener of the bus failed'),
  })
  return {
    bus,
    keys: createRedisKeys({ client: commands.client, isUp: mayWrite, clock }),
    isUp: health.isUp,
    where,
    trouble: health.trouble,
    comesUp(ms) {
      if (health.isUp()) return Promise.resolve(true)
      return new Promise((resolve) => {
        const end = (up: boolean) => {
          stop()
          cancel()
          resolve(up)
        }
        const stop = health.onUp(() => end(true))
        const cancel = clock.after(ms, () => end(false))
      })
    },
    close: bus.close,
  }
}

interface Connecting<Config> {
  config: Config
  health: RedisHealth
  onMessage(channel: string, payload: string): void
  clock: Clock
  random: () => number
}

interface Connections {
  commands: KeptConnection<Redis | Cluster>
  mayWrite(): boolean
  publish: BusConnection['publish']
  subscriptions: { subscribe(channel: string): void; unsubscribe(channel: string): void; close(): void }
}

function connectOne({
  config,
  health,
  onMessage,
  clock,
  random,
}: Connecting<Exclude<RedisConfig, { kind: 'cluster' }>>): Connections {
  const part = health.part()
  const commands = keepConnection({
    open: () => createRedis(config, random),
    connectionsOf: (client) => [client],
    // Sentinels are believed, and asked again by the client.
    onReady: (client) => (config.kind === 'sentinel' ? part.set(true) : void admit(client)),
    onLost: () => part.set(false),
    onTrouble: part.failed,
    clock,
    random,
  })
  /** A replica and a Sentinel take connections and subscriptions, and would be believed to be the Redis. */
  async function admit(client: Redis): Promise<void> {
    // Who may not ask for the role is not to be kept out for it.
    const role = await client.call('ROLE').then(
      (answer) => (Array.isArray(answer) ? String(answer[0]) : null),
      () => null,
    )
    if (!commands.isReady()) return
    const wrong = role === null ? undefined : WRONG_ROLES[role]
    if (wrong === undefined) return part.set(true)
    part.failed(wrong)
    clock.after(ASK_ROLE_EVERY_MS, () => {
      if (commands.isReady()) void admit(commands.client())
    })
  }
  const subscriptions = keepSubscriptions({
    open: () => createRedis(config, random),
    sharded: null,
    onMessage,
    part: health.part(),
    clock,
    random,
  })
  return {
    commands,
    mayWrite: () => part.isUp() && commands.isReady(),
    publish: (channel, payload) => commands.client().publish(channel, payload),
    subscriptions: {
      subscribe: (channel) => subscriptions.add([channel]),
      unsubscribe: (channel) => subscriptions.remove([channel]),
      close: subscriptions.close,
    },
  }
}

function connectCluster({
  config,
  health,
  onMessage,
  clock,
  random,
}: Connecting<Extract<RedisConfig, { kind: 'cluster' }>>): Connections {
  const part = health.part()
  const commands: KeptConnection<Cluster> = keepConnection({
    open() {
      const cluster = createCluster(config, random)
      cluster.on('refresh', () => subscriptions.settle())
      return cluster
    },
    connectionsOf: (cluster) => cluster.nodes(),
    onReady: () => part.set(true),
    onLost: () => part.set(false),
    onTrouble: part.failed,
    clock,
    random,
  })
  const subscriptions = keepShardedSubscriptions({
    cluster: commands.client,
    openNode: (address) => createClusterNode(config, address, random),
    onMessage,
    health,
    clock,
    random,
  })
  return {
    commands,
    mayWrite: commands.isReady,
    publish: (channel, payload) => commands.client().spublish(channel, payload),
    subscriptions: { subscribe: subscriptions.add, unsubscribe: subscriptions.remove, close: subscriptions.close },
  }
}

function createOnMessage() {
  let handler: (channel: string, payload: string) => void = () => {}
  return {
    tell: (channel: string, payload: string) => handler(channel, payload),
    set(next: typeof handler) {
      handler = next
    },
  }
}
