import type { OverlayEvents, Shown, StageAvatar } from '../../src/domain/overlay-protocol.ts'
import type { Motion } from '../../src/domain/stage-motion.ts'

/** Somebody on stage, as far as the picture depends on it. */
export type Member = Pick<StageAvatar, 'id' | 'name' | 'color' | 'look' | 'seed' | 'motion' | 'say' | 'sign'>

/**
 * Who is on stage and what they were last told. Everything seen follows from this and the time: an overlay that heard
 * every event and one that came late with a snapshot hold the same and draw the same. `at` is when the server says that
 * something happened; events for who is not there change nothing.
 */
export interface Crowd {
  members(): Iterable<Member>
  replace(avatars: readonly StageAvatar[]): void
  join(at: number, event: OverlayEvents['avatar.join']): void
  leave(at: number, event: OverlayEvents['avatar.leave']): void
  changeLook(event: OverlayEvents['avatar.look']): void
  act(at: number, event: OverlayEvents['avatar.act']): void
  say(at: number, event: OverlayEvents['avatar.say']): void
  holdUp(at: number, event: OverlayEvents['avatar.emote']): void
}

export function createCrowd(): Crowd {
  let members = new Map<string, Member>()

  return {
    members: () => members.values(),
    replace(avatars) {
      members = new Map(avatars.map((avatar) => [avatar.id, memberOf(avatar)]))
    },
    join(at, { id, name, color, look, seed, from, to, dur }) {
      forgetGone(at)
      members.set(id, {
        id,
        name,
        color,
        look,
        seed,
        motion: { act: 'enter', at, dur, from, to },
        say: null,
        sign: null,
      })
    },
    leave(at, { id, why, from, to, dur }) {
      forgetGone(at)
      if (why === 'banned' || dur === 0) members.delete(id)
      else change(id, { motion: { act: 'leave', at, dur, from, to } })
    },
    changeLook({ id, look }) {
      change(id, { look })
    },
    act(at, { id, act, dur, from, to }) {
      forgetGone(at)
      change(id, { motion: { act, at, dur, from, to } })
    },
    say(at, { id, dur, parts }) {
      change(id, { say: shown(parts, at, dur) })
    },
    holdUp(at, { id, dur, parts, x }) {
      forgetGone(at)
      const sign = shown(parts, at, dur)
      change(id, sign ? { sign, motion: { act: 'sign', at, dur, from: x, to: x } } : { sign })
    },
  }

  function change(id: string, what: Partial<Member>): void {
    const member = members.get(id)
    if (member) members.set(id, { ...member, ...what })
  }

  /** Whoever ran off is not drawn any more, and an event that comes too late does not bring him back. */
  function forgetGone(at: number): void {
    for (const [id, { motion }] of members) if (isGone(motion, at)) members.delete(id)
  }
}

/** Ran off and is out of sight. */
export function isGone({ act, at, dur }: Motion, now: number): boolean {
  return act === 'leave' && now >= at + dur
}

function memberOf({ id, name, color, look, seed, motion, say, sign }: StageAvatar): Member {
  return { id, name, color, look, seed, motion, say, sign }
}

function shown(parts: Shown['parts'], at: number, dur: number): Shown | null {
  return parts.length === 0 || dur === 0 ? null : { parts, at, until: at + dur }
}
