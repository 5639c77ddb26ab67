import type { OverlayRecord, Recording } from './recording.ts'
import { groupBy, verdict, type Verdict } from './verdict.ts'

/** Longer than a statement takes to be seen by others. */
const SEEN_WITHIN_MS = 100

/** I1: every donation that the platform accepted is stored once. */
export function checkStored({ simulator, database, channels }: Recording): Verdict {
  const stored = groupBy(database.donations, ({ externalId }) => externalId)
  const accountOf = new Map(channels.map(({ channelId, daId }) => [channelId, daId]))
  const violations: string[] = []
  for (const { id, daId } of simulator.donations) {
    const rows = stored.get(String(id)) ?? []
    if (rows.length !== 1) violations.push(`donation ${id} is stored ${rows.length} times`)
    else if (accountOf.get(rows[0]?.channelId ?? '') !== daId) violations.push(`donation ${id} is another channel's`)
  }
  const accepted = new Set(simulator.donations.map(({ id }) => String(id)))
  for (const id of stored.keys()) if (!accepted.has(id)) violations.push(`donation ${id} was never made`)
  const ways = groupBy(database.donations, ({ arrival }) => arrival)
  const note = [...ways].map(([way, rows]) => `${rows.length} by ${way}`).join(', ')
  return verdict(
    'I1',
    'every donation that the platform accepted is stored once',
    simulator.donations.length,
    violations,
    {
      note,
    },
  )
}

/** I2: each alert is drawn once, and where an overlay crashed or came late at most once. */
export function checkDrawn({ overlays, database, channels }: Recording): Verdict {
  const violations: string[] = []
  let checked = 0
  const of = groupBy(overlays, ({ mark }) => mark)
  const alertsOf = groupBy(database.alerts, (alert) => alert.channelId)
  for (const { mark, channelId } of channels) {
    const mine = of.get(mark) ?? []
    const times = new Map<string, number>()
    for (const { event, alertId = '' } of mine.flatMap(({ log }) => log))
      if (event === 'drawn') times.set(alertId, (times.get(alertId) ?? 0) + 1)
    const unsure = new Set(mine.filter(({ crashed }) => crashed).flatMap(lastOffers))
    for (const { id, state } of mine.length > 0 ? (alertsOf.get(channelId) ?? []) : []) {
      checked++
      const drawn = times.get(id) ?? 0
      if (drawn > 1) violations.push(`alert ${id} of ${mark} was drawn ${drawn} times`)
      if (drawn === 0 && !unsure.has(id)) violations.push(`alert ${id} of ${mark} was never drawn, it is ${state}`)
    }
  }
  return verdict('I2', 'an alert is drawn once per primary overlay', checked, violations)
}

/** What a page that was closed had just been offered: whether its start was heard nobody can know. */
function lastOffers({ log }: OverlayRecord): string[] {
  const last = log.findLast(({ event }) => event === 'offered')
  return last?.alertId === undefined ? [] : [last.alertId]
}

/** I3: alerts of a channel come in order, without holes. */
export function checkOrder({ overlays, database, channels }: Recording): Verdict {
  const violations: string[] = []
  let checked = 0
  const drawnAt = new Map<string, number>()
  for (const { log } of overlays)
    for (const { event, alertId = '', at } of log)
      if (event === 'drawn' && !drawnAt.has(alertId)) drawnAt.set(alertId, at)
  const markOf = new Map(channels.map(({ channelId, mark }) => [channelId, mark]))
  for (const [channelId, alerts] of groupBy(database.alerts, (alert) => alert.channelId)) {
    const mark = markOf.get(channelId) ?? channelId
    const queue = alerts.toSorted((a, b) => a.madeAt - b.madeAt || a.externalOrder - b.externalOrder)
    for (const [index, younger] of queue.entries()) {
      checked++
      if (younger.state === 'queued' || younger.state === 'offered')
        violations.push(`alert ${younger.id} of ${mark} is still ${younger.state}: a hole`)
      const older = queue[index - 1]
      if (!older) continue
      const [first, second] = [drawnAt.get(older.id), drawnAt.get(younger.id)]
      if (first === undefined || second === undefined || first <= second) continue
      // A younger one may go first only where the older had not arrived yet.
      if (older.queuedAt + SEEN_WITHIN_MS < (younger.offeredAt ?? 0))
        violations.push(`in ${mark} alert ${younger.id} was drawn before ${older.id}, which waited already`)
    }
  }
  return verdict('I3', 'alerts of a channel come in order, without holes', checked, violations)
}

/** I10: nothing of one channel reaches another. */
export function checkTenants({ overlays, database, channels }: Recording): Verdict {
  const violations = overlays.flatMap(({ mark, foreign }) => foreign.map((words) => `on ${mark}: ${words}`))
  const accountOf = new Map(channels.map(({ channelId, daId }) => [channelId, daId]))
  for (const { channelId, accountId, externalId } of database.donations)
    if (accountOf.get(channelId) !== accountId) violations.push(`donation ${externalId} went to a foreign channel`)
  const marked = overlays.reduce((sum, overlay) => sum + overlay.marked, 0)
  const frames = overlays.reduce((sum, overlay) => sum + overlay.frames, 0)
  return verdict('I10', 'nothing of one channel reaches another', marked + database.donations.length, violations, {
    note: `${frames} frames, ${marked} with words in them`,
  })
}
