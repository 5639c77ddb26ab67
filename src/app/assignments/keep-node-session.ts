import { fullJitterMs } from '../../base/backoff.ts'
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/logger.ts'
import type { Metrics } from '../../base/metrics.ts'
import { createSeldom } from '../../base/seldom.ts'
import type { NodeRole } from '../../domain/node-role.ts'
import { FENCE_AFTER_MS, type LivingNode, type Nodes, type Pulse, type Renewed } from '../../persistence/nodes.ts'
import type { NodeSession } from './assignment-runner.ts'

export interface NodeLifeOptions {
  nodes: Pick<Nodes, 'begin' | 'renew' | 'fence' | 'drain' | 'end'>
  nodeId: string
  /** Of this process alone. */
  process: string
  roles: ReadonlySet<NodeRole>
  version: string
  /** The database is this process's own. */
  alone: boolean
  /** What operators are told of this node, with each renewal. */
  figures: () => object
  /** A life has begun; what it owns is yet to be claimed. */
  onBegun: (session: number) => void
  /** With each renewal: who lives, what is to be done. */
  onPulse: (pulse: Pulse) => void
  /** The life is over before its time: nothing of it is ours, and others may run it already. */
  onLost: () => void
  /** Others should look anew at who lives. */
  onNodesChanged: () => void
  clock: Clock
  random: () => number
  logger: Logger
  metrics: Pick<Metrics, 'nodes'>
}

/** This node's life among the others: begun, renewed, fenced, begun again, ended. */
export interface NodeLife extends NodeSession {
  /** Begins a life, or goes on trying to. Resolves after the first attempt. */
  start(): Promise<void>
  /** Something changed elsewhere: renews now, and sees. */
  renewNow(): void
  /** As {@link renewNow}, and resolves when it has seen. */
  look(): Promise<void>
  /** Those that live, as of the last renewal. */
  members(): readonly LivingNode[]
  /** Others plan without this node from now on. */
  drain(): Promise<void>
  /** Whatever is still owned is nobody's from now on, and this node may not act. */
  end(): Promise<void>
}

/** Four renewals fit into the time after which others may fence us. */
const RENEW_EVERY_MS = 3_000
/**
 * Others may fence us 12 s after our last renewal reached the database. 8.5 s from when it was sent leaves them 3.5 s for
 * what was begun in the last moment, for a slow statement, and for clocks that run at different rates.
 */
export const SESSION_VALID_MS = 8_500
/** Below that a second and a third attempt fit into what is valid. */
const RENEW_TIMEOUT_MS = 2_000
const RETRY_AFTER_MS = 500
const MAX_RETRY_AFTER_MS = 4_000

/**
 * Whoever fences must have renewed without a gap for as long as it takes to fence: after an outage of the database
 * everybody was silent, and the first one back would end all the others.
 */
const STEADY_FOR_MS = FENCE_AFTER_MS
/** Two renewals further apart than this have a gap between them. */
const GAP_MS = 2 * RENEW_EVERY_MS
/**
 * A clock of the database that is set forward makes everybody look silent until their next renewal: silent is also who did
 * not renew for so long by our own clock.
 */
const SEEN_SILENT_FOR_MS = FENCE_AFTER_MS - RENEW_EVERY_MS

