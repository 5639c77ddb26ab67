import type { AvatarLook, Skin } from '../../src/domain/avatar-look.ts'
import { blend, ink, light, shadow, withAlpha } from './color.ts'
import { ovalPath, type Pen, type Point } from './pen.ts'
import type { Expression } from './poses.ts'

/* The face, in head coordinates: origin at the neck, eyes near y = -37, the nose points right. */

const LASH = '#2a1c28'
const MOUTH = '#7a2430'
const MOUTH_LINE = '#4a1420'

/** The eye nearer to us is a little wider. */
const EYES: readonly (Point & { width: number })[] = [
  { x: -9, y: -37, width: 1 },
  { x: 25, y: -37, width: 0.86 },
]

/** Blood is red only under human skin; elsewhere a blush is the skin's own hue, deeper. */
const BLUSH: Record<Skin, string> = {
  '#ffe0c9': withAlpha('#ff6978', 0.38),
  '#f6c9a0': withAlpha('#ff6070', 0.36),
  '#e0a878': withAlpha('#f0505c', 0.32),
  '#b97a4e': withAlpha('#d8433f', 0.34),
  '#8a5636': withAlpha('#c9463c', 0.36),
  '#5f3b26': withAlpha('#c2483f', 0.34),
  '#bfe3a5': withAlpha('#5fae52', 0.5),
  '#a9c9f5': withAlpha('#6f86ea', 0.5),
  '#d9b8f2': withAlpha('#b565d8', 0.42),
}

export function drawFace(pen: Pen, look: AvatarLook, expression: Expression): void {
  pen.oval({ x: -18, y: -22 }, 7, 4, BLUSH[look.skin])
  pen.oval({ x: 34, y: -22 }, 5.5, 4, BLUSH[look.skin])
  for (const eye of EYES) drawEye(pen, look, eye, expression)
  drawBrows(pen, look, expression)
  pen.line('M10,-27Q12.4,-26 12,-24.6', shadow(look.skin, 0.34), 2.2)
  if (look.beard === 'full') drawFullBeard(pen, look.hairColor)
  drawMouth(pen, expression)
  if (look.beard === 'mustache') drawMustache(pen, look.hairColor)
  if (look.ears === 'cat' || look.ears === 'fox') drawMuzzle(pen, look.skin)
  drawGlasses(pen, look.glasses)
}

/** A day without a razor: a shade on the jaw, drawn on the bare skin before everything else. */
export function drawStubble(pen: Pen, look: AvatarLook, skull: string): void {
  if (look.beard !== 'stubble') return
  const shade = withAlpha(blend(look.hairColor, '#2b2533', 0.6), 0.2)
  pen.clipped(skull, () => pen.patch('M-44,-30C-30,-14-14,-21 6,-21C24,-21 36,-16 48,-32L52,10L-52,10Z', shade))
}

function drawEye(pen: Pen, look: AvatarLook, eye: Point & { width: number }, expression: Expression): void {
  const { x, y, width } = eye
  if (expression === 'blink')
    return pen.line(`M${x - 8 * width},${y + 1}Q${x},${y + 6} ${x + 8 * width},${y + 1}`, LASH, 3.4)
  if (expression === 'laugh')
    return pen.line(`M${x - 8 * width},${y + 4}Q${x},${y - 8} ${x + 8 * width},${y + 4}`, LASH, 3.8)

  const [radiusX, radiusY] = [7.6 * width, expression === 'wow' ? 12 : 11]
  // A tired lid is skin that was never painted white: painting over it would leave a pale ring on dark skin.
  const open = expression === 'tired' ? `M${x - 14},${y + 1}H${x + 14}V${y + 16}H${x - 14}Z` : ovalPath(eye, 20, 20)
  pen.clipped(open, () => {
    pen.oval(eye, radiusX, radiusY, '#fffdfb')
    const iris = expression === 'wow' ? 0.62 : 0.94
    pen.clipped(ovalPath(eye, radiusX, radiusY), () => {
      const paint = pen.surface.createLinearGradient(0, y - radiusY, 0, y + radiusY)
      for (const [stop, color] of [
        [0, '#1c1320'],
        [0.42, ink(look.eye)],
        [0.62, look.eye],
        [1, light(look.eye, 0.55)],
      ] as const) {
        paint.addColorStop(stop, color)
      }
      pen.surface.fillStyle = paint
      pen.surface.beginPath()
      pen.surface.ellipse(x + 0.8, y + 0.4, radiusX * iris, radiusY * iris, 0, 0, 2 * Math.PI)
      pen.surface.fill()
      pen.oval({ x: x + 0.8, y: y + 1 }, radiusX * 0.42, radiusY * 0.45, '#140d18')
    })
    pen.oval({ x: x - 3, y: y + 4.6 }, 1.5, 1.7, 'rgba(255,255,255,0.85)')
    if (expression !== 'tired') pen.oval({ x: x + 2.6, y: y - 4.2 }, 2.9 * width, 3.4, '#ffffff')
  })
  if (expression === 'tired') {
    pen.line(`M${x - 8 * width},${y + 1}Q${x},${y + 0.4} ${x + 8 * width},${y + 1.6}`, LASH, 3.4)
    pen.line(`M${x - 5},${y + 15}Q${x},${y + 17} ${x + 5},${y + 15}`, shadow(look.skin, 0.3), 1.8)
  } else {
    pen.line(
      `M${x - 8.4 * width},${y - 6}C${x - 5 * width},${y - 13} ${x + 5 * width},${y - 13} ${x + 8.4 * width},${y - 6}`,
      LASH,
      3.4,
    )
  }
}

