import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { MUTATIONS } from './mutants.ts'
import { runSchedules } from './run-schedules.ts'
import type { Outcome } from './schedule.ts'

const SCHEDULES = 1_000
/** Where there is something to be found, it is found within so many. */
const MUTANT_SCHEDULES = 600
const RUN = join(import.meta.dirname, 'run.ts')
const run = promisify(execFile)

test('nodes that are paused, cut off, killed and restarted do nothing twice and leave nothing undone', async (t) => {
  const outcomes: Outcome[] = []
  await runSchedules({ from: 1, count: SCHEDULES }, (outcome) => {
    outcomes.push(outcome)
    return outcome.violations.length === 0
  })
  const failed = outcomes.find(({ violations }) => violations.length > 0)
  assert.deepEqual(failed?.violations ?? [], [], `node test/model/run.ts --seed ${failed?.seed}`)
  const faults: Record<string, number> = {}
  for (const outcome of outcomes) {
    for (const [fault, times] of Object.entries(outcome.faults)) faults[fault] = (faults[fault] ?? 0) + times
  }
  t.diagnostic(`${SCHEDULES} schedules: ${JSON.stringify(faults)}`)
  assert.ok(
    Object.values(faults).every((times) => times > 100),
    'each fault did happen',
  )
  assert.equal(Object.keys(faults).length, 14)
  assert.ok(outcomes.reduce((sum, { replies }) => sum + replies, 0) > 5 * SCHEDULES, 'chat was answered all the while')
})

test('the same seed is the same schedule', async () => {
  const outcomes: Outcome[] = []
  for (let time = 0; time < 2; time++) {
    await runSchedules({ from: 4_711, count: 3 }, (outcome) => outcomes.push(outcome) > 0)
  }
  const bySeed = outcomes.toSorted((a, b) => a.seed - b.seed)
  for (let at = 0; at < bySeed.length; at += 2) assert.deepEqual(bySeed[at], bySeed[at + 1])
})

for (const mutation of Object.keys(MUTATIONS)) {
  test(`the model notices when ${mutation}`, async () => {
    const schedules = ['--schedules', String(MUTANT_SCHEDULES), '--mutation', mutation]
    const failed = await run(process.execPath, [RUN, ...schedules]).then(
      () => null,
      (error: { code: number; stdout: string; stderr: string }) => error,
    )
    assert.ok(failed, 'it did not')
    assert.equal(failed.code, 1, failed.stderr)
    assert.match(failed.stdout, /^seed \d+:/m)
  })
}
