import { createEmotes } from './emotes.ts'
import { castAt } from './figures.ts'
import type { Member } from './crowd.ts'
import { createLettering, type Lettering } from './lettering.ts'
import { createQuadSheet, highest, type Painter } from './painter.ts'
import { createPictureStore, type PictureStore } from './picture-store.ts'
import { createProps } from './props.ts'
import { composeScene } from './scene.ts'
import { createWardrobe } from './wardrobe.ts'
import type { Quality } from './governor.ts'
import { STAGE_WIDTH } from '../../src/domain/stage-motion.ts'

/** What one drawn moment was like. */
export interface Drawn {
  /** How many were to be seen. */
  figures: number
  /** Nobody walks, waves or jumps: fewer frames a second are enough. */
  calm: boolean
  /** Something is still missing because there was no time to draw it. */
  behind: boolean
}

/** Draws a crowd with one painter, at any moment that it is asked for. */
export interface Show {
  draw(members: Iterable<Member>, now: number, view: View, quality: Quality): Drawn
  fontsChanged(): void
  tidy(): void
}

/** The stage as wide as the page, on the page's lower edge. */
export interface View {
  /** Device pixels of the canvas. */
  width: number
  height: number
}

/** Milliseconds a frame for drawing what is new: a look a frame. */
const BAKING_MS = 4
/** 64 MB of pictures. */
const BUDGET_PIXELS = 16_000_000
/** Steps in which the canvas grows, pixels: whoever jumps shall not make a new canvas every frame. */
const BAND = 128
/** A source lower than this, measured in stage units, shows all of it narrower instead of heads alone. */
const LEAST_HEIGHT = 330

export function createShow(page: Window, painter: Painter, clock: () => number, wake: () => void): Show {
  const sheet = createQuadSheet()
  const store: PictureStore = createPictureStore((picture) => painter.forget(picture), clock, BUDGET_PIXELS)
  const emotes = createEmotes(page, () => painter, wake)
  const lettering: Lettering = createLettering(page.document, painter, store, emotes)
  const parts = { wardrobe: createWardrobe(painter, store), lettering, props: createProps(painter, store) }

  return {
    draw(members, now, { width, height }, quality) {
      store.beginFrame(clock() + BAKING_MS)
      const density = Math.min(width / STAGE_WIDTH, height / LEAST_HEIGHT)
      const cast = castAt(members, now, height / density, quality.most)
      if (cast.figures.length === 0) store.empty(() => true)
      composeScene(sheet, cast, now, parts, { density, names: quality.names, bubbleShadows: quality.bubbleShadows })
      const above = Math.min(height - 1, Math.floor(Math.max(0, highest(sheet) * density) / BAND) * BAND)
      // Nobody there: a layer of this size is not kept for nothing.
      resize(painter.canvas, sheet.count > 0 ? { width, height: height - above } : { width: 1, height: 1 }, height)
      painter.paint(sheet, density, (width / density - STAGE_WIDTH) / 2, -above / density)
      return {
        figures: cast.figures.length,
        calm: cast.figures.every(({ posed }) => posed.key === 'idle 0' || posed.key === 'sit 0'),
        behind: store.isBehind(),
      }
    },
    fontsChanged: () => lettering.fontsChanged(),
    tidy: () => store.tidy(),
  }
}

/** The canvas reaches from the page's lower edge as high as needed: what is empty above the crowd costs as much as itself. */
function resize(canvas: HTMLCanvasElement, { width, height }: View, pageHeight: number): void {
  if (canvas.width !== width) canvas.width = width
  if (canvas.height !== height) canvas.height = height
  const share = `${((height / pageHeight) * 100).toFixed(3)}vh`
  if (canvas.style.height !== share) canvas.style.height = share
}
