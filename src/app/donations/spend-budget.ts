import type { Clock } from '../../base/clock.ts'
import { hasCode, type AppError } from '../../base/errors.ts'
import type { Metrics } from '../../base/metrics.ts'
import type { PlatformBudgets } from '../../persistence/platform-budgets.ts'

/** From most to least urgent. A person who waits and a token come before everything; the auditor comes last. */
export const PRIORITIES = ['refresh', 'live-subscribe', 'catch-up', 'onboarding', 'standby', 'sweep'] as const
export type Priority = (typeof PRIORITIES)[number]

/** A priority, or how to tell it when a place has come: a channel may have gone live while it waited. */
export type Urgency = Priority | (() => Priority)

/**
 * DonationAlerts allows 60 requests a minute per application. One in 1.1 s is 54.5: room for requests that leave
 * early or arrive late, in any 60 s, however the platform's window lies.
 */
const REQUEST_SPACING_MS = 1_100

/** Where a 429 does not say when to come back, its fixed window is over after this long. */
const RATE_WINDOW_MS = 60_000

/** A request that waited this long counts as one step more urgent, so that nothing starves. */
const AGING_MS = 60_000

export interface BudgetOptions {
  budgets: PlatformBudgets
  clock: Clock
  random: () => number
  metrics: Pick<Metrics, 'budgetWait'>
  /** Ends the waiting of all, at shutdown. */
  signal: AbortSignal
  spacingMs?: number
  rateWindowMs?: number
}

export interface Budget {
  /**
   * Runs `request`, which sends exactly one request, when the application may send it and nothing more urgent waits.
   * A `platform-rate-limit` it throws closes the application for everybody until the window is over.
   */
  spend<T>(application: string, priority: Urgency, request: () => Promise<T>, signal?: AbortSignal): Promise<T>
  /** When the application opens again, by the wall clock; `null` while it is open. */
  closedUntil(application: string): number | null
  /** Requests that wait for their place. */
  waiting(application: string): number
}

interface Waiter {
  priority: () => Priority
  since: number
  order: number
  go: () => void
}

interface Line {
  waiters: Set<Waiter>
  serving: boolean
  /** How urgent the waiter is for whom a place was last asked. */
  told: number
  /** Ends the pause before the next question; `null` while there is none. */
  hurry: (() => void) | null
  closedUntil: number
}

/**
 * The requests of this node, in the order of their urgency; the places themselves are given out by the database, which
 * knows what waits on the others.
 */
