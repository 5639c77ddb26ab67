import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/logger.ts'
import type { Bus } from '../../coordination/bus.ts'
import type { FrameId } from '../../domain/overlay-frame.ts'
import type { StageAvatar } from '../../domain/overlay-protocol.ts'
import { epochOfClaim, epochOfNode } from '../../domain/stage-epoch.ts'
import { isMovedStage } from '../../domain/stage-shape.ts'
import type { AskNode } from '../ask-node.ts'
import type { EndReason, NodeSession } from '../assignments/assignment-runner.ts'
import type { KeepStages } from './keep-stages.ts'
import type { OverlayAudience } from './overlay-audience.ts'
import type { StageFrames } from './overlay-seat.ts'
import type { Stages, StageToMove } from './publish-stage.ts'

/** The stages that are this node's: it runs their channels' bots, and numbers what happens on them. */
export interface OwnStages {
  owns(channelId: string): boolean
  /** It is ours, and what was on it is still being looked for: nothing is told of it meanwhile. */
  isWaiting(channelId: string): boolean
  /** The channel's bot runs here from now on. `legacy`: what its former owner passed on, or null. */
  take(taken: { channelId: string; claim: number }, legacy: unknown): void
  /** It runs here no more. Nobody leaves the stage for that. */
  giveUp(channelId: string, why: EndReason): void
  /** What the next owner needs to go on, fit for JSON. */
  legacy(channelId: string): StageToMove | null
  isWatchedElsewhere(channelId: string): boolean
  /** To those elsewhere who watch. */
  publish(channelId: string, frames: StageFrames): void
  /** Forgets who has not said for long that they watch. */
  prune(): void
}

export interface OwnStagesOptions {
  stages: Pick<Stages, 'snapshot' | 'settle' | 'export' | 'restore' | 'drop'>
  audience: Pick<OverlayAudience, 'position' | 'moveTo'>
  /** Where stages are found again that nobody passed on; `null`: nowhere. */
  kept: Pick<KeepStages, 'read'> | null
  bus: Pick<Bus, 'publish' | 'subscribe'>
  ask: Pick<AskNode, 'answer'>
  session: Pick<NodeSession, 'session'>
  clock: Pick<Clock, 'monotonic'>
  startedAt: number
  logger: Logger
  /** Overlays here stand elsewhere than the stage now does. */
  onMoved(channelId: string): void
}

/** A stage at one moment, as one node tells another. `owned` false: it is not that node's. */
export type StageAnswer = { owned: false } | ({ owned: true; avatars: StageAvatar[] } & FrameId)
/** Where the stages stand that another node watches. */
export interface WatchQuestion {
  at: Array<[channelId: string, epoch: number, seq: number]>
}
/** `ahead`: where those stand that have moved on. `notMine`: those that are another's. */
export interface WatchAnswer {
  ahead: Array<[channelId: string, epoch: number, seq: number]>
  notMine: string[]
}

/** Whoever watches says so again before this ends. */
const WATCHED_FOR_MS = 15_000

