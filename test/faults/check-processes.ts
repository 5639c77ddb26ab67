import type { NodeLife, Recording, Scrape } from './recording.ts'
import { groupBy, verdict, type Verdict } from './verdict.ts'

/** How much more than at its baseline a process may hold afterwards. */
const MEMORY = { factor: 1.5, slackBytes: 80 * 2 ** 20 }
const HEAP = { factor: 1.5, slackBytes: 30 * 2 ** 20 }
const RESOURCES = { factor: 1.3, slack: 25 }
/** Within so long garbage is collected at least once: what is used then is what is held. */
const COLLECTED_WITHIN_MS = 40_000
/** A process needs so long before it is warm: code compiled, pools filled. */
const WARM_AFTER_MS = 8_000

/**
 * I11: after the load memory, connections and timers are where they were. The baseline is the process's own first scrape
 * when warm, or, for one that was started under load, that of its fellows.
 */
export function checkLeaks({ scrapes, lives, from }: Recording): Verdict {
  const violations: string[] = []
  let checked = 0
  const notes: string[] = []
  const byPid = groupBy(scrapes, ({ pid }) => String(pid))
  const first = scrapes.filter(({ at }) => at >= from).slice(0, lives.length)
  for (const life of lives.filter(({ endedAt }) => endedAt === null)) {
    const mine = byPid.get(String(life.pid)) ?? []
    const last = mine.at(-1)
    const own = mine.find(({ at }) => at >= Math.max(from, (life.readyAt ?? Infinity) + WARM_AFTER_MS))
    const base = own && last && own.at < last.at ? [own] : first
    if (!last || base.length === 0) {
      violations.push(`${life.nodeId} was never looked at`)
      continue
    }
    const compare = (what: string, read: (scrape: Scrape) => number, factor: number, slack: number, unit: number) => {
      checked++
      const before = Math.max(...base.map(read))
      const after = read(last)
      notes.push(`${life.nodeId} ${what} ${Math.round(before / unit)} → ${Math.round(after / unit)}`)
      if (after > before * factor + slack)
        violations.push(`${life.nodeId}: ${what} went from ${Math.round(before / unit)} to ${Math.round(after / unit)}`)
    }
    compare(
      'MB',
      ({ series }) => series['process_resident_memory_bytes'] ?? NaN,
      MEMORY.factor,
      MEMORY.slackBytes,
      2 ** 20,
    )
    const heap = (from: number, until: number) =>
      Math.min(...mine.filter(({ at }) => at >= from && at <= until).map(({ series }) => series[HEAP_USED] ?? Infinity))
    const began = base[0]?.at ?? last.at
    if (last.at - began > 2 * COLLECTED_WITHIN_MS) {
      checked++
      const [before, after] = [heap(began, began + COLLECTED_WITHIN_MS), heap(last.at - COLLECTED_WITHIN_MS, last.at)]
      if (after > before * HEAP.factor + HEAP.slackBytes)
        violations.push(`${life.nodeId}: its heap went from ${inMb(before)} to ${inMb(after)} MB`)
    }
    compare('timers', (scrape) => resourcesOf(scrape, 'Timeout'), RESOURCES.factor, RESOURCES.slack, 1)
    compare('connections', (scrape) => resourcesOf(scrape, 'TCPSocketWrap'), RESOURCES.factor, RESOURCES.slack, 1)
  }
  return verdict('I11', 'memory, connections and timers return to their baseline', checked, violations, {
    note: notes.join(', '),
  })
}

const HEAP_USED = 'nodejs_heap_size_used_bytes'

const inMb = (bytes: number) => Math.round(bytes / 2 ** 20)

function resourcesOf({ series }: Scrape, type: string): number {
  return series[`nodejs_active_resources{type="${type}"}`] ?? 0
}

/**
 * I12: what the nodes counted is what happened. What a process counted after its last scrape is lost with it, so a sum may
 * be short by what happened in that time, and by nothing else; it may never be more.
 */
export function checkMetrics({ scrapes, lives, simulator, database, from, until }: Recording): Verdict {
  const violations: string[] = []
  const last = [...groupBy(scrapes, ({ pid }) => String(pid)).values()].flatMap((mine) => mine.at(-1) ?? [])
  const blind = lives.flatMap((life) => blindTimes(life, scrapes, until))
  const sum = (matches: (name: string) => boolean) =>
    last.reduce((all, { series }) => {
      const found = Object.entries(series).filter(([name]) => matches(name))
      return all + found.reduce((some, [, value]) => some + value, 0)
    }, 0)
  const notes: string[] = []
  const compare = (what: string, counted: number, happened: number[]) => {
    const unseen = happened.filter((at) => blind.some((time) => at >= time.from && at <= time.until)).length
    notes.push(`${what} ${counted} of ${happened.length}${unseen > 0 ? ` (${unseen} unseen)` : ''}`)
    if (counted > happened.length) violations.push(`${what}: ${counted} counted, ${happened.length} happened`)
    if (counted < happened.length - unseen)
      violations.push(`${what}: ${counted} counted, ${happened.length} happened, ${unseen} of them unseen`)
  }
  const madeAt = new Map(simulator.donations.map(({ id, at }) => [String(id), at]))
  compare(
    'new donations',
    sum((name) => name.startsWith('chatfolk_donations_total{') && name.includes('result="new"')),
    database.donations.filter(({ history }) => !history).map(({ externalId }) => madeAt.get(externalId) ?? from),
  )
  compare(
    'answers',
    sum((name) => name.startsWith('chatfolk_chat_replies_total{') && name.includes('result="sent"')),
    simulator.sent.filter(({ outcome }) => outcome === 'sent').map(({ at }) => at),
  )
  return verdict('I12', 'metrics agree with what happened', last.length, violations, { note: notes.join(', ') })
}

/** From a process's last scrape to its end, and a little around: an event has its times at both ends. */
function blindTimes({ pid, endedAt }: NodeLife, scrapes: readonly Scrape[], until: number) {
  const last = scrapes.findLast((scrape) => scrape.pid === pid)
  if (!last && endedAt === null) return []
  if (endedAt === null) return [{ from: (last?.at ?? 0) - 50, until }]
  // What came in while it hung, or was redelivered, has its time before.
  return [{ from: (last?.at ?? 0) - 1_000, until: endedAt + 500 }]
}
