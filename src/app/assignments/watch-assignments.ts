import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/logger.ts'
import type { Metrics } from '../../base/metrics.ts'
import type { SharedKeys } from '../../coordination/shared-keys.ts'
import type { AssignmentKind } from '../../domain/assignment-kind.ts'
import type { Nodes } from '../../persistence/nodes.ts'
import type { Ownership } from '../../persistence/ownership.ts'
import type { CompareRows } from './compare-rows.ts'
import type { HeldAssignments } from './held-assignments.ts'
import type { NodeLife } from './keep-node-session.ts'
import type { MirrorOwners } from './mirror-owners.ts'

/** Operators may want to know who lived last week. */
const KEEP_ENDED_NODES_MS = 7 * 24 * 60 * 60_000
const PURGE_EVERY_MS = 60 * 60_000
/** An action's line names a few; the metric counts them all. */
const NAMED = 5
const REMEMBERED = 10
/** Somebody wrote later epochs for more than that: the next round sees to the others. */
const LATER_AT_ONCE = 1_000

/**
 * `freed`: of a session that is over, and still its own. `begun`, `lost`: by the rows ours and not held here, or the other
 * way round. `restarted`, `ended`: held here and not run, or the other way round. `mirror_rebuilt`, `mirror_overwritten`:
 * in the shared store. `inspected`: a runner put something right at its platform.
 */
const ACTIONS = [
  'freed',
  'begun',
  'lost',
  'restarted',
  'ended',
  'mirror_rebuilt',
  'mirror_overwritten',
  'inspected',
] as const
type Action = (typeof ACTIONS)[number]

export interface WatchdogAction {
  /** By the wall clock. */
  at: number
  action: Action
  count: number
}

export interface WatchAssignmentsOptions {
  node: Pick<NodeLife, 'session'>
  ownership: Pick<Ownership, 'freeOfDead'>
  nodes: Pick<Nodes, 'purge'>
  held: HeldAssignments
  compare: Pick<CompareRows, 'all' | 'look'>
  mirror: MirrorOwners
  keys: Pick<SharedKeys, 'isUp'>
  clock: Clock
  logger: Logger
  metrics: Pick<Metrics, 'watchdogActions'>
}

/** Compares what runs here, what is held here, the rows, the mirror and the platform, and puts right what differs. */
export function createWatchAssignments(options: WatchAssignmentsOptions) {
  const { node, ownership, nodes, held, compare, mirror, keys, clock, logger, metrics } = options
  /** What began since the last watch may still be on its way. */
  let lastMark = 0
  let purgedAt = -Infinity
  let mirrorWasThere = false
  const recent: WatchdogAction[] = []

  for (const action of ACTIONS) metrics.watchdogActions.inc({ action }, 0)

  return {
    /** What was last put right, for operators. */
    actions: (): readonly WatchdogAction[] => recent,

    async watch(): Promise<void> {
      const session = node.session()
      count('freed', await ownership.freeOfDead())
      for (const kind of held.kinds()) {
        if (node.session() !== session || session === null) return
        const { begun, lost } = await compare.all(kind)
        count('begun', begun, { kind })
        count('lost', lost, { kind })
        if (node.session() !== session) return
        bringBack(kind)
        await inspect(kind)
      }
      lastMark = held.mark()
      await compareMirror()
      if (clock.monotonic() - purgedAt < PURGE_EVERY_MS) return
      await nodes.purge(KEEP_ENDED_NODES_MS)
      purgedAt = clock.monotonic()
    },

    compareMirror,
  }

  function bringBack(kind: AssignmentKind): void {
    const runner = held.runner(kind)
    if (!runner) return
    const running = runner.running()
    const fallen = [...held.of(kind)].filter(([key, { epoch, mark }]) => mark <= lastMark && running.get(key) !== epoch)
    const strays = [...running.keys()].filter((key) => !held.of(kind).has(key))
    count('restarted', fallen.length, { kind, keys: fallen.slice(0, NAMED).map(([key]) => key) })
    count('ended', strays.length, { kind, keys: strays.slice(0, NAMED) })
    if (strays.length > 0) {
      runner.end(strays, 'lost').catch((error: unknown) => logger.error({ err: error, kind }, 'a stray did not end'))
    }
    if (fallen.length > 0) {
      // Ended as well, for whatever is left of it, and then begun under the epoch that it has.
      void held.end(
        kind,
        fallen.map(([key]) => key),
        'lost',
      )
      held.begin(
        kind,
        fallen.map(([key, { epoch, live }]) => ({ key, epoch, live, orphanedForMs: null, legacy: null })),
      )
    }
  }

  async function inspect(kind: AssignmentKind): Promise<void> {
    try {
      count('inspected', (await held.runner(kind)?.inspect?.()) ?? 0, { kind })
    } catch (error) {
      logger.warn({ err: error, kind }, 'the platform could not be asked what runs there')
    }
  }

  async function compareMirror(): Promise<void> {
    if (!keys.isUp()) return
    let rebuilt = 0
    let overwritten = 0
    try {
      // What has just begun or ended is no disorder.
      await mirror.flush()
      for (const kind of held.kinds()) {
        const found = await mirror.compare(kind, held.of(kind))
        rebuilt += found.rebuilt
        overwritten += found.overwritten
        if (found.later.length > 0) {
          await compare.look(kind, new Map(found.later.slice(0, LATER_AT_ONCE).map(({ key }) => [key, false])))
        }
      }
    } catch (error) {
      logger.warn({ err: error }, 'the mirror of owners cannot be compared')
      return
    }
    // At the first watch it is filled for the first time.
    if (mirrorWasThere) count('mirror_rebuilt', rebuilt)
    count('mirror_overwritten', overwritten)
    mirrorWasThere = true
  }

  function count(action: Action, n: number, details: object = {}): void {
    if (n === 0) return
    metrics.watchdogActions.inc({ action }, n)
    recent.unshift({ at: clock.now(), action, count: n })
    recent.length = Math.min(recent.length, REMEMBERED)
    logger.warn({ action, count: n, ...details }, 'the watchdog put something right')
  }
}
