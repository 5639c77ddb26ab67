/* Pages for the eyes and for tests: many characters on one canvas. Served by Vite, run in Chromium. */
import * as parts from '../../../src/domain/avatar-look.ts'
import { lookFromSeed, type AvatarLook } from '../../../src/domain/avatar-look.ts'
import { drawAvatar } from '../../../web/avatar/draw-avatar.ts'
import { headHeight } from '../../../web/avatar/head.ts'
import { ACTIONS, poseAt, type Pose } from '../../../web/avatar/poses.ts'
import { bakeAvatar } from '../../../web/avatar/sprite.ts'
import { CHIME_S, strike } from '../../../web/overlay/chime.ts'
import { calm } from './calm.ts'
import '../../../web/overlay/fonts.css'

interface Grid {
  columns: number
  cellWidth: number
  cellHeight: number
  /** Of the characters; the cells are given as drawn. */
  scale: number
  background: string
}

/** Random looks, as `data:` address of a picture. */
export function looksSheet(firstSeed: number, count: number, columns: number): string {
  const grid = { columns, cellWidth: 118, cellHeight: 168, scale: 0.74, background: '#8fb8a8' }
  return drawGrid(grid, count, (paint, index) => {
    drawAvatar(paint, lookFromSeed(firstSeed + index), poseAt(index % 5 === 3 ? 'wave' : 'idle', index * 0.37 + 0.2))
  })
}

/** Every action of a few characters, a row each. */
export async function posesSheet(
  seeds: readonly number[],
  times: readonly number[],
  signs: readonly string[],
): Promise<string> {
  await Promise.all(signs.map((sign) => document.fonts.load('800 19px "Onest Variable"', sign)))
  const grid = { columns: ACTIONS.length, cellWidth: 128, cellHeight: 232, scale: 0.8, background: '#5b6c8f' }
  return drawGrid(grid, seeds.length * ACTIONS.length, (paint, index) => {
    const row = Math.floor(index / ACTIONS.length)
    const action = ACTIONS[index % ACTIONS.length] ?? 'idle'
    drawAvatar(paint, lookFromSeed(seeds[row] ?? 0), poseAt(action, times[row] ?? 0), signs[row])
  })
}

/** The chime at full volume: its loudest sample, and that of its last tenth of a second. */
export async function chimePeaks(): Promise<{ peak: number; end: number }> {
  const audio = new OfflineAudioContext(1, Math.ceil(CHIME_S * 48_000), 48_000)
  strike(audio, 0, 1)
  const samples = (await audio.startRendering()).getChannelData(0)
  const loudest = (part: Float32Array) => part.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0)
  return { peak: loudest(samples), end: loudest(samples.subarray(-4_800)) }
}

/** A digest of every action at every time for every seed. */
export async function pixelDigests(seeds: readonly number[], times: readonly number[]): Promise<string[]> {
  // Signs are written: before their font is there they look otherwise.
  await document.fonts.load('800 19px "Onest Variable"', 'GG')
  const pictures = seeds.flatMap((seed) =>
    times.flatMap((time) =>
      ACTIONS.map((action) => pixelsOf((paint) => drawAvatar(paint, lookFromSeed(seed), poseAt(action, time), 'GG'))),
    ),
  )
  return Promise.all(
    pictures.map(async ({ data }) => {
      const digest = await crypto.subtle.digest('SHA-256', data)
      return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('')
    }),
  )
}

/** Draws every part of every family, what touches a hat under every hat; names what left the canvas empty. */
export function drawEveryPart(): string[] {
  const { HEADS, HAIRS, EARS, HATS, TOPS, BOTTOMS, GLASSES, BEARDS, SKINS } = parts
  const underHats = { hair: HAIRS, ears: EARS }
  const bare = { head: HEADS, top: TOPS, bottom: BOTTOMS, glasses: GLASSES, beard: BEARDS, skin: SKINS }
  const looks = [
    ...variants(underHats).flatMap((change) => HATS.map((hat) => ({ ...change, hat }))),
    ...variants(bare).map((change) => ({ ...change, hat: 'none' as const })),
  ]
  return looks
    .filter((change) => {
      const { data } = pixelsOf((paint) => drawAvatar(paint, { ...lookFromSeed(5), ...change }, poseAt('idle', 0)))
      return !data.some((value, at) => at % 4 === 3 && value === 255)
    })
    .map((change) => JSON.stringify(change))
}

