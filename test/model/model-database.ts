import { FENCE_AFTER_MS, type Nodes, type Reach } from '../../src/persistence/nodes.ts'
import type { Ownership } from '../../src/persistence/ownership.ts'
import { APART_FROM, type AssignmentKind } from '../../src/domain/assignment-kind.ts'
import type { NodeRole } from '../../src/domain/node-role.ts'
import type { Checker } from './checker.ts'

interface NodeRow {
  session: number
  nodeId: string
  process: string
  roles: NodeRole[]
  draining: boolean
  reach: Reach
  renewedAt: number
  ended: 'stopped' | 'replaced' | 'fenced' | null
}

export interface AssignmentRow {
  kind: AssignmentKind
  key: string
  desired: boolean
  owner: number | null
  epoch: number
  orphanedAt: number | null
  live: boolean
}

/** What the statements do, one after the other, at the moment at which the database does them. */
export type Tables = ReturnType<typeof createTables>

/** Answers as PostgreSQL gives them to `nodes.ts`, `ownership.ts`, notes and reply claims. */
export type Statements = {
  [Name in 'begin' | 'renew' | 'fence' | 'drain' | 'end' | 'purge']: (
    ...args: Parameters<Nodes[Name]>
  ) => Awaited<ReturnType<Nodes[Name]>>
} & {
  [Name in keyof Ownership]: (...args: Parameters<Ownership[Name]>) => Awaited<ReturnType<Ownership[Name]>>
} & {
  /** @returns whether it was written. */
  note(session: number, kind: AssignmentKind, key: string, epoch: number): boolean
  /** @returns whether the answer is the caller's to give. */
  claimReply(session: number, key: string, epoch: number, messageId: string): boolean
  setDesired(kind: AssignmentKind, key: string, desired: boolean): void
}

/** Taken out of the statements, to see that the model notices. */
export interface Without {
  epochs?: boolean
  claims?: boolean
  life?: boolean
}

export interface TablesOptions {
  now: () => number
  checker: Checker
  without: Without
}

