import type { Clock } from '../base/clock.ts'
import type { Metrics } from '../base/metrics.ts'
import type { LeftWhy, StageAvatar } from '../domain/overlay-protocol.ts'
import { createStage, type Stage, type StageEvent, type StageRules } from '../domain/stage.ts'
import type { OverlayAudience } from './overlay-audience.ts'

export interface PublishStageOptions {
  audience: Pick<OverlayAudience, 'broadcastStage' | 'isWatched' | 'seq'>
  clock: Clock
  metrics: Pick<Metrics, 'chatToOverlay'>
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
  /** Everybody leaves. */
  clear(channelId: string, why: LeftWhy): void
  /** On every stage where they are. */
  changeEverywhere(run: (stage: Stage, at: number) => StageEvent[]): void
  stop(): void
}

/**
 * A message costs no write by itself: what happens on a channel within a frame leaves together. 60 Hz is as often as an
 * overlay can show it.
 */
const FRAME_MS = 16

/** How exactly time alone is seen: who tires, leaves, or goes on after an entrance. One timer for all stages. */
const PASS_EVERY_MS = 100

interface Entry {
  stage: Stage
  pending: StageEvent[]
  /** When the messages behind `pending` came, by the monotonic clock. */
  receivedAt: number[]
}

export function createPublishStage({ audience, clock, metrics }: PublishStageOptions): Stages {
  const entries = new Map<string, Entry>()
  /** Channels with something pending. */
  const dirty = new Set<string>()
  let cancelFrame: (() => void) | null = null
  let cancelPass: (() => void) | null = null
  let stopped = false

  return {
    change(channelId, rules, run, receivedAt) {
      if (stopped) return
      const entry = entries.get(channelId) ?? { stage: createStage(rules), pending: [], receivedAt: [] }
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
      const entry = entries.get(channelId)
      if (entry) flush(channelId, entry)
      return { seq: audience.seq(channelId), avatars: entry?.stage.snapshot(clock.now()) ?? [] }
    },
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
    },
  }

  /** Where nobody watches, nothing is kept: whoever comes gets a snapshot. */
  function add(channelId: string, entry: Entry, events: StageEvent[]): void {
    if (events.length === 0 || !audience.isWatched(channelId)) return
    entry.pending.push(...events)
    dirty.add(channelId)
    cancelFrame ??= clock.after(FRAME_MS, flushAll)
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