function variants(families: Partial<Record<keyof AvatarLook, readonly string[]>>): Array<Partial<AvatarLook>> {
  return Object.entries(families).flatMap(([family, members]) => members.map((member) => ({ [family]: member })))
}

/** For every hat, hairdo and pair of ears: units between the top of the head, as painted, and the sign's board. */
export function signGaps(): number[] {
  const dressed = [
    ...parts.HATS.map((hat) => ({ hat, hair: 'messy', ears: 'human' }) as const),
    ...parts.HAIRS.map((hair) => ({ hat: 'none', hair, ears: 'human' }) as const),
    ...parts.EARS.map((ears) => ({ hat: 'none', hair: 'messy', ears }) as const),
  ]
  return dressed.flatMap((worn) =>
    parts.HEADS.map((head) => {
      const look: AvatarLook = { ...lookFromSeed(5), ...worn, head }
      // Straight up, so that its top is the head's own.
      const upright: Pose = { ...poseAt('sign', 0), head: { x: 0, y: 0, tilt: 0 }, holdsSign: false }
      const neckToTop = FEET - topRow(pixelsOf((paint) => drawAvatar(paint, look, upright))) - NECK
      return headHeight(look) + BOARD_GAP - neckToTop
    }),
  )
}

/** The share of pixels in which a sprite differs clearly from the drawing. */
export function bakedDifference(seed: number): number {
  const look = lookFromSeed(seed)
  const pose = poseAt('wave', 0.2)
  const drawn = pixelsOf((paint) => drawAvatar(paint, look, pose)).data
  const baked = pixelsOf((paint) => bakeAvatar(look, 1).draw(paint, pose)).data
  let clear = 0
  for (let at = 0; at < drawn.length; at += 4) {
    if ([0, 1, 2, 3].some((channel) => Math.abs((drawn[at + channel] ?? 0) - (baked[at + channel] ?? 0)) > 96)) clear++
  }
  return clear / (drawn.length / 4)
}

const CANVAS = { width: 260, height: 320 }
const FEET = 300
/** Above the ground when the knees are straight; see skeleton.ts. */
const NECK = 66
const BOARD_GAP = 8

function pixelsOf(draw: (paint: CanvasRenderingContext2D) => void): ImageData {
  const canvas = document.createElement('canvas')
  canvas.width = CANVAS.width
  canvas.height = CANVAS.height
  const paint = canvas.getContext('2d', { willReadFrequently: true }) as CanvasRenderingContext2D
  paint.translate(CANVAS.width / 2, FEET)
  draw(paint)
  return paint.getImageData(0, 0, CANVAS.width, CANVAS.height)
}

function topRow({ data, width, height }: ImageData): number {
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) if ((data[(row * width + column) * 4 + 3] ?? 0) > 40) return row
  }
  return height
}

/** Draws `count` cells, each with its character's feet in the middle near the bottom. */
function drawGrid(grid: Grid, count: number, cell: (paint: CanvasRenderingContext2D, index: number) => void): string {
  const { columns, cellWidth, cellHeight, scale } = grid
  const canvas = document.createElement('canvas')
  canvas.width = columns * cellWidth
  canvas.height = Math.ceil(count / columns) * cellHeight + 14
  const paint = canvas.getContext('2d', { alpha: false }) as CanvasRenderingContext2D
  paint.fillStyle = grid.background
  paint.fillRect(0, 0, canvas.width, canvas.height)
  for (let index = 0; index < count; index++) {
    paint.save()
    paint.translate(((index % columns) + 0.5) * cellWidth, (Math.floor(index / columns) + 1) * cellHeight)
    paint.scale(scale, scale)
    cell(paint, index)
    paint.restore()
  }
  calm(paint)
  return canvas.toDataURL('image/png')
}
