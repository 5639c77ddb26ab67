import { poseAt, type Action, type Pose } from '../avatar/poses.ts'

/*
 * Who is where at which moment of an alert: pure functions of the time since it began, so that a page that was hidden
 * or reloaded goes on where it should be. Distances are stage units (1920 × 1080), times milliseconds.
 */

/** How the card and its lines stand. 0 is not there yet (or no longer), 1 is in place. */
export interface CardState {
  presence: number
  /** Beyond 1 while it springs into place. */
  scale: number
  name: number
  amount: number
  words: number
}

export interface ActorState {
  /** Off the actor's mark on the card. */
  x: number
  y: number
  /** -1 looks left. */
  facing: 1 | -1
  pose: Pose
  /** Comes and goes through the card's left edge, like out of the wings. */
  inWings: boolean
}

export interface Moment {
  card: CardState
  actor: ActorState | undefined
  /** Since the confetti burst; negative before. */
  confettiMs: number
}

const CARD_IN_MS = 460
const ACTOR_FROM_MS = 240
const ACTOR_IN_MS = 950
const LINES_FROM_MS = 260
const LINE_IN_MS = 380
const CHEER_MS = 1_900
/** The actor leaves first, the card follows. */
const ACTOR_OUT_MS = 700
const CARD_OUT_MS = 320
const CONFETTI_FROM_MS = 420

const ENTRANCES = ['walk', 'drop', 'spring'] as const
const EXITS = ['walk', 'leap'] as const
/** What the actor does between cheering and leaving, turn by turn. */
const TURNS: readonly (readonly [action: Action, ms: number])[] = [
  ['wave', 1_900],
  ['idle', 1_700],
  ['jump', 1_600],
  ['idle', 1_900],
  ['laugh', 1_500],
  ['idle', 2_300],
]
/** Off the card's left edge from the actor's mark. */
const WINGS_X = -330

/**
 * @param elapsed milliseconds since the alert began
 * @param dur its whole length, entrance and exit included
 * @param leftAt where it was cut short: the elapsed time at which a quick exit began
 */
export function momentOf(elapsed: number, dur: number, seed: number, leftAt?: number): Moment {
  if (leftAt !== undefined) return quickExit(momentOf(leftAt, dur, seed), elapsed - leftAt)
  const cardOut = easeIn(share(elapsed, dur - CARD_OUT_MS, CARD_OUT_MS))
  const cardIn = share(elapsed, 0, CARD_IN_MS)
  const line = (index: number) => easeOut(share(elapsed, LINES_FROM_MS + index * 110, LINE_IN_MS))
  return {
    card: {
      presence: easeOut(cardIn) * (1 - cardOut),
      scale: spring(cardIn) - 0.06 * cardOut,
      name: line(0),
      amount: line(1),
      words: line(2),
    },
    actor:
      elapsed < ACTOR_FROM_MS || elapsed >= dur - 60
        ? undefined
        : actorAt(elapsed - ACTOR_FROM_MS, dur - ACTOR_FROM_MS, seed),
    confettiMs: elapsed - CONFETTI_FROM_MS,
  }
}

/** How long a quick exit takes; then nothing is left. */
export const QUICK_EXIT_MS = 320

function quickExit(moment: Moment, sinceMs: number): Moment {
  const gone = easeIn(share(sinceMs, 0, QUICK_EXIT_MS))
  const { card, actor } = moment
  return {
    card: { ...card, presence: card.presence * (1 - gone), scale: card.scale - 0.08 * gone },
    actor: actor && { ...actor, y: actor.y + 160 * gone },
    confettiMs: -1,
  }
}

function actorAt(elapsed: number, dur: number, seed: number): ActorState {
  const leaving = elapsed - (dur - ACTOR_OUT_MS - CARD_OUT_MS / 2)
  if (leaving >= 0) return exitAt(EXITS[(seed >>> 8) % EXITS.length] ?? 'walk', leaving)
  const entrance = ENTRANCES[(seed >>> 4) % ENTRANCES.length] ?? 'walk'
  if (elapsed < ACTOR_IN_MS) return entranceAt(entrance, elapsed)
  return { x: 0, y: 0, facing: 1, pose: actingAt(elapsed - ACTOR_IN_MS, seed), inWings: false }
}

