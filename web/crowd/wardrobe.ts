import type { AvatarLook } from '../../src/domain/avatar-look.ts'
import { bonesOf, drawArmsInFront, drawBody, stillParts } from '../avatar/draw-avatar.ts'
import { headHeight } from '../avatar/head.ts'
import { createPen, type Surface } from '../avatar/pen.ts'
import type { PosedFrame } from '../avatar/pose-frames.ts'
import type { Expression, Pose } from '../avatar/poses.ts'
import type { Box, Picture } from './picture.ts'
import type { Painter } from './painter.ts'
import type { Drawer, PictureStore } from './picture-store.ts'

/** The pictures that one figure is put together from. */
export interface Outfit {
  backHair: Picture
  body: Picture
  head: Picture
  /** Arms lifted before the face. */
  arms: Picture | undefined
}

/** Where parts reach, with room for outlines; what is not painted is cut off anyway. */
const BACK_HAIR_BOX: Box = { left: -90, top: -104, width: 182, height: 166 }
const BODY_BOX: Box = { left: -54, top: -100, width: 116, height: 116 }
const ARMS_BOX: Box = { left: -72, top: -132, width: 144, height: 118 }

/** Draws the parts of everybody's figure, each when it is first needed. */
export interface Wardrobe {
  /** `undefined` while nothing of the figure is there yet. What is there already stands in for what is not. */
  outfitOf(id: string, look: AvatarLook, posed: PosedFrame, density: number): Outfit | undefined
}

interface Wearer {
  look: AvatarLook
  last: Partial<Outfit>
  drawer: Drawer
}

export function createWardrobe(painter: Painter, store: PictureStore): Wardrobe {
  const wearers = new WeakMap<Drawer, Wearer>()

  return {
    outfitOf(id, look, { exact, limbs, key }, density) {
      const wearer = wearerOf(id, look)
      const { last } = wearer
      const take = (part: string, box: () => Box, draw: (surface: Surface) => void, urgent = false) =>
        store.take(wearer.drawer, `${density} ${part}`, () => painter.bake(box(), density, draw), urgent)

      const backHair = take(
        'hair',
        () => BACK_HAIR_BOX,
        (surface) => stillParts(createPen(surface), look).backHair(),
      )
      const head = take(
        exact.expression,
        () => headBox(look),
        (surface) => drawHead(surface, look, exact.expression),
      )
      const body = take(
        key,
        () => BODY_BOX,
        (surface) => drawLimbs(surface, look, limbs),
      )
      if (backHair) last.backHair = backHair
      if (head) last.head = head
      if (body) {
        last.body = body
        // Both or none: a body that lifts its arms has none without them.
        last.arms =
          limbs.armsInFront === 'none'
            ? undefined
            : take(
                `${key} arms`,
                () => ARMS_BOX,
                (surface) => drawLifted(surface, look, limbs),
                true,
              )
      }
      return isWhole(last) ? last : undefined
    },
  }

  function wearerOf(id: string, look: AvatarLook): Wearer {
    const drawer = store.drawer(`figure ${id}`)
    const known = wearers.get(drawer)
    if (known?.look === look) return known
    // A new snapshot brings everybody anew, and nearly all of them as they were.
    if (known && isSame(known.look, look)) {
      known.look = look
      return known
    }
    if (known) {
      for (const picture of drawer.pictures.values()) painter.forget(picture)
      drawer.pictures.clear()
    }
    const wearer: Wearer = { look, last: {}, drawer }
    wearers.set(drawer, wearer)
    return wearer
  }
}

function isSame(one: AvatarLook, other: AvatarLook): boolean {
  return (Object.keys(one) as Array<keyof AvatarLook>).every((part) => one[part] === other[part])
}

function isWhole(outfit: Partial<Outfit>): outfit is Outfit {
  const { backHair, body, head, arms } = outfit
  return Boolean(backHair?.alive && body?.alive && head?.alive && arms?.alive !== false)
}

function headBox(look: AvatarLook): Box {
  const top = -headHeight(look) - 16
  return { left: -90, top, width: 188, height: 26 - top }
}

function drawHead(surface: Surface, look: AvatarLook, expression: Expression): void {
  stillParts(createPen(surface), look).head(expression)
}

function drawLimbs(surface: Surface, look: AvatarLook, pose: Pose): void {
  const pen = createPen(surface)
  drawBody(pen, look, pose, bonesOf(look, pose), () => stillParts(pen, look).torso())
}

function drawLifted(surface: Surface, look: AvatarLook, pose: Pose): void {
  drawArmsInFront(createPen(surface), look, pose, bonesOf(look, pose))
}
