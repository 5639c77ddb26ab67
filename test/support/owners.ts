import type { AssignmentKind } from '../../src/domain/assignment-kind.ts'
import type { TestNode } from './node.ts'

/** How many of the kind each node runs, by the rows; whatever is wanted and has no owner is `nobody`'s. */
export async function owners({ db }: Pick<TestNode, 'db'>, kind: AssignmentKind): Promise<Record<string, number>> {
  const rows = await db.query<{ node: string | null; n: number }>(
    `select n.node_id as node, count(*)::integer as n from assignments a left join nodes n on n.session = a.owner
     where a.kind = $1 and a.desired group by 1`,
    [kind],
  )
  return Object.fromEntries(rows.map(({ node, n }) => [node ?? 'nobody', n]))
}
