/** What a frame may cost. */
export interface Quality {
  /** Of the canvas, as a share of the screen's pixels. */
  resolution: number
  fps: number
  names: boolean
  bubbleShadows: boolean
  /** So many characters are drawn at most. */
  most: number
}

/** From best to cheapest: sharpness goes first, then smoothness, then what is beside the characters, then characters. */
const LADDER: readonly Quality[] = [
  { resolution: 1, fps: 60, names: true, bubbleShadows: true, most: Infinity },
  { resolution: 0.8, fps: 60, names: true, bubbleShadows: true, most: Infinity },
  { resolution: 0.8, fps: 30, names: true, bubbleShadows: true, most: Infinity },
  { resolution: 0.64, fps: 30, names: false, bubbleShadows: false, most: Infinity },
  { resolution: 0.64, fps: 30, names: false, bubbleShadows: false, most: 100 },
  { resolution: 0.5, fps: 30, names: false, bubbleShadows: false, most: 50 },
]
/** From here on the picture lacks something that a viewer would miss. */
const LITE_FROM = 3

/** Long enough that one busy moment of the machine decides nothing. */
const WINDOW_MS = 2_000
const LEAST_FRAMES = 20
/** So much later than asked for is too late. */
const LATE = 1.4
/** Our own share of a frame: beyond it the page is what makes frames late. */
const BUSY = 0.6
/** Before it dares more: at first, and at most after having dared in vain. */
const CALM_MS = { first: 12_000, longest: 240_000 }

/** Lowers the quality while frames come late, and raises it again slowly. */
export interface Governor {
  quality(): Quality
  /** Whether so much is left out that it shall be told. */
  isLite(): boolean
  /** A frame was drawn. @param workMs of our own in it */
  drawn(at: number, workMs: number): void
  /** What comes now says nothing of the machine: nothing is drawn, or fewer frames than could be. */
  pause(): void
}

/** @param screenFps how many frames a second the screen gives an empty page; OBS may be set to 30 */
export function createGovernor(screenFps: () => number): Governor {
  let level = 0
  let window: { from: number; last: number; frames: number; work: number } | undefined
  let calmSince: number | undefined
  let patience = CALM_MS.first
  let raisedAt = -Infinity

  return {
    quality: () => LADDER[level] as Quality,
    isLite: () => level >= LITE_FROM,
    drawn(at, workMs) {
      // A hidden page stops in the middle: what comes after begins anew.
      if (!window || at - window.last > 1_000) {
        window = { from: at, last: at, frames: 0, work: 0 }
        return
      }
      window.last = at
      window.frames++
      window.work += workMs
      if (at - window.from < WINDOW_MS || window.frames < LEAST_FRAMES) return
      judge(at, (at - window.from) / window.frames, window.work / window.frames)
      window = { from: at, last: at, frames: 0, work: 0 }
    },
    pause() {
      window = undefined
    },
  }

  function judge(at: number, intervalMs: number, workMs: number): void {
    const wantedMs = 1_000 / Math.min(quality().fps, screenFps())
    if (intervalMs > wantedMs * LATE || workMs > wantedMs * BUSY) {
      calmSince = undefined
      if (level === LADDER.length - 1) return
      level++
      // Had it just dared more, it waits twice as long before it dares again.
      if (at - raisedAt < CALM_MS.first) patience = Math.min(CALM_MS.longest, patience * 2)
      return
    }
    calmSince ??= at
    if (level === 0 || at - calmSince < patience || workMs > wantedMs * (BUSY / 2)) return
    level--
    raisedAt = at
    calmSince = at
  }

  function quality(): Quality {
    return LADDER[level] as Quality
  }
}
