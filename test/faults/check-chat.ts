import type { CommandRecord, FaultRecord, Recording } from './recording.ts'
import { groupBy, verdict, type Verdict } from './verdict.ts'

/** I4: at most one reply to a (message, command), as the platform counts them. A message of ours has one command. */
export function checkReplies({ simulator, commands }: Recording): Verdict {
  const sent = simulator.sent.filter(({ outcome }) => outcome === 'sent')
  const violations: string[] = []
  const known = new Set(commands.map(({ id }) => id))
  for (const [replyTo, replies] of groupBy(sent, (reply) => reply.replyTo ?? '')) {
    if (!known.has(replyTo)) violations.push(`${replies.length} replies to no command (${replyTo || 'no message'})`)
    else if (replies.length > 1) violations.push(`message ${replyTo} was answered ${replies.length} times`)
  }
  const twice = simulator.messages.filter(
    ({ id, fates }) => known.has(id) && fates.filter(({ fate }) => fate === 'delivered').length > 1,
  )
  return verdict('I4', 'at most one reply to a message and command', sent.length, violations, {
    note: `${twice.length} commands were delivered twice`,
  })
}

/** What is said is answered, but for what a fault is allowed to lose. */
export function checkAnswered({ simulator, commands, faults }: Recording): Verdict {
  const answered = new Set(
    simulator.sent.flatMap(({ outcome, replyTo }) => (outcome === 'sent' && replyTo !== null ? [replyTo] : [])),
  )
  const fateOf = new Map(
    simulator.messages.map(({ id, fates }) => [id, fates.map(({ fate, shard }) => `${fate} at ${shard}`).join(', ')]),
  )
  const mayBeLost = (command: CommandRecord) =>
    faults.some(({ mayLose }) => mayLose.some((part) => covers(part, command)))
  const counted = commands.filter((command) => !mayBeLost(command))
  const violations = counted
    .filter(({ id }) => !answered.has(id))
    .map(
      ({ id, mark, at }) =>
        `what ${mark} was asked at ${new Date(at).toISOString().slice(11, -1)}${during(faults, at)} (${fateOf.get(id) || 'nobody listened'})`,
    )
  const others = commands.filter(mayBeLost)
  const lost = others.filter(({ id }) => !answered.has(id)).length
  return verdict('answers', 'every command is answered, but for what a fault may lose', counted.length, violations, {
    note: `of ${others.length} that could be lost with a node ${lost} were`,
  })
}

const covers = ({ marks, from, until }: FaultRecord['mayLose'][number], { mark, at }: CommandRecord) =>
  at >= from && at <= until && (marks === null || marks.includes(mark))

function during(faults: readonly FaultRecord[], at: number): string {
  const names = faults.filter((fault) => at >= fault.at - 1_000 && at <= fault.over + 5_000).map(({ name }) => name)
  return names.length > 0 ? `, around ${names.join(' and ')}` : ''
}
