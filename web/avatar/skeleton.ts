import type { Joints } from './limbs.ts'
import type { Point } from './pen.ts'
import { HIP_HEIGHT, type ArmPose, type FootPose, type Pose } from './poses.ts'

/** Where everything of a posed character is, in units of the figure: feet on y = 0, x right, y down. */
export interface Skeleton {
  hip: Point
  neck: Point
  nearArm: Joints
  farArm: Joints
  nearLeg: Joints
  farLeg: Joints
}

const THIGH = 13.5
const SHIN = 12.5
const UPPER_ARM = 13.5
const FOREARM = 12.5
/** From the hips, before the trunk leans. */
const SHOULDERS = { near: { x: 14, y: -31 }, far: { x: -13.5, y: -31 } }
const NECK_ABOVE_HIP = 33
/** Half the distance between the hip joints. */
const HIP_HALF = 8

export function skeletonOf(pose: Pose): Skeleton {
  const hip = { x: pose.hip.x, y: pose.hip.y - HIP_HEIGHT }
  const leaning = ({ x, y }: Point): Point => ({
    x: hip.x + x * Math.cos(pose.lean) - y * Math.sin(pose.lean),
    y: hip.y + x * Math.sin(pose.lean) + y * Math.cos(pose.lean),
  })
  const neck = leaning({ x: 0, y: -NECK_ABOVE_HIP })
  return {
    hip,
    neck: { x: neck.x + pose.head.x, y: neck.y + pose.head.y },
    nearArm: armJoints(leaning(SHOULDERS.near), pose.nearArm),
    farArm: armJoints(leaning(SHOULDERS.far), pose.farArm),
    nearLeg: legJoints({ x: hip.x + HIP_HALF, y: hip.y }, pose.nearFoot),
    farLeg: legJoints({ x: hip.x - HIP_HALF, y: hip.y }, pose.farFoot),
  }
}

function armJoints(shoulder: Point, { raise, bend, reach }: ArmPose): Joints {
  const elbow = along(shoulder, raise, UPPER_ARM * reach)
  return [shoulder, elbow, along(elbow, raise + bend, FOREARM * reach)]
}

function along(from: Point, angle: number, length: number): Point {
  return { x: from.x + Math.sin(angle) * length, y: from.y + Math.cos(angle) * length }
}

/** Two bones reach for the ankle; the knee goes forward. An ankle out of reach pulls the leg straight. */
function legJoints(hip: Point, foot: FootPose): Joints {
  const [dx, dy] = [foot.x - hip.x, foot.y - hip.y]
  const wanted = Math.hypot(dx, dy) || 1
  const length = Math.min(wanted, THIGH + SHIN - 0.01)
  const way = { x: dx / wanted, y: dy / wanted }
  const cosine = Math.min(1, Math.max(-1, (THIGH ** 2 + length ** 2 - SHIN ** 2) / (2 * THIGH * length)))
  const [down, forward] = [THIGH * cosine, THIGH * Math.sqrt(1 - cosine ** 2)]
  const knee = { x: hip.x + way.x * down + way.y * forward, y: hip.y + way.y * down - way.x * forward }
  return [hip, knee, { x: hip.x + way.x * length, y: hip.y + way.y * length }]
}
