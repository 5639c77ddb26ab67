import type { AvatarLook } from '../../src/domain/avatar-look.ts'
import { shadow } from './color.ts'
import { hidesHair } from './hats.ts'
import { ovalPath, type Pen } from './pen.ts'

/* Ears, in head coordinates (origin at the neck). Bunny and bear stand behind the skull, cat and fox on the hair. */

const INNER = '#f7a9b4'
const FOX_FUR = '#ef8a3c'
const FOX_INNER = '#fff3e3'

/** Ears behind the skull. */
export function drawEarsBehind(pen: Pen, { ears, skin }: AvatarLook): void {
  if (ears === 'bunny') {
    pen.shape('M-30,-78C-44,-118-40,-146-28,-146C-16,-146-12,-112-12,-82Z', skin)
    pen.patch('M-27,-86C-34,-114-32,-134-27,-134C-21,-134-18,-108-18,-86Z', INNER)
    pen.shape('M14,-82C14,-118 22,-146 34,-144C46,-142 42,-108 32,-78Z', skin)
    pen.patch('M20,-86C21,-114 27,-134 33,-132C39,-130 34,-106 28,-84Z', INNER)
  }
  if (ears === 'bear') {
    for (const x of [-32, 36]) {
      pen.shape(ovalPath({ x, y: -81 }, 15), skin)
      pen.oval({ x, y: -82 }, 8, 8, '#e79aa0')
    }
  }
}

/** Ears at the side of the skull, under the hair. */
export function drawEarsBeside(pen: Pen, { ears, skin }: AvatarLook): void {
  if (ears === 'human') {
    pen.shape('M-36,-44C-49,-48-51,-27-38,-26Z', skin)
    pen.line('M-43,-39C-45,-36-44,-33-41,-31', shadow(skin, 0.3), 1.8)
  }
  if (ears === 'elf') {
    pen.shape('M-34,-46C-50,-51-62,-57-71,-58C-65,-41-52,-28-36,-26Z', skin, { shade: 'M-36,-34L-60,-50L-46,-26Z' })
    pen.line('M-40,-40C-47,-43-54,-46-60,-49', shadow(skin, 0.32), 1.8)
  }
}

/** Ears that stand on the hair. Under a hat there is no room for them. */
export function drawEarsOnTop(pen: Pen, look: AvatarLook): void {
  if (hidesHair(look.hat)) return
  if (look.ears === 'cat') {
    const fur = look.hair === 'bald' ? look.skin : look.hairColor
    pen.shape('M-44,-66C-48,-88-46,-104-42,-110C-30,-104-20,-96-12,-88Z', fur)
    pen.patch('M-37,-78C-39,-90-38,-96-37,-100C-30,-96-26,-92-21,-88Z', INNER)
    pen.shape('M18,-90C26,-98 36,-106 46,-110C50,-100 50,-84 46,-68Z', fur)
    pen.patch('M27,-89C32,-94 38,-98 42,-100C44,-94 44,-86 42,-80Z', INNER)
  }
  if (look.ears === 'fox') {
    pen.shape('M-48,-62C-56,-88-54,-110-48,-120C-34,-110-20,-98-10,-86Z', FOX_FUR)
    pen.patch('M-40,-78C-44,-94-43,-104-41,-108C-33,-101-27,-94-21,-88Z', FOX_INNER)
    pen.shape('M16,-88C28,-100 42,-114 54,-118C58,-104 56,-82 48,-64Z', FOX_FUR)
    pen.patch('M27,-88C34,-97 42,-104 48,-107C50,-98 48,-86 44,-78Z', FOX_INNER)
  }
}
