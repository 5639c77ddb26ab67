import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/logger.ts'
import { createSeldom } from '../../base/seldom.ts'
import type { Bus } from '../../coordination/bus.ts'
import type { Assignments } from '../../persistence/assignments.ts'
import type { ChatShardRow, ChatShards } from '../../persistence/chat-shards.ts'
import type { ChatStream } from '../../platforms/chat.ts'
import type { AssignmentRunner, EndReason, NodeSession, Owned } from '../assignments/assignment-runner.ts'
import { createNoteAssignments } from '../assignments/note-assignments.ts'

export interface RunShardsOptions {
  shards: ChatShards
  assignments: Pick<Assignments, 'note'>
  session: NodeSession
  bus: Pick<Bus, 'subscribe'>
  /** The stream of all chats, which is opened where it is not; `null` at the end. */
  stream(): ChatStream | null
  /** How chat is delivered to the nodes together may have changed. */
  onStanding(): void
  /** These were refused by their rows. */
  onRefused(shards: string[]): void
  clock: Clock
  logger: Logger
}

/**
 * The shards of chat that are this node's, and what it knows of the others'. Whoever has shard 0 sees to it that the
 * platform has as many as there are rows, and that subscriptions have a place to live in.
 */
export interface RunShards extends AssignmentRunner {
  /** The connections of this node changed, or the place where subscriptions live. */
  connectionsChanged(stream: ChatStream): void
  /** How chat is delivered to the nodes together, where `here` is what this one sees of it. */
  standing(here: ReturnType<ChatStream['state']>): ReturnType<ChatStream['state']>
  /** Shard 0 is ours. */
  keeps(): boolean
  stop(): Promise<void>
}

const KEEPER = '0'
const LOOK_EVERY_MS = 2_000
/** What is on its way to a shard that another node has now arrives here within this time, and is passed on. */
const LINGER_MS = 2_000

export function createRunShards(options: RunShardsOptions): RunShards {
  const { shards, assignments, session, bus, stream, onStanding, clock, logger } = options
  const ours = new Map<string, number>()
  const seldom = createSeldom(clock)
  const life = new AbortController()
  /** As the rows said last; `null` before there was a bot that needs them. */
  let rows: ChatShardRow[] | null = null
  let home: string | null = null
  let cancelLook: (() => void) | null = null
  let looking = false
  let lookAgain = false

  const notes = createNoteAssignments({
    kind: 'shard',
    assignments,
    session,
    describe(key) {
      const epoch = ours.get(key)
      if (epoch === undefined || rows === null) return undefined
      const shard = stream()
        ?.shards()
        .find(({ id }) => id === key)
      if (!shard) return undefined
      return {
        epoch,
        state: shard.state,
        sinceAgoMs: Math.max(0, clock.now() - shard.since),
        failures: 0,
        retryInMs: null,
        error: null,
        live: null,
        detail: key === KEEPER ? { home } : {},
      }
    },
    onLost(key, epoch) {
      if (ours.get(key) !== epoch) return
      logger.warn({ shard: key, epoch }, 'a shard is another node’s by now')
      void end([key], 'lost')
      options.onRefused([key])
    },
    clock,
    logger,
  })
  const unsubscribe = bus.subscribe('cluster', (event) => {
    if (event.type !== 'assignments-changed') return
    // The first bot: until then there is nothing to deliver.
    if (event.kind === 'shard' || (event.kind === 'bot' && rows === null)) void look()
  })

  return {
    kind: 'shard',
    begin,
    end,
    refresh: () => void look(),
    running: () => ours,
    legacy: () => null,
    async inspect() {
      if (rows === null || ours.size === 0) return 0
      return (await stream()?.inspect())?.idle.length ?? 0
    },
    connectionsChanged(to) {
      home = to.home()
      for (const key of ours.keys()) notes.changed(key, { soon: true })
    },
    standing(here) {
      const others = rows?.filter(({ key, owner }) => !ours.has(key) && owner !== null) ?? []
      if (others.length === 0) return here
      const delivering = others.filter(({ state }) => state === 'enabled').length
      if (delivering === 0) return here === 'open' ? 'degraded' : here
      return delivering === others.length && (here === 'open' || ours.size === 0) ? 'open' : 'degraded'
    },
    keeps: () => ours.has(KEEPER) && session.mayAct(),
    async stop() {
      unsubscribe()
      cancelLook?.()
      life.abort()
      await notes.stop()
    },
  }

  function begin(owned: readonly Owned[]): void {
    for (const { key, epoch } of owned) ours.set(key, epoch)
    // How many there are is known before anything is made: whoever has shard 0 must not guess.
    if (rows) apply()
    void look()
  }

  async function end(keys: readonly string[], why: EndReason): Promise<void> {
    const had = keys.filter((key) => ours.delete(key))
    if (had.length === 0) return
    // Believed dead, this node had not read its connections for long.
    if (why === 'lost' && ours.size === 0) stream()?.drop()
    else apply()
    if (why === 'handed-over') await clock.sleep(LINGER_MS, life.signal).catch(() => {})
  }

  function apply(): void {
    if (rows === null || life.signal.aborted) return
    follow()
    stream()?.hold([...ours.keys()])
    for (const key of ours.keys()) notes.changed(key, { soon: true })
  }

  function follow(): void {
    const known = rows?.find(({ key }) => key === KEEPER)?.home ?? null
    const keeps = ours.has(KEEPER) && session.mayAct() ? (rows?.length ?? null) : null
    void stream()?.follow({ keeps, home: known })
  }

  /** One at a time; what asks meanwhile is answered by one more. */
  async function look(): Promise<void> {
    lookAgain = true
    if (looking) return
    looking = true
    cancelLook?.()
    while (lookAgain && !life.signal.aborted) {
      lookAgain = false
      try {
        learn(await shards.standing())
      } catch (error) {
        seldom('look', (unlogged) => logger.warn({ err: error, unlogged }, 'the shards of chat could not be looked at'))
      }
    }
    looking = false
    if (!life.signal.aborted) cancelLook = clock.after(LOOK_EVERY_MS, () => void look())
  }

  function learn({ shards: standing, needed }: Awaited<ReturnType<ChatShards['standing']>>): void {
    if (life.signal.aborted || (rows === null && !needed)) return
    const first = rows === null
    rows = standing
    if (first) apply()
    else follow()
    onStanding()
  }
}
