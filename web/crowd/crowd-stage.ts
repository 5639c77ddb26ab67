import type { Frames } from '../overlay/frames.ts'
import { createCrowd, type Crowd } from './crowd.ts'
import { createGovernor } from './governor.ts'
import { createCanvasPainter } from './painter.canvas2d.ts'
import type { Painter } from './painter.ts'
import type { createWebglPainter } from './painter.webgl2.ts'
import { createShow, type Drawn, type Show, type View } from './show.ts'

/** The viewers' characters on the page. Told what happens, it draws as long as somebody is there. */
export interface CrowdStage extends Omit<Crowd, 'members'> {
  /** How it draws, for the dashboard: `webgl2`, `canvas2d`, each with `-lite` where it leaves things out. */
  tier(): string
}

export interface CrowdStageParts {
  page: Window
  /** The canvas comes before it: alerts are above the crowd. */
  above: HTMLElement
  frames: Frames
  /** `undefined` where there is no graphics card: then the crowd is drawn in software. */
  openCard(lost: Parameters<typeof createWebglPainter>[1]): Painter | undefined
  /** Server time. */
  now(): number
  monotonic(): number
  /** Of an empty page, as measured; a guess before. */
  screenFps(): number
  tierChanged(): void
}

/** A graphics card fills a screen of 4K in no time; software has enough to do with a stage's own 1920 × 1080. */
const MOST_PIXELS = { webgl2: 3_840 * 2_160, canvas2d: 1_920 * 1_080 }
/** Half the frames while everybody stands: breath has no more to show. */
const CALM_FPS = 30
const TIDY_MS = 2_000
/** Who was taken the graphics card goes on without when it is not given back soon, or for the third time. */
const WAIT_FOR_CARD_MS = 3_000
const MOST_LOSSES = 2

export function createCrowdStage(parts: CrowdStageParts): CrowdStage {
  const { page, now, monotonic } = parts
  const crowd = createCrowd()
  const governor = createGovernor(parts.screenFps)
  const wake = parts.frames.add(draw)
  let losses = 0
  let cardIsLost = false
  let painter: Painter = parts.openCard(cardChanged) ?? createCanvasPainter(page.document)
  let show: Show = open(painter)
  let drawnAt = -Infinity
  let tidiedAt = 0
  let last: Drawn | undefined
  let tier = tierNow()

  page.addEventListener('resize', wake)
  page.document.fonts.addEventListener('loadingdone', () => {
    show.fontsChanged()
    wake()
  })

  return {
    tier: () => tier,
    replace: (avatars) => told(() => crowd.replace(avatars)),
    join: (at, event) => told(() => crowd.join(at, event)),
    leave: (at, event) => told(() => crowd.leave(at, event)),
    changeLook: (event) => told(() => crowd.changeLook(event)),
    act: (at, event) => told(() => crowd.act(at, event)),
    say: (at, event) => told(() => crowd.say(at, event)),
    holdUp: (at, event) => told(() => crowd.holdUp(at, event)),
  }

  function told(change: () => void): void {
    change()
    wake()
  }

  function open(with_: Painter): Show {
    const { canvas } = with_
    canvas.className = 'crowd'
    canvas.setAttribute('aria-hidden', 'true')
    parts.above.before(canvas)
    return createShow(page, with_, monotonic, wake)
  }

  function draw(): boolean {
    const at = monotonic()
    const quality = governor.quality()
    const fps = last?.calm ? Math.min(CALM_FPS, quality.fps) : quality.fps
    // A little early is in time: frames do not come to the millisecond.
    if (at - drawnAt < 1_000 / fps - 4) return true
    drawnAt = at
    last = show.draw(crowd.members(), now(), viewOf(quality.resolution), quality)
    if (at - tidiedAt > TIDY_MS) {
      tidiedAt = at
      show.tidy()
    }
    if (last.figures === 0) {
      governor.pause()
      drawnAt = -Infinity
      return false
    }
    if (last.calm || last.behind) governor.pause()
    else governor.drawn(at, monotonic() - at)
    if (tierNow() !== tier) {
      tier = tierNow()
      parts.tierChanged()
    }
    return true
  }

  function viewOf(resolution: number): View {
    const { innerWidth, innerHeight, devicePixelRatio } = page
    const affordable = Math.sqrt(MOST_PIXELS[painter.kind] / Math.max(1, innerWidth * innerHeight))
    const density = Math.min(devicePixelRatio, affordable) * resolution
    return {
      width: Math.max(1, Math.round(innerWidth * density)),
      height: Math.max(1, Math.round(innerHeight * density)),
    }
  }

  function tierNow(): string {
    return painter.kind + (governor.isLite() ? '-lite' : '')
  }

  function cardChanged(state: 'lost' | 'restored'): void {
    cardIsLost = state === 'lost'
    if (!cardIsLost) return wake()
    losses++
    if (losses > MOST_LOSSES) goOnWithoutCard()
    else page.setTimeout(() => cardIsLost && goOnWithoutCard(), WAIT_FOR_CARD_MS)
  }

  function goOnWithoutCard(): void {
    cardIsLost = false
    painter.close()
    painter = createCanvasPainter(page.document)
    show = open(painter)
    tier = tierNow()
    parts.tierChanged()
    wake()
  }
}
