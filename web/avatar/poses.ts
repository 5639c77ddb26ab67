/*
 * Poses: pure functions of an action and its time.
 * Units are the character's own: about 150 tall, feet on y = 0, x right, y down. Angles are radians. An arm's `raise`
 * is 0 hanging down, positive forward (the way the face looks), π/2 straight ahead, π straight up; `bend` folds the
 * forearm forward. Feet are given where their ankles are, in relation to the ground between them; knees follow.
 */

export const ACTIONS = ['idle', 'walk', 'run', 'wave', 'laugh', 'jump', 'sit', 'sign', 'cheer'] as const
export type Action = (typeof ACTIONS)[number]

export type Expression = 'neutral' | 'blink' | 'happy' | 'laugh' | 'wow' | 'tired'

export interface ArmPose {
  raise: number
  bend: number
  /** Cartoon arms stretch: 1 is their true length. */
  reach: number
}

export interface FootPose {
  x: number
  y: number
  /** Positive turns the toes down. */
  tilt: number
}

export interface Pose {
  /** The whole figure off its place. Negative y: off the ground. */
  x: number
  y: number
  stretchX: number
  stretchY: number
  /** The hips off their rest, {@link HIP_HEIGHT} above the ground. */
  hip: { x: number; y: number }
  /** Forward is positive. */
  lean: number
  head: { x: number; y: number; tilt: number }
  nearArm: ArmPose
  farArm: ArmPose
  nearFoot: FootPose
  farFoot: FootPose
  /** Arms that are drawn before the face. */
  armsInFront: 'none' | 'near' | 'both'
  expression: Expression
  /** 1 on the ground; whoever flies higher than a jump throws none here. */
  shadow: number
  /** Thighs lie before the trunk instead of under it. */
  seated: boolean
  /** The near hand holds a pole straight up. */
  holdsSign: boolean
}

export const HIP_HEIGHT = 33
/** An ankle's height above the sole. */
const ANKLE_HEIGHT = 8

/** Radians of a gait's cycle in a second, at its own pace. */
const WALK_PACE = 8.5
const RUN_PACE = 14
/** How far a foot reaches before and behind the hips. */
const WALK_STRIDE = 12
const RUN_STRIDE = 18
/** How far a cycle of the gait carries: two steps, and in a run the leaps between them. */
export const WALK_CYCLE = { length: 4 * WALK_STRIDE, seconds: (2 * Math.PI) / WALK_PACE }
export const RUN_CYCLE = { length: 7 * RUN_STRIDE, seconds: (2 * Math.PI) / RUN_PACE }

/** One jump: crouch, flight, landing. */
export const JUMP_S = 0.8
const JUMP_HEIGHT = 56

const { abs, cos, max, min, PI, sin } = Math

/** @param time seconds since the action began; any number goes */
export function poseAt(action: Action, time: number): Pose {
  return POSES[action](time)
}

const POSES: Record<Action, (time: number) => Pose> = {
  idle(time) {
    const breath = sin(time * 2.6)
    const pose = standing(time)
    pose.hip.y = 0.5 + breath * 0.5
    pose.stretchY = 1 + breath * 0.008
    pose.head.y = breath * 0.7
    pose.nearArm.raise += breath * 0.05
    pose.farArm.raise -= breath * 0.05
    return pose
  },

  walk(time) {
    const phase = time * WALK_PACE
    const pose = standing(time)
    pose.nearFoot = step(phase, WALK_STRIDE, 8)
    pose.farFoot = step(phase + PI, WALK_STRIDE, 8)
    pose.hip.y = -0.4 + 1.7 * cos(2 * phase)
    pose.lean = 0.05
    pose.head = { x: 0, y: 0.8 * cos(2 * phase + 0.6), tilt: 0.025 * sin(2 * phase) }
    pose.nearArm = { raise: 0.62 * cos(phase), bend: 0.35 + 0.2 * cos(phase), reach: 1 }
    pose.farArm = { raise: -0.62 * cos(phase), bend: 0.35 - 0.2 * cos(phase), reach: 1 }
    return pose
  },

  run(time) {
    const phase = time * RUN_PACE
    const pose = standing(time)
    pose.nearFoot = step(phase, RUN_STRIDE, 15)
    pose.farFoot = step(phase + PI, RUN_STRIDE, 15)
    pose.y = -6 * abs(sin(phase + 0.5))
    pose.lean = 0.17
    pose.hip.x = -2
    pose.head = { x: 0, y: 0.9 * cos(2 * phase), tilt: 0.05 }
    pose.nearArm = { raise: 0.95 * cos(phase) - 0.15, bend: 1.35, reach: 1 }
    pose.farArm = { raise: -0.95 * cos(phase) - 0.15, bend: 1.35, reach: 1 }
    pose.expression = 'happy'
    return pose
  },

  wave(time) {
    const pose = standing(time)
    pose.hip.y = -0.6 + abs(sin(time * 5.5))
    pose.head = { x: 0.5, y: 0, tilt: 0.06 + 0.03 * sin(time * 5.5) }
    // The elbow points out, so that the hand swings beside the cheek and not before it.
    pose.nearArm = { raise: 1.62, bend: 0.75 + 0.42 * sin(time * 11), reach: 1.42 }
    pose.armsInFront = 'near'
    pose.expression = 'happy'
    return pose
  },

  laugh(time) {
    const shake = abs(sin(time * 9))
    const pose = standing(time)
    pose.stretchY = 1 - shake * 0.025
    pose.stretchX = 1 + shake * 0.02
    pose.hip.y = 2 + shake * 1.6
    pose.lean = -0.09
    pose.head = { x: -1, y: -shake * 1.6, tilt: -0.13 + 0.03 * sin(time * 18) }
    pose.nearArm = { raise: 0.1, bend: -1.7 - 0.1 * shake, reach: 1 }
    pose.farArm = { raise: -0.5, bend: 0.5 + 0.2 * shake, reach: 1 }
    pose.expression = 'laugh'
    return pose
  },

  jump: (time) => jumping((time / JUMP_S) % 1, JUMP_HEIGHT, standing(time)),

  cheer(time) {
    // Little hops with both fists up.
    const phase = (time * 2.2) % 1
    const pose = jumping(phase, 20, standing(time))
    const pump = sin(time * 2.2 * 2 * PI)
    pose.nearArm = { raise: 1.8 + 0.16 * pump, bend: 0.62 - 0.24 * pump, reach: 1.52 }
    pose.farArm = { raise: -1.8 + 0.16 * pump, bend: -0.62 - 0.24 * pump, reach: 1.52 }
    pose.armsInFront = 'both'
    pose.head.tilt = 0.07 * sin(time * 2.2 * PI)
    pose.expression = phase > 0.25 && phase < 0.75 ? 'laugh' : 'happy'
    return pose
  },

  sit(time) {
    const breath = sin(time * 2.2)
    const pose = standing(time)
    pose.hip = { x: -9, y: HIP_HEIGHT - 8 }
    pose.nearFoot = { x: 25, y: -ANKLE_HEIGHT, tilt: -0.12 }
    pose.farFoot = { x: 12, y: -ANKLE_HEIGHT, tilt: -0.12 }
    pose.lean = 0.02 + breath * 0.012
    pose.head = { x: 1, y: 3 + breath * 0.8, tilt: 0.14 + breath * 0.025 }
    pose.nearArm = { raise: 0.5, bend: 0.7, reach: 1 }
    pose.farArm = { raise: -0.55, bend: 0.3, reach: 1 }
    pose.expression = 'tired'
    pose.seated = true
    return pose
  },

  sign(time) {
    const beat = sin(time * 4)
    const pose = standing(time)
    pose.hip.y = -0.6 + abs(beat)
    pose.head.tilt = -0.05 + beat * 0.03
    pose.nearArm = { raise: 1.75 + beat * 0.05, bend: 0.62, reach: 1.42 }
    pose.armsInFront = 'near'
    pose.expression = 'happy'
    pose.holdsSign = true
    return pose
  },
}

