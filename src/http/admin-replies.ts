import { z } from 'zod'
import { BOT_STATES } from '../app/bots/bot.ts'
import { FAILURE_TYPES, STREAM_STATES } from '../app/donations/donation-stream-status.ts'
import { NODE_ROLES } from '../domain/node-role.ts'
import type { AdminViews, BotView, NodeView, ShardView, StreamView } from '../persistence/admin-views.ts'

const instant = z.iso.datetime()
const text = z.string()
const count = z.int().min(0)
const problem = z.object({ code: text, at: instant })

export const nodeReply = z.object({
  id: text,
  roles: z.array(z.enum(NODE_ROLES)),
  startedAt: instant,
  lastSeenAt: instant,
  /** Others heard nothing of it and have ended it. */
  fenced: z.boolean(),
  bots: count,
  overlays: count,
  /** Grows with each life of a node. */
  session: text,
  state: z.enum(['active', 'draining', 'silent', 'ended']),
  endedAt: instant.nullable(),
  endReason: z.enum(['stopped', 'replaced', 'fenced']).nullable(),
  version: text,
  donations: count,
  shards: count,
  /** Whether it reaches the others; `null` where it has not said. */
  redis: z.boolean().nullable(),
  memoryMb: z.number().nullable(),
  /** Whatever else the node tells of itself. */
  figures: z.record(text, z.unknown()),
})
export type NodeReply = z.infer<typeof nodeReply>

export function toNodeReply(node: NodeView): NodeReply {
  const { startedAt, lastSeenAt, endedAt, figures, roles, state, ...rest } = node
  return {
    ...rest,
    state,
    roles: NODE_ROLES.filter((role) => roles.includes(role)),
    startedAt: startedAt.toISOString(),
    lastSeenAt: lastSeenAt.toISOString(),
    endedAt: iso(endedAt),
    fenced: node.endReason === 'fenced',
    // What it last told, of a node that is gone, is true no more.
    overlays: state === 'ended' ? 0 : (wholeOf(figures['overlays']) ?? 0),
    redis: typeof figures['redis'] === 'boolean' ? figures['redis'] : null,
    memoryMb: numberOf(figures['memoryMb']),
    figures,
  }
}

/** A bot as an operator sees it. */
export const adminBotReply = z.object({
  channelId: text,
  login: text,
  desired: z.boolean(),
  state: z.enum(BOT_STATES),
  owner: text.nullable(),
  /** Grows with each change of its owner. */
  epoch: count,
  since: instant.nullable(),
  failures: count,
  nextAttemptAt: instant.nullable(),
  lastError: problem.nullable(),
})
export type AdminBotReply = z.infer<typeof adminBotReply>

export function toAdminBotReply(bot: BotView): AdminBotReply {
  const { channelId, login, desired, state, owner, epoch, since, failures, nextAttemptAt, lastError, lastErrorAt } = bot
  return {
    channelId,
    login,
    desired,
    state: BOT_STATES.find((known) => known === state) ?? 'starting',
    owner: desired ? owner : null,
    epoch: Number(epoch),
    since: iso(since),
    failures,
    nextAttemptAt: iso(nextAttemptAt),
    lastError: lastError === null ? null : { code: lastError, at: (lastErrorAt ?? new Date(0)).toISOString() },
  }
}

/** A channel's donation stream as an operator sees it. */
export const streamReply = z.object({
  channelId: text,
  login: text,
  source: text,
  state: z.enum(STREAM_STATES),
  owner: text.nullable(),
  /** The node that holds its second socket. */
  standby: text.nullable(),
  epoch: count,
  since: instant.nullable(),
  /** The channel was live when somebody last knew. */
  live: z.boolean(),
  failures: count,
  errors: z.object({ rate_limit: count, server: count, network: count, auth: count, invalid: count }),
  backoffUntil: instant.nullable(),
  lastResponseMs: z.number().nullable(),
  lastPushAt: instant.nullable(),
  lastSweepAt: instant.nullable(),
  lastError: problem.nullable(),
  application: text,
})
export type StreamReply = z.infer<typeof streamReply>

export function toStreamReply(stream: StreamView): StreamReply {
  const { channelId, login, source, application, owner, standby, epoch, since, live, detail } = stream
  const errors = partsOf(detail['errors'])
  const error = partsOf(detail['lastError'])
  return {
    channelId,
    login,
    source,
    state: STREAM_STATES.find((known) => known === stream.state) ?? 'connecting',
    owner,
    standby,
    epoch: Number(epoch),
    since: iso(since),
    live,
    failures: wholeOf(detail['failures']) ?? stream.failures,
    errors: Object.fromEntries(
      FAILURE_TYPES.map((type) => [type, wholeOf(errors[type]) ?? 0]),
    ) as StreamReply['errors'],
    backoffUntil: stream.state === 'backoff' ? iso(instantOf(detail['backoffUntil'])) : null,
    lastResponseMs: numberOf(detail['lastResponseMs']),
    lastPushAt: iso(instantOf(detail['lastPushAt']) ?? stream.lastPushAt),
    lastSweepAt: iso(instantOf(detail['lastSweepAt']) ?? stream.lastSweepAt),
    lastError:
      typeof error['code'] === 'string'
        ? { code: error['code'], at: (instantOf(error['at']) ?? new Date(0)).toISOString() }
        : null,
    application: typeof detail['application'] === 'string' ? detail['application'] : application,
  }
}

