import { mix, ROWS, rowOf } from '../../src/domain/stage-motion.ts'
import type { Motion } from '../../src/domain/stage-motion.ts'

/*
 * How a crowd fills the stage. Units are the stage's own: x from 0 to 1920, y down from the upper edge. All of it is
 * smooth in time, so that nobody changes size with a jerk when somebody comes or goes.
 */

/** So many characters stand on a stage in their full size. */
const FEW = 12
const CROWDED = 200
const SMALLEST = 0.45
/** `FEW` at scale 1 and `CROWDED` at `SMALLEST`, and even doublings between. */
const SHRINKING = Math.log(SMALLEST) / Math.log(FEW / CROWDED)

/** From the front row to the back: the floor rises by so much, and characters are so much smaller. */
const RISE = { few: 54, crowded: 158 }
const SMALLER_BEHIND = 0.15

/** Between the front row's feet and the lower edge: room for a name. */
const FRONT_FLOOR = 44
/** A leap on stage or off it counts as presence bit by bit. */
const COMING_MS = 700

/** How much of a member is on stage: from 0 to 1 while entering, back to 0 while leaving. */
export function presenceOf({ act, at, dur }: Motion, now: number): number {
  if (act === 'enter') return smooth((now - at) / Math.max(COMING_MS, dur))
  if (act === 'leave') return 1 - smooth((now - at) / Math.max(1, dur))
  return 1
}

/** @param presence the whole crowd's */
export function crowdScale(presence: number): number {
  return Math.max(0.4, (Math.max(presence, FEW) / FEW) ** -SHRINKING)
}

/** How deep somebody stands: 0 in the very front, below 1 in the back. In its row everyone has a line of his own. */
export function depthOf(seed: number): number {
  return (rowOf(seed) + (mix(seed, 21) % 64) / 64) / ROWS
}

/** @param scale the crowd's */
export function floorAt(depth: number, scale: number, stageHeight: number): number {
  const crowding = (1 - scale) / (1 - SMALLEST)
  return stageHeight - FRONT_FLOOR - depth * (RISE.few + (RISE.crowded - RISE.few) * crowding)
}

export function sizeAt(depth: number, scale: number): number {
  return scale * (1 - SMALLER_BEHIND * depth)
}

/** Eased at both ends; 0 before, 1 after. */
export function smooth(part: number): number {
  const within = Math.min(1, Math.max(0, part))
  return within * within * (3 - 2 * within)
}

/** Pixels a unit at which pictures are drawn: steps of a quarter, so that a growing crowd is not redrawn every frame. */
export function bakedDensity(wanted: number): number {
  const step = 1.25
  return step ** Math.ceil(Math.log(Math.max(wanted, 0.05)) / Math.log(step) - 0.001)
}
