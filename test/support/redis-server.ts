import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { RedisAddress, RedisConfig } from '../../src/coordination/redis-config.ts'
import { eventually } from './eventually.ts'
import { freePort, openRedisHome, startRedisProcess, type RedisProcess } from './redis-process.ts'

/** Whoever wants it stopped at its end; a test, or nothing where the caller stops it himself. */
type Owner = { after(end: () => unknown): void }

interface Deployment {
  config: RedisConfig
  /** The same, as an operator would write it. */
  environment: Record<string, string>
  /** All processes, in the order in which they were started. */
  processes: RedisProcess[]
  /** Ends all of it. Safe to call more than once. */
  stop(): Promise<void>
}

export interface RedisServer extends Deployment {
  url: string
  kill(): Promise<void>
  restart(): Promise<void>
  /** SIGSTOP and SIGCONT. */
  pause(): void
  resume(): void
  /** Any command, straight to the server. */
  ask: RedisProcess['ask']
}

export interface RedisGroup extends Deployment {
  /** The process that serves what `key` belongs to; where there is one primary, any key will do. */
  primary(key?: string): Promise<RedisProcess>
  /** SIGKILLs the primary of that key and resolves at once. @returns what was killed, to be restarted. */
  killPrimary(key?: string): Promise<RedisProcess>
  /** The same, and waits until a replica has taken its place. */
  failover(key?: string): Promise<RedisProcess>
}

const PASSWORD = 'redis-test-password'
const SENTINEL_NAME = 'chatfolk-test'
/** A key with its certificate for localhost and 127.0.0.1, signed by itself: nobody's, and good for a hundred years. */
const PEM = join(import.meta.dirname, '..', 'fixtures', 'self-signed-localhost.pem')

/** One server. With `tls` it takes nothing else, and `config` knows its certificate. */
export async function startRedis(t?: Owner, { tls = false, password = PASSWORD } = {}): Promise<RedisServer> {
  return start(t, async (home) => {
    const server = await startRedisProcess({ home, settings: {}, password, pem: tls ? PEM : undefined })
    const url = `${tls ? 'rediss' : 'redis'}://:${password}@127.0.0.1:${server.port}`
    return {
      url,
      config: {
        kind: 'single',
        address: { host: '127.0.0.1', port: server.port },
        ...accessWith(password),
        tls: tls ? { ca: readFileSync(PEM) } : null,
      },
      environment: { REDIS_URL: url },
      processes: [server],
      kill: server.kill,
      restart: server.restart,
      pause: server.pause,
      resume: server.resume,
      ask: server.ask,
    }
  })
}

/** A primary with two replicas, watched by three Sentinels that take it for dead after a second. */
export function startSentinel(t?: Owner): Promise<RedisGroup> {
  return start(t, async (home) => {
    const password = PASSWORD
    const first = await startRedisProcess({ home, settings: {}, password })
    const replicas = await Promise.all(
      [1, 2].map(() =>
        startRedisProcess({ home, settings: { replicaof: `127.0.0.1 ${first.port}`, 'repl-timeout': 3 }, password }),
      ),
    )
    const servers = [first, ...replicas]
    const sentinels = await Promise.all(
      [1, 2, 3].map(() =>
        startRedisProcess({
          home,
          settings: {},
          sentinel: [
            `sentinel monitor ${SENTINEL_NAME} 127.0.0.1 ${first.port} 2`,
            `sentinel auth-pass ${SENTINEL_NAME} ${password}`,
            `sentinel down-after-milliseconds ${SENTINEL_NAME} 1000`,
            // A failed one is tried again after twice this.
            `sentinel failover-timeout ${SENTINEL_NAME} 2000`,
          ],
        }),
      ),
    )
    const counts = async (sentinel: RedisProcess) => {
      const told = pairs((await sentinel.ask('sentinel', 'master', SENTINEL_NAME)) as string[])
      return [told.get('num-slaves'), told.get('num-other-sentinels')]
    }
    await eventually(
      'Sentinels that know the replicas and each other',
      async () =>
        (await Promise.all(sentinels.map(counts))).every(([slaves, others]) => slaves === '2' && others === '2'),
      30_000,
    )
    await eventually('replicas that are in step', () => everyOne(replicas, isInStep), 30_000)

    const primary = async () => {
      for (const sentinel of sentinels) {
        const [, port] = ((await sentinel
          .ask('sentinel', 'get-master-addr-by-name', SENTINEL_NAME)
          .catch(() => null)) ?? []) as string[]
        const found = servers.find((server) => String(server.port) === port)
        if (found) return found
      }
      throw new Error('no Sentinel answers')
    }
    return {
      config: {
        kind: 'sentinel',
        sentinels: sentinels.map(addressOf),
        name: SENTINEL_NAME,
        ...accessWith(password),
      },
      environment: {
        REDIS_URL: `redis://:${password}@sentinels.know`,
        REDIS_SENTINELS: sentinels.map(({ port }) => `127.0.0.1:${port}`).join(','),
        REDIS_SENTINEL_NAME: SENTINEL_NAME,
      },
      processes: [...servers, ...sentinels],
      ...withPrimary(primary),
    }
  })
}

