import { measureRecoveries } from './measure-recoveries.ts'
import type { Recording } from './recording.ts'
import { groupBy, verdict, type Verdict } from './verdict.ts'

/** I5: an epoch never falls and belongs to one owner, and who had a lower one writes no more. */
export function checkEpochs({ ownership, staleWrites, expected }: Recording): Verdict {
  const violations: string[] = []
  let checked = 0
  for (const [key, changes] of groupBy(ownership, (change) => `${change.kind} ${change.key}`)) {
    let highest = -1
    const ownerOf = new Map<number, string>()
    for (const { epoch, owner } of changes) {
      checked++
      if (epoch < highest) violations.push(`${key}: epoch ${epoch} was written after ${highest}`)
      highest = Math.max(highest, epoch)
      if (owner === null) continue
      const before = ownerOf.get(epoch)
      if (before !== undefined && before !== owner)
        violations.push(`${key}: epoch ${epoch} was given to ${before} and to ${owner}`)
      ownerOf.set(epoch, owner)
    }
  }
  if (staleWrites.accepted > 0)
    violations.push(`${staleWrites.accepted} of ${staleWrites.tried} writes of former owners were accepted`)
  if (staleWrites.tried === 0 && expected.restarts > 0) violations.push('no bot ever had another owner')
  return verdict('I5', 'no write of a lower epoch is accepted', checked + staleWrites.tried, violations, {
    note: `${staleWrites.tried} writes of former owners were tried`,
  })
}

/** I6: everything is back within its bound after each fault, and at the end every bot that is to run does. */
export function checkRecoveries(recording: Recording): Verdict {
  const { database, channels } = recording
  const violations: string[] = []
  let checked = 0
  for (const { fault, what, boundMs, least, count, never, p99Ms } of measureRecoveries(recording)) {
    checked += count
    if (count < least) violations.push(`${fault}: ${what}: only ${count} were away, ${least} are needed`)
    if (never > 0) violations.push(`${fault}: ${what}: ${never} of ${count} never came back`)
    if (p99Ms > boundMs) violations.push(`${fault}: ${what}: ${Math.round(p99Ms)} ms, and ${boundMs} ms are allowed`)
  }
  const stateOf = new Map(database.bots.map((bot) => [bot.channelId, bot]))
  for (const { channelId, mark, bot } of channels) {
    if (!bot) continue
    checked++
    const state = stateOf.get(channelId)
    if (!state?.desired || state.state !== 'active')
      violations.push(`at the end the bot of ${mark} is ${state?.state ?? 'nowhere'}`)
  }
  return verdict('I6', 'every desired bot is active again within its bound', checked, violations)
}
