import type { Clock } from '../../base/clock.ts'
import type { OverlayAudience } from './overlay-audience.ts'

export interface DrainOverlaysOptions {
  audience: Pick<OverlayAudience, 'connections'>
  /** Another node will take them. */
  isServedElsewhere(): Promise<boolean>
  clock: Pick<Clock, 'sleep'>
}

/** All at once would be a thousand sign-ins within the pages' retry time, at nodes that have work of their own. */
const OVER_MS = 10_000
const STEP_MS = 100

/** Sends overlays to other nodes, a few at a time; who comes meanwhile too. Where there is no other they stay. */
export async function drainOverlays({ audience, isServedElsewhere, clock }: DrainOverlaysOptions): Promise<void> {
  if (!(await isServedElsewhere().catch(() => false))) return
  for (let leftMs = OVER_MS; leftMs > 0; leftMs -= STEP_MS) {
    const open = audience.connections()
    if (open.length === 0) return
    const stay = Math.round((open.length * (leftMs - STEP_MS)) / leftMs)
    for (const connection of open.slice(stay)) connection.end('drained')
    await clock.sleep(STEP_MS)
  }
}
