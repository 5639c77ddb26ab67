import type { Logger } from '../../base/logger.ts'
import { ASSIGNMENT_KINDS, type AssignmentKind } from '../../domain/assignment-kind.ts'
import type { AssignmentRunner, EndReason, Owned } from './assignment-runner.ts'

export interface Held {
  epoch: number
  live: boolean
  /** See {@link HeldAssignments.mark}. */
  mark: number
}

/** What this node believes to own, and the runners that were told so. */
export interface HeldAssignments {
  register(runner: AssignmentRunner): void
  /** Those with a runner here, in the order in which they are to begin. */
  kinds(): AssignmentKind[]
  runner(kind: AssignmentKind): AssignmentRunner | undefined
  of(kind: AssignmentKind): ReadonlyMap<string, Held>
  /** Grows with whatever begins: what began after a row was asked for is not judged by that answer. */
  mark(): number
  /** @returns what was begun: what is held already, under this epoch or a later one, is not begun again. */
  begin(kind: AssignmentKind, owned: readonly Owned[]): Owned[]
  /** Of those that are held. Takes effect within the turn; resolves when nothing of them is under way. */
  end(kind: AssignmentKind, keys: Iterable<string>, why: EndReason): Promise<void>
  endAll(why: EndReason): Promise<void>
}

export interface HeldAssignmentsOptions {
  /** The mirror wants to know. */
  onBegun: (kind: AssignmentKind, owned: readonly Owned[]) => void
  onEnded: (kind: AssignmentKind, ended: ReadonlyArray<{ key: string; epoch: number }>) => void
  logger: Logger
}

export function createHeldAssignments({ onBegun, onEnded, logger }: HeldAssignmentsOptions): HeldAssignments {
  const runners = new Map<AssignmentKind, AssignmentRunner>()
  const held = new Map<AssignmentKind, Map<string, Held>>()
  const none: ReadonlyMap<string, Held> = new Map()
  let mark = 0

  const end = async (kind: AssignmentKind, keys: Iterable<string>, why: EndReason): Promise<void> => {
    const ours = held.get(kind)
    const ended: Array<{ key: string; epoch: number }> = []
    for (const key of keys) {
      const one = ours?.get(key)
      if (!one) continue
      ours?.delete(key)
      ended.push({ key, epoch: one.epoch })
    }
    if (ended.length === 0) return
    onEnded(kind, ended)
    try {
      await runners.get(kind)?.end(
        ended.map(({ key }) => key),
        why,
      )
    } catch (error) {
      logger.error({ err: error, kind, why, count: ended.length }, 'a runner did not end well: this is a bug')
    }
  }

  return {
    register(runner) {
      runners.set(runner.kind, runner)
      held.set(runner.kind, new Map())
    },
    kinds: () => ASSIGNMENT_KINDS.filter((kind) => runners.has(kind)),
    runner: (kind) => runners.get(kind),
    of: (kind) => held.get(kind) ?? none,
    mark: () => mark,
    begin(kind, owned) {
      const ours = held.get(kind)
      const runner = runners.get(kind)
      if (!ours || !runner) return []
      const fresh = owned.filter(({ key, epoch }) => (ours.get(key)?.epoch ?? -1) < epoch)
      if (fresh.length === 0) return []
      // Lost and regained without our noticing: what runs under the old epoch is worth nothing.
      void end(
        kind,
        fresh.map(({ key }) => key).filter((key) => ours.has(key)),
        'lost',
      )
      mark++
      for (const { key, epoch, live } of fresh) ours.set(key, { epoch, live, mark })
      onBegun(kind, fresh)
      try {
        runner.begin(fresh)
      } catch (error) {
        logger.error({ err: error, kind, count: fresh.length }, 'a runner did not begin well: this is a bug')
      }
      return fresh
    },
    end,
    async endAll(why) {
      await Promise.all([...held].map(([kind, ours]) => end(kind, [...ours.keys()], why)))
    },
  }
}
