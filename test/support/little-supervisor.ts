import type { AssignmentRunner, NodeSession } from '../../src/app/assignments/assignment-runner.ts'
import { createCompareRows } from '../../src/app/assignments/compare-rows.ts'
import { createHeldAssignments } from '../../src/app/assignments/held-assignments.ts'
import type { Bus } from '../../src/coordination/bus.ts'
import { createOwnership } from '../../src/persistence/ownership.ts'
import type { Database } from '../../src/persistence/database.ts'
import { createNodes } from '../../src/persistence/nodes.ts'
import { silentLogger } from './logger.ts'

/** A node's session without a renewal: it lives until the test says otherwise. */
export interface LittleSession extends NodeSession {
  begin(): Promise<number>
  mute(muted: boolean): void
}

export function createLittleSession(db: Database, nodeId = 'test-node'): LittleSession {
  let session: number | null = null
  let muted = false
  return {
    session: () => session,
    mayAct: () => session !== null && !muted,
    mute: (now) => void (muted = now),
    async begin() {
      const begun = await createNodes(db).begin({
        nodeId,
        process: crypto.randomUUID(),
        roles: ['web', 'bots', 'donations'],
        version: 'test',
        replace: true,
        alone: false,
      })
      session = 'session' in begun ? begun.session : null
      return session ?? 0
    },
  }
}

/** Takes whatever is nobody's, and brings what runs to what the rows say as soon as the bus rings. Without a clock. */
export function createLittleSupervisor(
  db: Database,
  { session, bus, runners }: { session: LittleSession; bus: Bus; runners: readonly AssignmentRunner[] },
) {
  const ownership = createOwnership(db)
  const held = createHeldAssignments({ onBegun: () => {}, onEnded: () => {}, logger: silentLogger })
  for (const runner of runners) held.register(runner)
  const compare = createCompareRows({ node: session, ownership, held })
  let turn: Promise<unknown> = Promise.resolve()
  const next = (work: () => Promise<unknown>) => {
    turn = turn.then(work).catch(() => undefined)
    return turn
  }
  const claim = async (kind: AssignmentRunner['kind']) => {
    const mine = session.session()
    if (mine === null) return
    const open = await ownership.unowned(kind, 100_000)
    const claimed = await ownership.claim(
      mine,
      kind,
      open.map(({ key }) => key),
    )
    held.begin(
      kind,
      claimed.map((row) => ({ ...row, legacy: null })),
    )
  }
  bus.subscribe('cluster', (event) => {
    if (event.type !== 'assignments-changed' || session.session() === null) return
    void next(async () => {
      if (await compare.look(event.kind, new Map(event.keys.map((key) => [key, true])))) await claim(event.kind)
    })
  })
  return {
    held,
    async start() {
      await session.begin()
      for (const { kind } of runners) await next(() => claim(kind))
    },
    settled: () => next(async () => {}),
  }
}