export function createBudget({
  budgets,
  clock,
  random,
  metrics,
  signal: life,
  spacingMs = REQUEST_SPACING_MS,
  rateWindowMs = RATE_WINDOW_MS,
}: BudgetOptions): Budget {
  const lines = new Map<string, Line>()
  let arrivals = 0

  const lineOf = (application: string) => {
    let line = lines.get(application)
    if (!line) {
      line = { waiters: new Set(), serving: false, told: Infinity, hurry: null, closedUntil: 0 }
      lines.set(application, line)
    }
    return line
  }

  const rankOf = (waiter: Waiter) =>
    PRIORITIES.indexOf(waiter.priority()) - Math.floor((clock.monotonic() - waiter.since) / AGING_MS)

  /** The most urgent, and how urgent the one after it is. */
  const frontOf = (line: Line): { waiter: Waiter; rank: number; next: number | null } | undefined => {
    let first: { waiter: Waiter; rank: number } | undefined
    let next: number | null = null
    for (const waiter of line.waiters) {
      const rank = rankOf(waiter)
      if (!first || rank < first.rank || (rank === first.rank && waiter.order < first.waiter.order)) {
        next = first?.rank ?? null
        first = { waiter, rank }
      } else next = Math.min(next ?? rank, rank)
    }
    return first && { ...first, next }
  }

  /** Asks for places one after the other as long as somebody waits; who gets a place is decided when it has come. */
  const serve = async (application: string, line: Line) => {
    line.serving = true
    let failures = 0
    for (let front = frontOf(line); front && !life.aborted; front = frontOf(line)) {
      line.told = front.rank
      let pauseMs: number
      try {
        const { granted, waitMs, closedMs } = await budgets.take(application, {
          spacingMs,
          rank: front.rank,
          next: front.next,
        })
        failures = 0
        if (closedMs > 0) line.closedUntil = Math.max(line.closedUntil, clock.monotonic() + closedMs)
        const closedForMs = line.closedUntil - clock.monotonic()
        if (granted && closedForMs <= 0) serveOne(line)
        // Somebody came meanwhile who is to be told of at once.
        else if ((frontOf(line)?.rank ?? Infinity) < front.rank) continue
        pauseMs = Math.max(waitMs, closedForMs)
      } catch {
        // Without the database there is no place to give; the database's own alarms tell of it.
        pauseMs = Math.min(5_000, 250 * 2 ** failures++)
      }
      if (line.waiters.size > 0) await pause(line, pauseMs)
    }
    line.serving = false
  }

  const serveOne = (line: Line) => {
    const front = frontOf(line)
    if (!front) return
    line.waiters.delete(front.waiter)
    line.told = front.next ?? Infinity
    front.waiter.go()
  }

  const pause = (line: Line, ms: number) =>
    new Promise<void>((resolve) => {
      const end = () => {
        cancel()
        life.removeEventListener('abort', end)
        line.hurry = null
        resolve()
      }
      const cancel = clock.after(ms, end)
      life.addEventListener('abort', end, { once: true })
      line.hurry = end
      if (life.aborted) end()
    })

  const turn = (application: string, urgency: Urgency, given: AbortSignal | undefined) =>
    new Promise<void>((resolve, reject) => {
      // Listened to one by one: a signal made of both for each request would leave a trace on those that live long.
      const signals = given ? [given, life] : [life]
      const line = lineOf(application)
      const waiter: Waiter = {
        priority: typeof urgency === 'function' ? urgency : () => urgency,
        since: clock.monotonic(),
        order: arrivals++,
        go() {
          for (const signal of signals) signal.removeEventListener('abort', leave)
          metrics.budgetWait.observe(
            { platform: 'donationalerts', priority: waiter.priority() },
            (clock.monotonic() - waiter.since) / 1_000,
          )
          resolve()
        },
      }
      const leave = () => {
        line.waiters.delete(waiter)
        for (const signal of signals) signal.removeEventListener('abort', leave)
        reject(signals.find((signal) => signal.aborted)?.reason as Error)
      }
      if (signals.some((signal) => signal.aborted)) return leave()
      for (const signal of signals) signal.addEventListener('abort', leave, { once: true })
      line.waiters.add(waiter)
      if (!line.serving) void serve(application, line)
      else if (rankOf(waiter) < line.told) line.hurry?.()
    })

  return {
    async spend(application, urgency, request, signal) {
      await turn(application, urgency, signal)
      try {
        return await request()
      } catch (error) {
        if (hasCode(error, 'platform-rate-limit')) await close(application, error)
        throw error
      }
    },
    closedUntil(application) {
      const closedForMs = (lines.get(application)?.closedUntil ?? 0) - clock.monotonic()
      return closedForMs > 0 ? clock.now() + closedForMs : null
    },
    waiting: (application) => lines.get(application)?.waiters.size ?? 0,
  }

  async function close(application: string, error: AppError) {
    const said = error.details['retryAfterMs']
    // Up to a tenth more, so that several nodes do not come back in the same millisecond.
    const forMs = Math.round(
      (typeof said === 'number' ? Math.min(said, 10 * rateWindowMs) : rateWindowMs) * (1 + random() / 10),
    )
    const line = lineOf(application)
    line.closedUntil = Math.max(line.closedUntil, clock.monotonic() + forMs)
    await budgets.close(application, forMs).catch(() => undefined)
  }
}