export function createOwnStages(options: OwnStagesOptions): OwnStages {
  const { stages, audience, kept, bus, session, clock, startedAt, logger, onMoved } = options
  /** By channel: the claim under which it is ours. */
  const owned = new Map<string, number>()
  const unsubscribes = new Map<string, () => void>()
  const waiting = new Map<string, Promise<void>>()
  let lost: { channelIds: string[]; found: Promise<void> } | null = null
  /** By channel, by node: until when it watches. */
  const watchers = new Map<string, Map<string, number>>()

  options.ask.answer('stage', async (question, from): Promise<StageAnswer> => {
    const { channelId } = question as { channelId: string }
    await waiting.get(channelId)
    if (!owned.has(channelId)) return { owned: false }
    // What nobody watched is numbered first: nothing that this node was sent before says what happened.
    const { avatars } = stages.snapshot(channelId)
    watch(channelId, from)
    return { owned: true, avatars, ...audience.position(channelId) }
  })
  options.ask.answer('watch', (question, from): WatchAnswer => {
    const { at } = question as WatchQuestion
    const answer: WatchAnswer = { ahead: [], notMine: [] }
    for (const [channelId, epoch, seq] of at) {
      if (!owned.has(channelId)) answer.notMine.push(channelId)
      else {
        stages.settle(channelId)
        watch(channelId, from)
        const now = audience.position(channelId)
        if (now.epoch !== epoch || now.seq !== seq) answer.ahead.push([channelId, now.epoch, now.seq])
      }
    }
    return answer
  })

  return {
    owns: (channelId) => owned.has(channelId),
    isWaiting: (channelId) => waiting.has(channelId),
    take({ channelId, claim }, legacy) {
      owned.set(channelId, claim)
      // Settings are changed on any node, and whoever runs the bot goes by them.
      if (!unsubscribes.has(channelId))
        unsubscribes.set(
          channelId,
          bus.subscribe(`news:${channelId}`, () => {}),
        )
      waiting.delete(channelId)
      if (legacy) restore(channelId, legacy)
      if (legacy || !kept) return begin(channelId)
      // At a start there are thousands: asked for together.
      lost ??= later()
      lost.channelIds.push(channelId)
      waiting.set(channelId, lost.found)
    },
    giveUp(channelId, why) {
      const claim = owned.get(channelId)
      if (claim === undefined) return
      if (why === 'unwanted') {
        // Whoever is on the way out is seen to go.
        stages.settle(channelId)
        const epoch = epochOfNode(claim, startedAt)
        if (audience.moveTo(channelId, { epoch, seq: 0 })) onMoved(channelId)
      } else stages.drop(channelId)
      owned.delete(channelId)
      unsubscribes.get(channelId)?.()
      unsubscribes.delete(channelId)
      watchers.delete(channelId)
      waiting.delete(channelId)
    },
    legacy: (channelId) => (owned.has(channelId) && !waiting.has(channelId) ? stages.export(channelId) : null),
    isWatchedElsewhere: (channelId) => watchers.has(channelId),
    publish(channelId, { epoch, first, last, text }) {
      const by = session.session()
      if (by !== null && owned.has(channelId))
        bus.publish(`stage:${channelId}`, { type: 'frames', by, epoch, first, last, text })
    },
    prune() {
      const now = clock.monotonic()
      for (const [channelId, sessions] of watchers) {
        for (const [by, until] of sessions) if (until < now) sessions.delete(by)
        if (sessions.size === 0) watchers.delete(channelId)
      }
    },
  }

  function watch(channelId: string, by: string): void {
    const sessions = watchers.get(channelId) ?? new Map<string, number>()
    watchers.set(channelId, sessions.set(by, clock.monotonic() + WATCHED_FOR_MS))
  }

  function later(): NonNullable<typeof lost> {
    const channelIds: string[] = []
    const found = Promise.resolve().then(() => {
      lost = null
      return findAgain(channelIds)
    })
    return { channelIds, found }
  }

  async function findAgain(channelIds: string[]): Promise<void> {
    const claims = new Map(channelIds.map((channelId) => [channelId, owned.get(channelId)]))
    const found = await kept?.read(channelIds)
    for (const channelId of channelIds) {
      // Given up, or taken anew, while we asked.
      if (owned.get(channelId) !== claims.get(channelId) || !waiting.delete(channelId)) continue
      const stage = found?.get(channelId)
      if (stage) restore(channelId, stage)
      begin(channelId)
    }
  }

  function restore(channelId: string, moved: unknown): void {
    if (isMovedStage(moved)) return stages.restore(channelId, { rules: moved.rules, stage: moved.stage })
    logger.warn({ channelId }, 'what another node left of a stage cannot be read: it begins empty')
  }

  /** From here on its numbers are ours, and everybody who shows it comes to us. */
  function begin(channelId: string): void {
    const claim = owned.get(channelId)
    const by = session.session()
    if (claim === undefined) return
    if (audience.moveTo(channelId, { epoch: epochOfClaim(claim), seq: 0 })) onMoved(channelId)
    if (by !== null) bus.publish(`stage:${channelId}`, { type: 'owner', by, claim })
  }
}
