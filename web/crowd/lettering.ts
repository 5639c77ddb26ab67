import type { Shown } from '../../src/domain/overlay-protocol.ts'
import { createPen, type Surface } from '../avatar/pen.ts'
import { BOARD_INK, drawBoard } from '../avatar/sign.ts'
import type { Member } from './crowd.ts'
import type { Emotes } from './emotes.ts'
import type { Picture } from './picture.ts'
import type { Painter } from './painter.ts'
import type { PictureStore } from './picture-store.ts'
import { flowText, graphemes, type FlowedText, type Run } from './text-flow.ts'

/** Something written, with its middle at x = 0 and its upper edge at y = 0, stage units. */
export interface Lettered {
  width: number
  height: number
  /** `undefined` while it is not drawn yet. */
  picture: Picture | undefined
  emotes: ReadonlyArray<{ picture: Picture; x: number; y: number; size: number }>
}

/** All that is written on stage. Texts are only ever drawn, never markup. */
export interface Lettering {
  name(member: Member, density: number): Lettered
  bubble(id: string, say: Shown, density: number, shaded: boolean): Lettered
  /** A sign's board, for its first part. */
  board(id: string, sign: Shown, density: number): Lettered
  /** Fonts came: all is to be measured and drawn again. */
  fontsChanged(): void
}

/** @property arrivals how many emotes had come when it was laid out */
interface Flowed {
  arrivals: number
  text: FlowedText
}

const FAMILY =
  '"Onest Variable", "Noto Sans", "Segoe UI", "Noto Color Emoji", "Segoe UI Emoji", "Apple Color Emoji", sans-serif'
const NAME = { font: `750 20px ${FAMILY}`, height: 28, baseline: 20, longest: 190 }
const BUBBLE = {
  font: `600 22px ${FAMILY}`,
  line: 28,
  baseline: 21,
  maxWidth: 290,
  maxLines: 3,
  emote: 31,
  padX: 16,
  padY: 9,
}
const BOARD = { font: `800 21px ${FAMILY}`, glyphFont: `38px ${FAMILY}`, height: 58, least: 66, most: 200, emote: 44 }
/** Blanks alone. */
const NOTHING: Lettered = { width: 0, height: 0, picture: undefined, emotes: [] }
const PAPER = '#fffdf6'
const INK = '#22243a'
/** Names come in colours that can be read on it: `src/domain/name-tag.ts`. */
const NAME_OUTLINE = '#100e18'
const CORNER = 16

