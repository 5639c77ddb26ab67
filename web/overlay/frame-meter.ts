/** Counts frames while something moves, so that the dashboard can say how the streamer's machine copes. */
export interface FrameMeter {
  frame(): void
  /** Nothing moves any more: the pause is no slow frame. */
  rest(): void
  /** The last measured rate; 0 before anything moved. */
  fps(): number
}

/** Shorter stretches say more about chance than about the machine. */
const WINDOW_MS = 1_000

export function createFrameMeter(monotonic: () => number): FrameMeter {
  let windowFrom: number | undefined
  let frames = 0
  let rate = 0
  return {
    frame() {
      const at = monotonic()
      // A hidden page stops in the middle: what comes after begins anew.
      if (windowFrom === undefined || at - windowFrom > 2 * WINDOW_MS) {
        windowFrom = at
        frames = 0
        return
      }
      frames++
      if (at - windowFrom < WINDOW_MS) return
      rate = Math.round((frames * 1_000) / (at - windowFrom))
      windowFrom = at
      frames = 0
    },
    rest() {
      windowFrom = undefined
    },
    fps: () => rate,
  }
}
