import type { AssignmentKind } from '../../domain/assignment-kind.ts'
import type { Ownership } from '../../persistence/ownership.ts'
import { chooseMoves, chooseOwners } from './choose-owner.ts'
import type { ClaimAssignments } from './claim-assignments.ts'
import type { HandOver } from './hand-over.ts'
import type { HeldAssignments } from './held-assignments.ts'
import type { NodeLife } from './keep-node-session.ts'

/**
 * Moves between two renewals, of one node. A bot moves within milliseconds. A donation stream costs a request of the
 * sixty a minute that an application has, and so must not fill them.
 */
const MOVES_A_PULSE: Record<AssignmentKind, number> = { shard: 1, bot: 60, donations: 1, 'donations-standby': 1 }

export interface BalanceOptions {
  node: Pick<NodeLife, 'session'>
  ownership: Pick<Ownership, 'loads'>
  held: HeldAssignments
  claims: Pick<ClaimAssignments, 'candidates' | 'isCutOff'>
  handOver: Pick<HandOver, 'give'>
}

/** Gives to others what they should rather have. */
export interface Balance {
  /** Some moves, where this node has more than its bound, or all, where it is cut off. @param unsure Its rows are to be compared. */
  step(unsure: (kind: AssignmentKind) => void): Promise<void>
  /** There is more to move: with the next renewal. */
  isUnderWay(): boolean
  /** Everything of a kind, live first, until time is up. */
  giveAll(kind: AssignmentKind, until: () => boolean): Promise<void>
}

export function createBalance({ node, ownership, held, claims, handOver }: BalanceOptions): Balance {
  let underWay = false

  return {
    isUnderWay: () => underWay,
    async step(unsure) {
      const session = node.session()
      underWay = false
      for (const kind of held.kinds()) {
        if (session === null || node.session() !== session) return
        const keys = [...held.of(kind).keys()].map((key) => ({ key, apartFrom: counterpartHere(kind, key, session) }))
        if (keys.length > 0 && claims.isCutOff(kind)) {
          await surely(kind, unsure, giveAll(kind))
          continue
        }
        if (keys.length === 0 || claims.candidates(kind, new Map()).length < 2) continue
        const { wanted, bySession } = await ownership.loads(kind)
        const limit = MOVES_A_PULSE[kind]
        const moves = chooseMoves(kind, keys, session, claims.candidates(kind, bySession), { wanted, limit })
        if (moves.size === 0) continue
        if (moves.size === limit) underWay = true
        await surely(kind, unsure, handOver.give(kind, moves))
      }
    },
    giveAll,
  }

  async function giveAll(kind: AssignmentKind, until: () => boolean = () => false): Promise<void> {
    const session = node.session()
    const others = claims.candidates(kind, new Map()).filter((other) => other.session !== session)
    if (session === null || others.length === 0 || held.of(kind).size === 0) return
    const { wanted, bySession } = await ownership.loads(kind)
    const keys = [...held.of(kind)].toSorted(([, a], [, b]) => Number(b.live) - Number(a.live))
    const plan = chooseOwners(
      kind,
      keys.map(([key]) => ({ key })),
      claims.candidates(kind, bySession).filter((other) => other.session !== session),
      wanted,
    )
    await handOver.give(kind, plan, until)
  }

  async function surely(
    kind: AssignmentKind,
    unsure: (kind: AssignmentKind) => void,
    giving: Promise<unknown>,
  ): Promise<void> {
    try {
      await giving
    } catch (error) {
      unsure(kind)
      throw error
    }
  }

  /** The main stream stays; it is the second socket that moves away from it. */
  function counterpartHere(kind: AssignmentKind, key: string, session: number): number | null {
    return kind === 'donations-standby' && held.of('donations').has(key) ? session : null
  }
}
