import { eventually } from '../support/eventually.ts'
import type { RedisProcess } from '../support/redis-process.ts'
import { startSentinel, type RedisGroup } from '../support/redis-server.ts'

/** A primary, two replicas and three Sentinels that watch them, all of which can be made to fall. */
export interface WatchedRedis {
  environment: Record<string, string>
  servers: readonly RedisProcess[]
  sentinels: readonly RedisProcess[]
  /** As the Sentinels say. */
  primary(): Promise<RedisProcess>
  /** Kills the primary alone: the Sentinels will make another one. */
  killPrimary(): Promise<RedisProcess>
  /** Kills all servers; the Sentinels stay. */
  killAll(): Promise<void>
  /** Starts what was killed, empty, with the same primary as before. */
  revive(): Promise<void>
  stop(): Promise<void>
}

export async function startRedis(): Promise<WatchedRedis> {
  const group: RedisGroup = await startSentinel()
  const servers = group.processes.slice(0, -3)
  const sentinels = group.processes.slice(-3)
  return {
    environment: group.environment,
    servers,
    sentinels,
    primary: () => group.primary(),
    killPrimary: () => group.killPrimary(),
    async killAll() {
      await Promise.all(servers.map((server) => server.kill()))
    },
    async revive() {
      const primary = await group.primary()
      const dead = servers.filter((server) => server.pid() === null)
      if (primary.pid() === null) await primary.restart()
      // Whoever was made primary by Sentinels comes back as what its command line says.
      await primary.ask('replicaof', 'no', 'one')
      for (const server of dead) {
        if (server === primary) continue
        await server.restart()
        await server.ask('replicaof', '127.0.0.1', primary.port)
      }
      await eventually('Redis answers', () => primary.ask('ping').then(Boolean, () => false))
    },
    stop: group.stop,
  }
}
