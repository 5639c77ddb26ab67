import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import type { AssignmentRunner, EndReason, Owned } from '../../src/app/assignments/assignment-runner.ts'
import { createNodeLife, type NodeLife } from '../../src/app/assignments/keep-node-session.ts'
import { createSuperviseAssignments } from '../../src/app/assignments/supervise-assignments.ts'
import { createMetrics } from '../../src/base/metrics.ts'
import { createMemoryBus } from '../../src/coordination/bus.memory.ts'
import type { Bus } from '../../src/coordination/bus.ts'
import { createMemoryKeys } from '../../src/coordination/shared-keys.memory.ts'
import type { AssignmentKind } from '../../src/domain/assignment-kind.ts'
import { createNodes, type Reach } from '../../src/persistence/nodes.ts'
import { createOwnership } from '../../src/persistence/ownership.ts'
import { openTestDatabase } from './database.ts'
import { eventually } from './eventually.ts'
import { recordingLogger } from './logger.ts'
import { createManualClock } from './manual-clock.ts'

/**
 * Nodes with their supervisors on one database, a clock that is moved by hand, and buses that are joined. Runners do nothing
 * but remember what they were told.
 */
export async function openAssignmentNodes(t: TestContext) {
  const { db } = await openTestDatabase(t)
  const clock = createManualClock()
  const keys = createMemoryKeys({ clock })
  const buses: Array<{ own: Bus; deaf: boolean }> = []
  const ends: Array<() => unknown> = []
  t.after(async () => {
    for (const end of ends) await end()
  })
  const want = async (kind: AssignmentKind, wanted: string[], desired = true) => {
    await db.execute(
      `insert into assignments (kind, key, desired) select $1, unnest($2::text[]), $3
       on conflict (kind, key) do update set desired = $3`,
      [kind, wanted, desired],
    )
  }
  return {
    db,
    clock,
    keys,
    want,
    unwant: (kind: AssignmentKind, key: string) => want(kind, [key], false),
    live: (key: string) => db.execute(`update assignments set live = true where kind = 'bot' and key = $1`, [key]),
    /** The clock goes on while it is waited. */
    until: (what: string, holds: () => unknown) =>
      eventually(what, async () => (await holds()) || (await clock.advance(100), false)),
    /** `deaf`: what is said to it alone gets lost. */
    node(nodeId: string, { roles = ['web', 'bots'], deaf = false }: { roles?: string[]; deaf?: boolean } = {}) {
      const own = createMemoryBus({ onError: (error) => assert.fail(error as Error) })
      const bus: Bus = {
        ...own,
        publish(topic, message) {
          own.publish(topic, message)
          for (const other of buses) {
            if (other.own !== own && !(other.deaf && topic.startsWith('node:'))) other.own.publish(topic, message)
          }
        },
      }
      buses.push({ own, deaf })
      const { logger, logs } = recordingLogger()
      const metrics = createMetrics()
      const real = createNodes(db)
      let frozen: Array<() => void> | null = null
      let last = 0
      const state = { reach: 'up' as Reach }
      const life: NodeLife = createNodeLife({
        nodes: {
          ...real,
          renew: async (session, figures, options) => {
            last = session
            if (frozen) await new Promise<void>((resolve) => frozen?.push(resolve))
            return real.renew(session, figures, options)
          },
        },
        nodeId,
        process: nodeId,
        roles: new Set(roles as never),
        version: '1',
        alone: false,
        figures: () => ({ reach: state.reach }),
        onBegun: (session) => supervisor.begun(session),
        onPulse: (pulse) => supervisor.pulse(pulse),
        onLost: () => supervisor.lost(),
        onNodesChanged: () => bus.publish('cluster', { type: 'nodes-changed' }),
        clock,
        random: () => 0.5,
        logger,
        metrics,
      })
      const supervisor = createSuperviseAssignments({
        node: life,
        nodeId,
        ownership: createOwnership(db),
        nodes: real,
        bus,
        keys,
        watchdogEveryMs: 30_000,
        clock,
        logger,
        metrics,
      })
      const [bots, shards] = [createRunner('bot'), createRunner('shard')]
      supervisor.register(bots)
      supervisor.register(shards)
      // What is under way in a stopped node's turn is through before the database is closed.
      ends.push(() => life.end().catch(() => undefined))
      ends.push(() => supervisor.settled())
      return {
        state,
        life,
        supervisor,
        bus,
        bots,
        shards,
        logs,
        session: () => last,
        freeze: () => void (frozen = []),
        thaw() {
          const waiting = frozen ?? []
          frozen = null
          for (const goOn of waiting) goOn()
        },
        async start() {
          await life.start()
          await supervisor.settled()
        },
        /** A round of the watchdog. */
        async watched() {
          await clock.advance(30_500)
          await supervisor.settled()
        },
        async row(kind: string, key: string) {
          const [row] = await db.query<{ owner: number | null }>(
            'select owner::float8 from assignments where kind = $1 and key = $2',
            [kind, key],
          )
          assert.ok(row)
          return row
        },
        async counted(action: string) {
          const { values } = await metrics.watchdogActions.get()
          return values.find(({ labels }) => labels.action === action)?.value
        },
      }
    },
  }
}

function createRunner(kind: AssignmentKind) {
  const map = new Map<string, number>()
  const begun: Owned[] = []
  const ended: Array<{ key: string; why: EndReason }> = []
  const refreshed: string[] = []
  const runner: AssignmentRunner = {
    kind,
    begin(owned) {
      begun.push(...owned)
      for (const { key, epoch } of owned) map.set(key, epoch)
    },
    async end(keys, why) {
      for (const key of keys) {
        map.delete(key)
        if (key !== 'stray') ended.push({ key, why })
      }
    },
    refresh: (keys) => void refreshed.push(...keys),
    running: () => map,
    legacy: (key) => ({ of: key }),
  }
  return { ...runner, map, begun, ended, refreshed }
}
