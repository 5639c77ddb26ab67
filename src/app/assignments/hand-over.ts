import type { Logger } from '../../base/logger.ts'
import type { AssignmentKind } from '../../domain/assignment-kind.ts'
import type { Bus, HandedOver } from '../../coordination/bus.ts'
import type { Ownership } from '../../persistence/ownership.ts'
import type { HeldAssignments } from './held-assignments.ts'
import type { NodeLife } from './keep-node-session.ts'

/** Each is silent from the statement to the message: a few of these fit into a tenth of a second. */
const TRANSFER_BATCH = 200
/** What they pass on may be a stage with two hundred on it. */
const MESSAGE_BATCH = 50

export interface HandOverOptions {
  node: Pick<NodeLife, 'session'>
  ownership: Pick<Ownership, 'transfer'>
  held: HeldAssignments
  bus: Pick<Bus, 'publish'>
  logger: Logger
}

export interface HandOver {
  /**
   * Gives what is held to others, in the order of the map, until `until` says that time is up. The row changes hands,
   * then this node ends it and tells the new owner, all in one turn: there is a moment in which neither acts.
   * @returns how many changed hands.
   * @throws AppError `unavailable` where it is not known what changed hands: the rows are to be looked at.
   */
  give(kind: AssignmentKind, moves: ReadonlyMap<string, number>, until?: () => boolean): Promise<number>
  /** Another node says that these are ours now. What it says too late is refused by the rows. */
  receive(message: HandedOver): void
  /** Resolves when nothing of what was given away is under way here any more. */
  settled(): Promise<void>
}

export function createHandOver({ node, ownership, held, bus, logger }: HandOverOptions): HandOver {
  const ending = new Set<Promise<void>>()

  return {
    async give(kind, moves, until = () => false) {
      const session = node.session()
      if (session === null) return 0
      let given = 0
      const keys = [...moves.keys()].filter((key) => held.of(kind).has(key))
      for (let at = 0; at < keys.length && !until(); at += TRANSFER_BATCH) {
        const batch = keys.slice(at, at + TRANSFER_BATCH).flatMap((key) => {
          const epoch = held.of(kind).get(key)?.epoch
          const to = moves.get(key)
          return epoch === undefined || to === undefined ? [] : [{ key, epoch, to }]
        })
        const transferred = await ownership.transfer(session, kind, batch)
        if (node.session() !== session) return given
        // Its new owner may have given it back before the answer came.
        const gone = transferred.filter(({ key, epoch }) => (held.of(kind).get(key)?.epoch ?? Infinity) < epoch)
        given += gone.length
        const bySuccessor = new Map<number, HandedOver['owned']>()
        for (const { key, epoch, to, live } of gone) {
          const owned = bySuccessor.get(to) ?? []
          owned.push({ key, epoch, live, legacy: legacyOf(kind, key) })
          bySuccessor.set(to, owned)
        }
        end(
          kind,
          gone.map(({ key }) => key),
        )
        for (const [to, owned] of bySuccessor) {
          for (let from = 0; from < owned.length; from += MESSAGE_BATCH) {
            bus.publish(`node:${to}`, { type: 'handed-over', kind, owned: owned.slice(from, from + MESSAGE_BATCH) })
          }
        }
      }
      return given
    },
    receive({ kind, owned }) {
      held.begin(
        kind,
        owned.map((one) => ({ ...one, orphanedForMs: null })),
      )
    },
    settled: async () => void (await Promise.all(ending)),
  }

  function end(kind: AssignmentKind, keys: readonly string[]): void {
    const ended = held.end(kind, keys, 'handed-over').finally(() => ending.delete(ended))
    ending.add(ended)
  }

  function legacyOf(kind: AssignmentKind, key: string): unknown {
    try {
      return held.runner(kind)?.legacy(key) ?? null
    } catch (error) {
      logger.error({ err: error, kind }, 'a runner has nothing to pass on: this is a bug')
      return null
    }
  }
}
