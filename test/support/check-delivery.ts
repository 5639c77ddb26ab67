import type { OverlayClient, OverlayLog } from './overlay-client.ts'
import type { Streamer } from './streamer.ts'

interface LedgerItem {
  id: string
  alertId: string | null
  amount: string
  source: 'push' | 'recovery' | 'sweep'
  state: string
  history: boolean
  made: string
  queued: string | null
}

export interface Verdict {
  stored: number
  shown: number
  lost: string[]
  doubled: string[]
  /** Pairs of the same way in, both waiting in the queue at once, of which the younger was drawn first. */
  outOfOrder: number
}

/**
 * The offline checker: compares what the platform accepted with the ledger and with what the overlays drew.
 * Donations are told apart by their amount, which each run makes unique.
 */
export async function checkDelivery({
  streamer,
  overlay,
  ids,
}: {
  streamer: Streamer
  overlay: Pick<OverlayClient, 'drawn'>
  ids: readonly string[]
}): Promise<Verdict> {
  const ledger = await readLedger(streamer)
  const drawn = overlay.drawn()
  const timesDrawn = new Map<string, number>()
  for (const { amount } of drawn) timesDrawn.set(amount ?? '', (timesDrawn.get(amount ?? '') ?? 0) + 1)
  const amounts = ids.map((_, index) => `${index + 1}.00`)
  const storedAmounts = ledger.filter((item) => !item.history).map((item) => item.amount)
  return {
    stored: new Set(storedAmounts).size,
    shown: timesDrawn.size,
    lost: amounts.filter((amount) => !timesDrawn.has(amount) || !storedAmounts.includes(amount)),
    doubled: [
      ...[...timesDrawn].filter(([, times]) => times > 1).map(([amount]) => amount),
      ...storedAmounts.filter((amount, index) => storedAmounts.indexOf(amount) !== index),
    ],
    outOfOrder: countOutOfOrder(ledger, drawn),
  }
}

export async function readLedger(streamer: Streamer): Promise<LedgerItem[]> {
  const items: LedgerItem[] = []
  let next: string | null = ''
  while (next !== null) {
    const page: { items: LedgerItem[]; next: string | null } = await streamer.get(
      `/api/channel/donations?limit=100${next === '' ? '' : `&before=${encodeURIComponent(next)}`}`,
    )
    items.push(...page.items)
    next = page.next
  }
  return items
}

function countOutOfOrder(ledger: readonly LedgerItem[], drawn: readonly OverlayLog[]): number {
  const place = new Map(drawn.map((entry, index) => [entry.amount, index]))
  let wrong = 0
  for (const source of ['push', 'recovery', 'sweep']) {
    const mine = ledger
      .filter((item) => item.source === source && place.has(item.amount))
      .sort((a, b) => Number(a.amount) - Number(b.amount))
    for (let n = 1; n < mine.length; n++) {
      const [older, younger] = [mine[n - 1], mine[n]]
      if (!older || !younger || older.made > younger.made) continue
      const overtaken = (place.get(younger.amount) ?? 0) < (place.get(older.amount) ?? 0)
      // A younger one may go first only where the older had not arrived yet.
      if (overtaken && (older.queued ?? '') <= (younger.queued ?? '')) wrong++
    }
  }
  return wrong
}
