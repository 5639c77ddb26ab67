import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/logger.ts'
import { createSeldom } from '../../base/seldom.ts'
import type { Bus, StageMessage } from '../../coordination/bus.ts'
import type { StageAvatar } from '../../domain/overlay-protocol.ts'
import { claimOf, epochOfClaim, epochOfNode } from '../../domain/stage-epoch.ts'
import { createStage } from '../../domain/stage.ts'
import type { WatchedChannels } from '../../persistence/watched-channels.ts'
import type { AskNode } from '../ask-node.ts'
import type { NodeSession } from '../assignments/assignment-runner.ts'
import type { KeepStages } from './keep-stages.ts'
import type { OverlayAudience } from './overlay-audience.ts'
import type { OverlaySnapshot } from './overlay-snapshot.ts'
import type { OwnStages, StageAnswer, WatchAnswer, WatchQuestion } from './own-stages.ts'
import type { Stages } from './publish-stage.ts'

/** A stage at one moment. `stale`: its owner cannot be asked, and may be further. */
export interface StagePicture {
  epoch: number
  seq: number
  avatars: StageAvatar[]
  stale: boolean
}

/** What this node knows of who numbers a stage that it shows. */
export interface Course {
  owner: number | null
  claim: number
  botDesired: boolean
}

export interface FollowStages {
  /** The stage of a channel, whoever's it is: as it is now, or as it was when somebody could last be asked. */
  picture(channelId: string): StagePicture | Promise<StagePicture>
  /** What rows say of channels that are shown here. */
  learn(channelId: string, course: Course): void
  heard(channelId: string, message: Extract<StageMessage, { type: 'frames' | 'owner' }>): void
  /** Numbers are given here: by the stage's owner, or because it has none. */
  numbersHere(channelId: string): boolean
  /** Overlays here need the stage anew. @returns whether they have it. */
  resync(channelId: string): Promise<boolean>
  /** Tells owners that their stages are watched here, and learns where they stand. */
  renew(): Promise<void>
  close(channelId: string): void
  stop(): void
}

export interface FollowStagesOptions {
  audience: OverlayAudience
  stages: Pick<Stages, 'snapshot'>
  own: Pick<OwnStages, 'owns'>
  kept: Pick<KeepStages, 'read'> | null
  rows: Pick<WatchedChannels, 'look'>
  /** All that an overlay is shown at first, with our picture in it. */
  snapshot(channelId: string): Promise<OverlaySnapshot | undefined>
  ask: Pick<AskNode, 'ask'>
  bus: Pick<Bus, 'isUp'>
  session: Pick<NodeSession, 'session'>
  clock: Clock
  /** Of this node, by the wall clock. */
  startedAt: number
  logger: Logger
}

const ANSWER_WITHIN_MS = 1_000
const TRY_AGAIN_AFTER_MS = 500
/** What happens is held back so long for a stage that does not come; the next look tries again. */
const TRIES = 6
const ASK_AT_ONCE = 1_000

/**
 * Shows stages that other nodes number: their frames are passed on as they come, and whoever missed one gets a snapshot.
 * Where the owner is gone and the next is not there yet, everybody stays where they are.
 */
