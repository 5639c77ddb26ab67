import type { Clock } from '../../base/clock.ts'
import type { Metrics } from '../../base/metrics.ts'
import type { LeftWhy, StageAvatar } from '../../domain/overlay-protocol.ts'
import { createStage, type ExportedStage, type Stage, type StageEvent, type StageRules } from '../../domain/stage.ts'

export interface PublishStageOptions {
  audience: {
    isWatched(channelId: string): boolean
    seq(channelId: string): number
    broadcastStage(channelId: string, events: readonly StageEvent[]): void
    /** Takes a number that no frame has: whoever stands before it has missed something. */
    skipNumber(channelId: string): void
  }
  clock: Clock
  metrics: Pick<Metrics, 'chatToOverlay'>
  /** Somebody asks for {@link Stages.takeChanged} again and again. */
  notesChanges?: boolean
}

/** The stages of all channels where anybody is, and how they reach the overlays. */
export interface Stages {
  /** Changes a channel's stage; overlays are told with the next frame. `receivedAt`: of the message, monotonic. */
  change(
    channelId: string,
    rules: StageRules,
    run: (stage: Stage, at: number) => StageEvent[],
    receivedAt?: number,
  ): void
  of(channelId: string): Stage | undefined
  /** How many are on a channel's stage. */
  viewers(channelId: string): number
  /** The stage and the number of the last frame that made it so, in one moment: later frames continue exactly here. */
  snapshot(channelId: string): { seq: number; avatars: StageAvatar[] }
  /** All of it, to go on elsewhere; `null` where there is no stage. */
  export(channelId: string): StageToMove | null
  /** A stage that was elsewhere goes on here. Overlays are told nothing: they need a snapshot. */
  restore(channelId: string, moved: StageToMove): void
  /** It is another's now: forgotten, without a word to overlays. */
  drop(channelId: string): void
  /** Stages that changed since they were asked for last, as they stand; at most so many. */
  takeChanged(most: number): Array<{ channelId: string; stage: StageToMove }>
  /** Numbers what has happened so far, so that where the stage stands says what is on it. */
  settle(channelId: string): void
  /** Everybody leaves. */
  clear(channelId: string, why: LeftWhy): void
  /** On every stage where they are. */
  changeEverywhere(run: (stage: Stage, at: number) => StageEvent[]): void
  stop(): void
}

/** A stage fit for JSON, with the rules that it was kept by. */
export interface StageToMove {
  rules: StageRules
  stage: ExportedStage
}

/**
 * A message costs no write by itself: what happens on a channel within a frame leaves together. 60 Hz is as often as an
 * overlay can show it.
 */
const FRAME_MS = 16

/** How exactly time alone is seen: who tires, leaves, or goes on after an entrance. One timer for all stages. */
const PASS_EVERY_MS = 100

/** Nobody was there. */
const NOBODY: StageToMove = {
  rules: { inactivityMs: 0, crowdLimit: 0 },
  stage: { v: 1, awake: [], tired: [], leaving: [], stayingAway: [] },
}

interface Entry {
  stage: Stage
  rules: StageRules
  pending: StageEvent[]
  /** When the messages behind `pending` came, by the monotonic clock. */
  receivedAt: number[]
}

