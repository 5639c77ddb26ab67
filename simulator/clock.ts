/** Time as the simulator knows it. A test may hand in its own. */
export interface Clock {
  /** Wall clock, milliseconds since 1970. */
  now(): number
  /** Milliseconds since an arbitrary start; only ever grows. */
  monotonic(): number
  /** Runs `run` once after `delayMs`. The returned function cancels it. */
  after(delayMs: number, run: () => void): () => void
}

/** A clock that can be pushed forward: whatever would have happened meanwhile happens, in order. */
export interface MovableClock extends Clock {
  /**
   * Moves time by `ms`. Before each step of a second or more it waits for {@link MovableClockOptions.settle}, so that
   * the other side can answer what the passing time made us say.
   */
  advance(ms: number): Promise<void>
  /** Milliseconds by which this clock has been pushed so far. */
  advancedMs(): number
  /** Forgets every timer that has not run. */
  stop(): void
}

export interface MovableClockOptions {
  source?: Clock
  /** Resolves when the outside has had its chance to react to the time that has just passed. */
  settle?: () => Promise<void>
}

/** Steps shorter than this are nothing that anybody on the other side of a socket could notice. */
const NOTICEABLE_MS = 1_000

const realClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(delayMs, run) {
    // A socket keeps the process alive, a reminder to close it should not.
    const timer = setTimeout(run, delayMs).unref()
    return () => clearTimeout(timer)
  },
}

interface Timer {
  at: number
  run: () => void
  disarm: () => void
}

export function createMovableClock({ source = realClock, settle }: MovableClockOptions = {}): MovableClock {
  let pushedMs = 0
  let nextId = 0
  /** In order of creation: of two timers due at the same time the older runs first. */
  const timers = new Map<number, Timer>()

  const monotonic = () => source.monotonic() + pushedMs

  const arm = (id: number, timer: Omit<Timer, 'disarm'>) => {
    const disarm = source.after(Math.min(Math.max(0, timer.at - monotonic()), LONGEST_TIMER_MS), () => fire(id))
    timers.set(id, { ...timer, disarm })
  }
  const fire = (id: number) => {
    const timer = timers.get(id)
    if (!timer) return
    // Node's timers may be a fraction of a millisecond early, and waits beyond 24 days come in pieces.
    if (timer.at - monotonic() > 1) return arm(id, timer)
    timers.delete(id)
    timer.run()
  }
  const earliestUntil = (end: number): [number, Timer] | undefined => {
    let found: [number, Timer] | undefined
    for (const entry of timers) if (entry[1].at <= end && (!found || entry[1].at < found[1].at)) found = entry
    return found
  }

  return {
    now: () => source.now() + pushedMs,
    monotonic,
    after(delayMs, run) {
      const id = nextId++
      arm(id, { at: monotonic() + Math.max(0, delayMs), run })
      return () => {
        timers.get(id)?.disarm()
        timers.delete(id)
      }
    },
    async advance(ms) {
      // Counted in what is left to push, not against the source: real time goes on passing while we settle.
      let leftMs = ms
      let unsettledMs = 1
      for (;;) {
        const due = earliestUntil(monotonic() + leftMs)
        if (!due) break
        const [id, timer] = due
        const stepMs = Math.max(0, Math.min(leftMs, timer.at - monotonic()))
        // Before the jump, not after it: what lies at its end may be the deadline of an answer that is on its way.
        if (unsettledMs > 0 && unsettledMs + stepMs >= NOTICEABLE_MS) {
          unsettledMs = 0
          await settle?.()
          continue
        }
        pushedMs += stepMs
        leftMs -= stepMs
        unsettledMs = stepMs >= NOTICEABLE_MS ? 1 : unsettledMs + Math.max(stepMs, 1)
        timer.disarm()
        timers.delete(id)
        timer.run()
      }
      pushedMs += leftMs
      for (const [id, timer] of timers) {
        timer.disarm()
        arm(id, timer)
      }
      await settle?.()
    },
    advancedMs: () => pushedMs,
    stop() {
      for (const timer of timers.values()) timer.disarm()
      timers.clear()
    },
  }
}

/** The longest wait that Node's timers know: 2³¹ − 1 ms. A longer one would fire at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1
