import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { check } from './check.ts'
import { perform } from './perform.ts'
import { SHORT } from './plans.ts'
import { report } from './report.ts'

/** Whatever of all that was started is left over, in whatever way it ended: no other test is to wait for it. */
const LEFT_OVER_FOR_MS = 10_000

after(() => void setTimeout(() => process.exit(), LEFT_OVER_FOR_MS).unref())

/** By hand and longer: `npm run faults -- --help`. */
test('three nodes lose nothing and do nothing twice while everything around them falls', async (t) => {
  const seed = Number(process.env['FAULT_SEED'] ?? Date.now() % 2 ** 31)
  t.diagnostic(`FAULT_SEED=${seed}`)
  const { recording, directory } = await perform({ ...SHORT, seed, say: (words) => t.diagnostic(words) })
  const verdicts = check(recording)
  for (const line of report(recording, verdicts).split('\n')) t.diagnostic(line)
  t.diagnostic(`everything that was seen: ${directory}`)
  assert.deepEqual(
    verdicts.flatMap(({ rule, violations }) => violations.map((violation) => `${rule}: ${violation}`)),
    [],
  )
})
