import type { FrameMeter } from './frame-meter.ts'

/** One loop of animation frames for everything that moves, running only while something does. */
export interface Frames {
  /**
   * @param draw draws the moment; returns whether there is more to come
   * @returns wakes the loop up
   */
  add(draw: () => boolean): () => void
}

export function createFrames(page: Window, meter: FrameMeter): Frames {
  const awake = new Set<() => boolean>()
  let frame: number | undefined

  return {
    add(draw) {
      return () => {
        awake.add(draw)
        frame ??= page.requestAnimationFrame(step)
      }
    },
  }

  function step(): void {
    frame = undefined
    meter.frame()
    for (const draw of awake) if (!draw()) awake.delete(draw)
    if (awake.size === 0) meter.rest()
    else frame ??= page.requestAnimationFrame(step)
  }
}

/** Counts frames for a moment, so that there is a rate before anything moves. */
export function probeFrames(frames: Frames, meter: FrameMeter, done: () => void): void {
  const wake = frames.add(() => {
    if (meter.fps() === 0) return true
    done()
    return false
  })
  wake()
}
