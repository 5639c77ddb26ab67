import { lookFromSeed } from '../../src/domain/avatar-look.ts'
import { drawBust } from '../avatar/draw-avatar.ts'

/** Browsers scale it down to 16 or 32 pixels. */
const SIZE = 64

/** One of ours looks out of the browser's tab. */
export function showPageIcon(): void {
  const canvas = document.createElement('canvas')
  canvas.width = SIZE
  canvas.height = SIZE
  const surface = canvas.getContext('2d')
  if (!surface) return
  surface.translate(SIZE / 2, SIZE * 0.97)
  surface.scale(SIZE / 124, SIZE / 124)
  drawBust(surface, lookFromSeed(83), 'happy')
  const link = document.createElement('link')
  link.rel = 'icon'
  link.href = canvas.toDataURL('image/png')
  document.head.append(link)
}
