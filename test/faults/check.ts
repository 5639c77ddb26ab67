import { checkAnswered, checkReplies } from './check-chat.ts'
import { checkDrawn, checkOrder, checkStored, checkTenants } from './check-donations.ts'
import { checkEpochs, checkRecoveries } from './check-ownership.ts'
import { checkBudget, checkRefreshes, checkStates, refreshesIn } from './check-platforms.ts'
import { checkLeaks, checkMetrics } from './check-processes.ts'
import type { Recording } from './recording.ts'
import { verdict, type Verdict } from './verdict.ts'

/** Everything that must hold of a run, in the order of `reliability.md`; what is not an invariant comes last. */
export function check(recording: Recording): Verdict[] {
  return [
    checkStored,
    checkDrawn,
    checkOrder,
    checkReplies,
    checkEpochs,
    checkRecoveries,
    checkBudget,
    checkStates,
    checkRefreshes,
    checkTenants,
    checkLeaks,
    checkMetrics,
    checkAnswered,
    checkFaults,
    checkFlow,
    checkLives,
  ].map((rule) => rule(recording))
}

/** A fault that did not happen proves nothing. */
export function checkFaults({ faults }: Recording): Verdict {
  const proofs = faults.flatMap(({ name, proofs }) => proofs.map((proof) => ({ name, ...proof })))
  const unproven = faults.filter(({ proofs }) => proofs.length === 0).map(({ name }) => `${name}: nobody looked`)
  const violations = proofs
    .filter(({ holds }) => !holds)
    .map(({ name, what }) => `${name}: it is not true that ${what}`)
  return verdict('faults', 'every fault really happened', proofs.length, [...unproven, ...violations])
}

/** Neither does a run in which nothing flowed. */
export function checkFlow({ expected, simulator, commands, overlays, lives }: Recording): Verdict {
  const flowed = {
    donations: simulator.donations.length,
    commands: commands.length,
    messages: simulator.messages.length,
    frames: overlays.reduce((sum, { frames }) => sum + frames, 0),
    restarts: lives.length - new Set(lives.map(({ nodeId }) => nodeId)).size,
    refreshes: refreshesIn(simulator).length,
  }
  const violations = Object.entries(expected)
    .filter(([what, least]) => flowed[what as keyof typeof flowed] < least)
    .map(([what, least]) => `${flowed[what as keyof typeof flowed]} ${what}, and at least ${least} were to flow`)
  const note = Object.entries(flowed).map(([what, count]) => `${count} ${what}`)
  return verdict('flow', 'as much flowed as was to flow', Object.keys(expected).length, violations, {
    note: note.join(', '),
  })
}

/** Nobody ended who was not made to. */
function checkLives({ lives }: Recording): Verdict {
  const violations = lives
    .filter(({ end, exitCode }) => end === 'unasked' || (end === 'SIGTERM' && exitCode !== 0))
    .map(({ nodeId, end, exitCode }) => `${nodeId} ended ${end === 'unasked' ? 'by itself' : 'badly'} with ${exitCode}`)
  return verdict('nodes', 'no node ended but those that were made to', lives.length, violations)
}
