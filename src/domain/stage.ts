import { endOf, isBusy, pictureOf, whereIs, type Actor, type Newcomer, type Plan } from './actor.ts'
import type { AvatarLook } from './avatar-look.ts'
import type { LeftWhy, OverlayEvents, StageAvatar, TextPart } from './overlay-protocol.ts'
import { enter, homeOf, leave, rowOf, stand, step, type Motion } from './stage-motion.ts'

/** What changes the picture of a stage, as overlays are told of it. `at`: server time, milliseconds. */
export type StageEvent = {
  [Type in StageEventType]: { type: Type; at: number; d: OverlayEvents[Type] }
}[StageEventType]
export type StageEventType = Extract<keyof OverlayEvents, `avatar.${string}`>

export interface StageRules {
  /** Whoever is silent this long leaves; tired at half of it. */
  inactivityMs: number
  /** So many are on stage at most. */
  crowdLimit: number
}

/** A stage on its way to another node, fit for JSON: each list in the order of the stage's own. */
export interface ExportedStage {
  /** Of this shape. */
  v: 1
  awake: Actor[]
  tired: Actor[]
  leaving: Actor[]
  stayingAway: string[]
}

const HOP_MS = 800
/** Tried for a newcomer's place; more would not be seen, and each costs a look at everybody. */
const PLACES_TRIED = 8
/** Who chose to leave stays away until they choose to come back; so many are remembered. */
const STAY_AWAY_LIMIT = 500

export type Stage = ReturnType<typeof createStage>

/**
 * Who is on one channel's stage and what they do. Without timers of its own: {@link Stage.pass} is to be called when
 * {@link Stage.nextAt} has come. Each operation returns what overlays must be told, in order, and costs the same however
 * many are on stage, a newcomer's search for a free place excepted.
 */
