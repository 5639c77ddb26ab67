/*
 * What a character wears: names of parts and colours. How they are drawn is `web/avatar/`'s business. Server and pages
 * share this file, so a seed means the same person everywhere.
 */

const HUMAN_SKINS = ['#ffe0c9', '#f6c9a0', '#e0a878', '#b97a4e', '#8a5636', '#5f3b26'] as const
/** Green, blue and lilac, for those who would rather not be human. */
const FANTASY_SKINS = ['#bfe3a5', '#a9c9f5', '#d9b8f2'] as const
export const SKINS = [...HUMAN_SKINS, ...FANTASY_SKINS] as const

const NATURAL_HAIR_COLORS = ['#2b2533', '#5a3825', '#8c5a32', '#d9a441', '#f2d98c', '#b8432f'] as const
const DYED_HAIR_COLORS = ['#e86fa0', '#6a5acd', '#39a0c9', '#4fb477', '#e8e6ef', '#ff8a3d'] as const
export const HAIR_COLORS = [...NATURAL_HAIR_COLORS, ...DYED_HAIR_COLORS] as const

export const EYE_COLORS = ['#4a2c1a', '#2f6fb3', '#3a8a4f', '#7a4fb5', '#b5482f', '#333845'] as const

/** Vivid cloths carry an outfit; calm ones let them. */
const VIVID_CLOTHS = ['#e8505b', '#f9a03f', '#f6d55c', '#5cb85c', '#2f9e8f', '#3d7ddb', '#6c5ce7', '#c65fb5'] as const
const CALM_CLOTHS = ['#38405a', '#eceff4', '#8d6e63', '#1f2430'] as const
export const CLOTHS = [...VIVID_CLOTHS, ...CALM_CLOTHS] as const

export const HEADS = ['round', 'oval', 'square', 'heart'] as const
export const HAIRS = [
  'messy',
  'bob',
  'long',
  'ponytail',
  'spiky',
  'buns',
  'curly',
  'swept',
  'mohawk',
  'twintails',
  'undercut',
  'bald',
] as const
export const EARS = ['human', 'elf', 'cat', 'fox', 'bunny', 'bear'] as const
export const HATS = [
  'none',
  'beanie',
  'cap',
  'crown',
  'catphones',
  'witch',
  'tophat',
  'horns',
  'halo',
  'frog',
  'flower',
  'santa',
] as const
export const TOPS = ['tee', 'hoodie', 'suit', 'dress', 'stripes', 'overalls', 'jacket', 'armor'] as const
export const BOTTOMS = ['pants', 'shorts', 'skirt'] as const
export const GLASSES = ['none', 'round', 'shades', 'monocle'] as const
export const BEARDS = ['none', 'stubble', 'full', 'mustache'] as const

type HumanSkin = (typeof HUMAN_SKINS)[number]
export type Skin = (typeof SKINS)[number]
export type HairColor = (typeof HAIR_COLORS)[number]
export type EyeColor = (typeof EYE_COLORS)[number]
export type Cloth = (typeof CLOTHS)[number]
export type Head = (typeof HEADS)[number]
export type Hair = (typeof HAIRS)[number]
export type Ears = (typeof EARS)[number]
export type Hat = (typeof HATS)[number]
export type Top = (typeof TOPS)[number]
export type Bottom = (typeof BOTTOMS)[number]
export type Glasses = (typeof GLASSES)[number]
export type Beard = (typeof BEARDS)[number]

/** A character's appearance. Every combination can be drawn; {@link lookFromSeed} gives only those in good taste. */
export interface AvatarLook {
  head: Head
  skin: Skin
  hair: Hair
  hairColor: HairColor
  eye: EyeColor
  ears: Ears
  hat: Hat
  top: Top
  topColor: Cloth
  bottom: Bottom
  bottomColor: Cloth
  shoe: Cloth
  /** Hats, prints, ties and bows. */
  accent: Cloth
  glasses: Glasses
  beard: Beard
}

