import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { Gauge } from 'prom-client'
import { createHaproxy } from '../../scripts/cluster/haproxy.ts'
import { createNode } from '../../scripts/cluster/nodes.ts'
import { createPlatforms } from '../../scripts/cluster/platforms.ts'
import { createPorts } from '../../scripts/cluster/ports.ts'
import { createPostgres, type Postgres } from '../../scripts/cluster/postgres.ts'
import { createProcesses } from '../../scripts/cluster/processes.ts'
import { createDatabase } from '../../src/persistence/database.ts'
import { migrate } from '../../src/persistence/migrate.ts'
import { silentLogger } from '../support/logger.ts'
import type { NodeLife } from './recording.ts'
import { startRedis, type WatchedRedis } from './redis.ts'
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts'

/** A node with its wires to everything, and its process of the moment. */
export interface TestedNode {
  id: string
  url: string
  roles: string
  wires: { postgres: TcpProxy; redis: TcpProxy[]; simulator: TcpProxy }
  /** The process that runs or ran last; `undefined` before the first. */
  life(): NodeLife | undefined
  isRunning(): boolean
  /** Starts the process; resolves when it serves. */
  start(): Promise<void>
  /** Ends the process in this way; resolves when it is gone. */
  end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void>
  pause(): void
  resume(): void
}

export interface Cluster {
  /** Where people and overlays come: HAProxy. */
  baseUrl: string
  simulatorUrl: string
  adminToken: string
  nodes: TestedNode[]
  /** Of all nodes, in the order of their starts. */
  lives: NodeLife[]
  postgres: Postgres
  redis: WatchedRedis
  stop(): Promise<void>
}

export interface ClusterOptions {
  directory: string
  seed: number
  /** The roles of each node. */
  roles: readonly string[]
  /** Each has a budget of its own at DonationAlerts. */
  applications: number
  rateWindowMs: number
}

