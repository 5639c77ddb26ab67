import { backoffMs } from '../base/backoff.ts'
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/logger.ts'
import { createSeldom } from '../base/seldom.ts'

/** Work that nobody waits for, and that must be done all the same. */
export interface Background {
  /** Until it succeeds: nobody will ask a second time. `what`: for the log, where it fails. */
  insist(what: string, work: () => Promise<void>): void
  /** Resolves when nothing is under way. The signal ends what insists. */
  settled(): Promise<void>
}

export interface BackgroundOptions {
  clock: Clock
  random: () => number
  logger: Logger
  signal: AbortSignal
}

/** One thing after another under the same key. */
export function createTurns() {
  const turns = new Map<string, Promise<void>>()
  return {
    async inTurn<T>(key: string, work: () => Promise<T>): Promise<T> {
      const turn = (turns.get(key) ?? Promise.resolve()).then(work)
      const end = turn.then(
        () => undefined,
        () => undefined,
      )
      turns.set(key, end)
      void end.then(() => {
        if (turns.get(key) === end) turns.delete(key)
      })
      return turn
    },
  }
}

export function createBackground({ clock, random, logger, signal }: BackgroundOptions): Background {
  const insisting = new Set<Promise<void>>()
  const seldom = createSeldom(clock)

  return {
    insist(what, work) {
      const insisted = untilDone(what, work).finally(() => insisting.delete(insisted))
      insisting.add(insisted)
    },
    settled: async () => void (await Promise.all(insisting)),
  }

  async function untilDone(what: string, work: () => Promise<void>): Promise<void> {
    for (let failures = 1; !signal.aborted; failures++) {
      try {
        return await work()
      } catch (error) {
        if (signal.aborted) return
        seldom(what, (unlogged) => logger.error({ err: error, unlogged }, what))
        await clock.sleep(backoffMs(failures, random), signal).catch(() => undefined)
      }
    }
  }
}
