/**
 * Time as the rest of the house may know it. Durations come from {@link Clock.monotonic}, never from the wall clock,
 * which an operator or NTP may move. Tests inject a clock that they move by hand.
 */
export interface Clock {
  /** Wall clock, milliseconds since 1970. For timestamps that people read; never for durations. */
  now(): number
  /** Milliseconds since an arbitrary start; only ever grows. */
  monotonic(): number
  /** Runs `run` once after `delayMs`. The returned function cancels it; calling it late is harmless. */
  after(delayMs: number, run: () => void): () => void
  /** Resolves after `delayMs`; rejects with the signal's reason when it aborts first. */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs)
    return () => clearTimeout(timer)
  },
  sleep: (delayMs, signal) => sleepOn(systemClock, delayMs, signal),
}

/** The one implementation of `sleep`, for every clock: a timer and a signal, whichever comes first. */
export function sleepOn(clock: Pick<Clock, 'after'>, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason as Error)
    const cancel = clock.after(delayMs, () => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    })
    const onAbort = () => {
      cancel()
      reject(signal?.reason as Error)
    }
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}
