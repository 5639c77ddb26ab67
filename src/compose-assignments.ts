import { randomUUID } from 'node:crypto'
import type { AssignmentRunner } from './app/assignments/assignment-runner.ts'
import { inTime } from './app/in-time.ts'
import { createNodeLife, type NodeLife } from './app/assignments/keep-node-session.ts'
import { createTellReach } from './app/assignments/tell-reach.ts'
import { createSuperviseAssignments } from './app/assignments/supervise-assignments.ts'
import type { Clock } from './base/clock.ts'
import type { Logger } from './base/logger.ts'
import type { Metrics } from './base/metrics.ts'
import type { Cluster } from './compose-cluster.ts'
import type { Config } from './config.ts'
import { ROLE_FOR } from './domain/assignment-kind.ts'
import type { Database } from './persistence/database.ts'
import { createNodes } from './persistence/nodes.ts'
import { createOwnership } from './persistence/ownership.ts'

export interface AssignmentParts {
  config: Pick<Config, 'nodeId' | 'roles' | 'databaseUrl' | 'redis' | 'watchdogIntervalMs'>
  version: string
  db: Database
  cluster: Pick<Cluster, 'bus' | 'keys' | 'isRedisUp'>
  /** Open overlays, for operators. */
  overlays: () => number
  /** What its chat has to say, for operators. */
  chat: () => object
  clock: Clock
  random: () => number
  logger: Logger
  metrics: Metrics
}

/** A load balancer that asks every second whether this node is ready, and believes the second answer, has believed it. */
const NOTICED_WITHIN_MS = 2_500
/** Who lives is known from the last renewal, where the database does not say. */
const LOOK_WITHIN_MS = 1_000

/** This node among the others, and what of all work is its own. */
export function composeAssignments(parts: AssignmentParts) {
  const { config, db, cluster, clock, random, logger, metrics } = parts
  const { bus, keys } = cluster
  const nodes = createNodes(db)
  const reach = createTellReach({ bus, clock })
  const node: NodeLife = createNodeLife({
    nodes,
    nodeId: config.nodeId,
    process: randomUUID(),
    roles: config.roles,
    version: parts.version,
    alone: config.databaseUrl === null,
    figures: () => ({
      overlays: parts.overlays(),
      ...parts.chat(),
      // Where none is configured there is nothing to tell.
      redis: config.redis === null ? null : cluster.isRedisUp(),
      reach: reach(),
      memoryMb: Math.round(process.memoryUsage.rss() / 2 ** 20),
      watchdog: supervisor.actions(),
    }),
    onBegun: (session) => supervisor.begun(session),
    onPulse(pulse) {
      warnOfSilence(pulse.nodes.filter(({ nodeId }) => nodeId !== config.nodeId))
      supervisor.pulse(pulse)
    },
    onLost: () => supervisor.lost(),
    onNodesChanged: () => bus.publish('cluster', { type: 'nodes-changed' }),
    clock,
    random,
    logger,
    metrics,
  })
  const supervisor = createSuperviseAssignments({
    node,
    nodeId: config.nodeId,
    ownership: createOwnership(db),
    nodes,
    bus,
    keys,
    watchdogEveryMs: config.watchdogIntervalMs,
    clock,
    logger,
    metrics,
  })
  let leaving: Promise<void> | undefined
  let warned = config.redis !== null

  /** Nothing would ever say so: each node alone does all that it can. */
  function warnOfSilence(others: readonly { nodeId: string }[]): void {
    if (warned || others.length === 0) return
    warned = true
    logger.warn(
      { others: others.map(({ nodeId }) => nodeId) },
      'other nodes live on this database, and no Redis is set: chat reaches no overlay of another node, alerts come late, ' +
        'and work changes nodes with a gap. Set the same REDIS_URL (or REDIS_SENTINELS, REDIS_CLUSTER) on all nodes',
    )
  }

  return {
    node,
    /** Before the start. What this node is not set to run is run by others. */
    register(runner: AssignmentRunner): void {
      if (config.roles.has(ROLE_FOR[runner.kind])) supervisor.register(runner)
    },
    /** Of this kind these were refused by their rows. */
    refused: supervisor.refused,
    /** Takes part. Resolves when all that is this node's at first has begun. */
    async start(): Promise<void> {
      await node.start()
      await supervisor.settled()
    },
    /** Hands everything over and ends this node's life. Where others live, not before they were told to go there. */
    leave(): Promise<void> {
      leaving ??= (async () => {
        await inTime(clock, node.look(), LOOK_WITHIN_MS)
        const others = node.members().length > 1
        const noticed = others ? clock.sleep(NOTICED_WITHIN_MS) : undefined
        await supervisor.stop()
        await noticed
      })()
      return leaving
    },
  }
}
