import { headHeight } from '../avatar/head.ts'
import { bonesOf } from '../avatar/draw-avatar.ts'
import { HIP_HEIGHT } from '../avatar/poses.ts'
import { SIGN_GAP } from '../avatar/sign.ts'
import { entranceOf } from '../../src/domain/stage-motion.ts'
import { grownAt, placeBubbles, type Bubble, type Spoken } from './bubbles.ts'
import type { Member } from './crowd.ts'
import type { Cast, Figure } from './figures.ts'
import type { Lettered, Lettering } from './lettering.ts'
import { nameTagsAt, speaks } from './name-tags.ts'
import { addQuad, IDENTITY, placed, type Matrix, type QuadSheet } from './painter.ts'
import { POLE_LENGTH, TAIL_LENGTH, type Props } from './props.ts'
import { bakedDensity } from './staging.ts'
import type { Wardrobe } from './wardrobe.ts'

/** What a scene is made with. */
export interface SceneParts {
  wardrobe: Wardrobe
  lettering: Lettering
  props: Props
}

export interface SceneOptions {
  /** Pixels a stage unit. */
  density: number
  names: boolean
  bubbleShadows: boolean
}

/** From the feet to the neck of whoever stands upright. */
const NECK_HEIGHT = 2 * HIP_HEIGHT
/** Signs and letters shrink less than their bearers, or nobody could read them. */
const legibleSize = (scale: number) => 0.62 + 0.38 * scale

