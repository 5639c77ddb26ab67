/*
 * Where a character is at which moment: a pure function of its seed, its last act and the time, in whole numbers. The
 * server asks it where somebody stands when they act; every overlay asks it for every frame. No motion is ever sent.
 *
 * Places are stage units along the floor, 0 … 1920; times are server time in milliseconds.
 */

export const STAGE_WIDTH = 1_920
/** Nobody stands closer to the edge by himself. */
const MARGIN = 90
/** Out of sight, however large. */
const WINGS = 140

/** The last thing that a character did. When it is over, the character wanders about `to`. */
export interface Motion {
  act: 'enter' | 'walk' | 'wave' | 'laugh' | 'jump' | 'sit' | 'sign' | 'leave'
  at: number
  dur: number
  from: number
  to: number
}

export interface Place {
  /** May have a fraction, exact in binary. */
  x: number
  /** -1 looks left. */
  facing: 1 | -1
  /** Moves along the floor at this moment. */
  moving: boolean
  /** How far it came on its present way, and how long that way is: feet keep step with it. 0 and 0 where it stands. */
  walked: number
  way: number
}

/** Units a second. */
const WALK_SPEED = 90
const STROLL_SPEED = 55
const RUN_SPEED = 420
/** A character never runs longer than this to its place: whoever talks is seen soon. */
const LONGEST_RUN_MS = 2_400
const SHORTEST_RUN_MS = 500
const DROP_MS = 900

/** A message moves its character by no more than this. */
const STEP = { least: 60, most: 200 }
/** Wandering stays this close to where the character was last. */
const WANDER = 130
/** One stroll and one rest. */
const WANDER_SLOT = { least: 5_000, spread: 4_000 }

export const ENTRANCES = ['run', 'drop', 'spring'] as const
export type Entrance = (typeof ENTRANCES)[number]

/** How somebody comes on stage. */
export function entranceOf(seed: number): Entrance {
  return ENTRANCES[mix(seed, 11) % ENTRANCES.length] ?? 'run'
}

/** Rows of depth: 0 is in front. */
export const ROWS = 3
export function rowOf(seed: number): number {
  return mix(seed, 12) % ROWS
}

/** Where a newcomer might stand; the caller takes the candidate with the most room around it. */
export function homeOf(seed: number, candidate: number): number {
  return MARGIN + (mix(seed, 100 + candidate) % (STAGE_WIDTH - 2 * MARGIN))
}

export function enter(seed: number, home: number, at: number): Motion {
  if (entranceOf(seed) !== 'run') return { act: 'enter', at, dur: DROP_MS, from: home, to: home }
  const from = home < STAGE_WIDTH / 2 ? -WINGS : STAGE_WIDTH + WINGS
  return { act: 'enter', at, dur: runMs(from, home), from, to: home }
}

/** A few steps because of message number `count`, seeded, within the stage. */
export function step(seed: number, count: number, from: number, at: number): Motion & { act: 'walk' } {
  const length = STEP.least + (mix(seed, 200 + count) % (STEP.most - STEP.least + 1))
  const right = mix(seed, 300 + count) % 2 === 0
  const wanted = from + (right ? length : -length)
  // Whoever stands at the edge turns round instead of walking on the spot.
  const to = wanted === within(wanted) ? wanted : within(from + (right ? -length : length))
  return { act: 'walk', at, dur: Math.ceil((Math.abs(to - from) * 1_000) / WALK_SPEED), from, to }
}

/** Stands at `x` and does something. */
export function stand<Act extends 'wave' | 'laugh' | 'jump' | 'sit' | 'sign'>(
  act: Act,
  x: number,
  at: number,
  dur: number,
): Motion & { act: Act } {
  return { act, at, dur, from: x, to: x }
}

export function leave(from: number, at: number): Motion {
  const to = from < STAGE_WIDTH / 2 ? -WINGS : STAGE_WIDTH + WINGS
  return { act: 'leave', at, dur: runMs(from, to), from, to }
}

/** Where a character is. Before the act's beginning it stands where the act begins. */
export function placeAt(seed: number, motion: Motion, now: number): Place {
  const since = Math.floor(now) - motion.at
  if (since < motion.dur || motion.act === 'leave')
    return onTheWay(seed, motion, Math.min(Math.max(since, 0), motion.dur))
  return wandering(seed, motion, since - motion.dur)
}

function onTheWay(seed: number, { from, to, dur }: Motion, since: number): Place {
  if (from === to) return standing(to, restFacing(seed))
  const facing = to > from ? 1 : -1
  if (since >= dur) return standing(to, facing)
  return going(from, to, since, dur)
}

function standing(x: number, facing: 1 | -1): Place {
  return { x, facing, moving: false, walked: 0, way: 0 }
}

function going(from: number, to: number, since: number, dur: number): Place {
  const gone = Math.floor(((to - from) * 256 * since) / dur) / 256
  return { x: from + gone, facing: to > from ? 1 : -1, moving: true, walked: Math.abs(gone), way: Math.abs(to - from) }
}

function wandering(seed: number, { from: cameFrom, to: home }: Motion, since: number): Place {
  const slotMs = WANDER_SLOT.least + (mix(seed, 13) % WANDER_SLOT.spread)
  const slot = Math.floor(since / slotMs)
  const [from, to] = [restAt(seed, home, slot - 1), restAt(seed, home, slot)]
  const strollMs = Math.ceil((Math.abs(to - from) * 1_000) / STROLL_SPEED)
  const inSlot = since - slot * slotMs
  if (from !== to) return inSlot < strollMs ? going(from, to, inSlot, strollMs) : standing(to, to > from ? 1 : -1)
  // Whoever just came to a halt goes on looking the way he went.
  const halted = slot === 0 && cameFrom !== home
  return standing(to, halted ? (home > cameFrom ? 1 : -1) : restFacing(seed))
}

/** Where it rests in a slot of its wandering; the first is for resting where it stands. */
function restAt(seed: number, home: number, slot: number): number {
  // Where it stands, even out in the wings: wandering brings it in, a jump would not be seen coming.
  if (slot <= 0) return home
  return within(home + (mix(seed, 1_000 + slot) % (2 * WANDER + 1)) - WANDER)
}

function restFacing(seed: number): 1 | -1 {
  return mix(seed, 14) % 2 === 0 ? 1 : -1
}

function runMs(from: number, to: number): number {
  const wanted = Math.ceil((Math.abs(to - from) * 1_000) / RUN_SPEED)
  return Math.min(LONGEST_RUN_MS, Math.max(SHORTEST_RUN_MS, wanted))
}

function within(x: number): number {
  return Math.min(STAGE_WIDTH - MARGIN, Math.max(MARGIN, x))
}

/** 32 well-mixed bits of two numbers (the finaliser of MurmurHash3). Unsigned. */
export function mix(seed: number, salt: number): number {
  let bits = Math.imul(seed ^ Math.imul(salt, 0x9e3779b1), 0x85ebca6b)
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35)
  bits ^= bits >>> 16
  bits = Math.imul(bits ^ (bits >>> 15), 0x27d4eb2f)
  return (bits ^ (bits >>> 15)) >>> 0
}
