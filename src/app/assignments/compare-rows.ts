import type { AssignmentKind } from '../../domain/assignment-kind.ts'
import type { OwnedRow, Ownership } from '../../persistence/ownership.ts'
import type { HeldAssignments } from './held-assignments.ts'
import type { NodeLife } from './keep-node-session.ts'

export interface CompareRowsOptions {
  node: Pick<NodeLife, 'session'>
  ownership: Pick<Ownership, 'ofSession' | 'rows' | 'release'>
  held: HeldAssignments
}

export interface Compared {
  /** Ours by their rows, and not held here: what a claim or a hand-over brought whose news got lost. */
  begun: number
  /** Held here, and not ours by their rows. */
  lost: number
  /** Nobody wants them any more. */
  unwanted: number
}

/** Brings what is held here to what the rows say. */
export interface CompareRows {
  /** All of a kind. */
  all(kind: AssignmentKind): Promise<Compared>
  /**
   * These rows may have changed. @param asked Their keys, and whether what is still ours is to be refreshed.
   * @returns whether there is something to claim.
   */
  look(kind: AssignmentKind, asked: ReadonlyMap<string, boolean>): Promise<boolean>
}

export function createCompareRows({ node, ownership, held }: CompareRowsOptions): CompareRows {
  return {
    async all(kind) {
      const session = node.session()
      const mark = held.mark()
      if (session === null) return { begun: 0, lost: 0, unwanted: 0 }
      const rows = await ownership.ofSession(session, kind)
      if (node.session() !== session) return { begun: 0, lost: 0, unwanted: 0 }
      const foreign = foreignAmong(kind, [...held.of(kind).keys()], rows, mark)
      void held.end(kind, foreign, 'lost')
      const begun = begin(kind, rows)
      return { begun, lost: foreign.length, unwanted: await letGo(kind, session, rows) }
    },
    async look(kind, asked) {
      const keys = [...asked.keys()]
      const session = node.session()
      const mark = held.mark()
      if (session === null) return false
      const rows = await ownership.rows(kind, keys)
      if (node.session() !== session) return false
      const ours = new Map(rows.filter(({ owner }) => owner === session).map((row) => [row.key, row]))
      const foreign = foreignAmong(kind, keys, [...ours.values()], mark)
      void held.end(kind, foreign, 'lost')
      const known = keys.filter((key) => {
        const row = ours.get(key)
        return asked.get(key) && row?.desired && held.of(kind).get(key)?.epoch === row.epoch
      })
      begin(kind, [...ours.values()])
      if (known.length > 0) held.runner(kind)?.refresh(known)
      await letGo(kind, session, [...ours.values()])
      return rows.some(({ owner, desired }) => owner === null && desired)
    },
  }

  /**
   * Of what was held when the rows were asked for: what is not ours by them. An epoch that is lower than the one we were
   * given is none of ours either: a database that fell over to another server may have lost its last moments.
   */
  function foreignAmong(kind: AssignmentKind, keys: readonly string[], ours: readonly OwnedRow[], mark: number) {
    const epochs = new Map(ours.map(({ key, epoch }) => [key, epoch]))
    return keys.filter((key) => {
      const one = held.of(kind).get(key)
      return one !== undefined && one.mark <= mark && (epochs.get(key) ?? -1) < one.epoch
    })
  }

  function begin(kind: AssignmentKind, rows: readonly OwnedRow[]): number {
    const wanted = rows.filter(({ desired }) => desired)
    return held.begin(
      kind,
      wanted.map(({ key, epoch, live }) => ({ key, epoch, live, orphanedForMs: null, legacy: null })),
    ).length
  }

  /** Not before nothing of it is under way here: whoever turns it on again may be given it on another node. */
  async function letGo(kind: AssignmentKind, session: number, rows: readonly OwnedRow[]): Promise<number> {
    const unwanted = rows.filter(({ desired }) => !desired)
    if (unwanted.length === 0) return 0
    await held.end(
      kind,
      unwanted.map(({ key }) => key),
      'unwanted',
    )
    const released = await ownership.release(session, kind, unwanted, { unwantedOnly: true })
    if (released.length < unwanted.length) {
      // Wanted again before it was let go: it stays here, and begins anew.
      const kept = unwanted.map(({ key }) => key).filter((key) => !released.includes(key))
      const rowsNow = await ownership.rows(kind, kept)
      if (node.session() === session)
        begin(
          kind,
          rowsNow.filter(({ owner }) => owner === session),
        )
    }
    return unwanted.length
  }
}
