import { parseArgs } from 'node:util'
import { loadMutant, MUTATIONS, type Mutation } from './mutants.ts'

/**
 * Runs schedules of the model by hand:
 * `node test/model/run.ts --schedules 100000`, or `--seed 4711` for one of them, told event by event;
 * `--mutation "…"` (a name of `mutants.ts`) until the first violation.
 */
const { values } = parseArgs({
  options: {
    schedules: { type: 'string', default: '1' },
    seed: { type: 'string', default: '1' },
    mutation: { type: 'string' },
  },
})
const mutation: Mutation | undefined = Object.entries(MUTATIONS).find(([name]) => name === values.mutation)?.[1]
if (values.mutation !== undefined && !mutation) throw new Error(`There is no such mutation: ${values.mutation}`)
if (mutation?.mutant) loadMutant(mutation.mutant)
// Not before: it loads the code that is to be a mutant.
const { runSchedules } = await import('./run-schedules.ts')
const count = Number(values.schedules)
const seed = Number(values.seed)
const began = performance.now()
const faults: Record<string, number> = {}
let done = 0
let failed = 0
let events = 0
let replies = 0
let slowest = { ms: 0, seed: 0 }

const print = (text: string) => void process.stdout.write(`${text}\n`)
const line =
  (level: string) =>
  (details: unknown, message?: string): void => {
    const { err, ...rest } = details as { err?: Error }
    print(`    ${level} ${message ?? ''} ${JSON.stringify(rest)} ${err?.stack ?? ''}`)
  }
const talkative = { info: line('info'), warn: line('warn'), error: line('error'), debug() {} } as never

await runSchedules(
  {
    from: seed,
    count,
    ...(mutation?.without ? { without: mutation.without } : {}),
    ...(mutation?.only ? { only: mutation.only } : {}),
    ...(count === 1 ? { trace: print, logger: talkative } : {}),
  },
  (outcome) => {
    done++
    events += outcome.events
    replies += outcome.replies
    if (outcome.settledInMs > slowest.ms) slowest = { ms: outcome.settledInMs, seed: outcome.seed }
    for (const [fault, times] of Object.entries(outcome.faults)) faults[fault] = (faults[fault] ?? 0) + times
    if (outcome.violations.length > 0) {
      failed++
      print(`seed ${outcome.seed}: ${JSON.stringify(outcome.faults)}`)
      for (const violation of outcome.violations.slice(0, 5)) print(`  ${violation}`)
    }
    if (done % 10_000 === 0) print(`${done} schedules, ${failed} violated`)
    return failed < (mutation ? 1 : 20)
  },
)
const cpuSeconds = (process.cpuUsage().user + process.cpuUsage().system) / 1e6
const seconds = (performance.now() - began) / 1_000
print(
  `${done} schedules from seed ${seed}, ${failed} violated; ${events} events, ${replies} replies, ` +
    `all as it should be at most ${(slowest.ms / 1_000).toFixed(1)} s after the last fault (seed ${slowest.seed}); ` +
    `${seconds.toFixed(1)} s, ${Math.round(done / cpuSeconds)} schedules per second of a core`,
)
print(JSON.stringify(faults))
process.exitCode = failed > 0 ? 1 : 0
