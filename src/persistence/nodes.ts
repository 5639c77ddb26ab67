import type { AssignmentKind } from '../domain/assignment-kind.ts'
import type { NodeRole } from '../domain/node-role.ts'
import type { Database, Sql, StatementOptions } from './database.ts'

export type Nodes = ReturnType<typeof createNodes>

/**
 * How a node says that it reaches the others over the bus. `lost`: not for some seconds. `down`: not for long. `back`: it
 * does again, since a moment ago.
 */
export type Reach = 'up' | 'lost' | 'down' | 'back'

/** A node that has not ended, as another sees it. */
export interface LivingNode {
  session: number
  nodeId: string
  roles: NodeRole[]
  draining: boolean
  reach: Reach
  /** Since its last renewal, by the database's clock. */
  silentForMs: number
  /** By the database's clock. Only ever compared with itself: it changes when the node renews. */
  renewedAt: number
}

/** All that a node needs to know to see whether there is anything to do. */
export interface Pulse {
  /** This one is among them. */
  nodes: LivingNode[]
  /** How many are wanted and nobody's. */
  nobodys: Partial<Record<AssignmentKind, number>>
  /** How many are this session's, and how many of those nobody wants any more. */
  mine: Partial<Record<AssignmentKind, { wanted: number; unwanted: number }>>
}

export type Begun = { session: number } | { heldBy: { session: number; silentForMs: number } }
export type Renewed = ({ alive: true } & Pulse) | { alive: false; why: EndOfNode | null }
export type EndOfNode = 'stopped' | 'replaced' | 'fenced'

export interface FencedNode {
  session: number
  nodeId: string
  silentForMs: number
}

/**
 * Others may fence a node after this long without a renewal. It mutes itself well before, after 8.5 s (see
 * `keep-node-session.ts`): what lies between is for a statement that was slow and clocks that run at different rates.
 */
export const FENCE_AFTER_MS = 12_000

/** A statement that deletes more would hold its locks for long. */
const PURGE_BATCH = 1_000

/** Nothing goes on here without these: a connection that died without a word is given up soon, for another. */
const PATIENCE = { timeoutMs: 5_000 }

/**
 * The lives of nodes. Who ends one frees what it owned in the same transaction, by a statement of its own: what was
 * claimed while the end waited for the node's row is visible only to a later snapshot.
 */
