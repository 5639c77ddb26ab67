import type { AvatarLook, Hat } from '../../src/domain/avatar-look.ts'
import { light, shadow } from './color.ts'
import { ovalPath, type Pen } from './pen.ts'

/* Hats, in head coordinates: origin at the neck, the bare crown near y = -84, hair near y = -97. */

type WornHat = Exclude<Hat, 'none'>

const HIDING_HAIR: ReadonlySet<Hat> = new Set(['beanie', 'cap', 'tophat', 'witch', 'frog', 'santa'])

/** Whether the hat covers the top of the head, so that hair and ears there must not show. */
export function hidesHair(hat: Hat): boolean {
  return HIDING_HAIR.has(hat)
}

export function drawHat(pen: Pen, look: AvatarLook): void {
  if (look.hat !== 'none') HATS[look.hat](pen, look.accent)
}

const HATS: Record<WornHat, (pen: Pen, accent: string) => void> = {
  beanie(pen, accent) {
    const trim = light(accent, 0.32)
    pen.shape(ovalPath({ x: 2, y: -115 }, 11), trim)
    pen.shape('M-47,-60C-50,-98-22,-112 2,-112C30,-112 52,-98 50,-62C20,-72-18,-72-47,-60Z', accent, {
      shade: 'M-50,-60C-46,-90-30,-100-20,-104C-36,-84-36,-70-36,-56Z',
      inside: () =>
        pen.line('M-18,-108C-24,-98-26,-86-26,-74M2,-111V-74M22,-108C28,-98 30,-86 30,-74', shadow(accent, 0.14), 2),
    })
    pen.shape('M-49,-54C-52,-62-50,-70-46,-72C-16,-84 22,-84 48,-74C53,-71 54,-62 51,-56C18,-68-18,-66-49,-54Z', trim, {
      inside: () =>
        pen.line('M-30,-76L-32,-58M-15,-79L-16,-62M1,-80V-63M17,-79L18,-63M33,-77L35,-60', shadow(trim, 0.16), 2),
    })
  },
  cap(pen, accent) {
    const peak = shadow(accent, 0.2)
    pen.shape('M-48,-56C-52,-96-20,-108 4,-108C32,-108 52,-92 50,-62C20,-74-18,-70-48,-56Z', accent, {
      shine: 'M-26,-84C-16,-98 0,-101 14,-100C2,-96-12,-92-26,-84Z',
      inside: () => pen.line('M3,-108C-10,-98-16,-84-16,-66M3,-108C20,-100 28,-86 30,-68', shadow(accent, 0.14), 2),
    })
    pen.shape('M14,-70C30,-74 60,-72 80,-57C74,-49 50,-53 16,-58C8,-60 6,-68 14,-70Z', peak, {
      shine: 'M20,-68C38,-71 58,-68 70,-61C54,-65 38,-66 20,-65Z',
    })
    pen.shape(ovalPath({ x: 3, y: -109 }, 5, 4), peak, { outlineWidth: 2 })
  },
  crown(pen) {
    pen.shape('M-34,-78L-40,-116L-18,-98L2,-122L22,-98L44,-116L38,-78C16,-86-12,-86-34,-78Z', '#ffd24a', {
      shade: 'M-40,-78L-38,-90C-10,-98 16,-98 44,-88L40,-70Z',
      shine: 'M-34,-106L-30,-90L-24,-94Z',
      shineColor: '#fff3c2',
    })
    pen.shape(ovalPath({ x: 2, y: -94 }, 5, 6), '#e8505b', { outlineWidth: 2 })
    for (const x of [-22, 26]) pen.shape(ovalPath({ x, y: -90 }, 3.6, 4.2), '#39a0c9', { outlineWidth: 2 })
    pen.oval({ x: 0.6, y: -96 }, 1.5, 2, '#ffd9dc')
  },
  catphones(pen, accent) {
    pen.line('M-44,-48C-50,-112 52,-114 48,-50', '#2a2d3d', 10)
    pen.line('M-44,-50C-49,-109 51,-111 48,-52', accent, 5)
    pen.shape('M-42,-88L-46,-117L-20,-103Z', accent, { shine: 'M-39,-93L-41,-108L-29,-101Z' })
    pen.shape('M24,-105L50,-117L46,-88Z', accent, { shine: 'M33,-102L44,-108L43,-96Z' })
    pen.shape('M-54,-58C-38,-60-36,-22-50,-24C-60,-26-62,-54-54,-58Z', accent, {
      shine: 'M-56,-50C-50,-52-48,-44-50,-38L-54,-38Z',
    })
    pen.shape('M46,-56C58,-58 60,-30 52,-28C44,-28 40,-52 46,-56Z', shadow(accent))
  },
  witch(pen, accent) {
    pen.shape('M-34,-80C-24,-110-14,-136-30,-156C0,-154 24,-120 36,-82C14,-90-14,-90-34,-80Z', accent, {
      shade: 'M-34,-76C-22,-104-16,-120-26,-152C-10,-140-14,-100-14,-76Z',
    })
    pen.shape('M-68,-66C-40,-92 40,-94 74,-68C40,-80-36,-78-68,-66Z', shadow(accent, 0.12))
    pen.shape('M-33,-84C-12,-94 14,-94 36,-86L33,-96C14,-103-10,-103-30,-94Z', '#ffd24a', { outlineWidth: 2.4 })
    pen.shape('M-3,-103H11V-89H-3Z', '#fff3c2', { outlineWidth: 2.2 })
  },
  tophat(pen, accent) {
    const felt = '#2b2d3c'
    pen.shape('M-30,-82L-34,-132C-12,-140 20,-140 40,-132L36,-82Z', felt, {
      shine: 'M-26,-126L-22,-90L-15,-90L-17,-129Z',
      shineColor: '#4b4e63',
    })
    pen.shape('M-31,-86C-12,-94 16,-94 37,-86L38,-98C16,-106-12,-106-32,-98Z', accent, { outlineWidth: 2 })
    pen.shape('M-56,-74C-30,-92 36,-92 62,-74C36,-69-28,-69-56,-74Z', felt, {
      shine: 'M-44,-76C-26,-86 32,-86 48,-77C30,-82-24,-82-44,-76Z',
      shineColor: '#41445a',
    })
  },
  horns(pen) {
    pen.shape('M-36,-74C-58,-78-66,-104-56,-124C-50,-106-38,-98-20,-92Z', '#f0e6d2', {
      shade: 'M-36,-70C-54,-78-62,-96-58,-110C-48,-92-36,-88-20,-84Z',
    })
    pen.shape('M24,-92C42,-98 54,-106 60,-124C70,-104 62,-78 40,-74Z', '#f0e6d2', {
      shade: 'M24,-86C44,-90 56,-96 62,-112C64,-96 58,-82 40,-70Z',
    })
    pen.line('M-56,-98L-48,-103M-50,-87L-41,-95M60,-98L52,-103M55,-87L46,-95', '#a8987a', 2)
  },
  halo(pen) {
    pen.line(ovalPath({ x: 2, y: -116 }, 30, 8), '#b8860b', 9)
    pen.line(ovalPath({ x: 2, y: -116 }, 30, 8), '#ffe27a', 5)
    pen.line('M-22,-120C-14,-123-4,-124 6,-124', '#fff8d8', 2.4)
  },
  frog(pen) {
    const green = '#6cc24a'
    pen.shape(
      'M-50,-34C-58,-88-26,-106 2,-105C34,-104 58,-84 52,-36C48,-52 42,-64 30,-68C8,-74-18,-72-34,-62C-42,-54-42,-42-42,-32Z',
      green,
      {
        shade: 'M-56,-30C-56,-60-46,-78-40,-84C-44,-64-42,-50-40,-30Z',
        shine: 'M-14,-97C-4,-101 10,-101 18,-97C8,-96-4,-95-14,-92Z',
      },
    )
    for (const x of [-24, 28]) {
      pen.shape(ovalPath({ x, y: -104 }, 14), green)
      pen.shape(ovalPath({ x: x + 1, y: -105 }, 8.5, 9), '#ffffff', { outline: '#2c5d1d', outlineWidth: 2 })
      pen.oval({ x: x + 3, y: -104 }, 4.5, 5.5, '#1d2430')
      pen.oval({ x: x + 4.4, y: -106.4 }, 1.5, 1.7, '#ffffff')
    }
    pen.line('M-8,-82C-2,-78 8,-78 14,-82', '#3c7a26', 2.4)
  },
  flower(pen, accent) {
    const petal = light(accent, 0.32)
    for (let index = 0; index < 5; index++) {
      const angle = (index / 5) * 2 * Math.PI - 0.5
      const center = { x: -30 + Math.cos(angle) * 10, y: -80 + Math.sin(angle) * 10 }
      pen.shape(ovalPath(center, 8), petal, { outlineWidth: 2.2 })
    }
    pen.shape(ovalPath({ x: -30, y: -80 }, 6), '#ffd24a', { outlineWidth: 2.2 })
  },
  santa(pen) {
    pen.shape(
      'M-42,-70C-40,-112 0,-128 34,-112C54,-104 66,-84 64,-66C56,-76 48,-80 42,-80C30,-84-14,-84-42,-70Z',
      '#d8343f',
      {
        shade: 'M-44,-66C-36,-92-16,-102-6,-106C-20,-90-22,-80-22,-66Z',
        inside: () => pen.line('M30,-112C38,-102 42,-92 42,-82', '#a51f34', 2.2),
      },
    )
    pen.shape(
      'M-50,-56C-54,-66-50,-74-44,-76C-12,-88 22,-88 48,-78C54,-74 54,-64 50,-58C18,-70-18,-68-50,-56Z',
      '#fbfbff',
    )
    pen.shape(ovalPath({ x: 64, y: -62 }, 11), '#fbfbff', { shade: 'M52,-58C58,-50 70,-50 76,-58L76,-48L52,-48Z' })
  },
}
