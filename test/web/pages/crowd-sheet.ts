/* A crowd over something like a game, as a streamer's viewers would see it. Served by Vite, run in Chromium. */
import type { StageAvatar } from '../../../src/domain/overlay-protocol.ts'
import { calm } from './calm.ts'
import { showMoment } from './crowd-pictures.ts'

const SIZE = { width: 1_920, height: 1_080 }

/** As `data:` address of a picture. */
export async function crowdSheet(heard: { snapshot: StageAvatar[] }, now: number): Promise<string> {
  const crowd = await showMoment(heard, now, SIZE)
  const sheet = Object.assign(document.createElement('canvas'), SIZE)
  const paint = sheet.getContext('2d', { alpha: false }) as CanvasRenderingContext2D
  drawGame(paint)
  paint.drawImage(crowd, 0, SIZE.height - crowd.height)
  calm(paint, heard.snapshot.length > 150 ? 16 : 8)
  return sheet.toDataURL('image/png')
}

/** Hills and a sky in flat bands: gradients would weigh more than all characters. In tones that calming leaves alone. */
function drawGame(paint: CanvasRenderingContext2D): void {
  const bands = ['#203060', '#304070', '#305080', '#406090', '#5070a0', '#6080b0', '#7090c0', '#80a0c0']
  for (const [row, color] of bands.entries()) rectangle(0, row * 105, 1_920, 105, color)
  circle(1_610, 180, 74, '#f0f0c0')
  for (const [x, y, width] of [
    [180, 210, 240],
    [1_180, 330, 190],
    [700, 150, 150],
  ] as const) {
    for (const [offset, radius] of [
      [0.22, 0.16],
      [0.5, 0.24],
      [0.78, 0.15],
    ] as const)
      circle(x + width * offset, y, width * radius, '#90b0d0')
    rectangle(x + width * 0.1, y, width * 0.8, width * 0.1, '#90b0d0')
  }
  for (const [x, y, radius, color] of [
    [1_500, 1_330, 760, '#408060'],
    [330, 1_420, 820, '#306050'],
    [1_000, 1_650, 860, '#306040'],
  ] as const)
    circle(x, y, radius, color)
  rectangle(0, 836, 1_920, 10, '#80c050')
  rectangle(0, 846, 1_920, 234, '#604030')
  for (let x = 0; x < 1_920; x += 240) rectangle(x, 846, 120, 234, '#504030')
  for (const [x, y] of [
    [390, 520],
    [490, 520],
    [590, 520],
    [1_420, 430],
  ] as const) {
    rectangle(x, y, 96, 96, '#604020')
    rectangle(x + 4, y + 4, 88, 88, '#e09040')
    rectangle(x + 4, y + 4, 88, 14, '#e0a050')
    circle(x + 48, y - 66, 30, '#b08000')
    circle(x + 48, y - 66, 25, '#f0d050')
  }

  function rectangle(x: number, y: number, width: number, height: number, color: string): void {
    paint.fillStyle = color
    paint.fillRect(x, y, width, height)
  }

  function circle(x: number, y: number, radius: number, color: string): void {
    paint.fillStyle = color
    paint.beginPath()
    paint.arc(x, y, radius, 0, 2 * Math.PI)
    paint.fill()
  }
}
