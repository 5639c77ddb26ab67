import type { Clock } from '../clock.ts'
import type { Person } from '../people.ts'
import type { Channels, Delivery } from './channels.ts'
import { makeItem, pushedItem, type DonationFields, type DonationItem } from './donation-item.ts'

/**
 * What happens to the push. `drop`: it is never published, only REST knows. `gap`: it takes its place in the channel's
 * history but nobody is sent it. `duplicate`: published twice, under two numbers. `redeliver`: sent twice under one.
 */
export const PUSHES = ['normal', 'drop', 'gap', 'duplicate', 'redeliver'] as const
export type Push = (typeof PUSHES)[number]

export interface Donate extends DonationFields {
  count?: number | undefined
  push?: Push | undefined
  /** How much later than the push REST lists it. */
  restDelayMs?: number | undefined
  /** `reversed`: of several, the highest number is committed first. */
  ids?: 'ascending' | 'reversed' | undefined
}

/** The simulator's own account of a donation, for whoever checks that none was lost. */
export interface DonationRecord {
  id: number
  daId: string
  /** Milliseconds on the simulator's monotonic clock. */
  at: number
  time: string
  createdAt: string
  username: unknown
  amount: unknown
  currency: unknown
  push: Push
  /** The numbers under which it was published. */
  seqs: number[]
  /** Sockets that listened to the channel then. */
  listeners: number
  /** From when REST lists it, on the same clock as `at`. */
  listedAt: number
  deleted: boolean
}

interface Listed {
  item: DonationItem
  record: DonationRecord
}

export interface Donations {
  donate(to: Person, donate: Donate): number[]
  /** Newest first: what REST shows now of a streamer's donations, from `offset` on. */
  page(daId: string, offset: number, limit: number): { items: DonationItem[]; total: number }
  remove(id: number): boolean
  /** Oldest first. */
  records(daId?: string): DonationRecord[]
  total(): number
  countOf(daId: string): number
  clear(): void
}

const RECORDS_KEPT = 200_000
const LISTED_KEPT = 100_000

/** Ids never repeat, not even over restarts: they grow faster by the clock than anybody can donate. */
const IDS_SINCE_MS = Date.UTC(2026, 0, 1)
const FIRST_ID = 200_000_000
const IDS_PER_MS = 100

export function createDonations(clock: Clock, channels: Channels, startedAtMs = Date.now()): Donations {
  let nextId = FIRST_ID + Math.max(0, Math.floor((startedAtMs - IDS_SINCE_MS) * IDS_PER_MS))
  let records: DonationRecord[] = []
  let total = 0
  /** By streamer, ascending by id. */
  const listed = new Map<string, Listed[]>()

  const list = (daId: string, entry: Listed) => {
    const own = listed.get(daId) ?? []
    listed.set(daId, own)
    let place = own.length
    while (place > 0 && (own[place - 1] as Listed).item.id > entry.item.id) place--
    own.splice(place, 0, entry)
    if (own.length > LISTED_KEPT) own.shift()
  }

  const commit = (to: Person, id: number, donate: Donate) => {
    const push = donate.push ?? 'normal'
    const item = makeItem(id, to, donate, clock.now())
    const channel = donationChannel(to.daId)
    const listeners = channels.listeners(channel)
    const seqs =
      push === 'drop' ? [] : DELIVERIES[push].map((delivery) => channels.publish(channel, pushedItem(item), delivery))
    const at = clock.monotonic()
    const record: DonationRecord = {
      id,
      daId: to.daId,
      at,
      time: new Date(clock.now()).toISOString(),
      createdAt: new Date(item.createdAt).toISOString(),
      username: item.fields['username'],
      amount: item.fields['amount'],
      currency: item.fields['currency'],
      push,
      seqs: seqs.filter((seq) => seq !== null),
      listeners,
      listedAt: at + (donate.restDelayMs ?? 0),
      deleted: false,
    }
    list(to.daId, { item, record })
    records.push(record)
    total++
    if (records.length > RECORDS_KEPT * 2) records = records.slice(-RECORDS_KEPT)
  }

  return {
    donate(to, donate) {
      const ids = Array.from({ length: donate.count ?? 1 }, () => nextId++)
      for (const id of donate.ids === 'reversed' ? ids.toReversed() : ids) commit(to, id, donate)
      return ids
    },
    page(daId, offset, limit) {
      const now = clock.monotonic()
      const visible = (listed.get(daId) ?? []).filter(({ record }) => record.listedAt <= now && !record.deleted)
      const end = visible.length - offset
      const items = visible.slice(Math.max(0, end - limit), Math.max(0, end)).map(({ item }) => item)
      return { items: items.toReversed(), total: visible.length }
    },
    remove(id) {
      const record = records.findLast((record) => record.id === id)
      if (!record || record.deleted) return false
      record.deleted = true
      return true
    },
    records: (daId) => {
      const kept = records.slice(-RECORDS_KEPT)
      return daId === undefined ? kept : kept.filter((record) => record.daId === daId)
    },
    total: () => total,
    countOf: (daId) => listed.get(daId)?.length ?? 0,
    clear() {
      listed.clear()
      records = []
      total = 0
    },
  }
}

export function donationChannel(daId: string): string {
  return `$alerts:donation_${daId}`
}

const DELIVERIES: Record<Exclude<Push, 'drop'>, Delivery[]> = {
  normal: ['once'],
  gap: ['never'],
  duplicate: ['once', 'once'],
  redeliver: ['twice'],
}
