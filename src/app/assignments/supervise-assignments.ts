import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/logger.ts'
import type { Metrics } from '../../base/metrics.ts'
import { createSeldom } from '../../base/seldom.ts'
import type { Bus } from '../../coordination/bus.ts'
import type { SharedKeys } from '../../coordination/shared-keys.ts'
import type { AssignmentKind } from '../../domain/assignment-kind.ts'
import type { Nodes, Pulse } from '../../persistence/nodes.ts'
import type { Ownership } from '../../persistence/ownership.ts'
import type { AssignmentRunner } from './assignment-runner.ts'
import { createAssignmentsTodo, type Todo } from './assignments-todo.ts'
import { createBalance } from './balance-assignments.ts'
import { createClaimAssignments } from './claim-assignments.ts'
import { createCompareRows } from './compare-rows.ts'
import { createHandOver } from './hand-over.ts'
import { createHeldAssignments } from './held-assignments.ts'
import { inTime } from '../in-time.ts'
import { createKeepShards } from './keep-shards.ts'
import type { NodeLife } from './keep-node-session.ts'
import { createMirrorOwners } from './mirror-owners.ts'
import { createWatchAssignments, type WatchdogAction } from './watch-assignments.ts'

export interface SuperviseAssignmentsOptions {
  node: Pick<NodeLife, 'session' | 'members' | 'renewNow' | 'drain' | 'end'>
  nodeId: string
  ownership: Ownership
  nodes: Pick<Nodes, 'purge'>
  bus: Bus
  keys: SharedKeys
  watchdogEveryMs: number
  clock: Clock
  logger: Logger
  metrics: Pick<Metrics, 'watchdogActions'>
}

/** Sees to it that what this node owns runs here, that nothing else does, and that nothing wanted is nobody's. */
export interface SuperviseAssignments {
  /** Before the node's life begins. */
  register(runner: AssignmentRunner): void
  /** What the node's life has to say. */
  begun(session: number): void
  pulse(pulse: Pulse): void
  lost(): void
  /** A write for these was refused: they are another's, or ours under a later epoch. */
  refused(kind: AssignmentKind, keys: readonly string[]): void
  /** What the watchdog last put right. */
  actions(): readonly WatchdogAction[]
  /** Resolves when all is done that there was to do. */
  settled(): Promise<void>
  /** Gives everything to others and ends the node's life. */
  stop(): Promise<void>
}

/** What a drain may take before what is left is let go; others find it nobody's at once. */
const HAND_OVER_WITHIN_MS = 8_000
/** What does not end by then hangs on a database that does not answer. */
const END_WITHIN_MS = 2_000
const UNWRITTEN = 'the end of this node could not be written down: others will find it silent'
const JUST_BEGUN_MS = 10_000

