import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { createHaproxy } from './haproxy.ts'
import { createNode, type ClusterNode } from './nodes.ts'
import { createPlatforms } from './platforms.ts'
import { createPorts } from './ports.ts'
import { createPostgres, type Postgres } from './postgres.ts'
import { createProcesses } from './processes.ts'
import { createPrometheus } from './prometheus.ts'
import { createRedis, createSentinel } from './redis.ts'
import type { Supervised, SupervisedOptions } from './supervised.ts'

export interface NodeSpec {
  name: string
  roles: string
}

export interface TopologyOptions {
  /** What the processes write: a file each. */
  logs: string
  /** For files of databases and the like; the whole directory goes when the topology is gone. */
  state: string
  nodes: readonly NodeSpec[]
  /** The port of the entry; a free one where none is given. */
  port?: number
  /** All the others from here on; free ones where none is given. */
  basePort?: number
  /** The public address; that of the entry where none is given. */
  baseUrl?: string
  /** More settings of the nodes, TWITCH_CLIENT_ID and the like: with it the real platforms, else the simulator. */
  environment?: Readonly<Record<string, string>>
  demo?: boolean
  prometheus?: boolean
  onDeath?: SupervisedOptions['onDeath']
  /** Says what is being begun. */
  onStep?: (name: string) => void
}

export interface Topology {
  baseUrl: string
  adminToken: string
  secretKeys: string
  postgres: Postgres
  /** The first is primary as long as nothing happens. */
  redis: Supervised[]
  sentinels: Supervised[]
  haproxy: Supervised
  platforms: (Supervised & { environment: Record<string, string> }) | null
  nodes: ClusterNode[]
  prometheus: Supervised | null
  /** Everything, in the order in which it was begun. */
  parts(): Supervised[]
  start(): Promise<void>
  /** Ends everything in reverse, and removes `state`. Also after a start that failed half way. */
  stop(): Promise<void>
}

const PRIMARY_NAME = 'chatfolk'
const SENTINELS = 3
const QUORUM = 2
const DOWN_AFTER_MS = 1_000
/** Later than the Sentinels notice: a primary that is killed is to be replaced, not to come back empty in its place. */
const RESTART_REDIS = { firstMs: 8_000, maxMs: 30_000 }
/** A dead node comes back under its name at once; one that cannot live is tried ever less often. */
const RESTART_NODE = { firstMs: 100, maxMs: 10_000 }
const RESTART_OTHERS = { firstMs: 1_000, maxMs: 10_000 }

/** The whole service on this machine's loopback interface, everything real but the machines. Nothing begun yet. */
export async function createTopology(options: TopologyOptions): Promise<Topology> {
  const { logs, state, environment = {}, onDeath, onStep } = options
  const processes = createProcesses({ logs, remove: [state] })
  const freePort = createPorts(options.basePort)
  const port = options.port ?? (await freePort())
  const isReal = environment['TWITCH_CLIENT_ID'] !== undefined
  // The one name without TLS to which Twitch lets people come back.
  const baseUrl = options.baseUrl ?? `http://${isReal ? 'localhost' : '127.0.0.1'}:${port}`
  const adminToken = randomBytes(24).toString('base64url')
  const secretKeys = environment['SECRET_KEYS'] ?? randomBytes(32).toString('base64')
  const life = (restart: SupervisedOptions['restart']) => ({ processes, restart, ...(onDeath ? { onDeath } : {}) })
  const at = (name: string) => ({ name, directory: join(state, name) })

  const postgres = await createPostgres({
    ...life(RESTART_OTHERS),
    directory: join(state, 'postgres'),
    port: await freePort(),
  })
  const primaryPort = await freePort()
  const redis = [
    await createRedis({ ...life(RESTART_REDIS), ...at('redis-1'), port: primaryPort }),
    await createRedis({
      ...life(RESTART_REDIS),
      ...at('redis-2'),
      port: await freePort(),
      replicaOf: primaryPort,
    }),
  ]
  const sentinels: Supervised[] = []
  for (let number = 1; number <= SENTINELS; number++) {
    const watching = { primaryName: PRIMARY_NAME, primaryPort, quorum: QUORUM, downAfterMs: DOWN_AFTER_MS }
    const place = { ...at(`sentinel-${number}`), port: await freePort() }
    sentinels.push(await createSentinel({ ...life(RESTART_OTHERS), ...place, ...watching }))
  }
  const platforms = isReal
    ? null
    : createPlatforms({ ...life(RESTART_OTHERS), port: await freePort(), demo: options.demo ?? false })

  const settings = {
    BASE_URL: baseUrl,
    DATABASE_URL: postgres.url,
    REDIS_SENTINELS: sentinels.map((sentinel) => `127.0.0.1:${sentinel.port}`).join(','),
    REDIS_SENTINEL_NAME: PRIMARY_NAME,
    SECRET_KEYS: secretKeys,
    ADMIN_TOKEN: adminToken,
    TRUSTED_PROXIES: '127.0.0.1',
    ...platforms?.environment,
    ...environment,
  }
  const nodes: ClusterNode[] = []
  for (const spec of options.nodes) {
    nodes.push(createNode({ ...life(RESTART_NODE), ...spec, port: await freePort(), environment: settings }))
  }

  const metricsPort = await freePort()
  const haproxy = await createHaproxy({
    ...life(RESTART_OTHERS),
    directory: join(state, 'haproxy'),
    port,
    metricsPort,
    servers: nodes
      .filter(({ roles }) => roles.includes('web'))
      .map((node) => ({ name: node.name, address: `127.0.0.1:${node.port}` })),
  })
  const prometheus = options.prometheus
    ? await createPrometheus({
        processes,
        directory: join(state, 'prometheus'),
        port: await freePort(),
        adminToken,
        nodes,
        haproxyMetricsPort: metricsPort,
      })
    : null

  const base = [postgres, ...redis, ...sentinels, ...(platforms ? [platforms] : [])]
  const parts = () => [...base, ...nodes, haproxy, ...(prometheus ? [prometheus] : [])]
  let stopping = false

  return {
    baseUrl,
    adminToken,
    secretKeys,
    postgres,
    redis,
    sentinels,
    haproxy,
    platforms,
    nodes,
    prometheus,
    parts,
    async start() {
      onStep?.('PostgreSQL, Redis, Sentinels, platforms')
      await Promise.all(base.map((part) => part.start()))
      // What is begun after the stop would be left behind.
      if (stopping) return
      onStep?.('nodes')
      await Promise.all(nodes.map((node) => node.start()))
      if (stopping) return
      onStep?.('balancer')
      await Promise.all([haproxy.start(), prometheus?.start()])
    },
    async stop() {
      stopping = true
      await Promise.all([prometheus?.stop(), haproxy.stop()])
      await Promise.all(nodes.map((node) => node.stop()))
      await Promise.all([...(platforms ? [platforms] : []), ...sentinels, ...redis].map((part) => part.stop()))
      await postgres.stop()
      await processes.close()
    },
  }
}
