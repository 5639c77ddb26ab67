import type { AvatarLook, Hair } from '../../src/domain/avatar-look.ts'
import { ink, light, shadow } from './color.ts'
import { hidesHair } from './hats.ts'
import { OUTLINE, ovalPath, type Pen } from './pen.ts'

/*
 * Hair, in head coordinates: origin at the neck, crown near y = -84, the face looks right.
 * `back` hangs behind the body, `front` lies over the face, `knots` sit behind the skull.
 */
interface HairShape {
  back?: string
  front?: string
  /** Lighter band where the light falls. */
  shine?: string
  /** A few fine lines that tell strands from plastic. */
  strands?: string
  knots?: readonly (readonly [x: number, y: number, radius: number])[]
}

type ShapedHair = Exclude<Hair, 'curly' | 'bald'>

const HAIR_SHAPES: Record<ShapedHair, HairShape> = {
  messy: {
    front:
      'M-45,-30C-53,-78-24,-97 3,-95C18,-101 32,-94 36,-86C50,-76 52,-58 47,-38C44,-46 42,-52 38,-57C36,-50 31,-47 26,-48C27,-54 26,-58 24,-61C18,-52 8,-48-3,-49C1,-54 2,-58 1,-62C-8,-54-20,-47-28,-46C-32,-40-34,-30-37,-24C-42,-24-44,-27-45,-30Z',
    shine: 'M-30,-74C-20,-86 2,-90 20,-86C8,-82-12,-80-30,-74Z',
    strands: 'M-24,-58C-16,-62-8,-68-4,-76M24,-61C25,-66 24,-72 20,-77M36,-60C37,-66 35,-73 31,-78',
  },
  bob: {
    back: 'M-46,-40C-50,-10-46,4-34,6C-10,10 24,8 38,4C48,0 50,-20 48,-42Z',
    front:
      'M-46,-12C-56,-74-28,-96 3,-95C36,-94 54,-70 49,-16C46,-12 42,-14 40,-20C42,-36 40,-50 36,-58C20,-50-8,-50-30,-58C-36,-44-36,-24-36,-14C-40,-8-45,-8-46,-12Z',
    shine: 'M-34,-72C-22,-86 4,-89 26,-82C8,-82-16,-78-34,-72Z',
    strands:
      'M-14,-53C-12,-62-8,-70-2,-76M12,-53C13,-62 12,-70 8,-76M-41,-18C-42,-32-41,-44-38,-54M45,-20C46,-34 45,-46 42,-56',
  },
  long: {
    back: 'M-45,-50C-58,-10-60,24-50,42C-34,50-14,44-4,40C14,46 34,44 44,36C54,16 52,-20 47,-50Z',
    front:
      'M-46,-18C-55,-76-27,-96 3,-95C35,-94 53,-70 48,-22C44,-40 40,-52 30,-64C26,-52 8,-46-12,-47C-4,-52 0,-57 0,-63C-12,-54-28,-50-34,-38C-36,-28-36,-20-38,-12C-43,-10-45,-14-46,-18Z',
    shine: 'M-32,-74C-22,-87 2,-90 22,-85C8,-83-14,-80-32,-74Z',
    strands: 'M30,-64C30,-70 28,-76 23,-81M0,-63C1,-69 4,-75 8,-79M-41,-20C-43,-34-42,-46-38,-58',
  },
  ponytail: {
    back: 'M-30,-76C-62,-84-76,-50-66,-22C-60,-6-66,4-72,8C-50,10-40,-8-44,-28C-46,-42-40,-56-26,-60Z',
    front:
      'M-45,-36C-50,-78-24,-95 3,-94C34,-93 52,-72 47,-38C44,-50 38,-60 30,-66C14,-54-14,-52-34,-56C-38,-48-39,-40-40,-32C-43,-31-45,-33-45,-36Z',
    shine: 'M-30,-74C-20,-86 2,-89 22,-84C8,-82-12,-80-30,-74Z',
    strands: 'M30,-66C26,-71 20,-75 12,-77M-30,-57C-28,-64-22,-71-14,-76M6,-56C2,-62-1,-68-2,-74',
  },
  spiky: {
    front:
      'M-44,-32C-50,-44-54,-52-64,-56C-54,-62-50,-66-48,-72C-52,-80-56,-84-62,-90C-48,-88-40,-90-34,-94C-34,-102-36,-108-38,-114C-26,-108-18,-102-10,-100C-4,-106 2,-112 8,-118C10,-110 14,-104 20,-99C30,-102 38,-104 46,-104C42,-96 42,-90 44,-84C52,-80 58,-78 64,-78C56,-70 52,-58 48,-38C44,-50 42,-54 38,-58L32,-46L24,-61L12,-45L2,-62L-10,-46L-20,-60L-32,-42C-36,-36-38,-28-39,-24Z',
    shine: 'M-28,-76C-18,-88 2,-92 22,-86C8,-84-12,-82-28,-76Z',
    strands:
      'M-20,-60C-18,-66-14,-71-9,-75M2,-62C3,-68 6,-73 10,-76M24,-61C25,-67 28,-72 32,-75M-46,-74C-42,-77-38,-79-33,-80M20,-97C17,-93 15,-90 12,-88',
  },
  buns: {
    knots: [
      [-32, -92, 17],
      [32, -94, 16],
    ],
    front:
      'M-45,-30C-52,-77-25,-95 3,-94C35,-93 52,-72 47,-34C43,-46 40,-56 32,-62C28,-52 16,-49 4,-50C-8,-49-22,-52-26,-62C-36,-54-38,-42-39,-26C-43,-25-45,-27-45,-30Z',
    shine: 'M-28,-74C-18,-86 2,-89 20,-85C8,-83-10,-80-28,-74Z',
    strands: 'M3,-51C2,-62 2,-72 3,-82M-26,-62C-26,-68-23,-75-18,-80M32,-62C32,-68 29,-75 24,-80',
  },
  swept: {
    front:
      'M-45,-28C-54,-78-24,-97 6,-96C40,-95 58,-72 50,-30C46,-40 44,-46 41,-52C30,-60 24,-66 18,-74C10,-60-10,-50-30,-48C-35,-42-36,-32-38,-22C-42,-22-44,-25-45,-28Z',
    shine: 'M-26,-76C-14,-90 10,-92 30,-82C12,-84-10,-82-26,-76Z',
    strands: 'M18,-74C20,-79 20,-84 18,-89M-18,-53C-6,-58 4,-66 10,-76M32,-60C36,-66 37,-74 34,-81',
  },
  mohawk: {
    front:
      'M24,-61C14,-72-14,-76-35,-58C-43,-68-50,-80-53,-93C-45,-91-39,-89-34,-86C-36,-97-35,-107-31,-117C-25,-111-19,-105-15,-99C-12,-109-6,-119 2,-127C5,-118 8,-110 10,-103C16,-109 24,-114 33,-116C31,-106 30,-98 30,-91C36,-93 42,-93 47,-91C43,-80 35,-68 24,-61Z',
    shine: 'M-26,-84C-25,-92-24,-98-25,-104C-20,-97-16,-91-14,-84C-18,-86-22,-86-26,-84Z',
    strands:
      'M-34,-86C-33,-80-31,-76-28,-71M-15,-99C-14,-90-12,-84-9,-78M10,-103C9,-94 9,-87 11,-80M30,-91C27,-85 25,-80 24,-75',
  },
  twintails: {
    back: 'M-38,-74C-70,-78-80,-40-70,-8C-66,8-58,18-50,22C-56,2-46,-14-40,-34ZM40,-74C68,-80 78,-44 70,-12C66,4 60,14 54,18C58,0 50,-16 42,-34Z',
    front:
      'M-45,-34C-51,-78-25,-95 3,-94C35,-93 53,-72 47,-36C44,-48 40,-56 34,-62C30,-52 18,-49 6,-52C8,-56 8,-60 7,-64C-4,-52-22,-50-32,-50C-37,-44-38,-36-39,-28C-43,-27-45,-30-45,-34Z',
    shine: 'M-30,-74C-20,-86 2,-89 20,-85C8,-83-12,-80-30,-74Z',
    strands: 'M7,-64C8,-70 7,-77 4,-83M-22,-53C-18,-62-12,-70-4,-76M34,-62C33,-68 31,-74 26,-79',
  },
  undercut: {
    front: 'M-38,-62C-44,-84-20,-100 8,-99C38,-99 54,-84 46,-56C40,-64 34,-68 28,-71C8,-62-16,-58-38,-62Z',
    shine: 'M-22,-80C-10,-92 14,-94 32,-86C14,-88-8,-86-22,-80Z',
    strands: 'M28,-71C28,-76 26,-81 22,-85M-24,-62C-20,-70-12,-77-2,-82M4,-66C8,-72 10,-78 9,-84',
  },
}

