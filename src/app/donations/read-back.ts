import type { Donation, ParsedDonation } from '../../domain/donation.ts'
import type { Donations } from '../../persistence/donations.ts'
import type { DonationsPage } from '../../platforms/donation-source.ts'
import type { ReceiveRequest } from './receive-donation.ts'

/**
 * `baseline`: the first reading, history for the ledger. `catch-up`: after a gap nobody vouched for, a day deep.
 * `sweep`: the auditor's look at what is newest. `deep-sweep`: the auditor's look a day back.
 */
export type ReadBackMode = 'baseline' | 'catch-up' | 'sweep' | 'deep-sweep'

/** Ids grow, but nothing says that they are committed in order; a day's overlap is more than any delay seen. */
const OVERLAP_MS = 24 * 60 * 60 * 1_000

/**
 * How many pages of 30 a reading may cost. History is a courtesy to the ledger; a gap is read to its end, nine minutes
 * of the budget at most, for 15,000 donations.
 */
const MAX_PAGES: Record<ReadBackMode, number> = { baseline: 4, 'catch-up': 500, sweep: 500, 'deep-sweep': 500 }

export interface ReadBackOptions {
  mode: ReadBackMode
  /** A moment before which everything is known to be stored, milliseconds since 1970; `null` where none is. */
  watermark: number | null
  page(page: number): Promise<DonationsPage>
  known: (externalIds: readonly string[]) => ReturnType<Donations['known']>
  receive(request: Pick<ReceiveRequest, 'arrival' | 'items'>): Promise<unknown>
}

/**
 * Reads an account's history backwards from its newest donation until it meets what is stored, and stores what is new
 * in the order in which it was made. Donations that arrive meanwhile push others to later pages: they only repeat.
 */
export async function readBack({ mode, watermark, page, known, receive }: ReadBackOptions): Promise<void> {
  const found: ParsedDonation[] = []
  let met = false
  let pages = 0
  while (!met && pages < MAX_PAGES[mode]) {
    pages++
    const { items, lastPage } = await page(pages)
    const stored = await known(items.flatMap((item) => (item.ok ? [item.donation.externalId] : [])))
    found.push(...items.filter((item) => !item.ok || !stored.has(item.donation.externalId)))
    met = items.length === 0 || pages >= lastPage || meetsTheKnown(items, stored)
  }
  // A deletion while we paged may have pulled an entry over a page's edge: once more, the newest page.
  if (pages > 1 && mode !== 'baseline') {
    const { items } = await page(1)
    const seen = new Set(found.flatMap((item) => (item.ok ? [item.donation.externalId] : [])))
    found.push(...items.filter((item) => item.ok && !seen.has(item.donation.externalId)))
  }
  if (found.length > 0) await receive({ arrival: 'sweep', items: oldestFirst(found) })

  function meetsTheKnown(items: readonly ParsedDonation[], stored: ReadonlySet<string>): boolean {
    const donations = items.flatMap((item) => (item.ok ? [item.donation] : []))
    if (!donations.every((donation) => stored.has(donation.externalId))) return false
    if (mode === 'sweep' || watermark === null) return true
    return donations.every((donation) => donation.createdAt < watermark - OVERLAP_MS)
  }
}

function oldestFirst(items: readonly ParsedDonation[]): ParsedDonation[] {
  const unreadable = items.filter((item) => !item.ok)
  const donations = items.flatMap((item) => (item.ok ? [item.donation] : []))
  donations.sort((a, b) => a.createdAt - b.createdAt || compareIds(a, b))
  return [...unreadable, ...donations.map((donation) => ({ ok: true as const, donation }))]
}

function compareIds(a: Donation, b: Donation): number {
  return a.externalId.length - b.externalId.length || (a.externalId < b.externalId ? -1 : 1)
}
