import type { DropReason } from './chat-limits.ts'

/** A request to say something, as the Send API took it. */
export interface SentRecord {
  /** Milliseconds on the simulator's monotonic clock. */
  at: number
  client: string
  channel: string
  sender: string
  text: string
  /** The message that it answers. */
  replyTo: string | null
  outcome: 'sent' | 'dropped' | 'refused'
  /** The message's own; `null` where it was not said. */
  id: string | null
  status: number
  code: string | null
}

/** What the next messages meet: a reason to drop them, or a status to refuse them with. */
export interface Refusal {
  channel?: string | undefined
  sender?: string | undefined
  times: number
  with: DropReason | { status: number; message: string }
}

/** Everything that applications said or tried to say, and what was set up to stop them. */
export interface Outbox {
  record(sent: SentRecord): void
  /** Oldest first. */
  all(): SentRecord[]
  total(): number
  refuse(refusal: Refusal): void
  /** What this message meets, if anything. It is counted as met. */
  meet(channel: string, sender: string): Refusal['with'] | undefined
  clear(): void
}

const KEPT = 100_000

export function createOutbox(): Outbox {
  let records: SentRecord[] = []
  let total = 0
  let refusals: Refusal[] = []
  return {
    record(sent) {
      records.push(sent)
      total++
      if (records.length > KEPT * 2) records = records.slice(-KEPT)
    },
    all: () => records.slice(-KEPT),
    total: () => total,
    refuse: (refusal) => void refusals.push({ ...refusal }),
    meet(channel, sender) {
      const met = refusals.find(
        (refusal) => (refusal.channel ?? channel) === channel && (refusal.sender ?? sender) === sender,
      )
      if (!met) return undefined
      met.times--
      refusals = refusals.filter(({ times }) => times > 0)
      return met.with
    },
    clear() {
      records = []
      total = 0
      refusals = []
    },
  }
}
