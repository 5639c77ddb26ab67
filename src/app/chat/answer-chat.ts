import type { Clock } from '../../base/clock.ts'
import { AppError, hasCode } from '../../base/errors.ts'
import type { Logger } from '../../base/logger.ts'
import type { Metrics } from '../../base/metrics.ts'
import { createSeldom } from '../../base/seldom.ts'
import { safeChatText } from '../../domain/bot-words.ts'
import type { ClaimResult, ReplyClaims } from '../../persistence/reply-claims.ts'
import type { ChatPlatform, SendResult } from '../../platforms/chat.ts'
import type { NodeSession } from '../assignments/assignment-runner.ts'
import { createMessageBuckets, type MessageRate } from './message-buckets.ts'
import type { OwnMessages } from './own-messages.ts'

/** An answer that the bot would give. */
export interface Answer {
  channelId: string
  channelUserId: string
  speakerUserId: string
  /** Under which the channel's bot is this node's. */
  epoch: number
  /** The message that is answered, and what in it. */
  messageId: string
  command: string
  viewerId: string
  text: string
  /** When the message came, by the monotonic clock. */
  receivedAtMs: number
}

export interface AnswerFigures {
  sent: number
  dropped: number
  lastDropped: { why: DropReason; at: number } | null
}

/**
 * Why an answer was not given, for the streamer. `unknown`: the platform did not answer, so that it may have been said; it
 * is not said again. `refused`: the platform dropped it. The metric knows four more that are nobody's loss: `taken`
 * (answered before, here or elsewhere), `passed-on` to the bot's new node, `bot-off`, and `muted`: this node may not be
 * among the living any more, and leaves it to the others.
 */
export type DropReason =
  'viewer-limit' | 'channel-limit' | 'account-limit' | 'overload' | 'too-old' | 'refused' | 'unknown' | 'failed'

export interface AnswerChat {
  /** Claims and sends it, at most once whatever happens. Never throws, never waits. */
  answer(answer: Answer): void
  figures(channelId: string): AnswerFigures
  /** Gives up what has not been sent and waits for what is on its way. */
  stop(): Promise<void>
}

export interface AnswerChatOptions {
  claims: Pick<ReplyClaims, 'claim' | 'purge'>
  send: ChatPlatform['send']
  own: OwnMessages
  session: NodeSession
  /**
   * Nothing more is said where the bot was turned off. What was claimed before it went to another node is said here: that
   * one may not.
   */
  isOn(channel: { channelId: string; channelUserId: string }): boolean
  /** The bot went to another node before the answer could be claimed: that one is to give it. */
  passOn(answer: Answer): void
  /** What is told of a channel's answers is other than before. */
  onFigures?(channelId: string): void
  limits: AnswerLimits
  clock: Clock
  logger: Logger
  metrics: Pick<Metrics, 'chatReplies'>
}

export interface AnswerLimits {
  /** One viewer can make the bot say so much. */
  viewer: MessageRate
  channel: MessageRate
  /** The bot account over all its channels. */
  account: MessageRate
}

/** Who waits longer has moved on; an answer to nothing is noise. */
const TOO_OLD_MS = 10_000

/** Claims of a burst share a statement. */
const CLAIM_WITHIN_MS = 3
const CLAIM_BATCH = 50
/** More waiting than this is more than could be said before it is too old. */
const MOST_WAITING = 2_000
/** Connections to the platform; one slow answer holds up no other. */
const MOST_AT_ONCE = 32

/** A message is delivered again within minutes, if at all. */
const CLAIM_TTL_MS = 60 * 60 * 1_000
const HOUSEKEEPING_EVERY_MS = 60_000
/** What is on its way at a stop is let arrive: broken off, nobody knew whether it was said. */
const ARRIVES_WITHIN_MS = 1_500
const PURGE_EVERY = 10

const NOTHING: AnswerFigures = { sent: 0, dropped: 0, lastDropped: null }

/**
 * Answers in chat: limited, claimed in the database before they are sent, sent once. An answer is lost rather than given
 * twice: whoever asked can ask again.
 */
