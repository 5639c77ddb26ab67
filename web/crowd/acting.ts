import { entranceOf, mix, placeAt, type Motion, type Place } from '../../src/domain/stage-motion.ts'
import { posedAt, type PosedFrame } from '../avatar/pose-frames.ts'
import { JUMP_S, RUN_CYCLE, WALK_CYCLE, type Action } from '../avatar/poses.ts'
import type { Member } from './crowd.ts'

/** What somebody does at a moment, and where. */
export interface Acting {
  x: number
  /** Above the floor; negative comes from below it. Stage units. */
  lift: number
  facing: 1 | -1
  posed: PosedFrame
  /** A sleeper's time asleep, ms; `undefined` for whoever is awake. */
  tiredFor: number | undefined
}

/** Quicker than this, in the character's own units a second, one runs. */
const RUN_FROM = 150
/** Legs do not whirl: in the fastest run the feet fly over some of the floor. */
const QUICKEST_STEPS = 1.35

/** @param size of the character @param drop how far above its floor somebody is out of sight */
export function actingAt({ seed, motion, sign }: Member, now: number, size: number, drop: number): Acting {
  const place = placeAt(seed, motion, now)
  const { facing, x } = place
  const since = Math.max(0, now - motion.at)
  // Everyone breathes and blinks to a beat of his own.
  const idle = () => standing(posedAt('idle', ((now + (mix(seed, 22) % 60_000)) % 3_600_000) / 1_000))
  if (motion.act === 'enter' && since < motion.dur && !runsIn(seed, motion)) return entering(since / motion.dur)
  if (place.moving) return standing(stepping(place, speedOf(place, motion, now), size))
  if (since >= motion.dur || motion.act === 'walk' || motion.act === 'enter' || motion.act === 'leave') return idle()
  if (motion.act === 'sign' && !(sign && now < sign.until)) return idle()
  if (motion.act === 'jump') return standing(posedAt('jump', jumpTime(since, motion.dur)))
  if (motion.act === 'sit') return { ...standing(posedAt('sit', since / 1_000)), tiredFor: since }
  return standing(posedAt(motion.act, since / 1_000))

  function standing(posed: PosedFrame): Acting {
    return { x, lift: 0, facing, posed, tiredFor: undefined }
  }

  function entering(part: number): Acting {
    const { lift, posed } = entranceOf(seed) === 'spring' ? springing(part, size) : dropping(part, drop)
    return { x, lift, facing, posed, tiredFor: undefined }
  }
}

function runsIn(seed: number, { from, to }: Motion): boolean {
  return entranceOf(seed) === 'run' && from !== to
}

/** Feet keep step with the floor: the gait's time comes from the way, and a way ends with both feet side by side. */
function stepping({ walked, way }: Place, speed: number, size: number): PosedFrame {
  const runs = speed / size > RUN_FROM
  const { length, seconds } = runs ? RUN_CYCLE : WALK_CYCLE
  const slowest = runs ? (speed * seconds) / QUICKEST_STEPS : 0
  const halfSteps = Math.max(1, Math.round(way / (Math.max(length * size, slowest) / 2)))
  const cycles = (walked / way) * (halfSteps / 2)
  // A quarter in, one foot passes the other: nearest to standing.
  return posedAt(runs ? 'run' : 'walk', (cycles + 0.25) * seconds)
}

/** Units a second; a stroll has one pace for everyone. */
function speedOf({ way }: Place, { at, dur }: Motion, now: number): number {
  return now < at + dur ? (way * 1_000) / dur : STROLL
}
const STROLL = 55

/** Whole jumps fill the time given. */
function jumpTime(since: number, dur: number): number {
  const jumps = Math.max(1, Math.round(dur / (JUMP_S * 1_000)))
  return (since / dur) * jumps * JUMP_S
}

/** Falls from above the screen, gives at the knees, stands up. */
function dropping(part: number, drop: number): { lift: number; posed: PosedFrame } {
  const fall = Math.min(1, part / 0.55)
  const time = fall < 1 ? 0.3 + 0.14 * fall : 0.64 + 0.16 * ((part - 0.55) / 0.45)
  return { lift: drop * (1 - fall ** 2), posed: flying('jump', time, drop * (1 - fall ** 2)) }
}

/** Springs up from below the screen in one high bound. */
function springing(part: number, size: number): { lift: number; posed: PosedFrame } {
  const flight = Math.min(1, part / 0.72)
  const below = 330 * size * (1 - flight) ** 1.5
  const lift = 150 * size * 4 * flight * (1 - flight) - below
  const time = flight < 1 ? 0.2 + 0.42 * flight : 0.64 + 0.16 * ((part - 0.72) / 0.28)
  return { lift, posed: flying('jump', time, lift) }
}

/** The pose without its own leap: the flight is the entrance's, and so is the shadow. */
function flying(action: Action, time: number, lift: number): PosedFrame {
  const posed = posedAt(action, time)
  const shadow = lift < 0 ? 0 : Math.max(0, 1 - lift / 260)
  return { ...posed, exact: { ...posed.exact, y: 0, shadow } }
}