/** Curls, nearest the face last. */
const CURLS = [
  [-44, -40, 13],
  [-48, -58, 14],
  [-40, -77, 15],
  [-24, -91, 15],
  [-4, -97, 16],
  [17, -95, 15],
  [36, -84, 15],
  [47, -66, 14],
  [47, -46, 11],
  [-27, -60, 11],
  [-10, -64, 12],
  [9, -64, 12],
  [27, -63, 11],
  [-36, -50, 9],
  [38, -57, 9],
] as const
const CURLS_MIDDLE = 'M-40,-50C-44,-80-20,-92 2,-90C28,-90 46,-76 44,-56L0,-62Z'

/** The lower half of every hairdo lies in its own shadow. */
const HAIR_SHADE = 'M-60,-20C-50,-60-30,-66 0,-60C20,-60 40,-62 60,-40L60,0L-60,0Z'

/** Hair that would tower through a hat lies down under it. */
const TOWERS: ReadonlySet<Hair> = new Set(['spiky', 'mohawk', 'buns', 'undercut'])
/** Everything above is inside the hat; every brim covers this line from edge to edge. */
const UNDER_HAT = 'M-120,-82H120V120H-120Z'
const HIGHEST_CURL_UNDER_HAT = -68

/** What hangs behind the body. */
export function drawBackHair(pen: Pen, look: AvatarLook): void {
  const back = shapeOf(look.hair)?.back
  if (!back) return
  const color = shadow(look.hairColor, 0.16)
  pen.shape(back, color, { outline: ink(look.hairColor) })
  if (look.hair === 'long')
    pen.line('M-30,10C-32,22-30,32-26,40M24,12C27,22 26,32 22,40M-4,20C-5,28-5,34-4,40', shadow(color, 0.2), 1.8)
  if (look.hair === 'ponytail') {
    pen.line('M-58,-62C-66,-46-62,-30-57,-16', shadow(color, 0.2), 1.8)
    pen.shape('M-40,-74C-46,-72-46,-58-38,-57L-30,-60C-32,-66-32,-70-33,-75Z', look.accent, { outlineWidth: 2.2 })
  }
  if (look.hair === 'twintails') {
    pen.line('M-56,-60C-66,-42-64,-20-58,0M58,-62C68,-44 66,-22 60,-4', shadow(color, 0.2), 1.8)
    pen.shape(ovalPath({ x: -43, y: -68 }, 6, 8), look.accent, { outlineWidth: 2.2 })
    pen.shape(ovalPath({ x: 45, y: -69 }, 6, 8), look.accent, { outlineWidth: 2.2 })
  }
}

