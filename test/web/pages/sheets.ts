/* Pages for the eyes and for tests: many characters on one canvas. Served by Vite, run in Chromium. */
import { lookFromSeed } from '../../../src/domain/avatar-look.ts'
import { drawAvatar } from '../../../web/avatar/draw-avatar.ts'
import { ACTIONS, poseAt } from '../../../web/avatar/poses.ts'

export interface Grid {
  columns: number
  cellWidth: number
  cellHeight: number
  background: string
}

/** Draws `count` cells, each with its character's feet in the middle near the bottom. */
export function drawGrid(
  grid: Grid,
  count: number,
  cell: (context: CanvasRenderingContext2D, index: number) => void,
): HTMLCanvasElement {
  const canvas = document.createElement('canvas')
  canvas.width = grid.columns * grid.cellWidth
  canvas.height = Math.ceil(count / grid.columns) * grid.cellHeight
  const context = canvas.getContext('2d') as CanvasRenderingContext2D
  context.fillStyle = grid.background
  context.fillRect(0, 0, canvas.width, canvas.height)
  for (let index = 0; index < count; index++) {
    context.save()
    context.translate(
      ((index % grid.columns) + 0.5) * grid.cellWidth,
      (Math.floor(index / grid.columns) + 1) * grid.cellHeight - 22,
    )
    cell(context, index)
    context.restore()
  }
  return canvas
}

export function looksSheet(firstSeed: number, count: number, columns: number): HTMLCanvasElement {
  return drawGrid({ columns, cellWidth: 168, cellHeight: 214, background: '#8fb8a8' }, count, (context, index) => {
    drawAvatar(context, lookFromSeed(firstSeed + index), poseAt(index % 5 === 3 ? 'wave' : 'idle', index * 0.37))
  })
}

export function posesSheet(
  seeds: readonly number[],
  times: readonly number[],
  signs: readonly string[],
): HTMLCanvasElement {
  const count = seeds.length * ACTIONS.length
  return drawGrid(
    { columns: ACTIONS.length, cellWidth: 168, cellHeight: 268, background: '#5b6c8f' },
    count,
    (context, index) => {
      const row = Math.floor(index / ACTIONS.length)
      const action = ACTIONS[index % ACTIONS.length] ?? 'idle'
      drawAvatar(context, lookFromSeed(seeds[row] ?? 0), poseAt(action, times[row] ?? 0), signs[row])
    },
  )
}
