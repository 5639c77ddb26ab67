import { useEffect, useRef } from 'preact/hooks'
import { lookFromSeed } from '../../src/domain/avatar-look.ts'
import { drawBust } from '../avatar/draw-avatar.ts'
import { prepare, sized } from './character.tsx'

/** Three of our own, as different as they come: seeds, places, tilts and sizes. */
const HEADS = [
  { seed: 36, x: 32, y: 85, tilt: -0.1, size: 0.52 },
  { seed: 79, x: 99, y: 85, tilt: 0.1, size: 0.52 },
  { seed: 83, x: 64, y: 88, tilt: 0, size: 0.68 },
]
const CARD = { width: 132, height: 88, edge: 76 }

/** Three heads looking over the edge of the stage. */
export function Logo({ height }: { height: number }) {
  const canvas = useRef<HTMLCanvasElement>(null)
  const width = Math.round((height * CARD.width) / CARD.height)

  useEffect(() => {
    const surface = prepare(canvas.current, width, height)
    if (!surface) return
    surface.scale(height / CARD.height, height / CARD.height)
    surface.save()
    surface.beginPath()
    surface.rect(0, 0, CARD.width, CARD.edge)
    surface.clip()
    for (const head of HEADS) {
      surface.save()
      surface.translate(head.x, head.y)
      surface.rotate(head.tilt)
      surface.scale(head.size, head.size)
      drawBust(surface, lookFromSeed(head.seed), 'happy')
      surface.restore()
    }
    surface.restore()
    surface.lineWidth = 6
    surface.lineCap = 'round'
    surface.strokeStyle = '#ffd24a'
    surface.beginPath()
    surface.moveTo(5, CARD.edge + 3)
    surface.lineTo(CARD.width - 5, CARD.edge + 3)
    surface.stroke()
  }, [height, width])

  return <canvas ref={canvas} style={sized(width, height)} aria-hidden="true" />
}