/** Each part of a look with everything it may be. */
export const LOOK_PARTS = {
  head: HEADS,
  skin: SKINS,
  hair: HAIRS,
  hairColor: HAIR_COLORS,
  eye: EYE_COLORS,
  ears: EARS,
  hat: HATS,
  top: TOPS,
  topColor: CLOTHS,
  bottom: BOTTOMS,
  bottomColor: CLOTHS,
  shoe: CLOTHS,
  accent: CLOTHS,
  glasses: GLASSES,
  beard: BEARDS,
} as const satisfies { [Part in keyof AvatarLook]: readonly AvatarLook[Part][] }

/** A look that was stored or sent; `undefined` where a part is missing, or is nothing that can be drawn. */
export function parseLook(value: unknown): AvatarLook | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const given = value as Record<string, unknown>
  const look: Record<string, unknown> = {}
  for (const [part, choices] of Object.entries<readonly unknown[]>(LOOK_PARTS)) {
    const choice = Object.hasOwn(given, part) ? given[part] : undefined
    if (!choices.includes(choice)) return undefined
    look[part] = choice
  }
  return look as unknown as AvatarLook
}

/** Colours that sit well beside a cloth as its print, hat or shoes. */
const GOES_WITH: Record<Cloth, readonly Cloth[]> = {
  '#e8505b': ['#eceff4', '#f6d55c', '#38405a', '#1f2430'],
  '#f9a03f': ['#eceff4', '#38405a', '#2f9e8f', '#1f2430'],
  '#f6d55c': ['#38405a', '#3d7ddb', '#e8505b', '#6c5ce7'],
  '#5cb85c': ['#eceff4', '#f6d55c', '#38405a', '#1f2430'],
  '#2f9e8f': ['#eceff4', '#f9a03f', '#f6d55c', '#1f2430'],
  '#3d7ddb': ['#eceff4', '#f6d55c', '#e8505b', '#1f2430'],
  '#6c5ce7': ['#eceff4', '#f6d55c', '#c65fb5', '#1f2430'],
  '#c65fb5': ['#eceff4', '#6c5ce7', '#f6d55c', '#38405a'],
  '#38405a': ['#e8505b', '#f9a03f', '#f6d55c', '#eceff4', '#2f9e8f'],
  '#eceff4': ['#e8505b', '#3d7ddb', '#6c5ce7', '#2f9e8f', '#c65fb5'],
  '#8d6e63': ['#f9a03f', '#f6d55c', '#eceff4', '#2f9e8f'],
  '#1f2430': ['#e8505b', '#6c5ce7', '#f6d55c', '#c65fb5', '#eceff4'],
}

/** Hair that would melt into the face or fight with it. */
const HAIR_COLORS_AGAINST: Partial<Record<Skin, readonly HairColor[]>> = {
  '#f6c9a0': ['#f2d98c'],
  '#e0a878': ['#d9a441'],
  '#b97a4e': ['#8c5a32', '#ff8a3d'],
  '#8a5636': ['#5a3825', '#8c5a32', '#b8432f'],
  '#5f3b26': ['#5a3825', '#8c5a32'],
  '#bfe3a5': ['#4fb477', '#b8432f', '#e86fa0', '#39a0c9'],
  '#a9c9f5': ['#39a0c9', '#4fb477', '#b8432f', '#d9a441'],
  '#d9b8f2': ['#b8432f', '#4fb477', '#ff8a3d', '#e86fa0'],
}

const LONG_HAIR: ReadonlySet<Hair> = new Set(['bob', 'long', 'ponytail', 'buns', 'twintails'])
const TOWERING_HAIR: ReadonlySet<Hair> = new Set(['mohawk', 'spiky', 'buns'])
/** Hats that leave room for ears standing on the head. */
const HATS_OVER_TALL_EARS: readonly Hat[] = ['none', 'none', 'none', 'flower']
/** Hats whose colour is the accent, so that it must not be lost on the hair. */
const ACCENT_HATS: ReadonlySet<Hat> = new Set(['beanie', 'cap', 'catphones', 'witch', 'flower'])

/**
 * A random character in good taste, the same for the same seed on every machine: integers only, no `Math.random`.
 * @param seed any number; its lower 32 bits count
 */
