import type { Clock } from '../base/clock.ts'

/** Things that wait, each for its own moment, behind one timer. */
export interface DueQueue<Item> {
  /** Hands the item over after `delayMs`. One that waits already waits for the new moment instead. */
  put(item: Item, delayMs: number): void
  /** The item waits no more. */
  drop(item: Item): void
  /** When the item is due, by the monotonic clock; `null` where it does not wait. */
  dueAt(item: Item): number | null
  /** Nothing is handed over any more. */
  end(): void
}

interface Entry<Item> {
  item: Item
  at: number
}

/** A binary heap: ten thousand that fail together cost ten thousand entries, and still one timer. */
export function createDueQueue<Item>({ clock, onDue }: { clock: Clock; onDue: (item: Item) => void }): DueQueue<Item> {
  const heap: Entry<Item>[] = []
  /** An entry of the heap that is not here was replaced or dropped. */
  const waiting = new Map<Item, Entry<Item>>()
  let timer: { at: number; cancel: () => void } | null = null

  return {
    put(item, delayMs) {
      const entry = { item, at: clock.monotonic() + Math.max(0, delayMs) }
      waiting.set(item, entry)
      push(entry)
      setTimer()
    },
    drop: (item) => void waiting.delete(item),
    dueAt: (item) => waiting.get(item)?.at ?? null,
    end() {
      waiting.clear()
      heap.length = 0
      setTimer()
    },
  }

  function setTimer(): void {
    let [first] = heap
    while (first && waiting.get(first.item) !== first) {
      pop()
      first = heap[0]
    }
    if (timer && first?.at === timer.at) return
    timer?.cancel()
    timer = first ? { at: first.at, cancel: clock.after(Math.max(0, first.at - clock.monotonic()), ring) } : null
  }

  function ring(): void {
    timer = null
    const now = clock.monotonic()
    for (let [first] = heap; first && first.at <= now; first = heap[0]) {
      pop()
      if (waiting.get(first.item) !== first) continue
      waiting.delete(first.item)
      onDue(first.item)
    }
    setTimer()
  }

  function push(entry: Entry<Item>): void {
    let place = heap.push(entry) - 1
    while (place > 0) {
      const above = (place - 1) >> 1
      const parent = heap[above] as Entry<Item>
      if (parent.at <= entry.at) break
      heap[place] = parent
      place = above
    }
    heap[place] = entry
  }

  function pop(): void {
    const last = heap.pop()
    if (!last || heap.length === 0) return
    let place = 0
    for (;;) {
      let below = 2 * place + 1
      const [left, right] = [heap[below], heap[below + 1]]
      if (left && right && right.at < left.at) below++
      const child = heap[below]
      if (!child || child.at >= last.at) break
      heap[place] = child
      place = below
    }
    heap[place] = last
  }
}