const shardReply = z.object({
  key: text,
  owner: text.nullable(),
  epoch: count,
  /** In the owner's words; `null` while nobody runs it. */
  state: text.nullable(),
  since: instant.nullable(),
})

/** What the operator's page shows at a glance. */
export const overviewReply = z.object({
  at: instant,
  /** The node that answers. */
  nodeId: text,
  nodes: z.object({ active: count, draining: count, silent: count }),
  bots: z.object({
    active: count,
    starting: count,
    backoff: count,
    /** On, and waiting for a person. */
    inactive: count,
    off: count,
    /** On, and run by nobody. */
    unowned: count,
  }),
  donations: z.object({
    live: count,
    connecting: count,
    catching_up: count,
    backoff: count,
    needs_reauth: count,
    off: count,
    unowned: count,
  }),
  shards: z.array(shardReply),
  overlays: count,
  alerts: z.object({ queued: count, inFlight: count }),
  parked: count,
  /** `partly`: some nodes reach it. `none`: no node has said. */
  redis: z.enum(['up', 'partly', 'down', 'none']),
  /** What nodes did of themselves to bring back what fell, the latest first. */
  watchdog: z.array(z.object({ node: text, at: instant, action: text, count: count })),
})
export type OverviewReply = z.infer<typeof overviewReply>

export async function readOverview(views: AdminViews, nodeId: string, now: number): Promise<OverviewReply> {
  const [nodes, counts, shards, waiting] = await Promise.all([
    views.nodes(),
    views.counts(),
    views.shards(),
    views.waiting(),
  ])
  const living = nodes.filter(({ state }) => state !== 'ended').map(toNodeReply)
  const inState = (kind: string, state: string) =>
    counts.find((row) => row.kind === kind && row.state === state)?.count ?? 0
  const unowned = (kind: string) => counts.reduce((sum, row) => sum + (row.kind === kind ? row.unowned : 0), 0)
  const nodesIn = (state: string) => living.filter((node) => node.state === state).length
  return {
    at: new Date(now).toISOString(),
    nodeId,
    nodes: { active: nodesIn('active'), draining: nodesIn('draining'), silent: nodesIn('silent') },
    bots: {
      active: inState('bot', 'active'),
      starting: inState('bot', 'starting'),
      backoff: inState('bot', 'backoff'),
      inactive: inState('bot', 'inactive'),
      off: inState('bot', 'off'),
      unowned: unowned('bot'),
    },
    donations: {
      ...(Object.fromEntries(STREAM_STATES.map((state) => [state, inState('donations', state)])) as Record<
        (typeof STREAM_STATES)[number],
        number
      >),
      unowned: unowned('donations'),
    },
    shards: shards.map(toShardReply),
    overlays: living.reduce((sum, node) => sum + node.overlays, 0),
    alerts: { queued: waiting.queued, inFlight: waiting.inFlight },
    parked: waiting.parked,
    redis: reachOf(living.map(({ redis }) => redis)),
    watchdog: living
      .flatMap(watchdogOf)
      .sort((a, b) => b.at.localeCompare(a.at))
      .slice(0, MOST_ACTIONS),
  }
}

const MOST_ACTIONS = 20

function toShardReply({ key, owner, epoch, state, since }: ShardView): z.infer<typeof shardReply> {
  return { key, owner, epoch: Number(epoch), state, since: iso(since) }
}

function reachOf(nodes: Array<boolean | null>): OverviewReply['redis'] {
  const told = nodes.filter((reached) => reached !== null)
  if (told.length === 0) return 'none'
  if (told.every((reached) => reached)) return 'up'
  return told.some((reached) => reached) ? 'partly' : 'down'
}

function watchdogOf(node: NodeReply): OverviewReply['watchdog'] {
  const actions: unknown = node.figures['watchdog']
  if (!Array.isArray(actions)) return []
  return actions.flatMap((entry: unknown) => {
    const { at, action, count: times } = partsOf(entry)
    const when = instantOf(at)
    if (when === null || typeof action !== 'string') return []
    return [{ node: node.id, at: when.toISOString(), action, count: wholeOf(times) ?? 1 }]
  })
}

// What nodes write of themselves is theirs, and may be of another version than this one: whatever cannot be read is left out.
const partsOf = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
const numberOf = (value: unknown) => (typeof value === 'number' && Number.isFinite(value) ? value : null)
const wholeOf = (value: unknown) => {
  const number = numberOf(value)
  return number === null || number < 0 ? null : Math.round(number)
}
const instantOf = (value: unknown) => {
  const at = numberOf(value)
  return at === null || Math.abs(at) > 8.64e15 ? null : new Date(at)
}
const iso = (at: Date | null) => at && at.toISOString()