export function createFollowStages(options: FollowStagesOptions): FollowStages {
  const { audience, stages, own, kept, rows, ask, bus, session, clock, logger } = options
  /** Of channels that are shown here and numbered elsewhere, or by nobody. `rests`: how many looks found the bot off. */
  const courses = new Map<string, Course & { rests: number }>()
  const asking = new Map<string, Promise<StagePicture>>()
  const syncing = new Map<string, { again: boolean; done: Promise<boolean> }>()
  const seldom = createSeldom(clock)
  const life = new AbortController()

  return {
    picture,
    learn,
    resync,
    numbersHere: (channelId) => own.owns(channelId) || courses.get(channelId)?.botDesired !== true,
    heard(channelId, message) {
      if (own.owns(channelId) || !audience.isOpen(channelId)) return
      const claim = message.type === 'owner' ? message.claim : claimOf(message.epoch)
      const before = courses.get(channelId)
      // The last words of an owner that is none any more.
      if (before && claim < before.claim) return
      if (message.type === 'owner') return learn(channelId, { owner: message.by, claim, botDesired: true })
      if (claim !== before?.claim) courses.set(channelId, { owner: message.by, claim, botDesired: true, rests: 0 })
      if (!audience.passStage(channelId, message)) void resync(channelId)
    },
    async renew() {
      const byOwner = new Map<number, string[]>()
      for (const channelId of audience.channels()) {
        // Shown something older than what others here have seen.
        if (audience.isBehind(channelId, audience.position(channelId))) void resync(channelId)
        const course = courses.get(channelId)
        if (!course?.botDesired || own.owns(channelId)) continue
        const { owner } = course
        if (owner !== null && owner !== session.session())
          byOwner.set(owner, [...(byOwner.get(owner) ?? []), channelId])
      }
      if (!bus.isUp()) return
      await Promise.all([...byOwner].map(([owner, channelIds]) => watch(owner, channelIds)))
    },
    close: (channelId) => void courses.delete(channelId),
    stop: () => life.abort(),
  }

  function picture(channelId: string): StagePicture | Promise<StagePicture> {
    // Before anything is waited for: what happens from here on comes as frames after it.
    if (own.owns(channelId)) return ours(channelId)
    const awaited = asking.get(channelId) ?? theirs(channelId).finally(() => asking.delete(channelId))
    asking.set(channelId, awaited)
    return awaited
  }

  function ours(channelId: string): StagePicture {
    const { seq, avatars } = stages.snapshot(channelId)
    return { epoch: audience.position(channelId).epoch, seq, avatars, stale: false }
  }

  async function theirs(channelId: string): Promise<StagePicture> {
    const course = courses.get(channelId) ?? (await lookUp(channelId))
    if (own.owns(channelId)) return ours(channelId)
    if (!course?.botDesired) {
      settleHere(channelId, course?.claim ?? 0)
      return ours(channelId)
    }
    const { owner } = course
    if (owner !== null && owner !== session.session() && bus.isUp()) {
      const answer = await askOwner(owner, channelId)
      if (own.owns(channelId)) return ours(channelId)
      if (answer?.owned) {
        const { epoch, seq, avatars } = answer
        const isNew = epoch > audience.position(channelId).epoch
        if (isNew && audience.moveTo(channelId, { epoch, seq })) void resync(channelId)
        return { epoch, seq, avatars, stale: false }
      }
    }
    return lastKnown(channelId)
  }

  /** As somebody left it, or nobody at all: who is there is seen again when an owner can be asked. */
  async function lastKnown(channelId: string): Promise<StagePicture> {
    const left = (await kept?.read([channelId]))?.get(channelId)
    // It became ours while we asked.
    if (own.owns(channelId)) return ours(channelId)
    // Not under the stage's own numbers: they would count as up to date.
    const before = epochOfNode(Math.max(0, claimOf(audience.position(channelId).epoch) - 1), options.startedAt)
    if (!left) return { epoch: before, seq: 0, avatars: [], stale: true }
    const now = clock.now()
    const stage = createStage(left.rules)
    stage.import(left.stage, now)
    return { ...left.at, avatars: stage.snapshot(now), stale: true }
  }

  async function askOwner(owner: number, channelId: string): Promise<StageAnswer | undefined> {
    try {
      const answer = await ask.ask(owner, 'stage', { channelId }, ANSWER_WITHIN_MS)
      return isStageAnswer(answer) ? answer : undefined
    } catch (error) {
      seldom('owner', (unlogged) =>
        logger.warn({ err: error, channelId, owner, unlogged }, 'the node with a channel’s stage does not answer'),
      )
      return undefined
    }
  }

  async function lookUp(channelId: string): Promise<Course | undefined> {
    const [row] = await rows.look([channelId])
    if (row) learn(channelId, row)
    return courses.get(channelId) ?? row
  }

  function learn(channelId: string, { owner, claim, botDesired }: Course): void {
    if (own.owns(channelId) || !audience.isOpen(channelId)) return void courses.delete(channelId)
    const before = courses.get(channelId)
    if (before && claim < before.claim) return
    // Turned off a moment ago: whoever is on the way out is seen to go, until the next look.
    const rests = botDesired ? 0 : (before?.rests ?? 1) + 1
    courses.set(channelId, { owner, claim, botDesired: rests < 2, rests })
    if (rests > 1) settleHere(channelId, claim)
    else if (owner !== null && audience.isBehind(channelId, { epoch: epochOfClaim(claim), seq: 0 }))
      void resync(channelId)
  }

  /** No bot runs for it: numbers are this node's own. */
  function settleHere(channelId: string, claim: number): void {
    const epoch = epochOfNode(claim, options.startedAt)
    if (audience.position(channelId).epoch >= epoch) return
    if (audience.moveTo(channelId, { epoch, seq: 0 })) void resync(channelId)
  }

  async function watch(owner: number, channelIds: string[]): Promise<void> {
    for (let n = 0; n < channelIds.length; n += ASK_AT_ONCE) {
      const at = channelIds.slice(n, n + ASK_AT_ONCE).map((id): WatchQuestion['at'][number] => {
        const { epoch, seq } = audience.position(id)
        return [id, epoch, seq]
      })
      try {
        const { ahead, notMine } = (await ask.ask(owner, 'watch', { at } satisfies WatchQuestion)) as WatchAnswer
        // What it published before it answered is here already.
        for (const [id, epoch, seq] of ahead) if (audience.isBehind(id, { epoch, seq })) void resync(id)
        for (const id of notMine) {
          const course = courses.get(id)
          if (course?.owner === owner) course.owner = null
        }
      } catch (error) {
        seldom('watch', (unlogged) =>
          logger.warn({ err: error, owner, unlogged }, 'a node with stages does not answer'),
        )
      }
    }
  }

  /** One at a time for a channel. What comes meanwhile is held, and follows the snapshot. */
  function resync(channelId: string): Promise<boolean> {
    audience.hold(channelId)
    const running = syncing.get(channelId)
    if (running) {
      running.again = true
      return running.done
    }
    const mine = { again: false, done: Promise.resolve(false) }
    syncing.set(channelId, mine)
    mine.done = untilShown(channelId, mine).finally(() => syncing.delete(channelId))
    return mine.done
  }

  async function untilShown(channelId: string, turn: { again: boolean }): Promise<boolean> {
    for (let tries = 0; tries < TRIES && audience.isOpen(channelId) && !life.signal.aborted; tries++) {
      if (tries > 0 && !turn.again) await clock.sleep(TRY_AGAIN_AFTER_MS, life.signal).catch(() => undefined)
      turn.again = false
      audience.hold(channelId)
      if ((await showAgain(channelId)) && !turn.again) return true
      if (!turn.again) audience.letWordsPass(channelId)
    }
    audience.stopWaiting(channelId)
    return false
  }

  async function showAgain(channelId: string): Promise<boolean> {
    try {
      const snapshot = await options.snapshot(channelId)
      return snapshot !== undefined && audience.showAgain(channelId, snapshot.d, snapshot.epoch, snapshot.stale)
    } catch (error) {
      seldom('snapshot', (unlogged) =>
        logger.warn({ err: error, channelId, unlogged }, 'no snapshot could be read for overlays that need one'),
      )
      return false
    }
  }
}

/** Another version's answer is as good as none. */
function isStageAnswer(answer: unknown): answer is StageAnswer {
  if (typeof answer !== 'object' || answer === null) return false
  const { owned, epoch, seq, avatars } = answer as Partial<Extract<StageAnswer, { owned: true }>>
  return owned !== true || (Number.isSafeInteger(epoch) && Number.isSafeInteger(seq) && Array.isArray(avatars))
}
