import type { AvatarLook } from '../../src/domain/avatar-look.ts'
import { drawFigure, stillParts, type StillParts } from './draw-avatar.ts'
import { createPen, type Pen, type Surface } from './pen.ts'
import type { Expression, Pose } from './poses.ts'

/** A character whose head, hair and outfit are pictures already: a frame costs three images and four limbs. */
export interface AvatarSprite {
  /** Draws a frame on the surface's origin; see `drawAvatar` for units. */
  draw(surface: Surface, pose: Pose): void
}

/** Where the parts reach, in their own units, with room for outlines. */
const HEAD_BOX = { left: -84, top: -168, width: 176, height: 190 }
const BACK_HAIR_BOX = { left: -84, top: -100, width: 170, height: 156 }
const TORSO_BOX = { left: -40, top: -50, width: 80, height: 76 }

/** Every face an alert may show; baking them before the curtain keeps the show free of hiccups. */
const EXPRESSIONS: readonly Expression[] = ['neutral', 'blink', 'happy', 'laugh', 'wow', 'tired']

/** @param pixelsPerUnit device pixels a unit: the scale at which it will be drawn, or it blurs */
export function bakeAvatar(look: AvatarLook, pixelsPerUnit: number): AvatarSprite {
  const bake = (box: typeof HEAD_BOX, draw: (parts: StillParts) => void) => {
    const canvas = document.createElement('canvas')
    canvas.width = Math.ceil(box.width * pixelsPerUnit)
    canvas.height = Math.ceil(box.height * pixelsPerUnit)
    const surface = canvas.getContext('2d')
    if (!surface) throw new Error('This browser gives no 2D canvas')
    surface.scale(pixelsPerUnit, pixelsPerUnit)
    surface.translate(-box.left, -box.top)
    draw(stillParts(createPen(surface), look))
    const [width, height] = [canvas.width / pixelsPerUnit, canvas.height / pixelsPerUnit]
    return (target: Surface) => target.drawImage(canvas, box.left, box.top, width, height)
  }
  const backHair = bake(BACK_HAIR_BOX, (parts) => parts.backHair())
  const torso = bake(TORSO_BOX, (parts) => parts.torso())
  const heads = new Map(EXPRESSIONS.map((face) => [face, bake(HEAD_BOX, (parts) => parts.head(face))]))

  let pen: Pen | undefined
  return {
    draw(surface, pose) {
      // Kept from frame to frame: a pen remembers the shapes that it parsed.
      if (pen?.surface !== surface) pen = createPen(surface)
      const parts: StillParts = {
        backHair: () => backHair(surface),
        torso: () => torso(surface),
        head: (expression) => heads.get(expression)?.(surface),
      }
      drawFigure(pen, look, pose, parts, '')
    },
  }
}
