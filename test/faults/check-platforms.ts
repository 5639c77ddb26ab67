import type { Recording, SimulatorAccount } from './recording.ts'
import { groupBy, verdict, type Verdict } from './verdict.ts'

const REQUESTS_PER_WINDOW = 60
/** What browsers do, and sockets: no budget counts it. */
const UNCOUNTED = new Set(['da.authorize', 'da.socket'])

/** I7: requests to DonationAlerts stay within 60 in any 60 s per application, as the platform counts them. */
export function checkBudget({ simulator, rateWindowMs }: Recording): Verdict {
  const counted = simulator.requests.filter(({ endpoint }) => endpoint.startsWith('da.') && !UNCOUNTED.has(endpoint))
  const violations: string[] = []
  let most = 0
  for (const [application, requests] of groupBy(counted, (request) => request.application ?? 'nobody')) {
    const times = requests.map(({ at }) => at).toSorted((a, b) => a - b)
    let first = 0
    let here = 0
    for (const [last, time] of times.entries()) {
      while (time - (times[first] ?? 0) >= rateWindowMs) first++
      here = Math.max(here, last - first + 1)
    }
    most = Math.max(most, here)
    if (here > REQUESTS_PER_WINDOW)
      violations.push(`${application} made ${here} requests within ${rateWindowMs / 1_000} s`)
    const refused = requests.filter(({ status, fault }) => status === 429 && fault === null).length
    if (refused > 0) violations.push(`${application} was told ${refused} times that it asked too much`)
  }
  const window = rateWindowMs === 60_000 ? '60 s' : `${rateWindowMs / 1_000} s, which stand for 60 s`
  return verdict(
    'I7',
    'at most 60 requests to DonationAlerts in any 60 s per application',
    counted.length,
    violations,
    {
      note: `at most ${most} in ${window}`,
    },
  )
}

/** I8: an OAuth state is accepted once, on whichever node. */
export function checkStates({ signInRaces }: Recording): Verdict {
  const violations = signInRaces.flatMap(({ nodes, accepted, replayed }) => [
    ...(accepted === 1 ? [] : [`a callback that came to ${nodes} nodes at once was accepted by ${accepted}`]),
    ...(replayed ? ['a callback that was used was accepted again on another node'] : []),
    ...(nodes > 1 ? [] : ['a callback raced on one node alone']),
  ])
  return verdict('I8', 'an OAuth state is accepted once, on any node', signInRaces.length, violations)
}

/** I9: at most one refresh per token at a time in the whole cluster. Only a refresh names its person at `token`. */
export function checkRefreshes({ simulator }: Recording): Verdict {
  const refreshes = refreshesIn(simulator)
  const violations: string[] = []
  for (const [who, theirs] of groupBy(refreshes, ({ endpoint, user }) => `${endpoint} of ${user}`)) {
    const sorted = theirs.toSorted((a, b) => a.at - b.at)
    for (const [index, refresh] of sorted.entries()) {
      const before = sorted[index - 1]
      if (!before) continue
      // One whose answer was lost with its node ends with the answer all the same.
      if (before.doneAt !== null && refresh.at < before.doneAt) violations.push(`two refreshes at once: ${who}`)
    }
  }
  return verdict('I9', 'one refresh per token at a time', refreshes.length, violations, { least: 0 })
}

export function refreshesIn({ requests }: SimulatorAccount): SimulatorAccount['requests'] {
  return requests.filter(({ endpoint, user }) => endpoint.endsWith('.token') && user !== null)
}