function standing(time: number): Pose {
  // Everybody blinks; a wink of an eighth of a second every 3.7 s.
  const blinks = ((time % 3.7) + 3.7) % 3.7 < 0.13 && time > 1
  return {
    x: 0,
    y: 0,
    stretchX: 1,
    stretchY: 1,
    hip: { x: 0, y: 0 },
    lean: 0,
    head: { x: 0, y: 0, tilt: 0 },
    nearArm: { raise: -0.1, bend: 0.3, reach: 1 },
    farArm: { raise: -0.16, bend: 0.22, reach: 1 },
    nearFoot: { x: 8, y: -ANKLE_HEIGHT, tilt: 0 },
    farFoot: { x: -8, y: -ANKLE_HEIGHT, tilt: 0 },
    armsInFront: 'none',
    expression: blinks ? 'blink' : 'neutral',
    shadow: 1,
    seated: false,
    holdsSign: false,
  }
}

/** A foot's way: on the ground backwards at an even pace, so that it stays where it trod; in the air forwards. */
function step(phase: number, stride: number, lift: number): FootPose {
  const air = max(0, sin(phase))
  const turn = (((phase / (2 * PI)) % 1) + 1) % 1
  const x = turn < 0.5 ? -cos(phase) * stride : (3 - 4 * turn) * stride
  return { x, y: -ANKLE_HEIGHT - air * lift, tilt: air * 0.75 * max(0, cos(phase) + 0.35) }
}

/** @param part 0 … 1 of one jump */
function jumping(part: number, height: number, pose: Pose): Pose {
  const [takeOff, landing] = [0.2, 0.8]
  if (part < takeOff || part >= landing) {
    const crouch = sin(PI * (part < takeOff ? part / takeOff : (part - landing) / (1 - landing)))
    pose.hip.y = crouch * 9.5
    pose.stretchY = 1 - crouch * 0.05
    pose.stretchX = 1 + crouch * 0.05
    pose.head.y = crouch * 2.5
    pose.nearArm = { raise: -0.5 * crouch, bend: 0.3 + 0.4 * crouch, reach: 1 }
    pose.farArm = { raise: -0.16 - 0.5 * crouch, bend: 0.22, reach: 1 }
    return pose
  }
  const flight = (part - takeOff) / (landing - takeOff)
  const arc = 4 * flight * (1 - flight)
  const tuck = min(1, height / JUMP_HEIGHT)
  pose.y = -height * arc
  pose.stretchY = 1 + 0.05 * cos(PI * 2 * flight) * tuck
  pose.stretchX = 2 - pose.stretchY
  pose.nearFoot = { x: 11, y: -ANKLE_HEIGHT - 7 * arc * tuck, tilt: 0.35 * arc }
  pose.farFoot = { x: -13, y: -ANKLE_HEIGHT - 10 * arc * tuck, tilt: 0.7 * arc }
  pose.nearArm = { raise: 1.86 + 0.1 * sin(flight * 9), bend: 0.42, reach: 1.5 }
  pose.farArm = { raise: -1.86 - 0.1 * sin(flight * 9), bend: -0.42, reach: 1.5 }
  pose.armsInFront = 'both'
  pose.expression = 'happy'
  return pose
}
