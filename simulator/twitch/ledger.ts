/** What became of one notification. */
export type Fate =
  /** Written to a socket that is read. */
  | 'delivered'
  /** Written to a socket at whose other end nobody is any more, before Twitch noticed. */
  | 'lost'
  /** No shard to write to: neither its own nor the one that was tried instead. */
  | 'dropped'

export interface NotificationRecord {
  messageId: string
  subscription: string
  fate: Fate
  /** The shard that got it, or would have. */
  shard: string
  session: string | null
  /** Its own shard was disabled. */
  retried: boolean
}

/** The simulator's own account of a chat message, for whoever checks that none was lost and none counted twice. */
export interface ChatRecord {
  id: string
  channel: string
  user: string
  text: string
  replyTo: string | null
  /** Milliseconds on the simulator's monotonic clock. */
  at: number
  notifications: NotificationRecord[]
}

export interface Ledger {
  begin(record: Omit<ChatRecord, 'notifications'>): ChatRecord
  /** Counts a notification, and writes it down where it tells of a chat message. */
  add(notification: NotificationRecord, record: ChatRecord | undefined): void
  /** Oldest first; at most the last 60,000. */
  messages(): ChatRecord[]
  /** The last so many of them. */
  last(count: number): ChatRecord[]
  find(id: string): ChatRecord | undefined
  totals(): Record<Fate, number> & { retried: number; messages: number }
  clear(): void
}

/** About a kilobyte each. */
const CHAT_KEPT = 60_000

export function createLedger(): Ledger {
  let records = new Map<string, ChatRecord>()
  const zero = () => ({ delivered: 0, lost: 0, dropped: 0, retried: 0, messages: 0 })
  let totals = zero()
  return {
    begin(fields) {
      const record = { ...fields, notifications: NONE }
      records.set(record.id, record)
      totals.messages++
      // A map forgets its oldest for free.
      if (records.size > CHAT_KEPT) records.delete(records.keys().next().value ?? '')
      return record
    },
    add(notification, record) {
      totals[notification.fate]++
      if (notification.retried) totals.retried++
      if (!record) return
      // Most have one, and pushing one into an empty array makes room for seventeen.
      if (record.notifications.length === 0) record.notifications = [notification]
      else record.notifications.push(notification)
    },
    messages: () => [...records.values()],
    last: (count) => [...records.values()].slice(Math.max(0, records.size - count)),
    find: (id) => records.get(id),
    totals: () => ({ ...totals }),
    clear() {
      records = new Map()
      totals = zero()
    },
  }
}

/** Never written to: the first notification brings a list of its own. */
const NONE: NotificationRecord[] = []
