import type { AvatarLook } from './avatar-look.ts'
import type { JoinedBy, LeftWhy, Shown, StageAvatar, TextPart } from './overlay-protocol.ts'
import { placeAt, type Motion } from './stage-motion.ts'

/** Who comes on stage. */
export interface Newcomer {
  id: string
  name: string
  color: string
  look: AvatarLook
  seed: number
  by: JoinedBy
}

/** What somebody is going to do. */
export type Plan =
  { act: 'wave' | 'laugh' | 'jump'; dur: number } | { act: 'sign'; dur: number; part: TextPart; messageId: string }

/** Somebody on stage, or on the way out. Fit for JSON: a stage may move to another node. */
export interface Actor extends Newcomer {
  motion: Motion
  /** The last sign of life. */
  activeAt: number
  /** Messages so far: each sends its steps elsewhere. */
  count: number
  say: (Shown & { messageId: string }) | null
  sign: (Shown & { messageId: string }) | null
  /** What it does as soon as it has arrived. */
  next: Plan | null
  why: LeftWhy | null
}

export function pictureOf(actor: Actor, at: number): StageAvatar {
  const { id, name, color, look, seed, by, motion, why } = actor
  const still = (shown: Actor['say']): Shown | null =>
    shown && at < shown.until ? { parts: shown.parts, at: shown.at, until: shown.until } : null
  return {
    id,
    name,
    color,
    look,
    seed,
    by,
    state: motion.act,
    until: endOf(motion),
    motion,
    why,
    say: still(actor.say),
    sign: still(actor.sign),
  }
}

export const endOf = (motion: Motion) => motion.at + motion.dur
export const isBusy = (actor: Actor, at: number) => at < endOf(actor.motion)

/** Places go over the wire as whole numbers. */
export const whereIs = (actor: Actor, at: number) => Math.round(placeAt(actor.seed, actor.motion, at).x)