function actingAt(elapsed: number, seed: number): Pose {
  if (elapsed < CHEER_MS) return poseAt('cheer', elapsed / 1_000)
  const length = TURNS.reduce((sum, [, ms]) => sum + ms, 0)
  // Everyone waves first; the rest of the round begins elsewhere for everyone.
  let left = (elapsed - CHEER_MS) % length
  const order = [...TURNS.slice(0, 2), ...rotated(TURNS.slice(2), (seed >>> 12) % 2 === 0 ? 0 : 2)]
  for (const [action, ms] of order) {
    if (left < ms) return poseAt(action, left / 1_000)
    left -= ms
  }
  return poseAt('idle', elapsed / 1_000)
}

function entranceAt(kind: (typeof ENTRANCES)[number], elapsed: number): ActorState {
  const part = elapsed / ACTOR_IN_MS
  const still = { x: 0, y: 0, facing: 1, inWings: false } as const
  if (kind === 'walk')
    return { ...still, x: WINGS_X * (1 - easeOutSoft(part)), pose: walking(part, elapsed), inWings: true }
  if (kind === 'drop') {
    // Falls from above the screen, gives at the knees, stands up.
    const fall = Math.min(1, part / 0.5)
    const pose = poseAt('jump', fall < 1 ? 0.3 + 0.14 * fall : 0.64 + 0.16 * ((part - 0.5) / 0.5))
    const y = -560 * (1 - fall ** 2)
    return { ...still, y, pose: flying(pose, y) }
  }
  // Springs up from behind the card's lower edge in one high bound.
  const flight = Math.min(1, part / 0.72)
  const y = Math.min(300, 300 * (1 - flight) - 150 * 4 * flight * (1 - flight))
  const pose = poseAt('jump', flight < 1 ? 0.2 + 0.42 * flight : 0.64 + 0.16 * ((part - 0.72) / 0.28))
  return { ...still, y, pose: flying(pose, y) }
}

function exitAt(kind: (typeof EXITS)[number], elapsed: number): ActorState {
  const part = Math.min(1, elapsed / ACTOR_OUT_MS)
  if (kind === 'walk') {
    return { x: WINGS_X * easeIn(part), y: 0, facing: -1, pose: poseAt('run', elapsed / 1_000), inWings: true }
  }
  // Crouches, then leaps out of the picture.
  const crouch = 0.24
  const flight = Math.max(0, (part - crouch) / (1 - crouch))
  const pose = poseAt('jump', part < crouch ? (part / crouch) * 0.16 : 0.2 + 0.25 * flight)
  const y = -620 * flight ** 1.25
  return { x: 0, y, facing: 1, pose: flying(pose, y), inWings: false }
}

/** Walks, and slows to a stand. */
function walking(part: number, elapsed: number): Pose {
  return part < 0.86 ? poseAt('walk', elapsed / 1_000) : poseAt('idle', elapsed / 1_000)
}

/** A pose without its own jump and shadow: the flight is the choreography's. */
function flying(pose: Pose, y: number): Pose {
  return { ...pose, y: 0, shadow: Math.max(0, 1 - Math.abs(y) / 90) }
}

function rotated<Item>(items: readonly Item[], by: number): Item[] {
  return [...items.slice(by), ...items.slice(0, by)]
}

function share(elapsed: number, from: number, length: number): number {
  return Math.min(1, Math.max(0, (elapsed - from) / length))
}

function easeOut(part: number): number {
  return 1 - (1 - part) ** 3
}

function easeOutSoft(part: number): number {
  return 1 - (1 - part) ** 1.8
}

function easeIn(part: number): number {
  return part ** 2
}

/** Overshoots a little and settles at 1. */
function spring(part: number): number {
  return 1 + 0.32 * (part - 1) * Math.exp(-4 * part) * Math.cos(part * 7)
}