export function lookFromSeed(seed: number): AvatarLook {
  const roll = dice(seed)
  const pick = <Item>(items: readonly Item[]): Item => items[roll(items.length)] as Item
  const chance = (percent: number): boolean => roll(100) < percent

  const skin = chance(88) ? pick<HumanSkin>(HUMAN_SKINS) : pick(FANTASY_SKINS)
  const against = HAIR_COLORS_AGAINST[skin] ?? []
  const hairColor = pick((chance(68) ? NATURAL_HAIR_COLORS : DYED_HAIR_COLORS).filter((it) => !against.includes(it)))
  const hair = chance(3) ? 'bald' : pick(HAIRS.filter((it) => it !== 'bald'))
  const longHair = LONG_HAIR.has(hair)

  const ears: Ears = chance(66) ? 'human' : pick(EARS.filter((it) => it !== 'human'))
  const tallEars = ears !== 'human' && ears !== 'elf'
  const hat = pickHat()

  const natural = (NATURAL_HAIR_COLORS as readonly HairColor[]).includes(hairColor)
  const beards: readonly Beard[] = natural ? ['stubble', 'stubble', 'full', 'mustache'] : ['stubble']
  const beard: Beard = !longHair && !tallEars && chance(30) ? pick(beards) : 'none'
  const top = pick(TOPS.filter((it) => it !== 'dress' || (beard === 'none' && hair !== 'mohawk' && hair !== 'bald')))
  // A skirt under armour, a suit or a beard reads as a mistake rather than as a choice.
  const skirted = beard === 'none' && (top === 'tee' || top === 'stripes' || top === 'hoodie' || top === 'jacket')
  const bottom = skirted && chance(longHair ? 45 : 12) ? 'skirt' : chance(70) || top === 'suit' ? 'pants' : 'shorts'

  // One loud colour an outfit: above or below the belt, never both.
  const loudTop = chance(72)
  const topColor: Cloth = loudTop ? pick(VIVID_CLOTHS) : pick(CALM_CLOTHS)
  const matches = GOES_WITH[topColor]
  const below = matches.filter((it) => loudTop === (CALM_CLOTHS as readonly Cloth[]).includes(it))
  const bottomColor = pick(below.length > 0 ? below : matches)
  const accent = pick(matches.filter((it) => it !== bottomColor && !(ACCENT_HATS.has(hat) && alike(it, hairColor))))
  const shoe = pick([accent, ...matches].filter((it) => it !== bottomColor))

  return {
    head: pick(HEADS),
    skin,
    hair,
    hairColor,
    eye: pick(EYE_COLORS),
    ears,
    hat,
    top,
    topColor,
    bottom,
    bottomColor,
    shoe,
    accent,
    glasses: pickGlasses(),
    beard,
  }

  function pickHat(): Hat {
    if (chance(52)) return 'none'
    if (tallEars) return pick(HATS_OVER_TALL_EARS)
    // A hat on a tower of hair is pierced by it, a halo hovers out of the picture.
    if (TOWERING_HAIR.has(hair)) return pick(['none', 'none', 'flower'] as const)
    return pick(HATS.filter((it) => it !== 'none' && !(it === 'halo' && (hair === 'bald' || hair === 'curly'))))
  }

  function pickGlasses(): Glasses {
    if (chance(76)) return 'none'
    // A monocle needs its gentleman.
    if (hat === 'tophat' || (beard === 'mustache' && top === 'suit')) return 'monocle'
    return chance(62) || hat === 'witch' ? 'round' : 'shades'
  }
}

/** A stable 32-bit number for a text, such as a donation's id: its guest keeps one face (FNV-1a over UTF-16 units). */
export function seedFromText(text: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  return hash >>> 0
}

/** Rolls whole numbers below `sides`. Mulberry32 steps, scrambled first so that neighbouring seeds share nothing. */
export function dice(seed: number): (sides: number) => number {
  let state = Math.imul(seed, 0x9e3779b1)
  return (sides) => {
    state = (state + 0x6d2b79f5) | 0
    let bits = Math.imul(state ^ (state >>> 15), state | 1)
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61)
    return ((bits ^ (bits >>> 14)) >>> 0) % sides
  }
}

/** Whether two colours would be taken for one at a glance: near in every channel. */
function alike(one: string, other: string): boolean {
  const channel = (color: string, at: number) => Number.parseInt(color.slice(at, at + 2), 16)
  return [1, 3, 5].every((at) => Math.abs(channel(one, at) - channel(other, at)) < 70)
}