export function createNodeLife(options: NodeLifeOptions): NodeLife {
  const { nodes, nodeId, clock, random, logger, metrics } = options
  const seldom = createSeldom(clock)
  let session: number | null = null
  let validUntil = -Infinity
  let members: readonly LivingNode[] = []
  /** When the first of the renewals was sent that came without a gap; `null`: the last one failed. */
  let steadySince: number | null = null
  let lastSentAt = -Infinity
  /** The renewal of each other node that was seen last, and when it was first seen. */
  const seen = new Map<number, { renewedAt: number; since: number }>()
  let failures = 0
  let ended = false
  let draining = false
  let cancelTimer = () => {}
  let busy: Promise<void> | null = null
  let again = false
  let fencing: Promise<void> | null = null

  return {
    session: () => session,
    mayAct: () => session !== null && clock.monotonic() < validUntil,
    members: () => members,
    start: () => turn(true),
    renewNow() {
      if (busy) again = true
      else if (session !== null) void turn()
    },
    async look() {
      await busy
      if (session !== null) await turn()
    },
    async drain() {
      draining = true
      if (session === null) return
      await nodes.drain(session)
      options.onNodesChanged()
    },
    async end() {
      ended = true
      cancelTimer()
      await Promise.all([busy, fencing])
      const last = session
      forget()
      if (last === null) return
      await nodes.end(last)
      options.onNodesChanged()
    },
  }

  /** One at a time: renews, or begins where there is nothing to renew, and sets the timer for the next. */
  function turn(first = false): Promise<void> {
    cancelTimer()
    busy ??= (async () => {
      let nextInMs = RETRY_AFTER_MS
      try {
        nextInMs = await (session === null ? begin(first) : renew(session))
      } catch (error) {
        // Not the database: what it may do wrong is dealt with below.
        logger.error({ err: error }, 'a renewal of this node was not dealt with: this is a bug')
      }
      busy = null
      // A life that is lost while it drains has nothing left to hand over.
      if (ended || (draining && session === null)) return
      cancelTimer = clock.after(again ? 0 : nextInMs, () => void turn())
      again = false
    })()
    return busy
  }

  /** @returns when to look again. */
  async function begin(first: boolean): Promise<number> {
    const sentAt = clock.monotonic()
    let begun
    try {
      begun = await nodes.begin({
        nodeId,
        process: options.process,
        roles: [...options.roles],
        version: options.version,
        // Who starts under a name is the one whom a supervisor put there. Later on the other one may be that.
        replace: first,
        alone: options.alone,
      })
    } catch (error) {
      failures++
      seldom('begin', (unlogged) =>
        logger.error({ err: error, unlogged }, 'this node cannot take part: it tries again'),
      )
      // It owns nothing meanwhile: who waits for it is in a greater hurry than the database is.
      return RETRY_AFTER_MS + fullJitterMs(failures, random, MAX_RETRY_AFTER_MS)
    }
    if ('heldBy' in begun) {
      seldom('held', (unlogged) =>
        logger.error(
          { nodeId, otherSession: begun.heldBy.session, unlogged },
          'another process lives under the same NODE_ID: this node does nothing until that one is gone',
        ),
      )
      return RENEW_EVERY_MS
    }
    failures = 0
    if (ended) {
      session = begun.session
      return 0
    }
    session = begun.session
    validUntil = sentAt + SESSION_VALID_MS
    lastSentAt = sentAt
    steadySince = sentAt
    seen.clear()
    logger.info({ session, roles: [...options.roles] }, 'this node takes part')
    options.onBegun(session)
    const nextInMs = await renew(session)
    options.onNodesChanged()
    return nextInMs
  }

  /** @returns when to renew again. */
  async function renew(mine: number): Promise<number> {
    const sentAt = clock.monotonic()
    let renewed: Renewed
    try {
      renewed = await nodes.renew(mine, options.figures(), { timeoutMs: RENEW_TIMEOUT_MS })
    } catch (error) {
      steadySince = null
      seen.clear()
      seldom('renew', (unlogged) =>
        logger.warn(
          { err: error, session: mine, mayAct: clock.monotonic() < validUntil, unlogged },
          'a renewal failed',
        ),
      )
      return RETRY_AFTER_MS
    }
    if (!renewed.alive) {
      lose(renewed.why)
      return 0
    }
    if (steadySince === null || sentAt - lastSentAt > GAP_MS) {
      steadySince = sentAt
      seen.clear()
    }
    validUntil = Math.max(validUntil, sentAt + SESSION_VALID_MS)
    lastSentAt = sentAt
    members = renewed.nodes
    countNodes()
    const fenceInMs = watch(mine)
    if (!ended) options.onPulse(renewed)
    const renewInMs = Math.max(0, sentAt + RENEW_EVERY_MS - clock.monotonic())
    if (fenceInMs > 0) return Math.min(fenceInMs, renewInMs)
    // Beside the renewals: they wait for nothing.
    if (!ended) fencing ??= fence(mine).finally(() => (fencing = null))
    return renewInMs
  }

  function lose(why: string | null): void {
    const wasDraining = draining
    forget()
    if (why === 'replaced') {
      logger.error({ nodeId }, 'another process began to live under the same NODE_ID: this node lets go of everything')
    } else {
      logger.warn({ why, wasDraining }, 'others believed this node dead: it lets go of everything and begins anew')
    }
    options.onLost()
  }

  function forget(): void {
    session = null
    validUntil = -Infinity
    steadySince = null
    members = []
    seen.clear()
    countNodes()
  }

  /** @returns in how long somebody may be fenced, as far as we know now. */
  function watch(mine: number): number {
    const now = clock.monotonic()
    const steadyInMs = (steadySince ?? now) + STEADY_FOR_MS - now
    let soonest = Infinity
    for (const { session: other, renewedAt, silentForMs } of members) {
      if (other === mine) continue
      let last = seen.get(other)
      if (last?.renewedAt !== renewedAt) seen.set(other, (last = { renewedAt, since: now }))
      const inMs = Math.max(FENCE_AFTER_MS - silentForMs, last.since + SEEN_SILENT_FOR_MS - now, steadyInMs)
      // Who renews in time is not looked at between renewals.
      if (silentForMs > GAP_MS) soonest = Math.min(soonest, inMs)
    }
    for (const other of seen.keys()) if (!members.some((node) => node.session === other)) seen.delete(other)
    return soonest
  }

  async function fence(mine: number): Promise<void> {
    const now = clock.monotonic()
    const silent = members.filter(
      ({ session: other, silentForMs }) =>
        other !== mine && silentForMs >= FENCE_AFTER_MS && now - (seen.get(other)?.since ?? now) >= SEEN_SILENT_FOR_MS,
    )
    if (silent.length === 0) return
    try {
      const fenced = await nodes.fence(
        mine,
        silent.map(({ session: other }) => other),
      )
      for (const node of fenced) logger.warn({ ...node }, 'a node was silent for too long and is fenced')
      // This node hears of it too, and looks what there is to take.
      if (fenced.length > 0) options.onNodesChanged()
    } catch (error) {
      seldom('fence', (unlogged) => logger.warn({ err: error, unlogged }, 'a silent node could not be fenced'))
    }
  }

  function countNodes(): void {
    const counts = { active: 0, draining: 0, silent: 0 }
    for (const node of members) {
      counts[node.silentForMs >= SESSION_VALID_MS ? 'silent' : node.draining ? 'draining' : 'active']++
    }
    for (const [state, count] of Object.entries(counts)) metrics.nodes.set({ state }, count)
  }
}
