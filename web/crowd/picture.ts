/** A rectangle in its owner's units, y down. */
export interface Box {
  left: number
  top: number
  width: number
  height: number
}

/** Something drawn once and shown often. Its box is where its pixels are, in the units it was drawn in. */
export interface Picture {
  readonly box: Box
  /** Nothing was drawn. */
  readonly empty: boolean
  /** `false`: its place was given away or got lost; it has to be drawn again. */
  alive: boolean
  /** The number of the frame that showed it last. */
  usedAt: number
  /** What it weighs. */
  readonly pixels: number
}
