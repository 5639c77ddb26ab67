/**
 * Breaks a cluster in every way we know, and checks what it did meanwhile. `npm run faults -- --help`
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { check } from './check.ts'
import { perform } from './perform.ts'
import { allFaults, LONG, rolesOf, SHORT } from './plans.ts'
import { report } from './report.ts'

const { values } = parseArgs({
  options: {
    nodes: { type: 'string', default: '3' },
    long: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true },
    channels: { type: 'string' },
    applications: { type: 'string' },
    seed: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
})
if (values.help) {
  console.log(`Usage: npm run faults -- [options]
  --nodes <n>         3 (each does everything) or 5 (roles apart); default 3
  --long              every fault there is, one after another
  --only <fault>      this one; may be given several times: ${Object.keys(allFaults(3)).join(', ')}
  --channels <n>      default 50
  --applications <n>  at DonationAlerts, which gives each 60 requests a minute; default 25, or 3 in the long form
  --seed <n>`)
} else {
  const nodes = Number(values.nodes)
  const seed = Number(values.seed ?? Date.now() % 2 ** 31)
  const named = allFaults(nodes)
  const unknown = values.only?.find((name) => !Object.hasOwn(named, name))
  if (unknown !== undefined) {
    console.error(`There is no fault ${unknown}; there are: ${Object.keys(named).join(', ')}`)
    process.exit(64)
  }
  const isShort = !values.long && values.only === undefined && nodes === 3
  const chosen = (values.only ?? Object.keys(named)).flatMap((name) => named[name] ?? [])
  const plan = isShort ? SHORT : { ...LONG, plot: { inTurn: chosen } }
  const { recording, directory } = await perform({
    ...plan,
    ...(values.only
      ? { expected: { donations: 20, commands: 50, messages: 200, frames: 200, restarts: 0, refreshes: 0 } }
      : {}),
    ...(isShort ? {} : { roles: rolesOf(nodes) }),
    ...(values.channels === undefined ? {} : { channels: Number(values.channels) }),
    ...(values.applications === undefined ? {} : { applications: Number(values.applications) }),
    seed,
    say: (words) => console.log(words),
  })
  const verdicts = check(recording)
  console.log(`\n${report(recording, verdicts)}\n`)
  const file = join(directory, 'verdicts.json')
  await writeFile(file, JSON.stringify(verdicts, null, 2))
  console.log(`All of it: ${directory}`)
  process.exit(verdicts.some(({ violations }) => violations.length > 0) ? 1 : 0)
}
