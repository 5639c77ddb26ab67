import { computed, effect, signal, type ReadonlySignal } from '@preact/signals'
import type { Api, Problem } from '../ui/api.ts'
import type { LedgerItem, LedgerPage } from '../ui/channel-view.ts'
import type { ChannelFeed } from './channel-feed.ts'

/** The donations that were read so far, newest first. */
export interface Ledger {
  items: ReadonlySignal<LedgerItem[] | null>
  totals: ReadonlySignal<LedgerPage['totals']>
  hasMore: ReadonlySignal<boolean>
  loadingMore: ReadonlySignal<boolean>
  trouble: ReadonlySignal<Problem | null>
  refresh(): Promise<void>
  loadMore(): Promise<void>
  /** Reads it again whenever the channel shows that something happened. @returns a function that ends it. */
  follow(feed: ChannelFeed): () => void
}

const PAGE = 50
/** Two changes in a row are read at once. */
const SETTLE_MS = 150

export function createLedger(api: Api): Ledger {
  const items = signal<LedgerItem[] | null>(null)
  const totals = signal<LedgerPage['totals']>([])
  const next = signal<string | null>(null)
  const loadingMore = signal(false)
  const trouble = signal<Problem | null>(null)
  let reading: Promise<void> | undefined
  let again = false

  /** The first page anew. Whoever asks during a reading gets another one after it: the answer under way may be too old. */
  async function refresh(): Promise<void> {
    again = reading !== undefined
    reading ??= readUntilCurrent().finally(() => (reading = undefined))
    await reading
  }

  async function readUntilCurrent(): Promise<void> {
    do {
      again = false
      await readFirst()
    } while (again)
  }

  async function readFirst(): Promise<void> {
    const answer = await api.get<LedgerPage>(`/api/channel/donations?limit=${PAGE}`)
    if (!answer.ok) {
      trouble.value = answer.problem
      return
    }
    trouble.value = null
    totals.value = answer.value.totals
    const fresh = answer.value.items
    const older = behind(items.value ?? [], fresh)
    // Fifty new ones at once leave a hole before the older ones: then these are read again by hand.
    const whole = older.length > 0 && older.length < (items.value?.length ?? 0)
    items.value = whole ? [...fresh, ...older] : fresh
    if (!whole) next.value = answer.value.next
  }

  async function loadMore(): Promise<void> {
    if (next.value === null || loadingMore.value) return
    loadingMore.value = true
    const before = encodeURIComponent(next.value)
    const answer = await api.get<LedgerPage>(`/api/channel/donations?before=${before}&limit=${PAGE}`)
    loadingMore.value = false
    if (!answer.ok) {
      trouble.value = answer.problem
      return
    }
    const known = items.value ?? []
    const ids = new Set(known.map((item) => item.id))
    items.value = [...known, ...answer.value.items.filter((item) => !ids.has(item.id))]
    next.value = answer.value.next
  }

  return {
    items,
    totals,
    hasMore: computed(() => next.value !== null),
    loadingMore,
    trouble,
    refresh,
    loadMore,
    follow(feed) {
      // One text, so that a poll that brings nothing new wakes nobody.
      const happenings = computed(() => {
        const channel = feed.channel.value
        if (!channel) return null
        const { current, queued } = channel.alerts
        return [channel.donations.lastDonationAt, queued, current?.id, current?.state].join(' ')
      })
      let timer: ReturnType<typeof setTimeout> | undefined
      const stop = effect(() => {
        if (happenings.value === null) return
        clearTimeout(timer)
        timer = setTimeout(() => void refresh(), SETTLE_MS)
      })
      return () => {
        clearTimeout(timer)
        stop()
      }
    },
  }
}

/** What is known and older than everything on a page that was read just now. */
function behind(known: LedgerItem[], page: LedgerItem[]): LedgerItem[] {
  const last = page.at(-1)
  const index = last ? known.findIndex((item) => item.id === last.id) : -1
  return index === -1 ? [] : known.slice(index + 1)
}
