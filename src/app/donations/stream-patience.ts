import { backoffMs, fullJitterMs } from '../../base/backoff.ts'
import type { Clock } from '../../base/clock.ts'
import { AppError, hasCode } from '../../base/errors.ts'
import type { Logger } from '../../base/logger.ts'
import type { StreamAccount } from '../../persistence/donation-accounts.ts'
import type { SocketEnd } from '../../platforms/donation-source.ts'
import { failureType, type StreamFacts } from './donation-stream-status.ts'
import type { Budget } from './spend-budget.ts'

/** How long a stream waits before it asks the platform again. */
export interface StreamPatience {
  /** What an earlier owner of the stream has put off. */
  untilItsTurn(): Promise<void>
  afterEnd(end: SocketEnd): Promise<void>
  /** The last connection lived long enough to be a success. */
  wasStable(): void
  /** @returns false where only the streamer can help. */
  afterFailure(error: unknown): Promise<boolean>
}

export interface StreamPatienceOptions {
  account: StreamAccount
  facts: StreamFacts
  budget: Pick<Budget, 'closedUntil'>
  clock: Clock
  random: () => number
  logger: Logger
  signal: AbortSignal
}

/** Nothing is put off for longer than this: what a row says beyond it was not written by us. */
const MAX_PUT_OFF_MS = 10 * 60_000

/** Where the platform does not want us back (3012, repeated refusals) we ask again, but rarely. */
const UNWELCOME_MS = 5 * 60_000

export function createStreamPatience(options: StreamPatienceOptions): StreamPatience {
  const { account, facts, budget, clock, random, logger, signal } = options
  const { channelId } = account
  let socketFailures = 0

  return {
    async untilItsTurn() {
      const { failures, retryInMs } = account
      if (retryInMs === null) return
      facts.saw({ failures })
      const waitMs = Math.min(retryInMs, MAX_PUT_OFF_MS)
      if (failures > 0) facts.set({ backoffUntil: clock.now() + waitMs })
      else facts.redial(clock.now() + waitMs)
      await clock.sleep(waitMs, signal).catch(() => undefined)
      facts.set({ backoffUntil: null })
      facts.redial(null)
    },

    async afterEnd(end) {
      socketFailures++
      facts.failed(end.why)
      const waitMs = end.reconnect ? fullJitterMs(socketFailures, random) : UNWELCOME_MS * (0.5 + random() / 2)
      const level = end.reconnect ? 'info' : 'error'
      logger[level](
        { channelId, closeCode: end.code, why: end.why, waitMs, err: end.cause },
        end.reconnect
          ? 'donation socket ended, reconnecting'
          : 'the platform ended a donation socket and does not want it back soon',
      )
      facts.redial(clock.now() + waitMs)
      await clock.sleep(waitMs, signal).catch(() => undefined)
      facts.redial(null)
    },

    wasStable: () => void (socketFailures = 0),

    async afterFailure(error) {
      const code = error instanceof AppError ? error.code : 'internal'
      facts.failed(code, failureType(code))
      if (hasCode(error, 'needs-reauth', 'missing-scope')) {
        facts.set({ needsReauth: true })
        logger.warn({ channelId, problem: code }, 'donations stand still until the streamer connects the account again')
        return false
      }
      // A closed budget is the application's affair: waiting for it is no failure of this streamer.
      const closedUntil = budget.closedUntil(account.application)
      const isClosed = code === 'platform-rate-limit' && closedUntil !== null
      if (!isClosed) facts.saw({ failures: facts.seen.failures + 1 })
      const { failures } = facts.seen
      const waitMs = isClosed ? Math.max(0, closedUntil - clock.now()) : backoffMs(failures, random)
      const backoffUntil = clock.now() + waitMs
      facts.set({ backoffUntil })
      logger.warn({ err: error, channelId, problem: code, failures, waitMs }, 'a donation request failed, backing off')
      await clock.sleep(waitMs, signal).catch(() => undefined)
      // A request of another kind may have failed later.
      if (facts.status().backoffUntil === backoffUntil) facts.set({ backoffUntil: null })
      return !signal.aborted
    },
  }
}
