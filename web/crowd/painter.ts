import type { Surface } from '../avatar/pen.ts'
import type { Box, Picture } from './picture.ts'

/**
 * Shows pictures. Two exist: one for a graphics card, one for machines without. Both show the same: transformed
 * pictures, in order, over nothing.
 */
export interface Painter {
  readonly kind: 'webgl2' | 'canvas2d'
  readonly canvas: HTMLCanvasElement
  /** @param box everything outside is cut @param density pixels a unit */
  bake(box: Box, density: number, draw: (surface: Surface) => void): Picture
  /** A loaded picture as it is, in a box of its own. Throws where the browser forbids it. */
  adopt(image: HTMLImageElement, box: Box): Picture
  forget(picture: Picture): void
  /** @param density pixels a stage unit; both shifts are in stage units */
  paint(sheet: QuadSheet, density: number, shiftX: number, shiftY: number): void
  /** Gives everything back. */
  close(): void
}

/** Numbers a quad: the matrix from picture to stage units (as in `setTransform`), and how opaque it is. */
export const QUAD_NUMBERS = 7
const FIRST_ROOM = 1_024

/** What a frame shows, from back to front; kept from frame to frame, so that none makes rubbish. */
export interface QuadSheet {
  count: number
  pictures: Picture[]
  numbers: Float32Array
}

export function createQuadSheet(): QuadSheet {
  return { count: 0, pictures: [], numbers: new Float32Array(FIRST_ROOM * QUAD_NUMBERS) }
}

/** A place for pictures: x' = a·x + c·y + e, y' = b·x + d·y + f. */
export interface Matrix {
  a: number
  b: number
  c: number
  d: number
  e: number
  f: number
}

export function addQuad(sheet: QuadSheet, picture: Picture, { a, b, c, d, e, f }: Matrix, alpha = 1): void {
  if (picture.empty || alpha <= 0) return
  const at = sheet.count * QUAD_NUMBERS
  if (at + QUAD_NUMBERS > sheet.numbers.length) {
    const wider = new Float32Array(sheet.numbers.length * 2)
    wider.set(sheet.numbers)
    sheet.numbers = wider
  }
  const { numbers } = sheet
  numbers[at] = a
  numbers[at + 1] = b
  numbers[at + 2] = c
  numbers[at + 3] = d
  numbers[at + 4] = e
  numbers[at + 5] = f
  numbers[at + 6] = alpha
  sheet.pictures[sheet.count++] = picture
}

/** The upper edge of what is on the sheet. */
export function highest({ count, pictures, numbers }: QuadSheet): number {
  let top = Infinity
  for (let index = 0; index < count; index++) {
    const box = (pictures[index] as Picture).box
    const at = index * QUAD_NUMBERS
    const [b, d, f] = [numbers[at + 1] as number, numbers[at + 3] as number, numbers[at + 5] as number]
    const sideways = Math.min(b * box.left, b * (box.left + box.width))
    top = Math.min(top, f + sideways + Math.min(d * box.top, d * (box.top + box.height)))
  }
  return top
}

/** `outer` after `inner` moved to a place, turned and stretched. */
export function placed(outer: Matrix, x: number, y: number, turn = 0, stretchX = 1, stretchY = 1): Matrix {
  const [cos, sin] = turn === 0 ? [1, 0] : [Math.cos(turn), Math.sin(turn)]
  const [a, b, c, d] = [cos * stretchX, sin * stretchX, -sin * stretchY, cos * stretchY]
  return {
    a: outer.a * a + outer.c * b,
    b: outer.b * a + outer.d * b,
    c: outer.a * c + outer.c * d,
    d: outer.b * c + outer.d * d,
    e: outer.a * x + outer.c * y + outer.e,
    f: outer.b * x + outer.d * y + outer.f,
  }
}

export const IDENTITY: Matrix = { a: 1, b: 0, c: 0, d: 1, e: 0, f: 0 }
