import type { Surface } from '../avatar/pen.ts'
import type { Box } from './picture.ts'

/** What was drawn, cut to its seen pixels. */
export interface Cutting {
  data: ImageData
  /** The seen part of `data`, in its pixels. */
  x: number
  y: number
  width: number
  height: number
  /** The same part in the units of the drawing. */
  box: Box
}

/** A clear rim, so that smoothing at a picture's edge finds nothing of its neighbour. */
const RIM = 1

/** Draws aside, in memory, and cuts out what is seen: parts are given generous boxes and small pictures are quick ones. */
export interface Scratch {
  /** `undefined` where nothing was drawn. */
  cut(box: Box, density: number, draw: (surface: Surface) => void): Cutting | undefined
}

export function createScratch(page: Document): Scratch {
  const canvas = page.createElement('canvas')
  const surface = canvas.getContext('2d', { willReadFrequently: true })
  if (!surface) throw new Error('This browser gives no 2D canvas')

  return {
    cut(box, density, draw) {
      const width = Math.ceil(box.width * density) + 2 * RIM
      const height = Math.ceil(box.height * density) + 2 * RIM
      if (canvas.width < width) canvas.width = width
      if (canvas.height < height) canvas.height = height
      surface.setTransform(1, 0, 0, 1, 0, 0)
      surface.clearRect(0, 0, width, height)
      surface.save()
      surface.setTransform(density, 0, 0, density, RIM - box.left * density, RIM - box.top * density)
      draw(surface)
      surface.restore()
      const data = surface.getImageData(0, 0, width, height)
      const seen = seenPart(data)
      if (!seen) return undefined
      return {
        data,
        ...seen,
        box: {
          left: box.left + (seen.x - RIM) / density,
          top: box.top + (seen.y - RIM) / density,
          width: seen.width / density,
          height: seen.height / density,
        },
      }
    },
  }
}

function seenPart({
  data,
  width,
  height,
}: ImageData): { x: number; y: number; width: number; height: number } | undefined {
  const pixels = new Uint32Array(data.buffer)
  let [left, right, top, bottom] = [width, -1, height, -1]
  for (let y = 0; y < height; y++) {
    const row = y * width
    let x = 0
    while (x < width && pixels[row + x] === 0) x++
    if (x === width) continue
    let end = width - 1
    while (pixels[row + end] === 0) end--
    if (x < left) left = x
    if (end > right) right = end
    if (top === height) top = y
    bottom = y
  }
  if (right < 0) return undefined
  const [x, y] = [Math.max(0, left - RIM), Math.max(0, top - RIM)]
  return { x, y, width: Math.min(width, right + RIM + 1) - x, height: Math.min(height, bottom + RIM + 1) - y }
}
