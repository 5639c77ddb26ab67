import { createPen } from '../avatar/pen.ts'
import { drawPole } from '../avatar/sign.ts'
import type { Picture } from './picture.ts'
import type { Painter } from './painter.ts'
import type { PictureStore } from './picture-store.ts'

/** Drawn so long, and stretched to what is needed. */
export const TAIL_LENGTH = 18
export const POLE_LENGTH = 60

/** Things that belong to nobody: drawn once for all. */
export interface Props {
  /** Under somebody who stands on the origin, in the character's units. */
  shadow(density: number): Picture
  /** `POLE_LENGTH` long, its lower end on the origin, going up; in the character's units. */
  pole(density: number): Picture
  /** A sleeper's z about the origin, in the character's units. */
  snore(density: number): Picture
  /** A bubble's tail, from the lower edge's outline on y = 0 to its tip on y = `TAIL_LENGTH`. */
  tail(density: number): Picture
  /** Opens the outline where the tail begins. Not to be stretched: there are letters above it. */
  tailRoot(density: number): Picture
}

const PAPER = '#fffdf6'
const INK = '#22243a'

export function createProps(painter: Painter, store: PictureStore): Props {
  const take = (name: string, bake: () => Picture): Picture =>
    store.take(store.drawer('props'), name, bake, true) as Picture

  return {
    shadow: (density) =>
      take(`shadow ${density}`, () =>
        painter.bake({ left: -32, top: -8, width: 64, height: 16 }, density, (surface) =>
          createPen(surface).oval({ x: 0, y: 0 }, 30, 6, 'rgba(0,0,0,0.28)'),
        ),
      ),
    pole: (density) =>
      take(`pole ${density}`, () =>
        painter.bake({ left: -8, top: -POLE_LENGTH - 8, width: 16, height: POLE_LENGTH + 16 }, density, (surface) =>
          drawPole(createPen(surface), POLE_LENGTH),
        ),
      ),
    snore: (density) =>
      take(`snore ${density}`, () =>
        painter.bake({ left: -20, top: -20, width: 40, height: 40 }, density * 1.2, (surface) => {
          const pen = createPen(surface)
          const letter = 'M-9,-10H9L-9,10H9'
          pen.line(letter, '#2a2350', 11)
          pen.line(letter, '#e9e4ff', 5.5)
        }),
      ),
    tail: (density) =>
      take(`tail ${density}`, () =>
        painter.bake({ left: -20, top: -6, width: 40, height: TAIL_LENGTH + 10 }, density, (surface) => {
          const pen = createPen(surface)
          // Nothing of it may reach up: stretched, it would lie over the letters.
          surface.beginPath()
          surface.rect(-20, 0, 40, TAIL_LENGTH + 10)
          surface.clip()
          pen.patch(`M-11,0H11L1,${TAIL_LENGTH - 1}Q0,${TAIL_LENGTH} -1,${TAIL_LENGTH - 1}Z`, PAPER)
          pen.line(`M-11,0L-1,${TAIL_LENGTH - 2}Q0,${TAIL_LENGTH - 1} 1,${TAIL_LENGTH - 2}L11,0`, INK, 3)
        }),
      ),
    tailRoot: (density) =>
      take(`root ${density}`, () =>
        painter.bake({ left: -12, top: -4, width: 24, height: 8 }, density, (surface) =>
          createPen(surface).patch('M-9.8,-2.5H9.8L8.6,1.8H-8.6Z', PAPER),
        ),
      ),
  }
}
