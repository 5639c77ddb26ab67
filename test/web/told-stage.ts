import { lookFromSeed } from '../../src/domain/avatar-look.ts'
import type { OverlayEvent, OverlayEvents, StageAvatar } from '../../src/domain/overlay-protocol.ts'
import { enter, homeOf, leave, mix, placeAt, stand, step } from '../../src/domain/stage-motion.ts'

/* A stage as a server keeps it, small: every change is told as an event, and a snapshot can be taken at any time. */

type AvatarEvent = Extract<OverlayEvent, `avatar.${string}`>

/** One event as an overlay hears it. */
export type Told = { [Type in AvatarEvent]: { type: Type; at: number; d: OverlayEvents[Type] } }[AvatarEvent]

/** Something that happens on stage: who, what, and how long after the last thing. */
export interface Happening {
  viewer: number
  what: 'join' | 'leave' | 'ban' | 'walk' | 'wave' | 'jump' | 'sit' | 'say' | 'hush' | 'emote' | 'lower' | 'look'
  afterMs: number
}

export const HAPPENINGS = [
  'join',
  'leave',
  'ban',
  'walk',
  'wave',
  'jump',
  'sit',
  'say',
  'hush',
  'emote',
  'lower',
  'look',
] as const

export const STARTED_AT = 1_764_200_000_000

export interface ToldStage {
  /** Everything that was told until now. */
  told: readonly Told[]
  /** What a page hears that connects now. */
  snapshot(): StageAvatar[]
  now(): number
  happens(happening: Happening): void
}

export function createToldStage(): ToldStage {
  const told: Told[] = []
  const avatars = new Map<string, StageAvatar>()
  let now = STARTED_AT
  let count = 0

  return {
    told,
    now: () => now,
    snapshot() {
      forgetGone()
      const shown = (it: StageAvatar['say']) => (it && it.until > now ? it : null)
      // Newest first: an overlay must not care for the order.
      return [...avatars.values()].toReversed().map((it) => ({ ...it, say: shown(it.say), sign: shown(it.sign) }))
    },
    happens({ viewer, what, afterMs }) {
      now += afterMs
      forgetGone()
      const id = `v${viewer}`
      const avatar = avatars.get(id)
      if (what === 'join') return avatar ? undefined : join(id, viewer)
      if (!avatar || avatar.motion.act === 'leave') return
      const { x } = placeAt(avatar.seed, avatar.motion, now)
      if (what === 'leave' || what === 'ban') return goes(avatar, what, x)
      if (what === 'say' || what === 'hush') return says(avatar, what === 'say')
      if (what === 'emote' || what === 'lower') return holdsUp(avatar, what === 'emote', x)
      if (what === 'look') {
        const look = lookFromSeed(++count)
        avatars.set(id, { ...avatar, look })
        return void told.push({ type: 'avatar.look', at: now, d: { id, look } })
      }
      const motion =
        what === 'walk' ? step(avatar.seed, ++count, x, now) : stand(what, x, now, what === 'sit' ? 60_000 : 1_600)
      avatars.set(id, { ...avatar, motion, state: motion.act, until: now + motion.dur })
      told.push({
        type: 'avatar.act',
        at: now,
        d: { id, act: what, dur: motion.dur, from: motion.from, to: motion.to },
      })
    },
  }

  function join(id: string, viewer: number): void {
    const seed = mix(viewer, ++count)
    const motion = enter(seed, homeOf(seed, 0), now)
    const person = {
      id,
      name: `viewer ${viewer}`,
      color: '#9acd32',
      look: lookFromSeed(seed),
      seed,
      by: 'chat' as const,
    }
    avatars.set(id, { ...person, motion, state: 'enter', until: now + motion.dur, why: null, say: null, sign: null })
    told.push({ type: 'avatar.join', at: now, d: { ...person, from: motion.from, to: motion.to, dur: motion.dur } })
  }

  function goes(avatar: StageAvatar, what: 'leave' | 'ban', x: number): void {
    const motion = leave(x, now)
    const { id } = avatar
    if (what === 'ban') avatars.delete(id)
    else avatars.set(id, { ...avatar, motion, state: 'leave', why: 'command', say: null, sign: null })
    const why = what === 'ban' ? 'banned' : 'command'
    const dur = what === 'ban' ? 0 : motion.dur
    told.push({ type: 'avatar.leave', at: now, d: { id, why, from: motion.from, to: motion.to, dur } })
  }

  function says(avatar: StageAvatar, aloud: boolean): void {
    const [parts, dur] = aloud ? [[{ text: `words ${++count}` }], 4_000] : [[], 0]
    avatars.set(avatar.id, { ...avatar, say: aloud ? { parts, at: now, until: now + dur } : null })
    told.push({ type: 'avatar.say', at: now, d: { id: avatar.id, dur, parts } })
  }

  function holdsUp(avatar: StageAvatar, up: boolean, x: number): void {
    const [parts, dur] = up ? [[{ text: '🔥' }], 3_000] : [[], 0]
    const sign = up ? { parts, at: now, until: now + dur } : null
    avatars.set(avatar.id, { ...avatar, sign, motion: up ? stand('sign', x, now, dur) : avatar.motion })
    told.push({ type: 'avatar.emote', at: now, d: { id: avatar.id, dur, parts, x } })
  }

  function forgetGone(): void {
    for (const [id, { motion }] of avatars)
      if (motion.act === 'leave' && motion.at + motion.dur <= now) avatars.delete(id)
  }
}
