import { sleepOn, type Clock } from '../../src/base/clock.ts'

/** A clock that stands still until a test moves it; due timers run in order, with promises settled between them. */
export interface ManualClock extends Clock {
  advance(ms: number): Promise<void>
  pendingTimers(): number
}

export function createManualClock(startMs = Date.UTC(2026, 0, 1)): ManualClock {
  let elapsed = 0
  let nextId = 0
  const timers = new Map<number, { at: number; run: () => void }>()
  const settle = async () => {
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
  }
  const clock: ManualClock = {
    now: () => startMs + elapsed,
    monotonic: () => elapsed,
    after(delayMs, run) {
      const id = nextId++
      timers.set(id, { at: elapsed + Math.max(0, delayMs), run })
      return () => timers.delete(id)
    },
    sleep: (delayMs, signal) => sleepOn(clock, delayMs, signal),
    async advance(ms) {
      const end = elapsed + ms
      await settle()
      for (;;) {
        const due = [...timers].filter(([, timer]) => timer.at <= end).sort(([a, x], [b, y]) => x.at - y.at || a - b)[0]
        if (!due) break
        timers.delete(due[0])
        elapsed = Math.max(elapsed, due[1].at)
        due[1].run()
        await settle()
      }
      elapsed = end
      await settle()
    },
    pendingTimers: () => timers.size,
  }
  return clock
}