export function createStage(initial: StageRules) {
  let rules = initial
  /** Both in order of their last sign of life: the first is the longest idle. */
  const awake = new Map<string, Actor>()
  const tired = new Map<string, Actor>()
  const leaving = new Map<string, Actor>()
  const arriving = new Set<Actor>()
  const stayingAway = new Set<string>()

  const find = (id: string) => awake.get(id) ?? tired.get(id)
  const size = () => awake.size + tired.size

  const stage = {
    size,
    has: (id: string) => find(id) !== undefined,
    staysAway: (id: string) => stayingAway.has(id),
    /** Nothing here is worth keeping. */
    isEmpty: () => size() === 0 && leaving.size === 0 && stayingAway.size === 0,

    /** Comes on stage; the longest idle makes room. Whoever is there already is left as they are. */
    join(newcomer: Newcomer, at: number): StageEvent[] {
      if (find(newcomer.id)) return []
      stayingAway.delete(newcomer.id)
      leaving.delete(newcomer.id)
      const events = makeRoom(rules.crowdLimit - 1, at)
      const motion = enter(newcomer.seed, freePlace(newcomer.seed), at)
      const actor: Actor = { ...newcomer, motion, activeAt: at, count: 0, say: null, sign: null, next: null, why: null }
      awake.set(actor.id, actor)
      arriving.add(actor)
      const { id, name, color, look, seed, by } = actor
      const { from, to, dur } = motion
      events.push({ type: 'avatar.join', at, d: { id, name, color, look, seed, by, from, to, dur } })
      return events
    },

    /** Walks off; `banned` is gone at once. `stayAway`: talking alone does not bring them back. */
    leave(id: string, why: LeftWhy, at: number, { stayAway = false } = {}): StageEvent[] {
      if (stayAway) {
        stayingAway.add(id)
        const [oldest] = stayingAway
        if (stayingAway.size > STAY_AWAY_LIMIT && oldest !== undefined) stayingAway.delete(oldest)
      }
      const actor = find(id) ?? (why === 'banned' ? leaving.get(id) : undefined)
      return actor ? [exit(actor, why, at)] : []
    },

    /** A sign of life: awake for another while. */
    touch(id: string, at: number): void {
      const actor = find(id)
      if (!actor) return
      tired.delete(id)
      // Taken out and put in again: the order is that of the last sign of life.
      awake.delete(id)
      awake.set(id, actor)
      actor.activeAt = at
      actor.count++
    },

    /** A few steps, where it has nothing better to do. */
    walk(id: string, at: number): StageEvent[] {
      const actor = find(id)
      if (!actor || (isBusy(actor, at) && actor.motion.act !== 'sit')) return []
      return [move(actor, step(actor.seed, actor.count, whereIs(actor, at), at))]
    },

    wave: (id: string, dur: number, at: number) => act(id, { act: 'wave', dur }, at),
    laugh: (id: string, dur: number, at: number) => act(id, { act: 'laugh', dur }, at),
    hop: (id: string, at: number) => act(id, { act: 'jump', dur: HOP_MS }, at),

    holdSign: (id: string, sign: { part: TextPart; dur: number; messageId: string }, at: number) =>
      act(id, { act: 'sign', ...sign }, at),

    say(id: string, { parts, dur, messageId }: { parts: TextPart[]; dur: number; messageId: string }, at: number) {
      const actor = find(id)
      if (!actor) return []
      actor.say = { parts, at, until: at + dur, messageId }
      return [{ type: 'avatar.say', at, d: { id, dur, parts } }] satisfies StageEvent[]
    },

    /** A deleted message is seen no longer. */
    retract(id: string, messageId: string, at: number): StageEvent[] {
      const actor = find(id) ?? leaving.get(id)
      return actor ? hush(actor, at, (shown) => shown.messageId === messageId) : []
    },

    /** The chat was cleared: all that was said goes, the people stay. */
    hushAll: (at: number): StageEvent[] =>
      [...awake.values(), ...tired.values(), ...leaving.values()].flatMap((actor) => hush(actor, at, () => true)),

    changeLook(id: string, look: AvatarLook, at: number): StageEvent[] {
      const actor = find(id) ?? leaving.get(id)
      if (!actor) return []
      actor.look = look
      return [{ type: 'avatar.look', at, d: { id, look } }]
    },

    changeRules(changed: StageRules, at: number): StageEvent[] {
      rules = changed
      return makeRoom(rules.crowdLimit, at)
    },

    /** Everybody leaves, and nobody is remembered. */
    clear(why: LeftWhy, at: number): StageEvent[] {
      stayingAway.clear()
      return [...tired.values(), ...awake.values()].map((actor) => exit(actor, why, at))
    },

    /** When time alone changes something next; `Infinity` where it does not. */
    nextAt(): number {
      const sits = first(awake)
      const goes = first(tired)
      const gone = first(leaving)
      let next = Math.min(
        sits ? sits.activeAt + rules.inactivityMs / 2 : Infinity,
        goes ? goes.activeAt + rules.inactivityMs : Infinity,
        gone ? endOf(gone.motion) : Infinity,
      )
      for (const actor of arriving) next = Math.min(next, endOf(actor.motion))
      return next
    },

    /** What time alone does: who has arrived goes on, the silent get tired and leave, who is out of sight is forgotten. */
    pass(at: number): StageEvent[] {
      const events: StageEvent[] = []
      for (const actor of arriving) {
        if (at < endOf(actor.motion)) continue
        arriving.delete(actor)
        const { next } = actor
        actor.next = null
        if (next && find(actor.id) === actor) events.push(...carryOut(actor, next, at))
      }
      for (const actor of awake.values()) {
        if (at < actor.activeAt + rules.inactivityMs / 2) break
        awake.delete(actor.id)
        tired.set(actor.id, actor)
        events.push(...perform(actor, 'sit', Math.max(1, actor.activeAt + rules.inactivityMs - at), at))
      }
      for (const actor of tired.values()) {
        if (at < actor.activeAt + rules.inactivityMs) break
        events.push(exit(actor, 'inactive', at))
      }
      for (const actor of leaving.values()) {
        // They left in this order, but do not need equally long: the first who is still in sight ends the look.
        if (at < endOf(actor.motion)) break
        leaving.delete(actor.id)
      }
      return events
    },

    snapshot: (at: number): StageAvatar[] =>
      [...leaving.values(), ...tired.values(), ...awake.values()]
        .filter((actor) => actor.why === null || at < endOf(actor.motion))
        .map((actor) => pictureOf(actor, at)),

    /** All that is needed to go on elsewhere. */
    export: (): ExportedStage => ({
      v: 1,
      awake: [...awake.values()],
      tired: [...tired.values()],
      leaving: [...leaving.values()],
      stayingAway: [...stayingAway],
    }),

    /** Goes on where another stage was. Who came here meanwhile stays as they are; nobody is told anything. */
    import(exported: ExportedStage, at: number): void {
      for (const id of exported.stayingAway) if (!find(id)) stayingAway.add(id)
      // Whoever is here already came after those.
      const [newer, newerTired] = [[...awake], [...tired]]
      awake.clear()
      tired.clear()
      const isNew = ({ id }: Actor) => !newer.some(([other]) => other === id) && !newerTired.some(([o]) => o === id)
      for (const actor of exported.awake.filter(isNew)) awake.set(actor.id, actor)
      for (const actor of exported.tired.filter(isNew)) tired.set(actor.id, actor)
      for (const [id, actor] of newer) awake.set(id, actor)
      for (const [id, actor] of newerTired) tired.set(id, actor)
      for (const actor of exported.leaving)
        if (!find(actor.id) && at < endOf(actor.motion)) leaving.set(actor.id, actor)
      for (const actor of awake.values())
        if (actor.next || (actor.motion.act === 'enter' && isBusy(actor, at))) arriving.add(actor)
    },
  }
  return stage

  /** Now, or as soon as it has arrived: nobody breaks off an entrance. */
  function act(id: string, plan: Plan, at: number): StageEvent[] {
    const actor = find(id)
    if (!actor) return []
    if (!arriving.has(actor) || at >= endOf(actor.motion)) return carryOut(actor, plan, at)
    actor.next = plan
    return []
  }

  function carryOut(actor: Actor, plan: Plan, at: number): StageEvent[] {
    if (plan.act !== 'sign') return perform(actor, plan.act, plan.dur, at)
    const { dur, part, messageId } = plan
    const x = whereIs(actor, at)
    actor.motion = stand('sign', x, at, dur)
    actor.sign = { parts: [part], at, until: at + dur, messageId }
    return [{ type: 'avatar.emote', at, d: { id: actor.id, dur, parts: [part], x } }]
  }

  function perform(actor: Actor, what: 'wave' | 'laugh' | 'jump' | 'sit', dur: number, at: number): StageEvent[] {
    return [move(actor, stand(what, whereIs(actor, at), at, Math.round(dur)))]
  }

  function move(actor: Actor, motion: Motion & { act: OverlayEvents['avatar.act']['act'] }): StageEvent {
    actor.motion = motion
    // Both hands are needed.
    actor.sign = null
    const { act, at, dur, from, to } = motion
    return { type: 'avatar.act', at, d: { id: actor.id, act, dur, from, to } }
  }

  function exit(actor: Actor, why: LeftWhy, at: number): StageEvent {
    const { id } = actor
    awake.delete(id)
    tired.delete(id)
    leaving.delete(id)
    arriving.delete(actor)
    const motion = leave(whereIs(actor, at), at)
    if (why === 'banned')
      return { type: 'avatar.leave', at, d: { id, why, from: motion.from, to: motion.from, dur: 0 } }
    actor.motion = motion
    actor.why = why
    leaving.set(id, actor)
    return { type: 'avatar.leave', at, d: { id, why, from: motion.from, to: motion.to, dur: motion.dur } }
  }

  function makeRoom(most: number, at: number): StageEvent[] {
    const events: StageEvent[] = []
    while (size() > Math.max(0, most)) {
      const idle = first(tired) ?? first(awake)
      if (!idle) break
      events.push(exit(idle, 'crowd', at))
    }
    return events
  }

  /** Of some places that the seed proposes, the one with the most room. Who stands in another row is half hidden at worst. */
  function freePlace(seed: number): number {
    const row = rowOf(seed)
    let best = homeOf(seed, 0)
    let bestRoom = -1
    for (let candidate = 0; candidate < PLACES_TRIED; candidate++) {
      const home = homeOf(seed, candidate)
      let room = Infinity
      for (const crowd of [awake, tired]) {
        for (const { motion, seed: other } of crowd.values()) {
          room = Math.min(room, Math.abs(motion.to - home) * (rowOf(other) === row ? 1 : 1.5))
        }
      }
      if (room > bestRoom) [best, bestRoom] = [home, room]
    }
    return best
  }

  function hush(actor: Actor, at: number, which: (shown: { messageId: string }) => boolean): StageEvent[] {
    const events: StageEvent[] = []
    if (actor.next?.act === 'sign' && which(actor.next)) actor.next = null
    if (actor.say && at < actor.say.until && which(actor.say)) {
      actor.say = null
      events.push({ type: 'avatar.say', at, d: { id: actor.id, dur: 0, parts: [] } })
    }
    if (actor.sign && at < actor.sign.until && which(actor.sign)) {
      actor.sign = null
      events.push({ type: 'avatar.emote', at, d: { id: actor.id, dur: 0, parts: [], x: whereIs(actor, at) } })
    }
    return events
  }
}

function first(actors: Map<string, Actor>): Actor | undefined {
  for (const actor of actors.values()) return actor
  return undefined
}