export function createPublishStage({ audience, clock, metrics, notesChanges = false }: PublishStageOptions): Stages {
  const entries = new Map<string, Entry>()
  /** Channels with something pending. */
  const dirty = new Set<string>()
  /** Changed while nobody watched: numbered when somebody asks, for somebody may have watched long ago. */
  const untold = new Set<string>()
  /** Changed since somebody asked, the longest ago first. */
  const changed = new Set<string>()
  let cancelFrame: (() => void) | null = null
  let cancelPass: (() => void) | null = null
  let stopped = false

  return {
    change(channelId, rules, run, receivedAt) {
      if (stopped) return
      const entry = entries.get(channelId) ?? newEntry(rules)
      entry.rules = rules
      const events = run(entry.stage, clock.now())
      // What emptied it a moment ago may not have been told yet.
      if (entry.stage.isEmpty() && events.length + entry.pending.length === 0) {
        entries.delete(channelId)
        return
      }
      entries.set(channelId, entry)
      cancelPass ??= clock.after(PASS_EVERY_MS, pass)
      add(channelId, entry, events)
      if (receivedAt !== undefined && events.length > 0 && dirty.has(channelId)) entry.receivedAt.push(receivedAt)
    },
    of: (channelId) => entries.get(channelId)?.stage,
    viewers: (channelId) => entries.get(channelId)?.stage.size() ?? 0,
    snapshot(channelId) {
      settle(channelId)
      const entry = entries.get(channelId)
      return { seq: audience.seq(channelId), avatars: entry?.stage.snapshot(clock.now()) ?? [] }
    },
    export(channelId) {
      settle(channelId)
      const entry = entries.get(channelId)
      return entry ? toMove(entry) : null
    },
    restore(channelId, { rules, stage }) {
      const { awake, tired, leaving, stayingAway } = stage
      if (stopped || [awake, tired, leaving, stayingAway].every((some) => some.length === 0)) return
      const entry = entries.get(channelId) ?? newEntry(rules)
      entry.stage.import(stage, clock.now())
      entries.set(channelId, entry)
      if (notesChanges) changed.add(channelId)
      cancelPass ??= clock.after(PASS_EVERY_MS, pass)
    },
    drop(channelId) {
      entries.delete(channelId)
      dirty.delete(channelId)
      changed.delete(channelId)
      untold.delete(channelId)
    },
    takeChanged(most) {
      const taken: Array<{ channelId: string; stage: StageToMove }> = []
      for (const channelId of changed) {
        if (taken.length === most) break
        changed.delete(channelId)
        settle(channelId)
        const entry = entries.get(channelId)
        taken.push({ channelId, stage: entry ? toMove(entry) : NOBODY })
      }
      return taken
    },
    settle,
    clear(channelId, why) {
      const entry = entries.get(channelId)
      if (entry) add(channelId, entry, entry.stage.clear(why, clock.now()))
    },
    changeEverywhere(run) {
      for (const [channelId, entry] of entries) add(channelId, entry, run(entry.stage, clock.now()))
    },
    stop() {
      stopped = true
      cancelFrame?.()
      cancelPass?.()
      entries.clear()
      dirty.clear()
      untold.clear()
      changed.clear()
    },
  }

  /** Where nobody watches, nothing is kept: whoever comes gets a snapshot. */
  function add(channelId: string, entry: Entry, events: StageEvent[]): void {
    if (events.length === 0) return
    if (notesChanges) changed.add(channelId)
    if (!audience.isWatched(channelId)) {
      untold.add(channelId)
      return
    }
    if (untold.delete(channelId)) audience.skipNumber(channelId)
    entry.pending.push(...events)
    dirty.add(channelId)
    cancelFrame ??= clock.after(FRAME_MS, flushAll)
  }

  function settle(channelId: string): void {
    if (untold.delete(channelId)) audience.skipNumber(channelId)
    const entry = entries.get(channelId)
    if (entry) flush(channelId, entry)
  }

  function flushAll(): void {
    cancelFrame = null
    const channels = [...dirty]
    for (const channelId of channels) {
      const entry = entries.get(channelId)
      if (entry) flush(channelId, entry)
    }
    dirty.clear()
  }

  function flush(channelId: string, entry: Entry): void {
    if (entry.pending.length === 0) return
    audience.broadcastStage(channelId, entry.pending)
    const now = clock.monotonic()
    for (const receivedAt of entry.receivedAt) metrics.chatToOverlay.observe((now - receivedAt) / 1_000)
    entry.pending = []
    entry.receivedAt = []
    dirty.delete(channelId)
  }

  /** An empty house needs no timer. */
  function pass(): void {
    const now = clock.now()
    for (const [channelId, entry] of entries) {
      const { stage } = entry
      // Also where a ban or a switched-off bot emptied it: nothing would ever be due there.
      if (stage.nextAt() <= now) add(channelId, entry, stage.pass(now))
      if (stage.isEmpty() && entry.pending.length === 0) entries.delete(channelId)
    }
    cancelPass = entries.size > 0 ? clock.after(PASS_EVERY_MS, pass) : null
  }
}

function newEntry(rules: StageRules): Entry {
  return { stage: createStage(rules), rules, pending: [], receivedAt: [] }
}

function toMove({ rules, stage }: Entry): StageToMove {
  return { rules, stage: stage.export() }
}