export function createAnswerChat(options: AnswerChatOptions): AnswerChat {
  const { claims, own, session, limits, clock, logger, metrics } = options
  const perViewer = createMessageBuckets(limits.viewer)
  const perChannel = createMessageBuckets(limits.channel)
  const perAccount = createMessageBuckets(limits.account)
  const figures = new Map<string, AnswerFigures>()
  const seldom = createSeldom(clock)
  let unclaimed: Answer[] = []
  let cancelClaim: (() => void) | null = null
  let claiming = false
  const unsent: Answer[] = []
  const sending = new Set<Promise<void>>()
  let housekeeping = 0
  /** From the first answer on: before it there is nothing to forget. */
  let cancelHousekeeping: (() => void) | null = null
  const stopped = new AbortController()
  const patience = new AbortController()

  return {
    answer(answer) {
      const now = clock.monotonic()
      if (stopped.signal.aborted) return
      if (!session.mayAct()) return mute()
      if (unclaimed.length + unsent.length >= MOST_WAITING) return drop(answer, 'overload')
      const viewer = `${answer.channelId} ${answer.viewerId}`
      if (!perViewer.has(viewer, now)) return drop(answer, 'viewer-limit')
      if (!perChannel.has(answer.channelId, now)) return drop(answer, 'channel-limit')
      if (!perAccount.has(answer.speakerUserId, now)) return drop(answer, 'account-limit')
      perViewer.take(viewer, now)
      perChannel.take(answer.channelId, now)
      perAccount.take(answer.speakerUserId, now)
      unclaimed.push(answer)
      cancelHousekeeping ??= clock.after(HOUSEKEEPING_EVERY_MS, keepHouse)
      cancelClaim ??= clock.after(CLAIM_WITHIN_MS, () => void claimSome())
    },
    figures: (channelId) => figures.get(channelId) ?? NOTHING,
    async stop() {
      stopped.abort()
      cancelClaim?.()
      cancelHousekeeping?.()
      unclaimed = []
      unsent.length = 0
      const cancel = clock.after(ARRIVES_WITHIN_MS, () => patience.abort(new AppError('shutting-down')))
      await Promise.all(sending)
      cancel()
    },
  }

  async function claimSome(): Promise<void> {
    cancelClaim = null
    if (claiming) return
    claiming = true
    try {
      while (unclaimed.length > 0 && !stopped.signal.aborted) await claimBatch(unclaimed.splice(0, CLAIM_BATCH))
    } finally {
      claiming = false
    }
  }

  async function claimBatch(batch: Answer[]): Promise<void> {
    let results: ClaimResult[]
    const mine = session.session()
    if (mine === null) return batch.forEach(mute)
    try {
      results = await claims.claim(mine, batch)
    } catch (error) {
      seldom('unclaimed', (unlogged) =>
        logger.warn({ err: error, answers: batch.length, unlogged }, 'answers could not be claimed and are not given'),
      )
      for (const answer of batch) drop(answer, 'failed')
      return
    }
    for (const [index, answer] of batch.entries()) {
      const result = results[index]
      if (result === 'won') unsent.push(answer)
      else if (result === 'foreign' && options.isOn(answer)) passOn(answer)
      else if (result === 'foreign') metrics.chatReplies.inc({ result: 'bot-off' })
      else metrics.chatReplies.inc({ result: 'taken' })
    }
    sendSome()
  }

  function sendSome(): void {
    while (unsent.length > 0 && sending.size < MOST_AT_ONCE && !stopped.signal.aborted) {
      const answer = unsent.shift()
      if (!answer) return
      if (!options.isOn(answer)) {
        metrics.chatReplies.inc({ result: 'bot-off' })
        continue
      }
      // It was claimed while we were sure; the platform is asked only as long as we are.
      if (!session.mayAct()) {
        mute()
        continue
      }
      if (clock.monotonic() - answer.receivedAtMs > TOO_OLD_MS) {
        drop(answer, 'too-old')
        continue
      }
      const sent = sendOne(answer).finally(() => {
        sending.delete(sent)
        sendSome()
      })
      sending.add(sent)
    }
  }

  async function sendOne(answer: Answer): Promise<void> {
    const { channelId, channelUserId, speakerUserId, messageId } = answer
    const text = safeChatText(answer.text)
    const sent = options.send({ channelUserId, speakerUserId, text, replyTo: messageId, signal: patience.signal })
    own.sending(channelId, text, idOf(sent))
    try {
      const result = await sent
      if (result.sent) {
        metrics.chatReplies.inc({ result: 'sent' })
        const before = figures.get(channelId) ?? NOTHING
        figures.set(channelId, { ...before, sent: before.sent + 1 })
        options.onFigures?.(channelId)
        return
      }
      const { why, code } = result
      seldom(why, (unlogged) => logger.info({ channelId, why, code, unlogged }, 'Twitch did not pass an answer on'))
      drop(answer, 'refused')
    } catch (error) {
      if (patience.signal.aborted) return
      const why = hasCode(error, 'platform-network') ? 'unknown' : 'failed'
      seldom(why, (unlogged) =>
        logger.warn({ err: error, channelId, unlogged }, 'an answer could not be sent; it is not repeated'),
      )
      drop(answer, why)
    }
  }

  function passOn(answer: Answer): void {
    metrics.chatReplies.inc({ result: 'passed-on' })
    options.passOn(answer)
  }

  function mute(): void {
    metrics.chatReplies.inc({ result: 'muted' })
  }

  function drop(answer: Answer, why: DropReason): void {
    metrics.chatReplies.inc({ result: why })
    const before = figures.get(answer.channelId) ?? NOTHING
    figures.set(answer.channelId, { ...before, dropped: before.dropped + 1, lastDropped: { why, at: clock.now() } })
    options.onFigures?.(answer.channelId)
  }

  function keepHouse(): void {
    if (stopped.signal.aborted) return
    const now = clock.monotonic()
    for (const buckets of [perViewer, perChannel, perAccount]) buckets.sweep(now)
    own.sweep()
    if (housekeeping++ % PURGE_EVERY === 0) {
      claims
        .purge(CLAIM_TTL_MS)
        .catch((error: unknown) => logger.warn({ err: error }, 'old claims could not be removed'))
    }
    cancelHousekeeping = clock.after(HOUSEKEEPING_EVERY_MS, keepHouse)
  }
}

/** What its sending says of a message's id: `null` where it was not said; rejects where nobody knows. */
async function idOf(sent: Promise<SendResult>): Promise<string | null> {
  try {
    const result = await sent
    return result.sent ? result.id : null
  } catch (error) {
    if (hasCode(error, 'platform-network')) throw error
    return null
  }
}
