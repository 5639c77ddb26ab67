import { STAGE_WIDTH } from '../../src/domain/stage-motion.ts'
import { byId } from './figures.ts'

/** What somebody says, before it has its place. Stage units. */
export interface Spoken {
  id: string
  at: number
  /** Where its tail points. */
  x: number
  y: number
  width: number
  height: number
  /** 0 … 1 while it pops in and out */
  grown: number
}

export interface Bubble<Words extends Spoken = Spoken> {
  words: Words
  left: number
  top: number
  /** Where the tail leaves the lower edge. */
  root: number
}

/** So many can be read at once, and more would be a wall. */
const MOST = 14
const TAIL = 15
const BETWEEN = 7
/** Bubbles begin to make way before they touch. */
const NEAR = 24
const MOST_ASIDE = 130
const EDGE = 10
/** A tail does not grow out of a corner; it may lean so far. */
const CORNER = 26
const MOST_LEAN = 18

/**
 * Finds a place for every bubble: above its speaker, inside the stage, above those that were there before. Rising and
 * sinking follow the speakers' ways smoothly; nothing depends on where a bubble was a frame ago. The highest come first,
 * so that long tails pass behind.
 */
export function placeBubbles<Words extends Spoken>(spoken: readonly Words[]): Array<Bubble<Words>> {
  const oldestFirst = [...spoken].sort((one, other) => one.at - other.at || byId(one, other))
  const bubbles: Array<Bubble<Words>> = []
  for (const words of oldestFirst.slice(-MOST)) {
    const half = words.width / 2
    const within = (x: number) => Math.min(STAGE_WIDTH - EDGE - half, Math.max(EDGE + half, x)) - half
    let left = within(words.x)
    let bottom = words.y - TAIL
    // From the lowest up: risen over one, a bubble may meet the next.
    for (const other of [...bubbles].sort((one, another) => lowerEdge(another) - lowerEdge(one))) {
      if (bottom - words.height > lowerEdge(other) + BETWEEN || bottom < other.top - BETWEEN) continue
      const gapTo = (x: number) => Math.max(other.left - x - words.width, x - other.left - other.words.width)
      left = within(left + half + asideFrom(other, left, words) * other.words.grown)
      const near = Math.min(1, 1 - gapTo(left) / NEAR)
      if (near > 0) bottom += (other.top - BETWEEN - bottom) * near * other.words.grown
    }
    const top = bottom - words.height
    if (top < 2) continue
    const root = Math.min(left + words.width - CORNER, Math.max(left + CORNER, words.x))
    bubbles.push({ words, left, top, root })
  }
  return bubbles.sort((one, other) => lowerEdge(one) - lowerEdge(other) || byId(one.words, other.words))
}

/**
 * How far to the side a bubble makes way: as far as needed while that is little, and less again the more it would be, for
 * then it rises instead. Its tail still reaches the speaker.
 */
function asideFrom(other: Bubble, left: number, { x, width }: Spoken): number {
  const between = left + width / 2 - other.left - other.words.width / 2
  const reach = (width + other.words.width) / 2 + NEAR
  const needed = reach - Math.abs(between)
  const side = between < 0 ? -1 : 1
  const most = Math.max(
    0,
    Math.min(MOST_ASIDE, reach / 2, width / 2 - CORNER + MOST_LEAN - Math.abs(left + width / 2 - x)),
  )
  return side * Math.max(0, Math.min(needed, 2 * most - needed))
}

const POP_IN_MS = 180
const POP_OUT_MS = 140

/** How far a bubble is out: a little beyond 1 as it springs open. */
export function grownAt(from: number, until: number, now: number): number {
  const opening = Math.min(1, Math.max(0, (now - from) / POP_IN_MS))
  const closing = Math.min(1, Math.max(0, (until - now) / POP_OUT_MS))
  const back = 1 + 2.25 * (opening - 1) ** 3 + 1.25 * (opening - 1) ** 2
  return back * closing * closing
}

function lowerEdge({ top, words }: Bubble): number {
  return top + words.height
}