export function createSuperviseAssignments(options: SuperviseAssignmentsOptions): SuperviseAssignments {
  const { node, bus, clock, logger } = options
  const seldom = createSeldom(clock)
  const mirror = createMirrorOwners(options)
  const held = createHeldAssignments({ onBegun: mirror.begun, onEnded: mirror.ended, logger })
  const claims = createClaimAssignments({ ...options, held })
  const handOver = createHandOver({ ...options, held })
  const compare = createCompareRows({ ...options, held })
  const balance = createBalance({ ...options, held, claims, handOver })
  const shards = createKeepShards(options)
  const watchdog = createWatchAssignments({ ...options, held, compare, mirror })

  const todo = createAssignmentsTodo({ ...options, held, claims, compare, balance, shards, watchdog, mirror })
  let members = ''
  let draining = false
  let isWorking = false
  let working: Promise<void> = Promise.resolve()
  let cancelWatch = () => {}
  let unsubscribe: Array<() => void> = []
  let unsubscribeNode = () => {}
  const beganAt = clock.monotonic()

  return {
    register: held.register,
    begun(session) {
      if (draining) return
      unsubscribeNode()
      unsubscribeNode = bus.subscribe(`node:${session}`, (message) => {
        if (message.type !== 'handed-over' || node.session() !== session) return
        handOver.receive(message)
        // The row is the truth: a message that comes late or twice is found out at once.
        lookAt(
          message.kind,
          message.owned.map(({ key }) => key),
          false,
        )
      })
      if (unsubscribe.length > 0) return
      unsubscribe = [bus.subscribe('cluster', hear), bus.onUp(caughtUp)]
      setWatch()
    },
    pulse(pulse) {
      const now = pulse.nodes.map(({ session, draining: leaving, reach }) => `${session} ${leaving} ${reach}`).join()
      if (now !== members) {
        members = now
        todo.balance()
        todo.shards()
      }
      if (shards.isDue()) todo.shards()
      for (const kind of held.kinds()) {
        if ((pulse.nobodys[kind] ?? 0) > 0) todo.claim(kind)
        const { wanted, unwanted } = pulse.mine[kind] ?? { wanted: 0, unwanted: 0 }
        if (wanted !== held.of(kind).size || unwanted > 0) todo.check(kind)
      }
      if (balance.isUnderWay()) todo.balance()
      todo.mirror()
      work()
    },
    lost() {
      forget()
      void held.endAll('lost')
    },
    refused: (kind, keys) => lookAt(kind, keys, false),
    actions: watchdog.actions,
    settled,
    async stop() {
      draining = true
      cancelWatch()
      if (!(await inTime(clock, giveAll(), HAND_OVER_WITHIN_MS))) logger.warn('not all could be handed over in time')
      for (const stop of unsubscribe) stop()
      unsubscribeNode()
      await inTime(clock, Promise.all([held.endAll('shutdown'), handOver.settled()]), END_WITHIN_MS)
      try {
        if (!(await inTime(clock, node.end(), END_WITHIN_MS))) logger.warn(UNWRITTEN)
      } catch (error) {
        logger.warn({ err: error }, UNWRITTEN)
      }
      await inTime(clock, mirror.flush(), END_WITHIN_MS)
    },
  }

  async function settled(): Promise<void> {
    await working
    if (isWorking) await settled()
  }

  function forget(): void {
    members = ''
    todo.clear()
    unsubscribeNode()
  }

  function hear(event: Parameters<Parameters<typeof bus.subscribe<'cluster'>>[1]>[0]): void {
    if (event.type === 'nodes-changed') node.renewNow()
    if (event.type === 'assignments-changed') lookAt(event.kind, event.keys, true)
  }

  function lookAt(kind: AssignmentKind, keys: readonly string[], refresh: boolean): void {
    if (!held.kinds().includes(kind) || draining) return
    todo.look(kind, keys, refresh)
    work()
  }

  /** What the bus would have told us meanwhile we do not know. */
  function caughtUp(): void {
    // The first connection right after the start: all of it was read a moment ago.
    if (clock.monotonic() - beganAt < JUST_BEGUN_MS) return
    node.renewNow()
    for (const kind of held.kinds()) lookAt(kind, [...held.of(kind).keys()], true)
    todo.watch()
    work()
  }

  function setWatch(): void {
    cancelWatch = clock.after(options.watchdogEveryMs, () => {
      todo.watch()
      todo.balance()
      setWatch()
      work()
    })
  }

  function work(): void {
    if (isWorking || draining || node.session() === null) return
    isWorking = true
    working = run()
  }

  function take(): Todo | null {
    return draining || node.session() === null ? null : todo.take()
  }

  /** One thing after the other: an answer is dealt with before the next question. */
  async function run(): Promise<void> {
    for (let next = take(); next; next = take()) {
      const session = node.session()
      try {
        await next.run()
      } catch (error) {
        // The database, or what it answers. The next renewal that succeeds is the sign to go on.
        if (node.session() === session) next.again()
        seldom(next.what, (unlogged) => logger.warn({ err: error, what: next.what, unlogged }, 'assignments wait'))
        break
      }
    }
    isWorking = false
  }

  /** In the order of kinds, live channels first. What cannot be given is let go. */
  async function giveAll(): Promise<void> {
    // What is claimed at this moment is handed over with the rest.
    await working
    if (node.session() === null) return
    const deadline = clock.monotonic() + HAND_OVER_WITHIN_MS
    const isLate = () => clock.monotonic() > deadline
    // Nobody to give it to: whoever starts next finds it nobody's.
    if (node.members().length < 2) return
    try {
      await node.drain()
      for (const kind of held.kinds()) {
        // What others gave to us before they could know: its news may be on its way.
        await compare.all(kind)
        await balance.giveAll(kind, isLate)
      }
    } catch (error) {
      logger.warn({ err: error }, 'not all could be handed over: others find it nobody’s')
    }
  }
}
