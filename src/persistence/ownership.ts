import { APART_FROM, type AssignmentKind } from '../domain/assignment-kind.ts'
import type { Sql } from './database.ts'

export type Ownership = ReturnType<typeof createOwnership>

/**
 * The one that waits for an answer does nothing else meanwhile: a connection that died without a word is given up sooner
 * than elsewhere. What was done all the same is found by the next look at the rows.
 */
const PATIENCE = { timeoutMs: 5_000 }

/** Wanted, and nobody's. */
export interface Unowned {
  key: string
  live: boolean
  /** Who has its counterpart, where the two should not be on one node. */
  apartFrom: number | null
}

export interface Claimed {
  key: string
  epoch: number
  live: boolean
  /** Since the last sign of life of the owner that was lost; `null` where it was not lost. */
  orphanedForMs: number | null
}

export interface OwnedRow {
  key: string
  owner: number | null
  epoch: number
  desired: boolean
  live: boolean
}

export interface Move {
  key: string
  /** Under which it is ours. */
  epoch: number
  to: number
}

/**
 * Whose each assignment is. Every change of an owner raises the epoch in the statement that changes it, and is bound to
 * what the row says at that moment; whoever loses a race finds nothing to change. Statements over many rows first lock
 * those that meet the condition, in the order of their keys, so that two of them wait for each other and never both ways;
 * what is locked is then changed by its primary key alone, with no other condition that could lure the planner elsewhere.
 *
 * `owner = session` in a row is proof that the session lives: its end frees its rows in the same transaction.
 */
