/* A crowd at a moment of one's choice, drawn by the overlay's own code. Served by Vite, run in Chromium. */
import type { StageAvatar } from '../../../src/domain/overlay-protocol.ts'
import { createCrowdStage } from '../../../web/crowd/crowd-stage.ts'
import { createGovernor } from '../../../web/crowd/governor.ts'
import { createCanvasPainter } from '../../../web/crowd/painter.canvas2d.ts'
import type { Painter } from '../../../web/crowd/painter.ts'
import { createWebglPainter } from '../../../web/crowd/painter.webgl2.ts'
import { createShow } from '../../../web/crowd/show.ts'
import { createFrameMeter } from '../../../web/overlay/frame-meter.ts'
import { createFrames } from '../../../web/overlay/frames.ts'
import { crowdOfTold } from '../tell-crowd.ts'
import type { Told } from '../told-stage.ts'
import '../../../web/overlay/fonts.css'

/** What an overlay heard: a snapshot when it came, and events since. */
export interface Heard {
  snapshot?: readonly StageAvatar[]
  told?: readonly Told[]
}

export interface PictureOptions {
  width?: number
  height?: number
  kind?: Painter['kind']
}

/** Draws the moment and leaves it in the page. Nothing of it depends on when and how often that was done before. */
export async function showMoment(
  { snapshot = [], told = [] }: Heard,
  now: number,
  { width = 1_920, height = 1_080, kind = 'canvas2d' }: PictureOptions = {},
): Promise<HTMLCanvasElement> {
  await loadFonts()
  const painter = kind === 'webgl2' ? createWebglPainter(document, () => {}, true) : createCanvasPainter(document)
  if (!painter) throw new Error('No WebGL 2 here')
  document.querySelector('canvas')?.remove()
  document.body.append(painter.canvas)
  const show = createShow(
    window,
    painter,
    () => performance.now(),
    () => {},
  )
  const crowd = crowdOfTold(snapshot, told)
  const quality = createGovernor(() => 60).quality()
  while (show.draw(crowd.members(), now, { width, height }, quality).behind);
  return painter.canvas
}

export async function momentDigest(...moment: Parameters<typeof showMoment>): Promise<string> {
  const { data } = pixelsOf(await showMoment(...moment))
  const digest = await crypto.subtle.digest('SHA-256', data)
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** The share of pixels that the two painters paint clearly differently. */
export async function paintersDiffer(heard: Heard, now: number, options: PictureOptions): Promise<number> {
  const { data: software } = pixelsOf(await showMoment(heard, now, options))
  const { data: card } = pixelsOf(await showMoment(heard, now, { ...options, kind: 'webgl2' }))
  let [clear, seen] = [0, 0]
  for (let at = 0; at < software.length; at += 4) {
    if (software[at + 3] === 0 && card[at + 3] === 0) continue
    seen++
    if ([0, 1, 2, 3].some((channel) => Math.abs((software[at + channel] ?? 0) - (card[at + channel] ?? 0)) > 64))
      clear++
  }
  return clear / seen
}

/** A whole stage on an emulated card whose context is lost and given back, or not. Returns tiers and what was seen. */
export async function loseCard(snapshot: StageAvatar[], givenBack: boolean) {
  await loadFonts()
  const above = document.body.appendChild(document.createElement('div'))
  const frames = createFrames(
    window,
    createFrameMeter(() => performance.now()),
  )
  let card: Painter | undefined
  const stage = createCrowdStage({
    page: window,
    above,
    frames,
    openCard: (lost) => (card = createWebglPainter(document, lost, true)),
    now: () => snapshot[0]?.motion.at ?? 0,
    monotonic: () => performance.now(),
    screenFps: () => 60,
    tierChanged: () => {},
  })
  stage.replace(snapshot)
  const tiers = [stage.tier()]
  const before = await seenWithin(() => pixelCount(above))
  const canvas = card?.canvas as HTMLCanvasElement
  const extension = canvas.getContext('webgl2')?.getExtension('WEBGL_lose_context')
  const lost = new Promise((resolve) => canvas.addEventListener('webglcontextlost', () => setTimeout(resolve)))
  extension?.loseContext()
  await lost
  if (givenBack) extension?.restoreContext()
  const after = await seenWithin(() => pixelCount(above), givenBack ? () => true : () => stage.tier() === 'canvas2d')
  tiers.push(stage.tier())
  stage.replace([])
  return { tiers, before, after, canvases: document.querySelectorAll('canvas.crowd').length }
}

async function seenWithin(count: () => number, when = () => true): Promise<number> {
  let seen = 0
  await until(() => when() && (seen = count()) > 0)
  return seen
}

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise((resolve) => requestAnimationFrame(resolve))
}

/** Read within the frame that drew it: a card's canvas is empty once it was shown. */
function pixelCount(above: HTMLElement): number {
  const canvas = above.previousElementSibling as HTMLCanvasElement
  const { data } = pixelsOf(canvas)
  let seen = 0
  for (let at = 3; at < data.length; at += 4) if (data[at] !== 0) seen++
  return seen
}

function pixelsOf(canvas: HTMLCanvasElement): ImageData {
  const copy = document.createElement('canvas')
  copy.width = canvas.width
  copy.height = canvas.height
  const paint = copy.getContext('2d', { willReadFrequently: true }) as CanvasRenderingContext2D
  paint.drawImage(canvas, 0, 0)
  return paint.getImageData(0, 0, copy.width, copy.height)
}

/** Before its font is there, a text looks otherwise. */
async function loadFonts(): Promise<void> {
  await Promise.all([...document.fonts].map((font) => font.load()))
}