/** Real programs, on ports of the loopback interface. The nodes are not started yet. */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const { directory, seed, roles, applications, rateWindowMs } = options
  const processes = createProcesses({ logs: join(directory, 'logs'), remove: [join(directory, 'postgres')] })
  const port = createPorts()
  const ends: Array<() => unknown> = [() => processes.close()]
  const stop = async () => {
    for (const end of ends.toReversed()) await Promise.resolve(end()).catch(() => undefined)
  }
  try {
    const platforms = createPlatforms({
      processes,
      port: await port(),
      args: ['--seed', String(seed), '--rate-window-ms', String(rateWindowMs)],
    })
    const postgres = await createPostgres({ processes, directory: join(directory, 'postgres'), port: await port() })
    ends.push(platforms.stop, () => postgres.kill('SIGQUIT'))
    const [redis] = await Promise.all([startRedis(), platforms.start(), postgres.start().then(() => prepare(postgres))])
    ends.push(redis.stop)

    const places = await Promise.all(
      roles.map(async (role, index) => ({ id: `node-${index + 1}`, role, port: await port() })),
    )
    const haproxy = await createHaproxy({
      processes,
      directory: join(directory, 'haproxy'),
      port: await port(),
      metricsPort: await port(),
      servers: places
        .filter(({ role }) => role.includes('web'))
        .map(({ id, port }) => ({ name: id, address: `127.0.0.1:${port}` })),
    })
    ends.push(haproxy.stop)
    await haproxy.start()

    const simulatorUrl = `http://127.0.0.1:${platforms.port}`
    const baseUrl = `http://127.0.0.1:${haproxy.port}`
    const adminToken = randomBytes(16).toString('hex')
    const lives: NodeLife[] = []
    const environment = {
      ...platforms.environment,
      ...redis.environment,
      BASE_URL: baseUrl,
      SECRET_KEYS: randomBytes(32).toString('base64'),
      ADMIN_TOKEN: adminToken,
      TRUSTED_PROXIES: '127.0.0.1',
      LOG_LEVEL: 'info',
      DONATIONALERTS_CLIENT_ID: '',
      DONATIONALERTS_CLIENT_SECRET: '',
      DONATIONALERTS_APPS: Array.from({ length: applications }, (_, n) => `da-${n + 1}:da-${n + 1}-secret`).join(','),
    }
    const nodes: TestedNode[] = []
    for (const { id, role, port } of places) {
      const wires = await layWires({ postgres, redis, simulatorPort: platforms.port })
      // A wire that is left listening would keep us alive.
      for (const wire of [wires.postgres, wires.simulator, ...wires.redis]) ends.push(wire.close)
      const node = createTestedNode({
        processes,
        id,
        role,
        port,
        lives,
        environment: {
          ...moved(environment, wires.moved),
          DATABASE_URL: moved({ url: postgres.url }, wires.moved).url,
        },
      })
      const all = [wires.postgres, wires.simulator, ...wires.redis]
      ends.push(() => Promise.all(all.map((wire) => wire.close())), node.stop)
      nodes.push({ ...node, wires })
    }
    return { baseUrl, simulatorUrl, adminToken, nodes, lives, postgres, redis, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** The tables are there before any node, for whoever looks on. */
async function prepare({ url }: Postgres): Promise<void> {
  const db = createDatabase({
    connectionString: url,
    logger: silentLogger,
    metrics: { databaseUp: new Gauge({ name: 'database_up', help: 'of a test', registers: [] }) },
  })
  await migrate(db, { logger: silentLogger })
  await db.close()
}

/** Between a node and everything else, so that each can be cut off by itself. `moved`: ports, and what stands for them. */
async function layWires(to: { postgres: Postgres; redis: WatchedRedis; simulatorPort: number }) {
  const moved = new Map<string, string>()
  const lay = async (targetPort: number, rewrite?: ReadonlyMap<string, string>) => {
    const wire = await startTcpProxy({ targetPort, ...(rewrite ? { rewrite } : {}) })
    moved.set(String(targetPort), String(wire.port))
    return wire
  }
  const postgres = await lay(to.postgres.port)
  const simulator = await lay(to.simulatorPort)
  const redis: TcpProxy[] = []
  for (const { port } of to.redis.servers) redis.push(await lay(port))
  // Sentinels tell where others are; a node is to hear of its own wires.
  for (const { port } of to.redis.sentinels) redis.push(await lay(port, moved))
  return { postgres, simulator, redis, moved }
}

function moved<Settings extends Record<string, string>>(
  settings: Settings,
  ports: ReadonlyMap<string, string>,
): Settings {
  const replaced = Object.entries(settings).map(([name, value]) => [
    name,
    value.replaceAll(/(?<=:)\d{4,5}(?!\d)/g, (port) => (name === 'BASE_URL' ? port : (ports.get(port) ?? port))),
  ])
  return Object.fromEntries(replaced) as Settings
}

function createTestedNode(options: {
  processes: ReturnType<typeof createProcesses>
  id: string
  role: string
  port: number
  environment: Record<string, string>
  lives: NodeLife[]
}) {
  const { processes, id, role, port, environment, lives } = options
  let life: NodeLife | undefined
  const node = createNode({
    processes,
    name: id,
    roles: role,
    port,
    environment,
    restart: null,
    onDeath({ exit }) {
      if (!life) return
      Object.assign(life, { endedAt: Date.now(), exitCode: exit.code, end: life.end ?? 'unasked' })
    },
  })
  return {
    id,
    url: node.url,
    roles: role,
    life: () => life,
    isRunning: () => node.pid() !== undefined,
    async start() {
      const startedAt = Date.now()
      const ready = node.start()
      const mine: NodeLife = {
        nodeId: id,
        pid: node.pid() ?? 0,
        startedAt,
        readyAt: null,
        endedAt: null,
        end: null,
        exitCode: null,
      }
      life = mine
      lives.push(mine)
      await ready
      mine.readyAt = Date.now()
    },
    async end(signal: 'SIGKILL' | 'SIGTERM') {
      if (life) life.end = signal
      await node.kill(signal)
    },
    pause: node.pause,
    resume: node.resume,
    async stop() {
      if (life) life.end ??= 'SIGTERM'
      node.resume()
      await node.stop()
    },
  }
}