export function createOwnership(sql: Sql) {
  return {
    /**
     * Takes what of these is nobody's. The session's own row is locked `for share`: its end waits until the claim is
     * through and frees what it took, and where the end came first nothing is taken. Rows that somebody else has locked
     * at this moment are left to them.
     */
    claim: (session: number, kind: AssignmentKind, keys: readonly string[]): Promise<Claimed[]> =>
      sql.query<Claimed>(
        `with me as (select session from nodes where session = $1 and ended_at is null and not draining for share),
         free as (
           select key, (extract(epoch from now() - orphaned_at) * 1000)::float8 as orphaned_for_ms from assignments
           where kind = $2 and key = any($3) and owner is null and desired and exists (select from me)
           order by key for update skip locked
         )
         update assignments a
         set owner = $1, epoch = epoch + 1, owned_since = now(), orphaned_at = null
         from free where a.kind = $2 and a.key = free.key
         returning a.key, a.epoch::float8, a.live, free.orphaned_for_ms as "orphanedForMs"`,
        [session, kind, keys],
        { name: 'claim-assignments', ...PATIENCE },
      ),

    /**
     * Makes others the owners of what is ours, without a moment in between. Each successor's row is locked `for share`
     * as in a claim: one that ends, drains or has fallen silent is given nothing. What is ours no more is left alone.
     * @returns what changed hands, with the successor's epoch.
     */
    transfer: (
      session: number,
      kind: AssignmentKind,
      moves: readonly Move[],
    ): Promise<Array<Move & { live: boolean }>> =>
      sql.query<Move & { live: boolean }>(
        `with ready as (
           select session from nodes where session = any($5) and ended_at is null and not draining
             and renewed_at > now() - make_interval(secs => 8.5) order by session for share
         ),
         ours as (
           select a.key, m.successor from assignments a
           join unnest($3::text[], $4::bigint[], $5::bigint[]) as m(key, epoch, successor)
             on a.key = m.key and a.epoch = m.epoch
           where a.kind = $2 and a.owner = $1 and a.desired and m.successor in (select session from ready)
           order by a.key for update of a
         )
         update assignments a
         set owner = ours.successor, epoch = epoch + 1, owned_since = now(), orphaned_at = null
         from ours where a.kind = $2 and a.key = ours.key
         returning a.key, a.epoch::float8, a.owner::float8 as "to", a.live`,
        [session, kind, moves.map(({ key }) => key), moves.map(({ epoch }) => epoch), moves.map(({ to }) => to)],
        { name: 'transfer-assignments', ...PATIENCE },
      ),

    /**
     * Lets go of what is ours under this epoch. With `unwantedOnly` what somebody wants again stays ours.
     * @returns the keys that were let go.
     */
    async release(
      session: number,
      kind: AssignmentKind,
      owned: ReadonlyArray<{ key: string; epoch: number }>,
      { unwantedOnly = false } = {},
    ): Promise<string[]> {
      const released = await sql.query<{ key: string }>(
        `with ours as (
           select a.key from assignments a join unnest($3::text[], $4::bigint[]) as o(key, epoch)
             on a.key = o.key and a.epoch = o.epoch
           where a.kind = $2 and a.owner = $1 and (not $5 or not a.desired) order by a.key for update of a
         )
         update assignments a set owner = null, owned_since = null, orphaned_at = case when desired then now() end
         from ours where a.kind = $2 and a.key = ours.key
         returning a.key`,
        [session, kind, owned.map(({ key }) => key), owned.map(({ epoch }) => epoch), unwantedOnly],
        { name: 'release-assignments', ...PATIENCE },
      )
      return released.map(({ key }) => key)
    },

    /** What an end of a session should have freed and somehow did not. @returns how many. */
    freeOfDead: (): Promise<number> =>
      sql.execute(
        `with dead as (
           select kind, key from assignments a
           where owner is not null and not exists (select from nodes where session = a.owner and ended_at is null)
           order by kind, key for update
         )
         update assignments a set owner = null, owned_since = null, orphaned_at = now()
         from dead where a.kind = dead.kind and a.key = dead.key`,
        [],
        PATIENCE,
      ),

    /** What is wanted and nobody's: live channels first, then who has waited longest. */
    unowned: (kind: AssignmentKind, limit: number): Promise<Unowned[]> =>
      sql.query<Unowned>(
        `select a.key, a.live, other.owner::float8 as "apartFrom"
         from assignments a left join assignments other on other.kind = $3 and other.key = a.key
         where a.kind = $1 and a.desired and a.owner is null
         order by a.live desc, a.orphaned_at nulls last, a.key limit $2`,
        [kind, limit, APART_FROM[kind] ?? null],
        PATIENCE,
      ),

    /** How many each session has of a kind, and how many there are to have. */
    async loads(kind: AssignmentKind): Promise<{ wanted: number; bySession: Map<number, number> }> {
      const rows = await sql.query<{ owner: number | null; n: number }>(
        `select owner::float8, count(*)::int as n from assignments where kind = $1 and desired group by owner`,
        [kind],
        PATIENCE,
      )
      const bySession = new Map<number, number>()
      for (const { owner, n } of rows) if (owner !== null) bySession.set(owner, n)
      return { wanted: rows.reduce((sum, { n }) => sum + n, 0), bySession }
    },

    /** All that is a session's, live first. */
    ofSession: (session: number, kind: AssignmentKind): Promise<OwnedRow[]> =>
      sql.query<OwnedRow>(
        `${SELECT_ROW} where kind = $2 and owner = $1 order by live desc, key`,
        [session, kind],
        PATIENCE,
      ),

    /** These rows, whosever they are. */
    rows: (kind: AssignmentKind, keys: readonly string[]): Promise<OwnedRow[]> =>
      sql.query<OwnedRow>(
        `${SELECT_ROW} where kind = $1 and key = any($2) order by live desc, key`,
        [kind, keys],
        PATIENCE,
      ),

    /** Sees to it that the shards `0` to `count - 1` are wanted. @returns how many were not. */
    ensureShards: (count: number): Promise<number> =>
      sql.execute(
        `insert into assignments as a (kind, key, desired)
         select 'shard', n::text, true from generate_series(0, $1::int - 1) n order by 1, 2
         on conflict (kind, key) do update set desired = true, since = now() where not a.desired`,
        [count],
        PATIENCE,
      ),

    /** Nobody wants the shards from `count` on any more. @returns their keys. */
    async trimShards(count: number): Promise<string[]> {
      const rows = await sql.query<{ key: string }>(
        `with surplus as (
           select key from assignments where kind = 'shard' and desired and key::int >= $1 order by key for update
         )
         update assignments a set desired = false, since = now() from surplus
         where a.kind = 'shard' and a.key = surplus.key returning a.key`,
        [count],
        PATIENCE,
      )
      return rows.map(({ key }) => key)
    },
  }
}

const SELECT_ROW = 'select key, owner::float8, epoch::float8, desired, live from assignments'
