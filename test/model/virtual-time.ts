/** Events of one schedule in the order of their time; where two come at once, in the order in which they were put. */
export interface VirtualTime {
  now(): number
  /** Where `run` answers false, nothing has happened, and nothing can follow from it. */
  at(timeMs: number, run: () => unknown): void
  in(delayMs: number, run: () => unknown): void
  /** Runs the next event that is due by `untilMs` and does something. @returns false where there is none. */
  step(untilMs: number): boolean
}

interface Event {
  at: number
  order: number
  run: () => unknown
}

export function createVirtualTime(): VirtualTime {
  const heap: Event[] = []
  let now = 0
  let order = 0

  const isBefore = (a: Event, b: Event) => a.at < b.at || (a.at === b.at && a.order < b.order)

  const time: VirtualTime = {
    now: () => now,
    at(timeMs, run) {
      const event = { at: Math.max(now, timeMs), order: order++, run }
      let place = heap.push(event) - 1
      while (place > 0) {
        const above = (place - 1) >> 1
        const parent = heap[above] as Event
        if (!isBefore(event, parent)) break
        heap[place] = parent
        place = above
      }
      heap[place] = event
    },
    in: (delayMs, run) => time.at(now + Math.max(0, delayMs), run),
    step(untilMs) {
      for (let first = heap[0]; first && first.at <= untilMs; first = heap[0]) {
        pop()
        now = first.at
        if (first.run() !== false) return true
      }
      now = Math.max(now, untilMs)
      return false
    },
  }
  return time

  function pop(): void {
    const last = heap.pop() as Event
    if (heap.length > 0) {
      let place = 0
      for (;;) {
        let below = 2 * place + 1
        if (below >= heap.length) break
        if (below + 1 < heap.length && isBefore(heap[below + 1] as Event, heap[below] as Event)) below++
        const child = heap[below] as Event
        if (!isBefore(child, last)) break
        heap[place] = child
        place = below
      }
      heap[place] = last
    }
  }
}

/** A seeded source of chance: the same seed is the same schedule, on every machine. */
export interface Chance {
  /** 0 ≤ n < 1. */
  random(): number
  between(low: number, high: number): number
  whole(low: number, high: number): number
  is(probability: number): boolean
  one<T>(items: readonly T[]): T
}

export function createChance(seed: number): Chance {
  let state = (seed ^ 0x9e3779b9) >>> 0
  const random = () => {
    // mulberry32
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const chance: Chance = {
    random,
    between: (low, high) => low + random() * (high - low),
    whole: (low, high) => low + Math.floor(random() * (high - low + 1)),
    is: (probability) => random() < probability,
    one: (items) => items[Math.floor(random() * items.length)] as never,
  }
  return chance
}
