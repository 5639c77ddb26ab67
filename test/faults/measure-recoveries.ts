import type { Recording, Recovery, Stretch } from './recording.ts'
import { groupBy, percentile } from './verdict.ts'

/** A line of the table of recoveries. */
export interface RecoveryFigures {
  fault: string
  what: string
  boundMs: number
  least: number
  count: number
  /** How many never came back while anybody looked. */
  never: number
  p50Ms: number
  p99Ms: number
}

export function measureRecoveries(recording: Recording): RecoveryFigures[] {
  const answeredAt = answerTimes(recording)
  const offeredAt = offerTimes(recording)
  return recording.faults.flatMap(({ name, recoveries }) =>
    recoveries.map((recovery) => {
      const took = tookOf(recovery, recording, answeredAt, offeredAt)
      const back = took.filter((ms) => ms !== null)
      const { what, boundMs, least } = recovery
      return {
        fault: name,
        what,
        boundMs,
        least,
        count: took.length,
        never: took.length - back.length,
        p50Ms: percentile(back, 0.5),
        p99Ms: percentile(back, 0.99),
      }
    }),
  )
}

function tookOf(
  recovery: Recovery,
  { commands, simulator, channels }: Recording,
  answeredAt: ReadonlyMap<string, number>,
  offeredAt: ReadonlyMap<string, number>,
): Array<number | null> {
  if (recovery.measure === 'taken') return recovery.tookMs
  const { of } = recovery
  if (recovery.measure === 'donations') {
    const markOf = new Map(channels.map(({ daId, mark }) => [daId, mark]))
    return simulator.donations
      .filter(({ daId, at }) => isIn(of, markOf.get(daId) ?? '', at))
      .map(({ id, at }) => {
        const shown = offeredAt.get(String(id))
        return shown === undefined ? null : Math.max(0, shown - Math.max(at, recovery.since ?? 0))
      })
  }
  const asked = groupBy(
    commands.filter(({ mark, at }) => isIn(of, mark, at)),
    ({ mark }) => mark,
  )
  const usualMs = recovery.measure === 'slowest-answer' ? usualOf(recovery.usual, commands, answeredAt) : 0
  return [...asked.values()].map((mine) => {
    const answers = mine.map(({ id, at }) => ({ at, answered: answeredAt.get(id) }))
    if (recovery.measure === 'first-answer') {
      const first = Math.min(...answers.map(({ answered }) => answered ?? Infinity))
      return first === Infinity ? null : first - of.from
    }
    const waits = answers.map(({ at, answered }) => (answered === undefined ? null : answered - at))
    return waits.includes(null) ? null : Math.max(0, Math.max(...waits.filter((wait) => wait !== null)) - usualMs)
  })
}

function usualOf(usual: Stretch, commands: Recording['commands'], answeredAt: ReadonlyMap<string, number>): number {
  const waits = commands.flatMap(({ id, mark, at }) => {
    const answered = answeredAt.get(id)
    return answered !== undefined && isIn(usual, mark, at) ? [answered - at] : []
  })
  return waits.length === 0 ? 0 : percentile(waits, 0.5)
}

const isIn = ({ marks, from, until }: Stretch, mark: string, at: number) =>
  at >= from && at <= until && (marks === null || marks.includes(mark))

function answerTimes({ simulator }: Recording): Map<string, number> {
  const times = new Map<string, number>()
  for (const { at, outcome, replyTo } of simulator.sent) {
    if (outcome === 'sent' && replyTo !== null && !times.has(replyTo)) times.set(replyTo, at)
  }
  return times
}

/** When each donation was first offered. */
function offerTimes({ overlays, database }: Recording): Map<string, number> {
  const ofAlert = new Map<string, number>()
  for (const { log } of overlays) {
    for (const { event, alertId = '', at } of log) {
      if (event === 'offered') ofAlert.set(alertId, Math.min(at, ofAlert.get(alertId) ?? Infinity))
    }
  }
  return new Map(
    database.alerts.flatMap(({ id, externalId }) => {
      const at = ofAlert.get(id)
      return at === undefined ? [] : [[externalId, at] as const]
    }),
  )
}
