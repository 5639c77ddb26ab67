import { STAGE_WIDTH } from '../../src/domain/stage-motion.ts'
import type { Member } from './crowd.ts'
import { byId, type Cast, type Figure } from './figures.ts'
import { smooth } from './staging.ts'

/** A name under somebody's feet. */
export interface NameTag {
  figure: Figure
  /** The middle of its upper edge. */
  x: number
  y: number
  /** 0 … 1, never 0 */
  opacity: number
}

/** Fewer than this: everybody's name is shown. Beyond `CROWD`, only of who did something lately. */
const FEW = 32
const CROWD = 38
const ACTIVE_MS = 8_000
const FADE_MS = 600
/** Names fade before they touch. */
const NEAR = 6
const BELOW_FEET = 5
/** What a body covers, in the character's units; the edge in stage units. */
const BODY = { half: 46, height: 130, feet: 14, edge: 7 }

/** @param widthOf of a name on stage @param height of all of them */
export function nameTagsAt(
  { figures, presence }: Cast,
  now: number,
  widthOf: (member: Member) => number,
  height: number,
): NameTag[] {
  const everyone = 1 - smooth((presence - FEW) / (CROWD - FEW))
  const wanted = figures
    .map((figure) => ({ figure, wish: wishOf(figure) }))
    .filter(({ figure, wish }) => wish > 0 && figure.x > 0 && figure.x < STAGE_WIDTH && isOnFloor(figure))
    .sort(
      (one, other) =>
        lastAct(other.figure.member, now) - lastAct(one.figure.member, now) ||
        byId(one.figure.member, other.figure.member),
    )
  const tags: Array<NameTag & { left: number; right: number }> = []
  for (const { figure, wish } of wanted) {
    const half = widthOf(figure.member) / 2
    const x = Math.min(STAGE_WIDTH - half, Math.max(half, figure.x))
    const [left, right, y] = [x - half, x + half, figure.y + BELOW_FEET * figure.size]
    const free = tags.reduce((least, tag) => {
      const gap = Math.max(tag.left - right, left - tag.right, Math.abs(tag.y - y) - height)
      return Math.min(least, gap / NEAR)
    }, 1)
    const opacity = wish * Math.min(1, free)
    if (opacity > 0.02) tags.push({ figure, x, y, opacity, left, right })
  }
  return tags

  function wishOf(figure: Figure): number {
    const active = activity(figure.member, now)
    return active === 1 || everyone === 0 ? active : Math.max(active, everyone * (1 - coverOf(figure, figures)))
  }
}

/** How much somebody in front stands where the name would be: it would be taken for his. */
function coverOf({ x, y, depth }: Figure, figures: readonly Figure[]): number {
  return figures.reduce((most, other) => {
    const above = y - other.y + BODY.height * other.size
    if (other.depth >= depth || above < 0 || y > other.y - BODY.feet * other.size) return most
    return Math.max(most, smooth((BODY.half * other.size - Math.abs(other.x - x)) / BODY.edge))
  }, 0)
}

/** No name waits on the floor for somebody who is still falling. */
function isOnFloor({ lift, size }: Figure): boolean {
  return Math.abs(lift) < 60 * size
}

/** 1 for whoever does something or did just now, fading to 0. */
function activity(member: Member, now: number): number {
  const { motion } = member
  if (speaks(member, now)) return 1
  if (motion.act === 'sit' || motion.act === 'leave') return 0
  return 1 - smooth((now - motion.at - Math.max(motion.dur, ACTIVE_MS) + FADE_MS) / FADE_MS)
}

function lastAct(member: Member, now: number): number {
  const { motion, say } = member
  return speaks(member, now) ? Math.max(motion.at, say?.at ?? 0) : motion.at
}

export function speaks({ say, motion }: Member, now: number): boolean {
  return say !== null && now < say.until && motion.act !== 'leave'
}