export function createLettering(page: Document, painter: Painter, store: PictureStore, emotes: Emotes): Lettering {
  const ruler = page.createElement('canvas').getContext('2d')
  if (!ruler) throw new Error('This browser gives no 2D canvas')
  let flowed = new WeakMap<Shown, Flowed>()
  const widths = new Map<string, number>()
  const glyphs = new WeakMap<Shown, boolean>()

  return {
    name({ id, name, color }, density) {
      const short = shortened(name)
      const width = measured(NAME.font, short) + 8
      const box = { left: -width / 2 - 4, top: -4, width: width + 8, height: NAME.height + 8 }
      const picture = store.take(store.drawer(`name ${id}`), `${density} ${color} ${short}`, () =>
        painter.bake(box, density, (surface) => drawName(surface, short, color)),
      )
      return { width, height: NAME.height, picture, emotes: [] }
    },
    bubble(id, say, density, shaded) {
      const { text, arrivals } = flow(say)
      const [width, height] = [text.width + 2 * BUBBLE.padX, text.lines.length * BUBBLE.line + 2 * BUBBLE.padY]
      if (text.lines.length === 0) return NOTHING
      const box = { left: -width / 2 - 12, top: -8, width: width + 24, height: height + 26 }
      const name = `${density} ${say.at} ${arrivals} ${shaded}`
      const picture = store.take(store.drawer(`bubble ${id}`), name, () =>
        painter.bake(box, density, (surface) => drawBubble(surface, text, width, height, shaded)),
      )
      return { width, height, picture, emotes: picturesIn(text, -width / 2) }
    },
    board(id, sign, density) {
      const part = sign.parts[0] ?? { text: '' }
      const emote = 'src' in part ? emotes.picture(part.src) : undefined
      const words = 'text' in part ? part.text.trim() : emote ? '' : part.emote
      const font = holdsGlyph(sign, words) ? BOARD.glyphFont : BOARD.font
      const width = Math.min(BOARD.most, Math.max(BOARD.least, measured(font, words) + 28))
      const height = BOARD.height
      const box = { left: -width / 2 - 4, top: -4, width: width + 8, height: height + 8 }
      const picture = store.take(store.drawer(`sign ${id}`), `${density} ${sign.at} ${words}`, () =>
        painter.bake(box, density, (surface) => drawBoardWith(surface, words, font, width, height)),
      )
      const shown = emote ? [{ picture: emote, x: 0, y: height / 2 - 1, size: BOARD.emote }] : []
      return { width, height, picture, emotes: shown }
    },
    fontsChanged() {
      flowed = new WeakMap()
      widths.clear()
      store.empty((owner) => !owner.startsWith('figure '))
    },
  }

  function flow(say: Shown): Flowed {
    const known = flowed.get(say)
    const arrivals = say.parts.some((part) => 'src' in part) ? emotes.arrivals() : 0
    if (known?.arrivals === arrivals) return known
    const text = flowText(say.parts, {
      measure: (words) => measured(BUBBLE.font, words),
      hasPicture: (src) => emotes.picture(src) !== undefined,
      pictureWidth: BUBBLE.emote,
      maxWidth: BUBBLE.maxWidth,
      maxLines: BUBBLE.maxLines,
    })
    const fresh = { arrivals, text }
    flowed.set(say, fresh)
    return fresh
  }

  function picturesIn({ lines }: FlowedText, left: number): Lettered['emotes'] {
    return lines.flatMap((line, row) =>
      line.flatMap((run: Run) => {
        const picture = 'src' in run ? emotes.picture(run.src) : undefined
        const [x, y] = [left + BUBBLE.padX + run.x + BUBBLE.emote / 2, BUBBLE.padY + (row + 0.5) * BUBBLE.line]
        return picture ? [{ picture, x, y, size: BUBBLE.emote - 2 }] : []
      }),
    )
  }

  /** Asked every frame, and only an emote that comes late changes the answer: then nothing is written at all. */
  function holdsGlyph(sign: Shown, words: string): boolean {
    let known = glyphs.get(sign)
    if (known === undefined) glyphs.set(sign, (known = graphemes(words).length <= 2))
    return known
  }

  function measured(font: string, text: string): number {
    const key = `${font}\n${text}`
    let width = widths.get(key)
    if (width === undefined && ruler) {
      if (widths.size > 4_000) widths.clear()
      ruler.font = font
      width = ruler.measureText(text).width
      widths.set(key, width)
    }
    return width ?? 0
  }

  function shortened(name: string): string {
    if (measured(NAME.font, name) <= NAME.longest) return name
    const letters = graphemes(name)
    while (letters.length > 1 && measured(NAME.font, `${letters.join('')}…`) > NAME.longest) letters.pop()
    return `${letters.join('')}…`
  }
}

function drawName(surface: Surface, name: string, color: string): void {
  write(surface, NAME.font, 'center')
  surface.lineJoin = 'round'
  surface.lineWidth = 5.5
  surface.strokeStyle = NAME_OUTLINE
  surface.strokeText(name, 0, NAME.baseline)
  surface.fillStyle = color
  surface.fillText(name, 0, NAME.baseline)
}

function drawBubble(surface: Surface, text: FlowedText, width: number, height: number, shaded: boolean): void {
  surface.beginPath()
  surface.roundRect(-width / 2, 0, width, height, CORNER)
  surface.fillStyle = PAPER
  if (shaded) {
    surface.shadowColor = 'rgba(16, 12, 36, 0.32)'
    // Shadows know nothing of the drawing's scale.
    const density = surface.getTransform().a
    surface.shadowBlur = 9 * density
    surface.shadowOffsetY = 4 * density
  }
  surface.fill()
  surface.shadowColor = 'transparent'
  surface.strokeStyle = INK
  surface.lineWidth = 3
  surface.stroke()
  write(surface, BUBBLE.font, 'left')
  surface.fillStyle = INK
  for (const [row, line] of text.lines.entries()) {
    const y = BUBBLE.padY + row * BUBBLE.line + BUBBLE.baseline
    for (const run of line) if ('text' in run) surface.fillText(run.text, -width / 2 + BUBBLE.padX + run.x, y)
  }
}

function drawBoardWith(surface: Surface, words: string, font: string, width: number, height: number): void {
  drawBoard(createPen(surface), { left: -width / 2, top: 0, width, height })
  if (words === '') return
  write(surface, font, 'center')
  surface.textBaseline = 'middle'
  surface.fillStyle = BOARD_INK
  surface.fillText(words, 0, height / 2 + 1, width - 20)
}

function write(surface: Surface, font: string, align: CanvasTextAlign): void {
  surface.font = font
  surface.textAlign = align
  surface.textBaseline = 'alphabetic'
}
