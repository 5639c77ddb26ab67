import { JUMP_S, poseAt, RUN_CYCLE, WALK_CYCLE, type Action, type Pose } from './poses.ts'

/*
 * A crowd's limbs are drawn once for each frame of a cycle and kept as pictures: a walk has 24 of them, and two hundred
 * walkers cost two hundred pictures a frame instead of eight hundred bent tubes.
 */

/** Poses of one moment: `exact` moves the whole figure smoothly, `limbs` is what its picture shows. */
export interface PosedFrame {
  exact: Pose
  limbs: Pose
  /** Names the picture among those of one look. */
  key: string
}

/** Seconds until an action's limbs repeat, and how many pictures that takes. One picture: only head and breath move. */
const CYCLES: Record<Action, { seconds: number; frames: number }> = {
  idle: { seconds: 1, frames: 1 },
  walk: { seconds: WALK_CYCLE.seconds, frames: 24 },
  run: { seconds: RUN_CYCLE.seconds, frames: 20 },
  wave: { seconds: (2 * Math.PI) / 5.5, frames: 28 },
  laugh: { seconds: Math.PI / 9, frames: 10 },
  jump: { seconds: JUMP_S, frames: 24 },
  sit: { seconds: 1, frames: 1 },
  sign: { seconds: Math.PI / 2, frames: 16 },
  cheer: { seconds: 1 / 2.2, frames: 12 },
}

/** @param time seconds since the action began, not negative */
export function posedAt(action: Action, time: number): PosedFrame {
  const { seconds, frames } = CYCLES[action]
  const exact = poseAt(action, time)
  const frame = Math.floor((time / seconds) * frames) % frames
  const limbs = frames === 1 ? exact : poseAt(action, (frame * seconds) / frames)
  return { exact, limbs, key: `${action} ${frame}` }
}
