import type { Clock } from '../../base/clock.ts'
import { ROLE_FOR, type AssignmentKind } from '../../domain/assignment-kind.ts'
import type { LivingNode } from '../../persistence/nodes.ts'
import type { Ownership, Unowned } from '../../persistence/ownership.ts'
import { chooseOwners, type Candidate } from './choose-owner.ts'
import type { HeldAssignments } from './held-assignments.ts'
import { SESSION_VALID_MS, type NodeLife } from './keep-node-session.ts'

/** What is asked for at once: ten thousand channels without an owner are one answer of a few hundred kilobytes. */
const PAGE = 10_000
/** A statement that claims more would hold its locks, and the session's row, for longer than a tenth of a second. */
const CLAIM_BATCH = 1_000
/** The node that should take it has had this long: two of its renewals told it so. */
const ANYONE_AFTER_MS = 5_000

const NEEDS_THE_BUS: ReadonlySet<AssignmentKind> = new Set(['bot', 'shard'])

export interface ClaimAssignmentsOptions {
  node: Pick<NodeLife, 'session' | 'members'>
  ownership: Pick<Ownership, 'unowned' | 'claim' | 'loads'>
  held: HeldAssignments
  clock: Clock
}

/** Takes what is nobody's and, by the plan that all nodes share, for this node to have. */
export interface ClaimAssignments {
  /** @returns how many were begun. */
  claim(kind: AssignmentKind): Promise<number>
  /** The nodes that could have something of a kind. This one is among them, unless it does not reach those that are. */
  candidates(kind: AssignmentKind, loads: ReadonlyMap<number, number>): Candidate[]
  /** What this node has of the kind is silent here, and would not be elsewhere. */
  isCutOff(kind: AssignmentKind): boolean
}

export function createClaimAssignments({ node, ownership, held, clock }: ClaimAssignmentsOptions): ClaimAssignments {
  /** Since when the plan gives it to another node, which does not take it. */
  const waiting = new Map<AssignmentKind, Map<string, number>>()

  return {
    candidates,
    isCutOff: (kind) =>
      node.members().some(({ session, reach }) => session === node.session() && reach === 'down') &&
      reachable(kind) !== null,
    async claim(kind) {
      const session = node.session()
      // A second socket on the node of the first is none.
      if (session === null || (kind === 'donations-standby' && candidates(kind, new Map()).length < 2)) return 0
      let begun = 0
      for (;;) {
        const open = await ownership.unowned(kind, PAGE)
        const keys = open.length === 0 ? [] : await ours(kind, session, open)
        let claimed = 0
        for (let at = 0; at < keys.length; at += CLAIM_BATCH) {
          const batch = keys.slice(at, at + CLAIM_BATCH)
          const won = new Map((await ownership.claim(session, kind, batch)).map((row) => [row.key, row]))
          // What was claimed by a life that is over was freed with it.
          if (node.session() !== session) return begun
          const owned = batch.flatMap((key) => won.get(key) ?? []).map((row) => ({ ...row, legacy: null }))
          claimed += owned.length
          begun += held.begin(kind, owned).length
        }
        if (open.length < PAGE || claimed === 0) return begun
      }
    },
  }

  async function ours(kind: AssignmentKind, session: number, open: readonly Unowned[]): Promise<string[]> {
    const me = candidates(kind, new Map())
    if (!me.some((candidate) => candidate.session === session)) return []
    if (me.length === 1) return open.map(({ key }) => key)
    const { wanted, bySession } = await ownership.loads(kind)
    const plan = chooseOwners(kind, open, candidates(kind, bySession), wanted)
    const now = clock.monotonic()
    const before = waiting.get(kind)
    const others = new Map<string, number>()
    const keys = open.filter(({ key, apartFrom }) => {
      if (plan.get(key) === session) return true
      const since = before?.get(key) ?? now
      others.set(key, since)
      return now - since >= ANYONE_AFTER_MS && apartFrom !== session
    })
    waiting.set(kind, others)
    return keys.map(({ key }) => key)
  }

  function candidates(kind: AssignmentKind, loads: ReadonlyMap<number, number>): Candidate[] {
    return (reachable(kind) ?? able(kind)).map(({ session, nodeId }) => ({
      session,
      nodeId,
      load: loads.get(session) ?? 0,
    }))
  }

  function able(kind: AssignmentKind): LivingNode[] {
    return node
      .members()
      .filter(
        ({ roles, draining, silentForMs }) =>
          roles.includes(ROLE_FOR[kind]) && !draining && silentForMs < SESSION_VALID_MS,
      )
  }

  /**
   * Chat goes from node to node: who is cut off from the bus can do little for a bot, while others can. `null` where that
   * makes no difference: where nobody has the bus, nothing is to move.
   */
  function reachable(kind: AssignmentKind): LivingNode[] | null {
    if (!NEEDS_THE_BUS.has(kind)) return null
    const some = able(kind)
    return some.some(({ reach }) => reach === 'up')
      ? some.filter(({ reach }) => reach === 'up' || reach === 'lost')
      : null
  }
}
