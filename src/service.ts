import { inTime } from './app/in-time.ts'
import type { Clock } from './base/clock.ts'
import { AppError } from './base/errors.ts'
import type { Logger } from './base/logger.ts'

/** One node: everything wired together, nothing begun. */
export interface Service {
  /** Opens the database, migrates it, listens, and brings all streams back. */
  start(): Promise<void>
  /** Ends everything in the order in which it depends on each other. Safe to call more than once, also while starting. */
  stop(): Promise<void>
}

/** A part that has begun. */
export interface Part {
  name: string
  end: () => unknown
  /** What it may take before the next is ended all the same, milliseconds; without it, as long as it needs. */
  withinMs?: number
}

/** The life of the service, as the one who starts it sees it. */
export interface ServiceLife {
  /** Aborted when the parts are about to be ended: a start that sees it goes no further. */
  signal: AbortSignal
  /** To be ended before all that began earlier. */
  began(part: Part): void
  /** To be ended after all others, whenever they begin. */
  endsLast(part: Part): void
  /** Requests are answered from here on. `drain`: sends the overlays that are open here to other nodes. */
  serves(drain: () => Promise<void>): void
  /** This node takes part from here on. `leave`: hands its work over while all else still runs, so that others go on where it stopped. */
  takesPart(leave: () => Promise<void>): void
  /** It is ready for requests, and is not about to stop. */
  isServing(): boolean
}

export interface ServiceOptions {
  /** Begins the parts in the order in which they depend on each other. Called once. */
  begin: (life: ServiceLife) => Promise<void>
  clock: Clock
  logger: Logger
}

/** Handing over takes 8 s at most; a database that does not answer takes the rest. */
export const LEAVE_WITHIN_MS = 12_000
/** Overlays are sent away over 10 s. */
const DRAIN_WITHIN_MS = 12_000
/** A start that is told to stop goes no further than the step it is at. */
const START_ENDS_WITHIN_MS = 4_000

/** The order in which a node begins, takes part, hands over and ends. */
export function createService({ begin, clock, logger }: ServiceOptions): Service {
  const ending = new AbortController()
  /** What has begun, to be ended in reverse. */
  const parts: Part[] = []
  let starting: Promise<void> | undefined
  let stopping: Promise<void> | undefined
  let serving = false
  let leave: (() => Promise<void>) | undefined
  let drain: (() => Promise<void>) | undefined

  const life: ServiceLife = {
    signal: ending.signal,
    began: (part) => void parts.push(part),
    endsLast: (part) => void parts.unshift(part),
    serves(how) {
      serving = true
      drain = how
    },
    takesPart(how) {
      leave = how
    },
    isServing: () => serving,
  }

  return {
    start() {
      starting ??= begin(life)
      return starting
    },
    stop() {
      stopping ??= stop()
      return stopping
    },
  }

  async function stop(): Promise<void> {
    serving = false
    const drained = inTime(clock, drain?.(), DRAIN_WITHIN_MS)
    try {
      if (leave && !(await inTime(clock, leave(), LEAVE_WITHIN_MS))) logger.warn('this node could not leave in time')
    } catch (error) {
      logger.error({ err: error }, 'this node did not leave well')
    }
    if (!(await drained)) logger.warn('overlays could not be sent to other nodes in time')
    ending.abort(new AppError('shutting-down'))
    // What it is opening at this moment would be left open; how it fails is its caller's affair.
    await inTime(
      clock,
      starting?.catch(() => undefined),
      START_ENDS_WITHIN_MS,
    )
    for (let last = parts.pop(); last; last = parts.pop()) await end(last)
  }

  async function end({ name, end, withinMs }: Part): Promise<void> {
    try {
      if (withinMs === undefined) await end()
      else if (!(await inTime(clock, end(), withinMs)))
        logger.warn({ part: name, withinMs }, 'a part did not end in time')
    } catch (error) {
      logger.error({ err: error, part: name }, 'a part did not end well')
    }
  }
}
