import type { AlertStage, ShownAlert } from './alert-player.ts'
import { createAlertShow, type AlertShow } from './alert-show.ts'
import { QUICK_EXIT_MS } from './choreography.ts'
import type { Frames } from './frames.ts'
import type { Locale } from './wording.ts'

export interface StageParts {
  element: HTMLElement
  page: Window
  /** Server time. */
  now(): number
  locale(): Locale
  ring(volume: number): void
  frames: Frames
}

/** The stage's own units. */
const WIDTH = 1_920
const HEIGHT = 1_080
/** An alert with its confetti is this wide: a source that is narrower than 16 : 9 shows it larger, at the sides' cost. */
const ALERT_WIDTH = 1_240

interface Running {
  id: string
  show: AlertShow
  startedAt: number
}

/**
 * Puts alerts before the eyes. Frames are asked for only while something moves: an idle overlay costs nothing, and a
 * hidden one gets no frames anyway and goes on where it should be when it is shown again.
 */
export function createStage(parts: StageParts): AlertStage {
  const { element, page, now } = parts
  const wake = parts.frames.add(draw)
  let prepared: { id: string; show: AlertShow } | undefined
  let running: Running | undefined
  const leaving = new Set<Running>()

  page.addEventListener('resize', scale)
  scale()

  return {
    async prepare(alert) {
      if (running?.id === alert.id) return
      prepared?.show.remove()
      prepared = { id: alert.id, show: build(alert) }
      await prepared.show.ready
    },
    show(alert, startedAt, muted) {
      drop()
      const show = prepared?.id === alert.id ? prepared.show : build(alert)
      if (prepared && prepared.show !== show) prepared.show.remove()
      prepared = undefined
      running = { id: alert.id, show, startedAt }
      if (alert.sound && !muted) parts.ring(alert.sound.volume)
      wake()
    },
    clear() {
      drop()
      prepared?.show.remove()
      prepared = undefined
    },
    leave() {
      if (!running) return
      const gone = running
      running = undefined
      gone.show.leave(now() - gone.startedAt)
      leaving.add(gone)
      // Where there are no frames it is gone all the same.
      page.setTimeout(() => strike(gone), QUICK_EXIT_MS + 200)
    },
  }

  function build(alert: ShownAlert): AlertShow {
    return createAlertShow(alert, parts.locale(), scaleOf(page) * alertZoomOf(page) * page.devicePixelRatio, element)
  }

  function draw(): boolean {
    for (const it of leaving) if (!it.show.draw(now() - it.startedAt)) strike(it)
    running?.show.draw(now() - running.startedAt)
    return running !== undefined || leaving.size > 0
  }

  function drop(): void {
    running?.show.remove()
    running = undefined
  }

  function strike(it: Running): void {
    leaving.delete(it)
    it.show.remove()
  }

  function scale(): void {
    const factor = scaleOf(page)
    const [left, top] = [(page.innerWidth - WIDTH * factor) / 2, (page.innerHeight - HEIGHT * factor) / 2]
    element.style.setProperty('--alert-zoom', alertZoomOf(page).toFixed(4))
    element.style.transform = `translate(${left}px, ${top}px) scale(${factor})`
  }
}

/** How much larger than on a 16 : 9 screen: as wide as there is room for, as high as the stage would be. */
function alertZoomOf(page: Window): number {
  const factor = scaleOf(page)
  return Math.max(1, Math.min(page.innerWidth / factor / ALERT_WIDTH, page.innerHeight / factor / HEIGHT))
}

function scaleOf(page: Window): number {
  return Math.min(page.innerWidth / WIDTH, page.innerHeight / HEIGHT) || 1
}
