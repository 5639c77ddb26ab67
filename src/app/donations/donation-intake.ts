import type { Clock } from '../../base/clock.ts'
import type { DonationArrival, StreamPosition } from '../../domain/donation.ts'
import type { Publication, SubscribeResult } from '../../platforms/donation-source.ts'
import type { ReceiveRequest } from './receive-donation.ts'

/** What a stalled database may make us hold for one account; beyond it the socket is closed and recovery repeats the rest. */
const MAX_WAITING = 1_000

/** A hole in live numbers is often only two frames that changed places; this long it may close by itself. */
const HOLE_GRACE_MS = 2_000

const MAX_RETRY_MS = 2_000

export interface DonationIntakeOptions {
  /** Where the account was read to, as stored. */
  position: StreamPosition | null
  clock: Clock
  signal: AbortSignal
  receive(request: Pick<ReceiveRequest, 'arrival' | 'items' | 'advance'>): Promise<unknown>
  /** Stores a place that is not contiguous with the last. */
  jump(position: StreamPosition, options: { gap: boolean }): Promise<void>
  /** Something may be missing that only the platform's history knows. */
  onGap(): void
  /** More arrives than can be stored. */
  onOverflow(): void
  onError(error: unknown): void
}

/** Takes what one account's stream brings, in order, into the store; moves the position only over what is stored. */
export interface DonationIntake {
  position(): StreamPosition | null
  subscribed(result: SubscribeResult): void
  push(publication: Publication): void
  /** The history was read back: what is still missing below `upTo` was never there. */
  settleHoles(upTo: number): void
  /** The highest number seen so far. */
  highest(): number
  /** Resolves when everything taken so far is stored, or the signal has aborted. */
  idle(): Promise<void>
  /** The connection is over: what it left open is for the next one to find out. */
  close(): void
}

type Task = { kind: 'push'; publication: Publication } | { kind: 'step'; run: () => Promise<void> }

export function createDonationIntake(options: DonationIntakeOptions): DonationIntake {
  const { clock, signal, receive, jump, onGap, onOverflow, onError } = options
  let position = options.position
  /** Numbers that arrived beyond the first hole. */
  let ahead = new Set<number>()
  let tasks: Task[] = []
  let working = false
  let work = Promise.resolve()
  let closed = false
  let holeWatched = false
  let cancelHoleWatch = () => {}

  return {
    position: () => position,
    highest: () => Math.max(position?.seq ?? 0, ...ahead),
    idle: () => work,
    subscribed: (result) => add({ kind: 'step', run: () => takeSubscription(result) }),
    push(publication) {
      if (tasks.length >= MAX_WAITING) return onOverflow()
      add({ kind: 'push', publication })
    },
    settleHoles(upTo) {
      // A later connection counts from its own place by now; ours must not be written over it.
      if (!closed) add({ kind: 'step', run: () => settle(upTo) })
    },
    close() {
      closed = true
      cancelHoleWatch()
    },
  }

  function add(task: Task) {
    tasks.push(task)
    if (working) return
    working = true
    work = workOff()
  }

  async function workOff() {
    while (tasks.length > 0 && !signal.aborted) {
      const first = tasks[0]
      if (first?.kind === 'step') {
        tasks.shift()
        await insist(first.run)
        continue
      }
      const end = tasks.findIndex((task) => task.kind === 'step')
      const batch = tasks.splice(0, end === -1 ? tasks.length : end)
      await takePushes(batch.flatMap((task) => (task.kind === 'push' ? [task.publication] : [])))
    }
    // In the same turn as the last look: whatever is added from here on begins anew.
    working = false
  }

  async function takePushes(publications: Publication[]) {
    const inOrder = publications.toSorted((a, b) => (a.seq ?? 0) - (b.seq ?? 0))
    for (const { seq } of inOrder) {
      if (seq !== null && position && seq > position.seq) ahead.add(seq)
    }
    await store('push', inOrder, contiguousEnd())
    if (ahead.size > 0) watchHole()
  }

  async function takeSubscription({ position: now, recovered, publications }: SubscribeResult) {
    const before = position
    if (!now) {
      // A stream without history vouches for nothing.
      await store('recovery', publications, null)
      onGap()
      return
    }
    const missedNothing = before !== null && before.epoch === now.epoch && before.seq === now.seq
    const contiguous =
      before !== null &&
      before.epoch === now.epoch &&
      recovered &&
      publications.every((publication, index) => publication.seq === before.seq + 1 + index) &&
      before.seq + publications.length === now.seq
    if (missedNothing || contiguous) {
      await store('recovery', publications, now.seq)
      return
    }
    await store('recovery', publications, null)
    const gap = before !== null
    await insist(() => jump(now, { gap }))
    position = now
    ahead = new Set()
    if (gap) onGap()
  }

  async function settle(upTo: number) {
    if (!position || upTo <= position.seq) return
    const reached = { epoch: position.epoch, seq: upTo }
    await insist(() => jump(reached, { gap: false }))
    position = reached
    ahead = new Set([...ahead].filter((seq) => seq > upTo))
    const end = contiguousEnd()
    if (end !== null) await store('push', [], end)
  }

  function contiguousEnd(): number | null {
    if (!position) return null
    let end = position.seq
    while (ahead.has(end + 1)) end++
    return end > position.seq ? end : null
  }

  async function store(arrival: DonationArrival, publications: readonly Publication[], end: number | null) {
    const advance =
      position && end !== null && end > position.seq ? { epoch: position.epoch, from: position.seq + 1, to: end } : null
    if (publications.length === 0 && !advance) return
    const items = publications.map((publication) => publication.item)
    await insist(() => receive({ arrival, items, ...(advance ? { advance } : {}) }))
    if (signal.aborted || !advance || !position) return
    position = { epoch: position.epoch, seq: advance.to }
    for (const seq of ahead) if (seq <= advance.to) ahead.delete(seq)
  }

  /** The database comes back; until then order is kept and nothing is let go. */
  async function insist(run: () => Promise<unknown>) {
    for (let failures = 0; !signal.aborted; failures++) {
      try {
        await run()
        return
      } catch (error) {
        onError(error)
        await clock.sleep(Math.min(MAX_RETRY_MS, 100 * 2 ** failures), signal).catch(() => undefined)
      }
    }
  }

  function watchHole() {
    if (holeWatched || closed) return
    holeWatched = true
    cancelHoleWatch = clock.after(HOLE_GRACE_MS, () => {
      holeWatched = false
      if (ahead.size > 0) onGap()
    })
  }
}
