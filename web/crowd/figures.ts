import { actingAt, type Acting } from './acting.ts'
import { isGone, type Member } from './crowd.ts'
import { crowdScale, depthOf, floorAt, presenceOf, sizeAt } from './staging.ts'

/** Somebody as drawn at a moment. */
export interface Figure extends Acting {
  member: Member
  /** Where the feet stand, stage units. */
  y: number
  /** Stage units a unit of the character. */
  size: number
  depth: number
}

/** Everybody who is to be seen at a moment, from back to front, and how large the crowd lets them be. */
export interface Cast {
  figures: Figure[]
  scale: number
  /** How many there are; fractions are coming or going. */
  presence: number
}

/** The tallest hat above the feet, in the character's units. */
const TALLEST = 250

/**
 * The whole picture's places and poses: a pure function of the crowd and the time, whatever was seen before.
 * @param most so many are drawn at most; who acted last comes first
 */
export function castAt(members: Iterable<Member>, now: number, stageHeight: number, most = Infinity): Cast {
  const present = [...members].filter(({ motion }) => !isGone(motion, now))
  // Whole numbers: the sum of fractions would depend on their order, and that on who came when to this page.
  const presence = present.reduce((sum, { motion }) => sum + Math.round(presenceOf(motion, now) * 4_096), 0) / 4_096
  const scale = crowdScale(presence)
  const drawn = present.length <= most ? present : liveliest(present, most)
  const figures = drawn.map((member): Figure => {
    const depth = depthOf(member.seed)
    const size = sizeAt(depth, scale)
    const y = floorAt(depth, scale, stageHeight)
    return { ...actingAt(member, now, size, y + TALLEST * size), member, y, size, depth }
  })
  figures.sort((one, other) => other.depth - one.depth || byId(one.member, other.member))
  return { figures, scale, presence }
}

function liveliest(members: readonly Member[], most: number): Member[] {
  return [...members].sort((one, other) => other.motion.at - one.motion.at || byId(one, other)).slice(0, most)
}

/** The order of arrival differs between overlays; ids do not. */
export function byId(one: { id: string }, other: { id: string }): number {
  return one.id < other.id ? -1 : one.id > other.id ? 1 : 0
}
