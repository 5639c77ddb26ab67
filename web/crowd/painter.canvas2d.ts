import type { Box, Picture } from './picture.ts'
import { QUAD_NUMBERS, type Painter } from './painter.ts'
import { createScratch } from './scratch.ts'

interface CanvasPicture extends Picture {
  source: HTMLCanvasElement | HTMLImageElement | undefined
}

/** For machines that draw in software: every picture is a small canvas, copied with its transform. */
export function createCanvasPainter(page: Document): Painter {
  const canvas = page.createElement('canvas')
  const surface = canvas.getContext('2d')
  if (!surface) throw new Error('This browser gives no 2D canvas')
  const scratch = createScratch(page)

  return {
    kind: 'canvas2d',
    canvas,
    bake(box, density, draw) {
      const cutting = scratch.cut(box, density, draw)
      if (!cutting) return pictureOf(undefined, box, 0)
      const { data, x, y, width, height } = cutting
      const own = page.createElement('canvas')
      own.width = width
      own.height = height
      own.getContext('2d')?.putImageData(data, -x, -y, x, y, width, height)
      return pictureOf(own, cutting.box, width * height)
    },
    adopt: (image, box) => pictureOf(image, box, image.naturalWidth * image.naturalHeight),
    forget(picture) {
      picture.alive = false
      const own = (picture as CanvasPicture).source
      // Its memory is given back now and not when somebody gets round to it.
      if (own instanceof HTMLCanvasElement) own.width = own.height = 0
    },
    paint({ count, pictures, numbers }, density, shiftX, shiftY) {
      surface.setTransform(1, 0, 0, 1, 0, 0)
      surface.clearRect(0, 0, canvas.width, canvas.height)
      for (let index = 0; index < count; index++) {
        const picture = pictures[index] as CanvasPicture
        if (!picture.source) continue
        const at = index * QUAD_NUMBERS
        const number = (offset: number) => numbers[at + offset] as number
        const [a, b, c, d] = [number(0) * density, number(1) * density, number(2) * density, number(3) * density]
        surface.globalAlpha = number(6)
        surface.setTransform(a, b, c, d, (number(4) + shiftX) * density, (number(5) + shiftY) * density)
        const { left, top, width, height } = picture.box
        surface.drawImage(picture.source, left, top, width, height)
      }
      surface.globalAlpha = 1
    },
    close() {
      canvas.remove()
      canvas.width = canvas.height = 0
    },
  }
}

function pictureOf(source: CanvasPicture['source'], box: Box, pixels: number): CanvasPicture {
  return { source, box, pixels, empty: source === undefined, alive: true, usedAt: 0 }
}
