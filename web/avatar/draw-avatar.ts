import type { AvatarLook } from '../../src/domain/avatar-look.ts'
import { drawBackHair } from './hair.ts'
import { drawHead, headHeight } from './head.ts'
import { drawArm, drawLeg } from './limbs.ts'
import { drawTorso, wearsSkirt } from './outfit.ts'
import { createPen, type Pen, type Surface } from './pen.ts'
import type { Expression, Pose } from './poses.ts'
import { drawSign } from './sign.ts'
import { skeletonOf, type Skeleton } from './skeleton.ts'

/** The parts that look the same in every frame; a sprite replaces them by pictures. */
export interface StillParts {
  backHair(): void
  torso(): void
  head(expression: Expression): void
}

/**
 * Draws a character standing on the surface's origin: about 150 units tall, looking right, a shadow under the feet.
 * Place, size and direction are the caller's transform (`scale(-1, 1)` looks left).
 * The same look and pose always give the same pixels.
 */
export function drawAvatar(surface: Surface, look: AvatarLook, pose: Pose, sign = ''): void {
  const pen = createPen(surface)
  drawFigure(pen, look, pose, stillParts(pen, look), sign)
}

/** Draws a head alone, its chin on the origin: for a logo or a list. */
export function drawBust(surface: Surface, look: AvatarLook, expression: Expression = 'neutral'): void {
  const parts = stillParts(createPen(surface), look)
  parts.backHair()
  parts.head(expression)
}

export function stillParts(pen: Pen, look: AvatarLook): StillParts {
  return {
    backHair: () => drawBackHair(pen, look),
    torso: () => drawTorso(pen, look),
    head: (expression) => drawHead(pen, look, expression),
  }
}

/** A skirt lies in folds under whoever sits on it. */
const SKIRT_FOLD = 9

/** Where the parts of a pose are, for this look. */
export function bonesOf(look: AvatarLook, pose: Pose): Skeleton {
  return skeletonOf(
    pose.seated && isSkirted(look) ? { ...pose, hip: { ...pose.hip, y: pose.hip.y - SKIRT_FOLD } } : pose,
  )
}

/** Puts the parts together from back to front. */
export function drawFigure(pen: Pen, look: AvatarLook, pose: Pose, parts: StillParts, sign: string): void {
  const bones = bonesOf(look, pose)
  const headPlace = { ...bones.neck, turn: pose.head.tilt }
  const height = Math.min(1, -pose.y / 90)
  pen.oval(
    { x: pose.x, y: 1 },
    30 - 12 * height,
    6 - 2 * height,
    `rgba(0,0,0,${(pose.shadow * (0.28 - 0.12 * height)).toFixed(3)})`,
  )
  pen.placed(pose, () => {
    pen.placed(headPlace, () => parts.backHair())
    drawBody(pen, look, pose, bones, parts.torso)
    if (pose.holdsSign) drawSign(pen, bones.nearArm[2], bones.neck.y - headHeight(look), sign)
    pen.placed(headPlace, () => parts.head(pose.expression))
    drawArmsInFront(pen, look, pose, bones)
  })
}

/** Everything between the hair behind the head and the face: trunk, legs, and the arms that hang. */
export function drawBody(pen: Pen, look: AvatarLook, pose: Pose, bones: Skeleton, torso: () => void): void {
  if (pose.armsInFront !== 'both') drawArm(pen, look, bones.farArm, { far: true, raised: false })
  // A skirt falls over the knees of whoever sits.
  const legsLast = pose.seated && !isSkirted(look)
  if (!legsLast) drawLegs()
  pen.placed({ ...bones.hip, turn: pose.lean }, torso)
  if (legsLast) drawLegs()
  if (pose.armsInFront === 'none') drawArm(pen, look, bones.nearArm, { far: false, raised: false })

  function drawLegs(): void {
    drawLeg(pen, look, bones.farLeg, pose.farFoot.tilt, true)
    drawLeg(pen, look, bones.nearLeg, pose.nearFoot.tilt, false)
  }
}

/** The arms that are lifted before the face. */
export function drawArmsInFront(pen: Pen, look: AvatarLook, pose: Pose, bones: Skeleton): void {
  if (pose.armsInFront === 'both') drawArm(pen, look, bones.farArm, { far: true, raised: true })
  if (pose.armsInFront !== 'none') drawArm(pen, look, bones.nearArm, { far: false, raised: true })
}

function isSkirted(look: AvatarLook): boolean {
  return look.top === 'dress' || wearsSkirt(look)
}
