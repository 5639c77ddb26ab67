import { ink, light, shadow } from './color.ts'

/** Anything with the 2D drawing calls: a page's canvas or one that is never shown. */
export type Surface = CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D

export interface Point {
  x: number
  y: number
}

/** How a filled shape is finished. Inner details are clipped to the shape. */
export interface Finish {
  /** Path of the part that lies in shadow. */
  shade?: string
  /** Path of the part that catches the light. */
  shine?: string
  shineColor?: string
  /** `null` draws no outline; by default it is the fill's own dark tone. */
  outline?: string | null
  outlineWidth?: number
  /** Prints, pockets, seams. */
  inside?: () => void
}

/** Draws the character's shapes: filled, shaded, outlined. Paths are SVG path data in the character's units. */
export interface Pen {
  readonly surface: Surface
  shape(path: string, fill: string, finish?: Finish): void
  /** Fills without an outline. */
  patch(path: string, fill: string): void
  line(path: string, color: string, width?: number): void
  oval(center: Point, radiusX: number, radiusY: number, fill: string): void
  /** A limb: a bent tube of even width, round where it begins, flat or round where it ends. */
  tube(points: readonly Point[], width: number, fill: string, end: 'flat' | 'round'): void
  clipped(path: string, draw: () => void): void
  /** Runs `draw` moved, turned and stretched about a pivot, and puts everything back. */
  placed(place: { x: number; y: number; turn?: number; stretchX?: number; stretchY?: number }, draw: () => void): void
}

/** The line around everything, in the character's units. */
export const OUTLINE = 3

/** An ellipse as path data, for shapes that need shading or clipping. */
export function ovalPath({ x, y }: Point, radiusX: number, radiusY = radiusX): string {
  return `M${x - radiusX},${y}a${radiusX},${radiusY} 0 1,0 ${2 * radiusX},0a${radiusX},${radiusY} 0 1,0 ${-2 * radiusX},0Z`
}

export function createPen(surface: Surface): Pen {
  // Parsing path data costs more than filling it; a character has about eighty paths and draws them every frame.
  const parsed = new Map<string, Path2D>()
  const parse = (path: string): Path2D => {
    const known = parsed.get(path)
    if (known) return known
    const fresh = new Path2D(path)
    parsed.set(path, fresh)
    return fresh
  }

  const pen: Pen = {
    surface,
    shape(path, fill, finish = {}) {
      pen.patch(path, fill)
      if (finish.shade ?? finish.shine ?? finish.inside) {
        pen.clipped(path, () => {
          if (finish.shade) pen.patch(finish.shade, shadow(fill))
          if (finish.shine) pen.patch(finish.shine, finish.shineColor ?? light(fill, 0.35))
          finish.inside?.()
        })
      }
      if (finish.outline !== null) pen.line(path, finish.outline ?? ink(fill), finish.outlineWidth)
    },
    patch(path, fill) {
      surface.fillStyle = fill
      surface.fill(parse(path))
    },
    line(path, color, width = OUTLINE) {
      stroke(color, width, 'round')
      surface.stroke(parse(path))
    },
    oval({ x, y }, radiusX, radiusY, fill) {
      surface.fillStyle = fill
      surface.beginPath()
      surface.ellipse(x, y, radiusX, radiusY, 0, 0, 2 * Math.PI)
      surface.fill()
    },
    tube(points, width, fill, end) {
      const first = points[0]
      if (!first) return
      for (const [color, grow] of [
        [ink(fill), OUTLINE / 2],
        [fill, -OUTLINE / 2],
      ] as const) {
        pen.oval(first, width / 2 + grow, width / 2 + grow, color)
        stroke(color, width + 2 * grow, end === 'round' ? 'round' : 'butt')
        surface.beginPath()
        surface.moveTo(first.x, first.y)
        for (const point of points.slice(1, -1)) surface.lineTo(point.x, point.y)
        const last = end === 'flat' ? lengthened(points, grow) : points.at(-1)
        if (last) surface.lineTo(last.x, last.y)
        surface.stroke()
      }
    },
    clipped(path, draw) {
      surface.save()
      surface.clip(parse(path))
      draw()
      surface.restore()
    },
    placed({ x, y, turn = 0, stretchX = 1, stretchY = 1 }, draw) {
      surface.save()
      surface.translate(x, y)
      surface.rotate(turn)
      surface.scale(stretchX, stretchY)
      draw()
      surface.restore()
    },
  }
  return pen

  function stroke(color: string, width: number, cap: CanvasLineCap): void {
    surface.strokeStyle = color
    surface.lineWidth = width
    surface.lineCap = cap
    surface.lineJoin = 'round'
  }
}

/** The last point, moved on along the last stretch, so that a flat end gets its outline too. */
function lengthened(points: readonly Point[], by: number): Point | undefined {
  const [before, last] = points.slice(-2)
  if (!before || !last) return last
  const length = Math.hypot(last.x - before.x, last.y - before.y) || 1
  return { x: last.x + ((last.x - before.x) / length) * by, y: last.y + ((last.y - before.y) / length) * by }
}
