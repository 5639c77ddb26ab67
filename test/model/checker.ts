import type { AssignmentKind } from '../../src/domain/assignment-kind.ts'

/** Sees everything that happens, and says what must not have happened. */
export type Checker = ReturnType<typeof createChecker>

/** A process as the checker may look into it, at any moment. */
export interface Watched {
  process: string
  session(): number | null
  mayAct(): boolean
  /** Since when nothing but the database itself kept it from renewing, by true time. */
  healthySince(): number
}

/** A node that nothing but the database kept from renewing has done so within this time, whatever it was waiting for. */
const EXCUSE_MS = 16_000

export function createChecker(now: () => number) {
  const violations: string[] = []
  const epochs = new Map<string, number>()
  const replies = new Map<string, number>()
  const processes = new Map<string, Watched>()
  const processOf = new Map<number, string>()
  const fenced = new Set<number>()

  const say = (violation: string) => {
    violations.push(`${(now() / 1_000).toFixed(3)} s: ${violation}`)
  }

  return {
    violations,
    say,
    watch: (process: Watched) => void processes.set(process.process, process),
    begun: (session: number, process: string) => void processOf.set(session, process),

    /** A row has an owner under this epoch. */
    owned(kind: AssignmentKind, key: string, epoch: number): void {
      const place = `${kind} ${key}`
      if (epoch <= (epochs.get(place) ?? 0)) say(`${place} was given the epoch ${epoch} a second time`)
      epochs.set(place, epoch)
    },
    /** A write was accepted. */
    written(kind: AssignmentKind, key: string, epoch: number): void {
      const place = `${kind} ${key}`
      const latest = epochs.get(place) ?? 0
      if (epoch < latest)
        say(`I5: a write under epoch ${epoch} of ${place} was accepted after epoch ${latest} had begun`)
    },
    /** A life is over, at the database. */
    ended(session: number, reason: 'stopped' | 'replaced' | 'fenced'): void {
      if (reason !== 'fenced') return
      fenced.add(session)
      const process = processes.get(processOf.get(session) ?? '')
      // A life whose beginning never reached its process is nobody's.
      if (process?.session() !== session) return
      if (process.mayAct()) {
        say(`session ${session} was fenced while it believed that it may act`)
      }
      if (now() - process.healthySince() > EXCUSE_MS) {
        say(`session ${session} was fenced, and nothing but the database had kept it from renewing`)
      }
    },
    /** A process acts, as it believes that it may. */
    acted(session: number): void {
      if (fenced.has(session)) say(`session ${session} acted after it had been fenced`)
    },
    /** An effect that is to happen once: a reply in chat. */
    replied(key: string, messageId: string): void {
      const place = `${key} ${messageId}`
      const count = (replies.get(place) ?? 0) + 1
      replies.set(place, count)
      if (count > 1) say(`I4: message ${messageId} of ${key} was answered ${count} times`)
    },
    /** An entry of the mirror was deleted. */
    unmirrored(process: string, key: string, value: string): void {
      const session = Number(value.split(' ')[1])
      if (processOf.get(session) !== process)
        say(`the mirror's ${key}, ${value}, was deleted by another than its owner`)
    },
    replies: () => replies.size,
  }
}
