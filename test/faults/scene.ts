import { readFile } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import type { createControl } from '../support/simulator-control.ts'
import type { Cluster } from './cluster.ts'
import type { Observer } from './observer.ts'
import type { FaultRecord } from './recording.ts'
import { watchOverlay, type Tenant, type WatchedOverlay } from './streamers.ts'
import type { Traffic } from './traffic.ts'

/** Everything a fault may touch. */
export interface Scene {
  cluster: Cluster
  tenants: readonly Tenant[]
  traffic: Traffic
  observer: Observer
  control: ReturnType<typeof createControl>
  /** The simulator's control API, where that has no name in `control`. */
  tell<Body = Record<string, unknown>>(method: string, path: string, body?: unknown): Promise<Body>
  overlays: WatchedOverlay[]
  /** Whose budgets the donation streams share. */
  applications: number
  random: () => number
  /** Says what happens, to whoever watches the run. */
  say(words: string): void
}

/** Makes one fault and says what it made. Resolves when the cluster has had its time to come back. */
export type Fault = (scene: Scene) => Promise<FaultRecord>

/** Faults one after another, or at the same time. */
export type Plot = Fault | { inTurn: readonly Plot[] } | { together: readonly Plot[] }

/** Between two faults of a row: what the first one left under way shows itself. */
const BETWEEN_MS = 1_000

export async function play(scene: Scene, plot: Plot): Promise<FaultRecord[]> {
  if (typeof plot === 'function') return [await plot(scene)]
  if ('together' in plot) return (await Promise.all(plot.together.map((part) => play(scene, part)))).flat()
  const records: FaultRecord[] = []
  for (const part of plot.inTurn) {
    await pause(BETWEEN_MS)
    records.push(...(await play(scene, part)))
  }
  return records
}

export function beginFault(scene: Scene, name: string): FaultRecord {
  const at = Date.now()
  scene.say(name)
  return { name, at, over: at, proofs: [], recoveries: [], mayLose: [] }
}

/** Waits until `holds` does, and for no longer than this. @returns how long it took; `null`: it did not. */
export async function takes(withinMs: number, holds: () => Promise<boolean> | boolean): Promise<number | null> {
  const began = Date.now()
  while (!(await Promise.resolve(holds()).catch(() => false))) {
    if (Date.now() - began > withinMs) return null
    await pause(100)
  }
  return Date.now() - began
}

/** Whose bots, or donation streams, run on this node, by mark. */
export async function marksOf(
  { observer, tenants }: Scene,
  nodeId: string,
  kind: 'bot' | 'donations' = 'bot',
): Promise<string[]> {
  const owners = await observer.ownersOf(kind)
  return tenants.filter(({ streamer }) => owners.get(streamer.channelId) === nodeId).map(({ mark }) => mark)
}

/** Channels whose overlay was not closed under an alert: the next alert there waits for the end of its lease. */
export function calm({ tenants, overlays }: Scene): string[] {
  const crashed = new Set(overlays.filter(({ record }) => record.crashed).map(({ mark }) => mark))
  return tenants.map(({ mark }) => mark).filter((mark) => !crashed.has(mark))
}

/** How many bots are active on nodes that live. */
export async function activeBots({ observer }: Scene): Promise<number> {
  const [row] = await observer.query<{ count: number }>(
    `select count(*)::integer as count from assignments a join nodes n on n.session = a.owner
     where a.kind = 'bot' and a.desired and a.state = 'active' and n.ended_at is null
       and n.renewed_at > now() - interval '12 s'`,
  )
  return row?.count ?? 0
}

/** All bots are active again, or will not be within this time. */
export function allActive(scene: Scene, withinMs: number): Promise<number | null> {
  return takes(withinMs, async () => (await activeBots(scene)) >= scene.tenants.length)
}

/** The lives of this node that are not over, by their numbers. */
export async function sessionsOf({ observer }: Scene, nodeId: string): Promise<string[]> {
  const rows = await observer.query<{ session: string }>(
    'select session::text from nodes where node_id = $1 and ended_at is null',
    [nodeId],
  )
  return rows.map(({ session }) => session)
}

/** Nothing belongs to these lives any more, and all bots are active with somebody else. */
export function takenOver(scene: Scene, sessions: readonly string[], withinMs: number): Promise<number | null> {
  return takes(withinMs, async () => {
    const [row] = await scene.observer.query<{ left: number }>(
      'select count(*)::integer as left from assignments where desired and owner = any($1::bigint[])',
      [sessions],
    )
    return row?.left === 0 && (await activeBots(scene)) >= scene.tenants.length
  })
}

export function openOverlayOf(
  scene: Pick<Scene, 'overlays'>,
  tenant: Tenant,
  options: Parameters<typeof watchOverlay>[1],
): WatchedOverlay {
  const overlay = watchOverlay(tenant, options)
  scene.overlays.push(overlay)
  return overlay
}

/** Whether the process hangs, as the system says. */
export async function isPaused(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  return stat.slice(stat.lastIndexOf(')') + 2).startsWith('T')
}
