/* A crowd in motion for a while, as fast as the machine draws it. Served by Vite, run in Chromium. */
import type { StageAvatar } from '../../../src/domain/overlay-protocol.ts'
import { createCrowd } from '../../../web/crowd/crowd.ts'
import { createGovernor } from '../../../web/crowd/governor.ts'
import { createCanvasPainter } from '../../../web/crowd/painter.canvas2d.ts'
import { createQuadSheet, type Painter } from '../../../web/crowd/painter.ts'
import { createWebglPainter } from '../../../web/crowd/painter.webgl2.ts'
import { createShow } from '../../../web/crowd/show.ts'
import '../../../web/overlay/fonts.css'

export interface CrowdInMotion {
  /** Draws for so long. The crowd's own time goes on with the clock. Resolves to the number of frames. */
  run(forMs: number): Promise<number>
  close(): void
}

interface View {
  width: number
  height: number
}

/** Nobody on stage: the canvas is cleared and shown, frame by frame, and that is all. */
export function openEmpty(kind: Painter['kind'], view: View): CrowdInMotion {
  const painter = openPainter(kind)
  Object.assign(painter.canvas, view)
  const sheet = createQuadSheet()
  return inMotion(painter, () => painter.paint(sheet, 1, 0, 0))
}

/** Resolves when the first lap was drawn: what it needs is there then. */
export async function openCrowd(
  kind: Painter['kind'],
  view: View,
  avatars: StageAvatar[],
  from: number,
): Promise<CrowdInMotion> {
  await Promise.all([...document.fonts].map((font) => font.load()))
  const painter = openPainter(kind)
  const clock = () => performance.now()
  const show = createShow(window, painter, clock, () => {})
  const crowd = createCrowd()
  crowd.replace(avatars)
  const quality = createGovernor(() => 60).quality()
  const draw = (now: number) => show.draw(crowd.members(), now, view, quality)
  for (let now = from; now < from + LAP_MS; now += 32) while (draw(now).behind);
  const startedAt = clock()
  return inMotion(painter, () => void draw(from + ((clock() - startedAt) % LAP_MS)))
}

const LAP_MS = 1_000

function inMotion(painter: Painter, draw: () => void): CrowdInMotion {
  return {
    run: (forMs) =>
      new Promise((resolve) => {
        const end = performance.now() + forMs
        let frames = 0
        // Drawn in the frame's own callback: only that counts as script to who measures.
        const step = () => {
          draw()
          frames++
          if (performance.now() < end) requestAnimationFrame(step)
          else resolve(frames)
        }
        requestAnimationFrame(step)
      }),
    close: () => painter.close(),
  }
}

function openPainter(kind: Painter['kind']): Painter {
  const painter = kind === 'webgl2' ? createWebglPainter(document, () => {}, true) : createCanvasPainter(document)
  if (!painter) throw new Error('No WebGL 2 here')
  document.body.append(painter.canvas)
  return painter
}