/** Lays out one moment from back to front: the crowd, then names, then what is said. */
export function composeScene(
  sheet: QuadSheet,
  cast: Cast,
  now: number,
  { wardrobe, lettering, props }: SceneParts,
  { density, names, bubbleShadows }: SceneOptions,
): void {
  sheet.count = 0
  const figureDensity = bakedDensity(density * cast.scale)
  const letterDensity = bakedDensity(density * legibleSize(cast.scale))
  const letterSize = legibleSize(cast.scale)
  for (const figure of cast.figures) addFigure(figure)
  if (names) addNames()
  addBubbles()

  function addFigure(figure: Figure): void {
    const { member, x, y, size, lift, facing, posed, tiredFor } = figure
    const { exact, limbs } = posed
    const outfit = wardrobe.outfitOf(member.id, member.look, posed, figureDensity)
    if (!outfit) return
    const height = Math.min(1, -exact.y / 90)
    const under = placed(
      IDENTITY,
      x + exact.x * size * facing,
      y + size,
      0,
      size * (1 - 0.4 * height),
      size * (1 - 0.33 * height),
    )
    addQuad(sheet, props.shadow(figureDensity), under, exact.shadow * (1 - 0.43 * height))

    const ground = placed(IDENTITY, x, y - lift, 0, facing * size, size)
    const whole = placed(ground, exact.x, exact.y, 0, exact.stretchX, exact.stretchY)
    const bones = bonesOf(member.look, limbs)
    const head = placed(whole, bones.neck.x, bones.neck.y, limbs.head.tilt)
    addQuad(sheet, outfit.backHair, head)
    addQuad(sheet, outfit.body, whole)
    if (limbs.holdsSign) addSign(figure, whole, bones.nearArm[2])
    addQuad(sheet, outfit.head, head)
    if (outfit.arms) addQuad(sheet, outfit.arms, whole)
    if (tiredFor !== undefined) addSnores(tiredFor, placed(head, 34, -58), size)
  }

  /** The pole is in the fist; the board above everything on the head, and readable whichever way its bearer looks. */
  function addSign({ member, x, y, size, lift, facing }: Figure, whole: Matrix, hand: { x: number; y: number }): void {
    const { sign, motion } = member
    if (!sign) return
    const board = lettering.board(member.id, sign, letterDensity)
    if (!board.picture) return
    const shown = letterSize * grownAt(motion.at, sign.until, now)
    const fist = placed(whole, hand.x, hand.y)
    const bottom = y - lift - (NECK_HEIGHT + headHeight(member.look) + SIGN_GAP) * size
    const end = fist.f + 20 * size
    addQuad(sheet, props.pole(figureDensity), {
      a: size,
      b: 0,
      c: 0,
      d: (end - bottom) / POLE_LENGTH,
      e: fist.e,
      f: end,
    })
    const top = placed(
      IDENTITY,
      fist.e + (x + 10 * facing * size - fist.e) * 0.55,
      bottom - board.height * shown,
      0,
      shown,
      shown,
    )
    addLettered(board, top, 1)
  }

  function addSnores(tiredFor: number, from: Matrix, size: number): void {
    for (const turn of [0, 0.5]) {
      const way = (tiredFor / 3_600 + turn) % 1
      if (tiredFor / 3_600 + turn < 1 && turn > 0) continue
      const swell = (0.45 + 0.75 * way) * size
      const sway = Math.sin(way * 7 + turn) * 5
      const at = placed(
        IDENTITY,
        from.e + (14 * way + sway) * size,
        from.f - 62 * way * size,
        -0.16 + 0.1 * sway * 0.2,
        swell,
        swell,
      )
      addQuad(sheet, props.snore(figureDensity), at, Math.sin(Math.PI * way))
    }
  }

  function addNames(): void {
    const widthOf = (member: Member) => lettering.name(member, letterDensity).width * letterSize
    const heightOf = 24 * letterSize
    for (const { figure, x, y, opacity } of nameTagsAt(cast, now, widthOf, heightOf)) {
      const tag = lettering.name(figure.member, letterDensity)
      addLettered(tag, placed(IDENTITY, x, y, 0, letterSize, letterSize), opacity)
    }
  }

  function addBubbles(): void {
    const spoken = cast.figures.flatMap((figure) => spokenBy(figure))
    for (const bubble of placeBubbles(spoken)) addBubble(bubble)
  }

  function spokenBy(figure: Figure): Array<Spoken & { lettered: Lettered }> {
    const { member, x, y, size } = figure
    const { say, motion, sign } = member
    if (!say || !speaks(member, now)) return []
    const from = Math.max(say.at, arrivedAt(figure))
    const grown = grownAt(from, say.until, now)
    if (grown <= 0) return []
    const lettered = lettering.bubble(member.id, say, letterDensity, bubbleShadows)
    if (lettered.height === 0) return []
    const holdsSign = motion.act === 'sign' && sign && now < sign.until
    const above = holdsSign ? SIGN_GAP * size + 66 * letterSize : 0
    const sits = motion.act === 'sit' && now < motion.at + motion.dur ? 18 * size : 0
    const tip = y - (NECK_HEIGHT + headHeight(member.look)) * size - above + sits
    return [
      {
        id: member.id,
        at: say.at,
        x,
        y: tip - 2,
        width: lettered.width * letterSize,
        height: lettered.height * letterSize,
        grown,
        lettered,
      },
    ]
  }

  function addBubble({ words, left, top, root }: Bubble<Spoken & { lettered: Lettered }>): void {
    const { lettered, grown, x, y } = words
    if (!lettered.picture) return
    const middle = left + words.width / 2
    // Grows out of its tail's tip.
    const at = (px: number, py: number, stretchX: number, stretchY: number): Matrix =>
      placed(placed(IDENTITY, x, y, 0, grown, grown), px - x, py - y, 0, stretchX, stretchY)
    const opacity = Math.min(1, grown * 1.6)
    addLettered(lettered, at(middle, top, letterSize, letterSize), opacity)
    const bottom = top + words.height
    const tail = at(root, bottom, letterSize, (y - bottom) / TAIL_LENGTH)
    // The tip leans over to the speaker.
    const lean = Math.max(-70, Math.min(70, x - root)) * grown
    addQuad(sheet, props.tail(letterDensity), { ...tail, c: tail.c + lean / TAIL_LENGTH }, opacity)
    addQuad(sheet, props.tailRoot(letterDensity), at(root, bottom, letterSize, letterSize), opacity)
  }

  function addLettered({ picture, emotes }: Lettered, place: Matrix, opacity: number): void {
    if (!picture) return
    addQuad(sheet, picture, place, opacity)
    for (const { picture: emote, x, y, size } of emotes)
      addQuad(sheet, emote, placed(place, x, y, 0, size, size), opacity)
  }
}

/** Nobody speaks in the air: whoever falls in says it when he landed. */
function arrivedAt({ member: { seed, motion } }: Figure): number {
  if (motion.act !== 'enter') return -Infinity
  const landing = { run: 0.2, drop: 0.55, spring: 0.72 }[entranceOf(seed)]
  return motion.at + motion.dur * landing
}
