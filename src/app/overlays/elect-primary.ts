import type { OverlayRole } from '../../domain/overlay-protocol.ts'

/** An open overlay, on whichever node. */
export interface Candidate {
  instance: string
  obs: boolean
  preview: boolean
  visible: boolean
  since: number
  /** What its node takes it for. */
  role: OverlayRole
}

/** OBS before a browser tab before the dashboard's preview; whatever can be seen before whatever cannot. */
export function rate({ obs, preview, visible }: Pick<Candidate, 'obs' | 'preview' | 'visible'>): number {
  return (visible ? 4 : 0) + (preview ? 0 : obs ? 2 : 1)
}

/**
 * The overlay that alerts are offered to. Every node that knows of the same overlays comes to the same one. Whoever has
 * the part keeps it against an equal; otherwise who came first has it. A page that moved between nodes may still stand on
 * both: the later one counts.
 */
export function electPrimary<Overlay extends Candidate>(overlays: Iterable<Overlay>): Overlay | undefined {
  let best: Overlay | undefined
  for (const overlay of overlays) if (!best || comesBefore(overlay, best)) best = overlay
  return best
}

function comesBefore(one: Candidate, other: Candidate): boolean {
  if (one.instance === other.instance) return one.since > other.since
  const better = rate(one) - rate(other)
  if (better !== 0) return better > 0
  if (one.role !== other.role) return one.role === 'primary'
  if (one.since !== other.since) return one.since < other.since
  return one.instance < other.instance
}
