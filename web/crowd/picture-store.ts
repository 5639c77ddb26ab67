import type { Picture } from './picture.ts'

/** Pictures of one owner by name; whoever is gone takes his drawer along. */
export interface Drawer {
  pictures: Map<string, Picture>
  usedAt: number
}

/**
 * Keeps what was drawn. Drawing takes milliseconds and a frame has few, so what is missing is drawn bit by bit: who asks
 * in vain is served in one of the next frames.
 */
export interface PictureStore {
  /** @param untilMs by `clock`; nothing is begun after it */
  beginFrame(untilMs: number): void
  /** Whether something was asked for in vain since the frame began. */
  isBehind(): boolean
  drawer(owner: string): Drawer
  /** The picture of that name, drawn now if it has to be and there is time. `urgent` does not ask for the time. */
  take(drawer: Drawer, name: string, bake: () => Picture, urgent?: boolean): Picture | undefined
  /** Empties the drawers of a kind: a font came, say. */
  empty(owners: (owner: string) => boolean): void
  /** Lets go of what nobody asks for any more. Cheap enough for every second. */
  tidy(): void
}

/** Frames after which an owner who is not asked for counts as gone: some seconds. */
const FORGOTTEN_AFTER = 240

/** @param budgetPixels beyond it the pictures go that were not used for longest */
export function createPictureStore(
  forget: (picture: Picture) => void,
  clock: () => number,
  budgetPixels: number,
): PictureStore {
  const drawers = new Map<string, Drawer>()
  let frame = 0
  let until = 0
  let behind = false

  return {
    beginFrame(untilMs) {
      frame++
      until = untilMs
      behind = false
    },
    isBehind: () => behind,
    drawer(owner) {
      let found = drawers.get(owner)
      if (!found) drawers.set(owner, (found = { pictures: new Map(), usedAt: frame }))
      found.usedAt = frame
      return found
    },
    take(drawer, name, bake, urgent = false) {
      let picture = drawer.pictures.get(name)
      if (!picture?.alive) {
        if (!urgent && clock() >= until) {
          behind = true
          return undefined
        }
        picture = bake()
        drawer.pictures.set(name, picture)
      }
      picture.usedAt = frame
      return picture
    },
    empty(owners) {
      for (const [owner, drawer] of drawers) if (owners(owner)) discard(owner, drawer)
    },
    tidy() {
      let pixels = 0
      for (const [owner, drawer] of drawers) {
        if (frame - drawer.usedAt > FORGOTTEN_AFTER) discard(owner, drawer)
        else for (const picture of drawer.pictures.values()) if (picture.alive) pixels += picture.pixels
      }
      if (pixels > budgetPixels) shed(pixels - budgetPixels * 0.75)
    },
  }

  function discard(owner: string, { pictures }: Drawer): void {
    for (const picture of pictures.values()) if (picture.alive) forget(picture)
    drawers.delete(owner)
  }

  function shed(pixels: number): void {
    const all = [...drawers.values()].flatMap(({ pictures }) =>
      [...pictures].map(([name, picture]) => ({ pictures, name, picture })),
    )
    all.sort((one, other) => one.picture.usedAt - other.picture.usedAt)
    let left = pixels
    for (const { pictures, name, picture } of all) {
      if (left <= 0 || picture.usedAt >= frame - 1) return
      pictures.delete(name)
      if (!picture.alive) continue
      left -= picture.pixels
      forget(picture)
    }
  }
}
