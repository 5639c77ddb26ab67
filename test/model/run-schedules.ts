import { beginSchedule, type Outcome, type ScheduleOptions } from './schedule.ts'

/** So many go on side by side: between two events of each, all that follows from the first within its turn is done. */
const SIDE_BY_SIDE = 32

/** @param onEnd Called for each; `false`: enough. */
export async function runSchedules(
  { from, count, ...options }: Omit<ScheduleOptions, 'seed'> & { from: number; count: number },
  onEnd: (outcome: Outcome) => boolean,
): Promise<void> {
  let next = from
  const running = new Set<ReturnType<typeof beginSchedule>>()
  let enough = false
  // Errors by the thousand that nobody reads the stack of.
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = 0
  while (!enough && (running.size > 0 || next < from + count)) {
    while (running.size < SIDE_BY_SIDE && next < from + count) running.add(beginSchedule({ ...options, seed: next++ }))
    for (const schedule of running) {
      if (schedule.step()) continue
      running.delete(schedule)
      if (!onEnd(schedule.outcome())) enough = true
    }
    await new Promise((resolve) => setImmediate(resolve))
  }
  Error.stackTraceLimit = stackTraceLimit
}
