import type { OverlayStateReport } from '../../src/domain/overlay-protocol.ts'

export interface StateReporter {
  /** Something changed: tell soon, and once for a burst of changes. */
  changed(): void
}

const EVERY_MS = 15_000
/** OBS fires several events for one click. */
const SETTLE_MS = 150

/** Tells the server what this overlay shows: at every change and every 15 s, so that it knows which one is on air. */
export function reportState(parts: {
  send(report: OverlayStateReport): Promise<void>
  ticket(): string | undefined
  state(): Omit<OverlayStateReport, 'ticket'>
  after(delayMs: number, run: () => void): () => void
}): StateReporter {
  let cancel = parts.after(EVERY_MS, tell)
  return {
    changed() {
      cancel()
      cancel = parts.after(SETTLE_MS, tell)
    },
  }

  function tell(): void {
    cancel = parts.after(EVERY_MS, tell)
    const ticket = parts.ticket()
    if (ticket !== undefined) void parts.send({ ticket, ...parts.state() })
  }
}