export function createNodes(db: Database) {
  return {
    /**
     * Begins a life. One process has a life at a time and so has a node's name: what it or (with `replace`) another
     * process under this name lived until now ends as replaced, and its assignments are nobody's. Where another process
     * lives under the name, `replace` is not wished and that one is not long silent, nothing begins.
     * @param alone The database is this process's own: whatever lives in it is left over from a killed one.
     */
    begin: (node: {
      nodeId: string
      process: string
      roles: readonly NodeRole[]
      version: string
      replace: boolean
      alone: boolean
    }): Promise<Begun> =>
      db.transaction(async (tx) => {
        // Two processes of one name begin one after the other: the second sees the first.
        await tx.execute(`select pg_advisory_xact_lock(hashtextextended('node ' || $1, 0))`, [node.nodeId], PATIENCE)
        await endWhere(
          tx,
          'replaced',
          `process = $2 or $3 or (node_id = $4 and ($5 or renewed_at <= now() - make_interval(secs => ${FENCE_AFTER_MS / 1000})))`,
          [node.process, node.alone, node.nodeId, node.replace],
        )
        const [heldBy] = await tx.query<{ session: number; silentForMs: number }>(
          `select session::float8, ${SILENT_FOR} as "silentForMs" from nodes where node_id = $1 and ended_at is null`,
          [node.nodeId],
          PATIENCE,
        )
        if (heldBy) return { heldBy }
        const [begun] = await tx.query<{ session: number }>(
          `insert into nodes (node_id, process, roles, version) values ($1, $2, $3, $4) returning session::float8`,
          [node.nodeId, node.process, node.roles, node.version],
          PATIENCE,
        )
        return begun as { session: number }
      }),

    /**
     * "I live", and all there is to know: one statement, whose counts come from indexes alone. It waits for nobody but a
     * claim of its own session (`for share`) and whoever ends it at this moment, and then finds that it is over.
     * @param figures What operators, and of `reach` the others, are told of the node; what was told before stays where
     * there is none.
     */
    async renew(session: number, figures: object | null, options: StatementOptions = {}): Promise<Renewed> {
      const [row] = await db.query<RenewalRow>(
        `with me as (
           update nodes set renewed_at = now(), figures = coalesce($2::jsonb, figures)
           where session = $1 and ended_at is null returning session
         )
         select exists (select from me) as alive,
           (select end_reason from nodes where session = $1) as why,
           (select coalesce(json_agg(json_build_object('session', session, 'nodeId', node_id, 'roles', roles,
                'draining', draining, 'renewedAt', extract(epoch from renewed_at) * 1000,
                'reach', coalesce(case when session = $1 then $2::jsonb else figures end ->> 'reach', 'up'),
                'silentForMs', case when session = $1 then 0 else ${SILENT_FOR} end) order by session), '[]')
              from nodes where ended_at is null) as nodes,
           (select coalesce(json_object_agg(kind, n), '{}') from (
              select kind, count(*) as n from assignments where desired and owner is null group by kind) a) as nobodys,
           (select coalesce(json_object_agg(kind, json_build_object('wanted', wanted, 'unwanted', unwanted)), '{}') from (
              select kind, count(*) filter (where desired) as wanted, count(*) filter (where not desired) as unwanted
              from assignments where owner = $1 group by kind) a) as mine`,
        [session, figures === null ? null : JSON.stringify(figures)],
        { name: 'renew-node', ...options },
      )
      const { alive, why, nodes, nobodys, mine } = row as RenewalRow
      return alive ? { alive, nodes, nobodys, mine } : { alive, why }
    },

    /**
     * Ends those of the sessions that are still silent at this moment, by the word of one that lives. A renewal that is
     * under way is waited for, and counts.
     */
    fence: (by: number, sessions: readonly number[]): Promise<FencedNode[]> =>
      db.transaction((tx) =>
        endWhere(
          tx,
          'fenced',
          `session = any($2) and renewed_at <= now() - make_interval(secs => ${FENCE_AFTER_MS / 1000})
           and exists (select from nodes where session = $3 and ended_at is null)`,
          [sessions, by],
        ),
      ),

    /** It takes nothing more: claims and hand-overs to it find nothing. */
    async drain(session: number): Promise<void> {
      await db.execute('update nodes set draining = true where session = $1 and ended_at is null', [session], PATIENCE)
    },

    /** Ends by itself. What it still owns is nobody's. */
    async end(session: number): Promise<void> {
      await db.transaction((tx) => endWhere(tx, 'stopped', 'session = $2', [session]))
    },

    /** Forgets lives that ended long ago. @returns how many. */
    purge: (olderThanMs: number): Promise<number> =>
      db.execute(
        `delete from nodes where session = any(array(
           select session from nodes where ended_at < now() - make_interval(secs => $1 / 1000.0)
           order by session limit ${PURGE_BATCH} for update skip locked))`,
        [olderThanMs],
      ),
  }
}

interface RenewalRow extends Pulse {
  alive: boolean
  why: EndOfNode | null
}

const SILENT_FOR = `(extract(epoch from clock_timestamp() - renewed_at) * 1000)::float8`

/**
 * Ends living sessions and frees what was theirs. The row of each is locked first: a claim holds it `for share` until it
 * is through, so that the second statement sees all that was claimed, and a later claim finds that the session is over.
 */
async function endWhere(
  tx: Sql,
  reason: EndOfNode,
  condition: string,
  params: readonly unknown[],
): Promise<FencedNode[]> {
  const ended = await tx.query<FencedNode>(
    `with over as (select session from nodes where ended_at is null and (${condition}) order by session for update)
     update nodes n set ended_at = now(), end_reason = $1 from over
     where n.session = over.session and n.ended_at is null
     returning n.session::float8, node_id as "nodeId", ${SILENT_FOR} as "silentForMs"`,
    [reason, ...params],
    PATIENCE,
  )
  if (ended.length > 0) {
    // In one order everywhere, as whoever else locks several of these rows does.
    await tx.execute(
      `with theirs as (
         select kind, key, owner from assignments where owner = any($1) order by kind, key for update
       )
       update assignments a set owner = null, owned_since = null,
         orphaned_at = case when n.end_reason = 'stopped' then n.ended_at else n.renewed_at end
       from theirs t join nodes n on n.session = t.owner where a.kind = t.kind and a.key = t.key`,
      [ended.map(({ session }) => session)],
      PATIENCE,
    )
  }
  return ended
}
