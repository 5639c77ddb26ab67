import type { Clock } from '../base/clock.ts'
import type { Metrics } from '../base/metrics.ts'
import { ASSIGNMENT_KINDS } from '../domain/assignment-kind.ts'
import type { AdminViews } from '../persistence/admin-views.ts'

export interface CountForMetricsOptions {
  views: Pick<AdminViews, 'waiting' | 'unowned' | 'stuck'>
  /** The channels that have an overlay on this node which could show an alert now. */
  showing: () => readonly string[]
  clock: Clock
  metrics: Pick<Metrics, 'parkedPayloads' | 'assignmentsUnowned' | 'alertsStuckSeconds'>
}

/** Counts what only the database knows, when somebody looks at the metrics. What cannot be counted stays as it was. */
export function createCountForMetrics({ views, showing, clock, metrics }: CountForMetricsOptions) {
  /** Since when a channel is stuck, as far as anybody has looked. */
  const stuckSince = new Map<string, number>()

  return async (): Promise<void> => {
    await Promise.all([countUnowned(), countParked(), timeStuck()])
  }

  async function countUnowned() {
    const counted = new Map((await views.unowned()).map(({ kind, count }) => [kind, count]))
    for (const kind of ASSIGNMENT_KINDS) metrics.assignmentsUnowned.set({ kind }, counted.get(kind) ?? 0)
  }

  async function countParked() {
    metrics.parkedPayloads.set((await views.waiting()).parked)
  }

  async function timeStuck() {
    const channels = showing()
    const stuck = new Set(channels.length === 0 ? [] : await views.stuck(channels))
    const now = clock.monotonic()
    for (const id of stuckSince.keys()) if (!stuck.has(id)) stuckSince.delete(id)
    for (const id of stuck) if (!stuckSince.has(id)) stuckSince.set(id, now)
    const longestMs = [...stuckSince.values()].reduce((longest, since) => Math.max(longest, now - since), 0)
    metrics.alertsStuckSeconds.set(longestMs / 1_000)
  }
}