/** Three primaries with a replica each, which take each other for dead after a second. */
export function startCluster(t?: Owner): Promise<RedisGroup> {
  return start(t, async (home) => {
    const password = PASSWORD
    const servers = await Promise.all(
      Array.from({ length: 6 }, async () =>
        startRedisProcess({
          home,
          settings: {
            'cluster-enabled': 'yes',
            // By itself it would be the port plus 10,000, which may be taken or no port at all.
            'cluster-port': await freePort(),
            'cluster-node-timeout': 1_000,
            'cluster-replica-validity-factor': 0,
            'repl-timeout': 3,
          },
          password,
        }),
      ),
    )
    const primaries = servers.slice(0, 3)
    const replicas = servers.slice(3)
    const ids = new Map<RedisProcess, string>()
    for (const server of servers) ids.set(server, String(await server.ask('cluster', 'myid')))
    for (const [index, server] of primaries.entries()) {
      await server.ask('cluster', 'set-config-epoch', index + 1)
      const from = Math.ceil((index * 16_384) / 3)
      await server.ask('cluster', 'addslotsrange', from, Math.ceil(((index + 1) * 16_384) / 3) - 1)
    }
    const [first] = primaries as [RedisProcess]
    for (const server of servers.slice(1)) {
      const busPort = (await server.ask('config', 'get', 'cluster-port')) as string[]
      await first.ask('cluster', 'meet', '127.0.0.1', server.port, busPort[1] ?? '')
    }
    const tells = async (server: RedisProcess, name: string) => infoOf(await server.ask('cluster', 'info')).get(name)
    await eventually(
      'nodes of the cluster that know each other',
      () => everyOne(servers, async (server) => (await tells(server, 'cluster_known_nodes')) === '6'),
      30_000,
    )
    for (const [index, replica] of replicas.entries()) {
      const id = ids.get(primaries[index] ?? first) ?? ''
      await eventually(
        'a replica that knows its primary',
        () => replica.ask('cluster', 'replicate', id).then(Boolean, () => false),
        30_000,
      )
    }
    await eventually(
      'a cluster that is ready',
      async () =>
        (await everyOne(servers, async (server) => (await tells(server, 'cluster_state')) === 'ok')) &&
        (await everyOne(replicas, isInStep)) &&
        // Everybody must know whose replica is whose, or nobody is elected later.
        (await everyOne(
          servers,
          async (server) => String(await server.ask('cluster', 'nodes')).split(/\bslave\b/).length === 4,
        )),
      30_000,
    )

    const primary = async (key = 'any') => {
      for (const server of servers) {
        const answer = await server.ask('set', key, '').catch((error: unknown) => String(error))
        if (answer === 'OK') {
          await server.ask('del', key)
          return server
        }
      }
      throw new Error('nobody serves this key')
    }
    return {
      config: { kind: 'cluster', nodes: servers.map(addressOf), ...accessWith(password) },
      environment: {
        REDIS_URL: `redis://:${password}@cluster.knows`,
        REDIS_CLUSTER: servers.map(({ port }) => `127.0.0.1:${port}`).join(','),
      },
      processes: servers,
      ...withPrimary(primary),
    }
  })
}

async function start<T extends Omit<Deployment, 'stop'>>(
  t: Owner | undefined,
  build: (home: string) => Promise<T>,
): Promise<T & { stop(): Promise<void> }> {
  for (let attempt = 1; ; attempt++) {
    const { home, close } = await openRedisHome()
    let stopping: Promise<void> | undefined
    const stop = () => (stopping ??= close())
    try {
      const built = await build(home)
      t?.after(stop)
      return { ...built, stop }
    } catch (error) {
      await stop()
      // Somebody else was faster to take a port that was free a moment ago.
      if (attempt === 3 || !/already in use/i.test(String(error))) throw error
    }
  }
}

function withPrimary(primary: (key?: string) => Promise<RedisProcess>) {
  const killPrimary = async (key?: string) => {
    const killed = await primary(key)
    await killed.kill()
    return killed
  }
  return {
    primary,
    killPrimary,
    async failover(key?: string) {
      const killed = await killPrimary(key)
      const takenOver = async () => {
        const next = await primary(key).catch(() => killed)
        return next !== killed && infoOf(await next.ask('info', 'replication')).get('role') === 'master'
      }
      await eventually('a replica that takes over', () => takenOver().catch(() => false), 30_000)
      return killed
    },
  }
}

async function isInStep(replica: RedisProcess): Promise<boolean> {
  return infoOf(await replica.ask('info', 'replication')).get('master_link_status') === 'up'
}

async function everyOne(servers: RedisProcess[], holds: (server: RedisProcess) => Promise<boolean>): Promise<boolean> {
  return (await Promise.all(servers.map(holds))).every(Boolean)
}

const accessWith = (password: string) => ({ username: null, password, db: 0, tls: null })

const addressOf = ({ port }: RedisProcess): RedisAddress => ({ host: '127.0.0.1', port })

function infoOf(text: unknown): Map<string, string> {
  return new Map(
    String(text)
      .split('\r\n')
      .map((line) => line.split(':'))
      .map(([name = '', ...value]) => [name, value.join(':')]),
  )
}

function pairs(list: string[]): Map<string, string> {
  return new Map(list.flatMap((name, index) => (index % 2 === 0 ? [[name, list[index + 1] ?? '']] : [])) as never)
}
