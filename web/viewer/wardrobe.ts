import type { AvatarLook } from '../../src/domain/avatar-look.ts'

export type Part = keyof AvatarLook

/** How much of a viewer a thumbnail shows. `tall`: the head with room above it. `figure`: from the chin down. */
export type View = 'head' | 'tall' | 'figure'

/** How an option is shown: a drop of colour, or the viewer wearing it. */
export const SHOWN_AS: Record<Part, 'color' | View> = {
  head: 'head',
  skin: 'color',
  hair: 'head',
  hairColor: 'color',
  eye: 'color',
  ears: 'tall',
  hat: 'tall',
  top: 'figure',
  topColor: 'color',
  bottom: 'figure',
  bottomColor: 'color',
  shoe: 'color',
  accent: 'color',
  glasses: 'head',
  beard: 'head',
}

/** What lies together in the wardrobe. */
export const SHELVES = {
  face: ['head', 'skin', 'eye', 'ears', 'beard'],
  hair: ['hair', 'hairColor'],
  extras: ['hat', 'glasses', 'accent'],
  clothes: ['top', 'topColor', 'bottom', 'bottomColor', 'shoe'],
} as const satisfies Record<string, readonly Part[]>

export type Shelf = keyof typeof SHELVES
export const SHELF_NAMES = Object.keys(SHELVES) as Shelf[]