export function createTables({ now, checker, without }: TablesOptions) {
  const nodes = new Map<number, NodeRow>()
  const assignments = new Map<AssignmentKind, Map<string, AssignmentRow>>()
  const claims = new Set<string>()
  /** Of the database's clock against true time: an operator or NTP may set it. */
  let clockMs = 1_000_000
  let sessions = 0

  const clock = () => now() + clockMs
  const living = (session: number) => {
    const node = nodes.get(session)
    return node && node.ended === null ? node : undefined
  }
  const of = (kind: AssignmentKind) => {
    const rows = assignments.get(kind) ?? new Map<string, AssignmentRow>()
    assignments.set(kind, rows)
    return rows
  }
  const all = () => [...assignments.values()].flatMap((rows) => [...rows.values()])
  const give = (row: AssignmentRow, owner: number | null, orphanedAt: number | null) => {
    row.owner = owner
    row.orphanedAt = orphanedAt
    if (owner !== null) checker.owned(row.kind, row.key, ++row.epoch)
  }
  const endThese = (ended: NodeRow[], reason: 'stopped' | 'replaced' | 'fenced') => {
    for (const node of ended) {
      node.ended = reason
      checker.ended(node.session, reason)
      for (const row of all()) {
        if (row.owner === node.session) give(row, null, reason === 'stopped' ? clock() : node.renewedAt)
      }
    }
    return ended.map(({ session, nodeId, renewedAt }) => ({ session, nodeId, silentForMs: clock() - renewedAt }))
  }
  const ours = (session: number, kind: AssignmentKind, { key, epoch }: { key: string; epoch: number }) => {
    const row = of(kind).get(key)
    return row?.owner === session && row.epoch === epoch ? row : undefined
  }
  const rowOf = ({ key, owner, epoch, desired, live }: AssignmentRow) => ({ key, owner, epoch, desired, live })

  const statements: Statements = {
    begin({ nodeId, process, roles, replace, alone }) {
      const left = [...nodes.values()].filter(
        (node) =>
          node.ended === null &&
          (node.process === process ||
            alone ||
            (node.nodeId === nodeId && (replace || node.renewedAt <= clock() - FENCE_AFTER_MS))),
      )
      endThese(left, 'replaced')
      const heldBy = [...nodes.values()].find((node) => node.ended === null && node.nodeId === nodeId)
      if (heldBy) return { heldBy: { session: heldBy.session, silentForMs: clock() - heldBy.renewedAt } }
      const session = ++sessions
      nodes.set(session, {
        session,
        nodeId,
        process,
        roles: [...roles],
        draining: false,
        reach: 'up',
        renewedAt: clock(),
        ended: null,
      })
      checker.begun(session, process)
      return { session }
    },
    renew(session, figures) {
      const me = living(session)
      if (!me) return { alive: false, why: nodes.get(session)?.ended ?? null }
      me.renewedAt = clock()
      me.reach = (figures as { reach: Reach }).reach
      const nobodys: Partial<Record<AssignmentKind, number>> = {}
      const mine: Partial<Record<AssignmentKind, { wanted: number; unwanted: number }>> = {}
      for (const { kind, owner, desired } of all()) {
        if (owner === null && desired) nobodys[kind] = (nobodys[kind] ?? 0) + 1
        if (owner !== session) continue
        const counts = (mine[kind] ??= { wanted: 0, unwanted: 0 })
        counts[desired ? 'wanted' : 'unwanted']++
      }
      const alive = [...nodes.values()].filter(({ ended }) => ended === null)
      return {
        alive: true,
        nodes: alive.map((node) => ({
          session: node.session,
          nodeId: node.nodeId,
          roles: node.roles,
          draining: node.draining,
          reach: node.reach,
          renewedAt: node.renewedAt,
          silentForMs: clock() - node.renewedAt,
        })),
        nobodys,
        mine,
      }
    },
    fence(by, silent) {
      if (!living(by)) return []
      return endThese(
        silent.flatMap((session) => {
          const node = living(session)
          return node && node.renewedAt <= clock() - FENCE_AFTER_MS ? [node] : []
        }),
        'fenced',
      )
    },
    drain(session) {
      const me = living(session)
      if (me) me.draining = true
    },
    end(session) {
      const me = living(session)
      if (me) endThese([me], 'stopped')
    },
    purge: () => 0,

    claim(session, kind, keys) {
      const me = without.life ? nodes.get(session) : living(session)
      if (!me || me.draining) return []
      return keys.flatMap((key) => {
        const row = of(kind).get(key)
        if (!row || row.owner !== null || !row.desired) return []
        const orphanedForMs = row.orphanedAt === null ? null : clock() - row.orphanedAt
        give(row, session, null)
        return [{ key, epoch: row.epoch, live: row.live, orphanedForMs }]
      })
    },
    transfer(session, kind, moves) {
      return moves.flatMap((move) => {
        const row = ours(session, kind, move)
        const successor = living(move.to)
        if (!row?.desired || !successor || successor.draining || successor.renewedAt <= clock() - 8_500) return []
        give(row, move.to, null)
        return [{ key: row.key, epoch: row.epoch, to: move.to, live: row.live }]
      })
    },
    release(session, kind, owned, { unwantedOnly = false } = {}) {
      return owned.flatMap((one) => {
        const row = ours(session, kind, one)
        if (!row || (unwantedOnly && row.desired)) return []
        give(row, null, row.desired ? clock() : null)
        return [row.key]
      })
    },
    freeOfDead: () => 0,
    unowned: (kind, limit) =>
      [...of(kind).values()]
        .filter(({ owner, desired }) => owner === null && desired)
        .sort((a, b) => Number(b.live) - Number(a.live) || (a.key < b.key ? -1 : 1))
        .slice(0, limit)
        .map(({ key, live }) => {
          const counterpart = APART_FROM[kind]
          return { key, live, apartFrom: (counterpart && of(counterpart).get(key)?.owner) ?? null }
        }),
    loads(kind) {
      const bySession = new Map<number, number>()
      let wanted = 0
      for (const { owner, desired } of of(kind).values()) {
        if (!desired) continue
        wanted++
        if (owner !== null) bySession.set(owner, (bySession.get(owner) ?? 0) + 1)
      }
      return { wanted, bySession }
    },
    ofSession: (session, kind) => [...of(kind).values()].filter(({ owner }) => owner === session).map(rowOf),
    rows: (kind, keys) => keys.flatMap((key) => of(kind).get(key) ?? []).map(rowOf),
    ensureShards(count) {
      let fresh = 0
      for (let shard = 0; shard < count; shard++) {
        if (!of('shard').get(String(shard))?.desired) fresh++
        statements.setDesired('shard', String(shard), true)
      }
      return fresh
    },
    trimShards(count) {
      const trimmed = [...of('shard').values()].filter(({ key, desired }) => desired && Number(key) >= count)
      for (const row of trimmed) row.desired = false
      return trimmed.map(({ key }) => key)
    },

    note(session, kind, key, epoch) {
      const row = of(kind).get(key)
      if (!row || (!without.epochs && (row.owner !== session || row.epoch !== epoch))) return false
      checker.written(kind, key, epoch)
      return true
    },
    claimReply(session, key, epoch, messageId) {
      if (without.claims) return true
      const row = of('bot').get(key)
      const claim = `${key} ${messageId}`
      if (row?.owner !== session || row.epoch !== epoch || claims.has(claim)) return false
      claims.add(claim)
      return true
    },
    setDesired(kind, key, desired) {
      const row = of(kind).get(key)
      if (row) row.desired = desired
      else of(kind).set(key, { kind, key, desired, owner: null, epoch: 0, orphanedAt: null, live: false })
    },
  }

  return {
    statements,
    assignments: all,
    isLiving: (session: number) => living(session) !== undefined,
    setClock(byMs: number) {
      clockMs += byMs
    },
  }
}
