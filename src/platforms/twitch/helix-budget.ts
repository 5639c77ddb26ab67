import type { Clock } from '../../base/clock.ts'
import { AppError, hasCode } from '../../base/errors.ts'
import { retryAfterMs } from '../retry-after.ts'

/**
 * `high`: connections, which have ten seconds. `low`: what may wait for the next minute, and leaves a reserve to the
 * others. `now`: of no use later; refused here where Twitch would refuse it.
 */
export type Urgency = 'high' | 'low' | 'now'

/**
 * What is left of one of Twitch's buckets, as its `Ratelimit-*` headers say. All requests with the application's token
 * share one; sending to chat has another.
 */
export interface HelixBudget {
  /**
   * Sends one request as soon as the bucket has a point for it. `send` hands over the headers of the answer.
   * @throws AppError `platform-rate-limit` where `now` is too early or Twitch says so; else whatever `send` throws.
   */
  spend<Reply>(
    request: { urgency: Urgency; signal?: AbortSignal | undefined },
    send: (onHeaders: (headers: Headers) => void) => Promise<Reply>,
  ): Promise<Reply>
}

/** Before Twitch has said anything: its default, 800 points a minute (facts §3). */
const DEFAULT_LIMIT = 800

/** The bucket's window. A `Ratelimit-Reset` further away comes from a clock that is wrong, theirs or ours. */
const WINDOW_MS = 60_000

/** A `Ratelimit-Reset` that is past says nothing; asking again at once would be refused again. */
const MIN_WAIT_MS = 1_000

/** A shard has ten seconds to be assigned: each tenth point is kept for that and never spent on what can wait. */
const RESERVE = 0.1

export function createHelixBudget({ clock }: { clock: Clock }): HelixBudget {
  let limit = DEFAULT_LIMIT
  let left = DEFAULT_LIMIT
  let fullAtMs = clock.monotonic() + WINDOW_MS
  let closedUntilMs = 0
  let inFlight = 0
  const urgent: (() => void)[] = []
  const patient: (() => void)[] = []
  let cancelTimer: (() => void) | null = null

  return {
    async spend({ urgency, signal }, send) {
      signal?.throwIfAborted()
      if (urgency === 'now') takeNow()
      else await turn(urgency === 'high', signal)
      try {
        return await send(learn)
      } catch (error) {
        if (!hasCode(error, 'platform-rate-limit')) throw error
        close(error.details['retryAfterMs'])
        throw new AppError('platform-rate-limit', { ...error.details, retryAfterMs: waitMs() })
      } finally {
        inFlight -= 1
        letGo()
      }
    },
  }

  function learn(headers: Headers): void {
    limit = readCount(headers.get('ratelimit-limit')) || limit
    const said = readCount(headers.get('ratelimit-remaining'))
    // What is still on its way was not yet counted when this was written.
    if (said !== null) left = Math.max(0, said - (inFlight - 1))
    const resetMs = headers.has('ratelimit-reset') ? retryAfterMs(headers, clock.now()) : null
    if (resetMs !== null) fullAtMs = clock.monotonic() + clampWait(resetMs)
  }

  function close(retryAfter: unknown): void {
    const wait = typeof retryAfter === 'number' ? clampWait(retryAfter) : WINDOW_MS
    closedUntilMs = Math.max(closedUntilMs, clock.monotonic() + wait)
    left = 0
    fullAtMs = closedUntilMs
  }

  function mayGo(isUrgent: boolean): boolean {
    const nowMs = clock.monotonic()
    if (nowMs >= fullAtMs) {
      left = limit
      fullAtMs = nowMs + WINDOW_MS
    }
    return nowMs >= closedUntilMs && left > (isUrgent ? 0 : Math.floor(limit * RESERVE))
  }

  function take(): void {
    left -= 1
    inFlight += 1
  }

  function takeNow(): void {
    if (!mayGo(true)) throw new AppError('platform-rate-limit', { platform: 'twitch', retryAfterMs: waitMs() })
    take()
  }

  function turn(isUrgent: boolean, signal: AbortSignal | undefined): Promise<void> {
    const line = isUrgent ? urgent : patient
    if (line.length === 0 && mayGo(isUrgent)) {
      take()
      return Promise.resolve()
    }
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        line.splice(line.indexOf(go), 1)
        if (urgent.length + patient.length === 0) stopTimer()
        reject(signal?.reason as Error)
      }
      const go = () => {
        signal?.removeEventListener('abort', onAbort)
        take()
        resolve()
      }
      signal?.addEventListener('abort', onAbort, { once: true })
      line.push(go)
      letGo()
    })
  }

  function letGo(): void {
    while (urgent.length > 0 && mayGo(true)) urgent.shift()?.()
    while (patient.length > 0 && mayGo(false)) patient.shift()?.()
    stopTimer()
    if (urgent.length + patient.length > 0) cancelTimer = clock.after(waitMs(), letGo)
  }

  function waitMs(): number {
    return Math.ceil(Math.max(closedUntilMs, fullAtMs) - clock.monotonic())
  }

  function stopTimer(): void {
    cancelTimer?.()
    cancelTimer = null
  }
}

function clampWait(waitMs: number): number {
  return Math.min(Math.max(waitMs, MIN_WAIT_MS), WINDOW_MS)
}

function readCount(text: string | null): number | null {
  return text !== null && /^\d{1,9}$/.test(text.trim()) ? Number(text) : null
}