/** Knots behind the skull: drawn before the head. */
export function drawHairKnots(pen: Pen, look: AvatarLook): void {
  if (hidesHair(look.hat)) return
  for (const [x, y, radius] of shapeOf(look.hair)?.knots ?? []) {
    pen.shape(ovalPath({ x, y }, radius), look.hairColor)
    pen.line(
      `M${x - radius * 0.5},${y - radius * 0.2}A${radius * 0.6},${radius * 0.6} 0 0,1 ${x + radius * 0.4},${y - radius * 0.45}`,
      light(look.hairColor, 0.35),
      2.4,
    )
  }
}

/** Short stubble on the sides of a shaved head. @param skull the head's outline */
export function drawShavedSides(pen: Pen, look: AvatarLook, skull: string): void {
  if (look.hair !== 'undercut' && look.hair !== 'mohawk') return
  pen.clipped(skull, () => {
    pen.surface.globalAlpha *= 0.42
    pen.patch('M-50,-30C-36,-40-34,-60-26,-70C0,-76 30,-76 42,-60L60,-50L60,-100L-60,-100Z', look.hairColor)
  })
  pen.line(skull, ink(look.skin))
}

/** What lies over the face. */
export function drawFrontHair(pen: Pen, look: AvatarLook): void {
  if (!hidesHair(look.hat)) return drawWhole(pen, look, look.hair)
  pen.clipped(UNDER_HAT, () => drawWhole(pen, look, TOWERS.has(look.hair) ? 'messy' : look.hair))
}

function drawWhole(pen: Pen, look: AvatarLook, hair: Hair): void {
  if (hair === 'curly') return drawCurls(pen, look)
  const shape = shapeOf(hair)
  if (!shape?.front) return
  pen.shape(shape.front, look.hairColor, {
    shade: HAIR_SHADE,
    inside: () => {
      if (shape.shine) pen.patch(shape.shine, light(look.hairColor, 0.38))
      if (shape.strands) pen.line(shape.strands, shadow(look.hairColor, 0.3), 1.7)
    },
  })
}

function drawCurls(pen: Pen, look: AvatarLook): void {
  const color = look.hairColor
  const curls = CURLS.filter(([, y]) => !hidesHair(look.hat) || y > HIGHEST_CURL_UNDER_HAT)
  for (const [x, y, radius] of curls) pen.line(ovalPath({ x, y }, radius), ink(color), OUTLINE * 2)
  for (const [x, y, radius] of curls) pen.oval({ x, y }, radius, radius, color)
  pen.patch(CURLS_MIDDLE, color)
  for (const [x, y, radius] of curls) {
    const [right, low] = [x + radius * 0.5, y + radius * 0.21]
    pen.line(
      `M${right},${low}A${radius * 0.55},${radius * 0.55} 0 0,1 ${x - radius * 0.47},${y + radius * 0.28}`,
      shadow(color, 0.17),
      2,
    )
  }
  if (!hidesHair(look.hat))
    pen.line('M-18,-98C-10,-106 8,-107 16,-101M-40,-84C-37,-90-32,-95-27,-97', light(color, 0.4), 3)
}

function shapeOf(hair: Hair): HairShape | undefined {
  return hair === 'curly' || hair === 'bald' ? undefined : HAIR_SHAPES[hair]
}
