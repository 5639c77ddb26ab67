import type { AvatarLook, Ears, Hair, Hat, Head } from '../../src/domain/avatar-look.ts'
import { drawEarsBehind, drawEarsBeside, drawEarsOnTop } from './ears.ts'
import { drawFace, drawStubble } from './face.ts'
import { drawFrontHair, drawHairKnots, drawShavedSides } from './hair.ts'
import { drawHat } from './hats.ts'
import type { Pen } from './pen.ts'
import type { Expression } from './poses.ts'

/*
 * The head. Origin at the neck, which is also what it turns about; x right, y down; the chin lies near y = -2, the bare
 * crown at y = -84, the widest place at x = -43 … 45. All heads share one crown, so that every hairdo and hat fits
 * every head; they differ in jaw and proportion.
 */

const CROWN = 'M-42,-39C-44,-72-22,-84 2,-84C28,-84 46,-69 45,-40'
const HEAD_SHAPES: Record<Head, { jaw: string; stretchX: number; stretchY: number }> = {
  round: { jaw: 'C44,-15 25,-2 5,-2C-17,-2-41,-12-42,-39Z', stretchX: 1, stretchY: 1 },
  oval: { jaw: 'C44,-20 26,0 6,0C-14,0-40,-17-42,-39Z', stretchX: 0.95, stretchY: 1.045 },
  square: { jaw: 'C46,-19 42,-5 24,-2C12,-0.5-6,-0.5-17,-2C-38,-5-42,-18-42,-39Z', stretchX: 1.03, stretchY: 0.965 },
  heart: { jaw: 'C44,-22 26,-5 10,0C6,1.2 2,1.2-2,0C-18,-5-41,-19-42,-39Z', stretchX: 1, stretchY: 1.01 },
}

export function drawHead(pen: Pen, look: AvatarLook, expression: Expression): void {
  const { jaw, stretchX, stretchY } = HEAD_SHAPES[look.head]
  const skull = CROWN + jaw
  pen.placed({ x: 0, y: 0, stretchX, stretchY }, () => {
    drawEarsBehind(pen, look)
    drawHairKnots(pen, look)
    pen.shape(skull, look.skin, { shade: 'M-50,-48C-42,-14-16,-8 6,-8C26,-8 42,-18 48,-44L60,10L-60,10Z' })
    drawEarsBeside(pen, look)
    drawShavedSides(pen, look, skull)
    drawStubble(pen, look, skull)
    drawFace(pen, look, expression)
    drawFrontHair(pen, look)
    drawEarsOnTop(pen, look)
    drawHat(pen, look)
  })
}

/** How high what is worn, grown or raised reaches above the neck; what is not listed ends below the crown. */
const HEIGHTS: Partial<Record<Hat | Hair | Ears, number>> = {
  beanie: 128,
  cap: 115,
  crown: 124,
  catphones: 119,
  witch: 158,
  tophat: 140,
  halo: 128,
  frog: 120,
  santa: 126,
  horns: 126,
  flower: 100,
  spiky: 119,
  mohawk: 129,
  buns: 112,
  curly: 114,
  cat: 112,
  fox: 122,
  bunny: 148,
}
const CROWN_HEIGHT = 98

/** How far hair, ears and hat reach above the neck: what must stay free of signs and name tags. */
export function headHeight({ hair, ears, hat, head }: AvatarLook): number {
  const tallest = Math.max(CROWN_HEIGHT, HEIGHTS[hat] ?? 0, HEIGHTS[hair] ?? 0, HEIGHTS[ears] ?? 0)
  return tallest * HEAD_SHAPES[head].stretchY
}
