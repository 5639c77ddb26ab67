import { useEffect, useRef } from 'preact/hooks'
import type { AvatarLook } from '../../src/domain/avatar-look.ts'
import { drawAvatar, drawBust } from '../avatar/draw-avatar.ts'
import { headHeight } from '../avatar/head.ts'
import { poseAt } from '../avatar/poses.ts'
import { prepare, sized } from '../ui/character.tsx'
import type { View } from './wardrobe.ts'

const SIZE = 64

/** Where the surface's origin lies and how much of the character's own units fits. */
const VIEWS: Record<View, { units: number; x: number; y: number }> = {
  head: { units: 150, x: 0.5, y: 0.83 },
  tall: { units: 178, x: 0.5, y: 0.88 },
  figure: { units: 92, x: 0.5, y: 0.94 },
}

/** The viewer as he would look with one part changed. */
export function Thumbnail({ look, view }: { look: AvatarLook; view: View }) {
  const canvas = useRef<HTMLCanvasElement>(null)

  useEffect(() => {
    const surface = prepare(canvas.current, SIZE, SIZE)
    if (!surface) return
    const { units: usual, x, y } = VIEWS[view]
    // The longest ears are seen to their tips.
    const units = view === 'figure' ? usual : Math.max(usual, (headHeight(look) + 5) / y)
    surface.clearRect(0, 0, SIZE, SIZE)
    surface.translate(x * SIZE, y * SIZE)
    surface.scale(SIZE / units, SIZE / units)
    if (view === 'figure') drawAvatar(surface, look, poseAt('idle', 0))
    else drawBust(surface, look)
  }, [look, view])

  return <canvas ref={canvas} style={sized(SIZE, SIZE)} aria-hidden="true" />
}
