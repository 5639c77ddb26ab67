import type { AvatarLook, Top } from '../../src/domain/avatar-look.ts'
import { ink, light, shadow } from './color.ts'
import { ovalPath, type Pen } from './pen.ts'

/*
 * Tops and skirts. Origin between the hip joints, about which the trunk leans; the shoulders lie near y = -35,
 * the hem near y = 3.
 */

const TRUNK = 'M-14,-37C-20,-33-22,-12-21,1C-10,5 10,5 21,1C22,-12 20,-33 14,-37C6,-40-6,-40-14,-37Z'
/** Ends at the waist, where a skirt begins. */
const TRUNK_TO_WAIST = 'M-14,-37C-20,-33-21,-14-20,-8C-10,-4 10,-4 20,-8C21,-14 20,-33 14,-37C6,-40-6,-40-14,-37Z'
const TRUNK_SHADE = 'M-24,-6C-8,4 10,0 24,-16L26,10L-26,10Z'
const SKIRT = 'M-19,-12C-24,-4-28,4-31,10C-12,17 12,17 31,10C28,4 24,-4 19,-12Z'
const DRESS =
  'M-13,-37C-18,-30-16,-18-18,-12C-24,-4-31,6-33,12C-14,20 14,20 33,12C31,6 24,-4 18,-12C16,-18 18,-30 13,-37C6,-40-6,-40-13,-37Z'

/** Armour has one colour, that of steel. */
export const STEEL = '#cfd6e4'

export function drawTorso(pen: Pen, look: AvatarLook): void {
  const { top } = look
  if (top === 'dress') return drawDress(pen, look)
  const skirt = wearsSkirt(look)
  if (skirt) {
    const seams = shadow(look.bottomColor, 0.2)
    pen.shape(SKIRT, look.bottomColor, {
      shade: 'M-34,4C-14,12 14,12 34,2L34,20L-34,20Z',
      inside: () => pen.line('M-12,-10L-18,15M0,-8V17M12,-10L18,15', seams, 2.6),
    })
  }
  pen.shape(skirt ? TRUNK_TO_WAIST : TRUNK, look.topColor, {
    shade: TRUNK_SHADE,
    inside: () => PRINTS[top](pen, look),
  })
  if (look.top === 'hoodie') {
    pen.shape('M-18,-34C-14,-42 16,-43 20,-34C12,-29-10,-29-18,-34Z', look.topColor, { outlineWidth: 2.6 })
  }
}

/** A skirt goes under any top but overalls, which bring their own trousers. */
export function wearsSkirt({ top, bottom }: AvatarLook): boolean {
  return bottom === 'skirt' && top !== 'overalls'
}

function drawDress(pen: Pen, { topColor, accent }: AvatarLook): void {
  pen.shape(DRESS, topColor, {
    shade: 'M-40,4C-20,14 10,12 20,-6C18,4 30,10 36,12L30,26L-40,26Z',
    inside: () => {
      pen.line('M-33,9C-14,17 14,17 33,9', light(accent, 0.25), 3.4)
      pen.line('M-9,-2L-13,12M9,-2L13,12', shadow(topColor, 0.2), 2.2)
      pen.line('M-9,-39C-5,-31 9,-31 13,-39', light(accent, 0.3), 3)
    },
  })
  pen.line('M-17,-13Q0,-7 17,-13', ink(topColor), 2.4)
  pen.shape('M-5,-11L-12,-16L-12,-6ZM5,-11L12,-16L12,-6Z', accent, { outlineWidth: 2 })
  pen.shape(ovalPath({ x: 0, y: -11 }, 3), accent, { outlineWidth: 2 })
}

/** What is printed on, sewn to or worn over the trunk; clipped to it. */
const PRINTS: Record<Exclude<Top, 'dress'>, (pen: Pen, look: AvatarLook) => void> = {
  tee(pen, { accent, topColor }) {
    pen.line('M-8,-40C-4,-32 10,-32 14,-40', shadow(topColor, 0.28), 3)
    pen.patch('M3,-30L6,-23L13,-22L8,-17L9,-10L3,-14L-3,-10L-2,-17L-7,-22L0,-23Z', light(accent, 0.15))
  },
  stripes(pen, { accent }) {
    const stripe = light(accent, 0.25)
    for (const y of [-30, -19, -8]) pen.patch(`M-30,${y}H30V${y + 5}H-30Z`, stripe)
  },
  hoodie(pen, { topColor }) {
    pen.patch('M-11,-14C-6,-17 12,-17 17,-14L19,-3C8,0-4,0-13,-3Z', shadow(topColor, 0.16))
    pen.line('M-11,-14L-13,-4M17,-14L19,-4', shadow(topColor, 0.36), 1.8)
    pen.line('M-3,-36L-4,-24M9,-36L10,-24', '#ffffff', 2.2)
  },
  suit(pen, { topColor, accent }) {
    pen.patch('M-8,-42L2,-12L12,-42Z', '#fbfbff')
    pen.patch('M0,-38L5,-38L6,-18L2.5,-13L-1,-18Z', accent)
    pen.line('M-8,-40L2,-12L12,-40M2,-12V10', ink(topColor), 2.2)
    pen.patch('M9,-24H16V-21H9Z', '#fbfbff')
    for (const y of [-6, 0]) pen.oval({ x: 5.4, y }, 1.3, 1.3, ink(topColor))
  },
  overalls(pen, { bottomColor }) {
    pen.patch('M-30,-18H30V20H-30ZM-14,-40H-8V-14H-14ZM9,-40H15V-14H9Z', bottomColor)
    pen.line('M-30,-18H30', ink(bottomColor), 2.2)
    pen.line('M-6,-12H8V-4C3,-2-1,-2-6,-4Z', shadow(bottomColor, 0.3), 1.8)
    pen.oval({ x: -11, y: -18 }, 2.6, 2.6, '#ffd24a')
    pen.oval({ x: 12, y: -18 }, 2.6, 2.6, '#ffd24a')
  },
  jacket(pen, { topColor, accent }) {
    pen.patch('M-4,-42L-2,10L10,10L10,-42Z', light(accent, 0.3))
    pen.line('M-4,-40L-2,8M10,-40L9,8', ink(topColor), 2.2)
    pen.line('M-16,-12H-8M15,-12H20', shadow(topColor, 0.34), 2)
  },
  armor(pen, { accent }) {
    pen.patch('M-30,-42H30V-14C10,-6-10,-6-30,-14Z', STEEL)
    pen.patch('M-30,-20C-10,-12 10,-14 30,-28V-14C10,-6-10,-6-30,-14Z', shadow(STEEL, 0.12))
    pen.line('M-30,-14C-10,-6 10,-6 30,-14M2,-40V-8', '#5b6478', 2.4)
    pen.shape(ovalPath({ x: 2, y: -24 }, 4.8), accent, { outlineWidth: 1.8 })
  },
}