function drawBrows(pen: Pen, look: AvatarLook, expression: Expression): void {
  const color = look.hair === 'bald' && look.beard === 'none' ? shadow(look.skin, 0.55) : shadow(look.hairColor, 0.36)
  if (expression === 'tired') return pen.line('M-17,-53Q-9,-56-3,-57M19,-57Q26,-56 32,-53', color, 3)
  const lift = expression === 'wow' || expression === 'laugh' ? -4 : 0
  pen.line(
    `M-17,${-54 + lift}Q-10,${-59 + lift}-3,${-55 + lift}M19,${-55 + lift}Q25,${-59 + lift} 31,${-55 + lift}`,
    color,
    3,
  )
}

function drawMouth(pen: Pen, expression: Expression): void {
  if (expression === 'laugh' || expression === 'happy') {
    pen.shape('M-1,-20C4,-18 14,-18 19,-20C19,-10 14,-6 9,-6C4,-6-1,-10-1,-20Z', MOUTH, {
      outline: MOUTH_LINE,
      outlineWidth: 2.4,
      inside: () => {
        pen.oval({ x: 9, y: -6 }, 7, 5, '#f4798a')
        pen.patch('M0,-21H18V-17.2Q9,-15.6 0,-17.2Z', '#ffffff')
      },
    })
  } else if (expression === 'wow') {
    pen.shape(ovalPath({ x: 9, y: -14 }, 4.5, 5.5), MOUTH, { outline: MOUTH_LINE, outlineWidth: 2.4 })
  } else {
    pen.line(expression === 'tired' ? 'M3,-15Q6,-19 9,-16Q12,-13 15,-17' : 'M2,-18Q9,-12 16,-18', MOUTH, 2.8)
  }
}

function drawFullBeard(pen: Pen, color: string): void {
  pen.shape(
    'M-41,-30C-37,-4-14,9 6,9C26,9 42,-6 44,-31C41,-21 33,-15 25,-19C17,-24 3,-24-6,-19C-15,-13-33,-16-41,-30Z',
    color,
    {
      shade: 'M-42,-20C-32,2 30,2 48,-22L48,20L-42,20Z',
      inside: () => pen.line('M-22,-10C-18,-4-14,0-10,2M6,0V8M32,-10C29,-4 26,0 22,3', shadow(color, 0.3), 1.8),
    },
  )
}

function drawMustache(pen: Pen, color: string): void {
  pen.shape('M9,-23C2,-28-10,-24-14,-17C-6,-16 4,-17 9,-20C14,-17 24,-16 31,-17C28,-24 16,-28 9,-23Z', color, {
    outlineWidth: 2.2,
  })
}

function drawMuzzle(pen: Pen, skin: string): void {
  pen.line('M-22,-24L-40,-28M-22,-19L-39,-17M38,-24L54,-28M38,-19L53,-17', blend(skin, '#2b2533', 0.62), 1.8)
  pen.shape('M7.6,-28.4L15.4,-28.4L11.5,-24Z', '#e0667a', { outlineWidth: 1.5 })
}

function drawGlasses(pen: Pen, glasses: AvatarLook['glasses']): void {
  const frame = '#2a2430'
  if (glasses === 'round') {
    for (const [x, radius] of [
      [-9, 14],
      [26, 12.5],
    ] as const) {
      pen.oval({ x, y: -36 }, radius, radius, 'rgba(190,230,255,0.15)')
      pen.line(ovalPath({ x, y: -36 }, radius), frame, 3)
      pen.line(`M${x - 7},-42L${x - 2},-46`, 'rgba(255,255,255,0.8)', 2)
    }
    pen.line('M5,-37Q9,-40 13.5,-37M-23,-37L-38,-40', frame, 3)
  }
  if (glasses === 'shades') {
    pen.line('M-26,-44L-40,-42', '#23242f', 3.4)
    pen.shape(
      'M-26,-47C-10,-49 2,-48 7,-46C8,-46 10,-46 12,-46C20,-49 34,-49 42,-46C42,-32 36,-27 28,-27C18,-27 14,-34 12,-40L7,-40C4,-32-2,-26-12,-27C-22,-28-26,-36-26,-47Z',
      '#23242f',
      { shine: 'M-22,-44L-12,-44L-18,-32ZM18,-44L28,-44L22,-32Z', shineColor: '#4c5166', outline: '#14141c' },
    )
  }
  if (glasses === 'monocle') {
    pen.oval({ x: 26, y: -36 }, 13, 13, 'rgba(200,235,255,0.2)')
    pen.line(ovalPath({ x: 26, y: -36 }, 13), '#c99a2e', 3)
    pen.line('M35,-27Q41,-12 36,2', '#c99a2e', 1.8)
  }
}
