import type { AvatarLook, Top } from '../../src/domain/avatar-look.ts'
import { shadow } from './color.ts'
import { STEEL, wearsSkirt } from './outfit.ts'
import type { Pen, Point } from './pen.ts'

/*
 * Arms and legs: tubes bent at elbow and knee, with sleeves, trousers and shoes over them. Points are in the figure's
 * coordinates; where the joints lie is the skeleton's business.
 */

/** Three joints: shoulder, elbow and wrist, or hip, knee and ankle. */
export type Joints = readonly [Point, Point, Point]

const LONG_SLEEVES: ReadonlySet<Top> = new Set(['hoodie', 'suit', 'jacket', 'stripes'])
/** How much darker the limb on the far side is. */
const FAR_SHADE = 0.13

/** @param raised lifted before the trunk: then the sleeve runs into the shirt instead of lying on it */
export function drawArm(
  pen: Pen,
  look: AvatarLook,
  joints: Joints,
  { far, raised }: { far: boolean; raised: boolean },
): void {
  const tone = (color: string) => (far ? shadow(color, FAR_SHADE) : color)
  const arm = bentLine(joints)
  const wrist = joints[2]
  const skin = tone(look.skin)
  pen.tube(arm, 10.5, skin, 'round')
  const along = direction(joints[1], wrist)
  pen.shape(handPath(wrist, along), skin)
  // Where arm and hand meet there is no line.
  pen.oval({ x: wrist.x - along.x * 1.5, y: wrist.y - along.y * 1.5 }, 3.6, 3.6, skin)
  const sleeve = tone(look.top === 'armor' ? STEEL : look.topColor)
  pen.tube(firstPart(arm, LONG_SLEEVES.has(look.top) ? 0.84 : 0.46), 14.5, sleeve, 'flat')
  if (raised) pen.oval({ x: joints[0].x + (far ? 4.5 : -4.5), y: joints[0].y + 1 }, 6, 5.4, sleeve)
}

export function drawLeg(pen: Pen, look: AvatarLook, joints: Joints, footTilt: number, far: boolean): void {
  const tone = (color: string) => (far ? shadow(color, FAR_SHADE) : color)
  const leg = bentLine(joints)
  const bare = look.top === 'dress' || wearsSkirt(look) || look.bottom === 'shorts'
  pen.tube(leg, 13, tone(bare ? look.skin : look.bottomColor), 'round')
  if (bare) pen.tube(lastPart(leg, 0.76), 13.5, tone('#f4f5fa'), 'flat')
  if (look.bottom === 'shorts' && look.top !== 'dress')
    pen.tube(firstPart(leg, 0.56), 17, tone(look.bottomColor), 'flat')
  else if (!bare) pen.tube(firstPart(leg, 0.92), 14.5, tone(look.bottomColor), 'flat')
  drawShoe(pen, tone(look.shoe), joints[2], footTilt)
}

/** Origin at the ankle; the sole lies 8 below it. */
const SHOE = 'M-8,-2C-9,4-9,7-8,8H14C17,7 16,1 11,-1C8,-2 6,-3 6,-5C2,-3-4,-3-8,-2Z'

function drawShoe(pen: Pen, color: string, ankle: Point, tilt: number): void {
  pen.placed({ ...ankle, turn: tilt }, () =>
    pen.shape(SHOE, color, {
      inside: () => {
        pen.patch('M-12,5H20V10H-12Z', color === '#eceff4' ? '#c9cfdc' : '#f6f7fb')
        pen.line('M4,-1L7,2M7,-2L10,1', color === '#eceff4' ? '#aab2c4' : '#f6f7fb', 1.5)
      },
    }),
  )
}

/** A mitten with a thumb. */
function handPath(wrist: Point, along: Point): string {
  const at = (forward: number, side: number) =>
    `${(wrist.x + along.x * forward - along.y * side).toFixed(2)},${(wrist.y + along.y * forward + along.x * side).toFixed(2)}`
  return `M${at(-1, 5.4)}C${at(4, 7.2)} ${at(9.4, 5)} ${at(9.2, 0)}C${at(9, -4.4)} ${at(5, -5.4)} ${at(4, -5)}C${at(4.6, -8)} ${at(1.4, -8.6)} ${at(-1, -5.4)}Z`
}

/** Samples a limb: straight near its ends, rounded about the middle joint like a rubber hose. */
function bentLine([start, middle, end]: Joints): Point[] {
  const from = mix(start, middle, 0.45)
  const to = mix(middle, end, 0.55)
  const curve = [0.2, 0.4, 0.6, 0.8].map((part) => mix(mix(from, middle, part), mix(middle, to, part), part))
  return [start, from, ...curve, to, end]
}

function firstPart(points: readonly Point[], share: number): Point[] {
  const lengths = points.slice(1).map((point, at) => distance(points[at] ?? point, point))
  let left = lengths.reduce((sum, length) => sum + length, 0) * share
  const part: Point[] = points.slice(0, 1)
  for (const [at, length] of lengths.entries()) {
    const [one, other] = [points[at], points[at + 1]]
    if (!one || !other) break
    if (length >= left) return [...part, mix(one, other, length === 0 ? 0 : left / length)]
    part.push(other)
    left -= length
  }
  return part
}

function lastPart(points: readonly Point[], from: number): Point[] {
  // OBS's Chromium 103 has no `toReversed`.
  const backwards = points.map((_, at) => points[points.length - 1 - at] as Point)
  return firstPart(backwards, 1 - from)
}

function mix(one: Point, other: Point, share: number): Point {
  return { x: one.x + (other.x - one.x) * share, y: one.y + (other.y - one.y) * share }
}

function distance(one: Point, other: Point): number {
  return Math.hypot(other.x - one.x, other.y - one.y)
}

function direction(from: Point, to: Point): Point {
  const length = distance(from, to) || 1
  return { x: (to.x - from.x) / length, y: (to.y - from.y) / length }
}
