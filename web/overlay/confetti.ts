import { dice } from '../../src/domain/avatar-look.ts'

/** Paper and coins thrown up behind the card: pure functions of seed and time, so every frame can be the first one. */
export interface Confetti {
  /** @param elapsed milliseconds since the burst. Returns whether anything is still in the air. */
  draw(context: CanvasRenderingContext2D, elapsed: number): boolean
}

interface Piece {
  x: number
  y: number
  speedX: number
  speedY: number
  delayMs: number
  size: number
  spin: number
  sway: number
  color: string
  coin: boolean
}

const COLORS = ['#ffd24a', '#6c5ce7', '#e8505b', '#5cb85c', '#39a0c9', '#fffdf6'] as const
const PIECES = 64
const COINS = 9
const LIFE_MS = 3_000
const FADE_MS = 700
/** Stage units a second squared: lighter than a stone, it is paper. */
const GRAVITY = 620

/** What falls into the last stretch above the floor fades: a piece cut in half would show where the layer ends. */
const FLOOR_FADE = 190

/**
 * @param burst where the pieces come from, each half of them from one of the two places
 * @param floor nothing is seen below it
 */
export function createConfetti(
  seed: number,
  burst: { left: number; right: number; y: number },
  floor: number,
): Confetti {
  const roll = dice(seed ^ 0x5bd1e995)
  const between = (least: number, most: number) => least + (roll(1_000) / 1_000) * (most - least)
  const pieces = Array.from({ length: PIECES + COINS }, (_, index): Piece => {
    const coin = index >= PIECES
    const fromLeft = roll(2) === 0
    return {
      x: fromLeft ? burst.left : burst.right,
      y: burst.y,
      speedX: (fromLeft ? -1 : 1) * between(-140, coin ? 200 : 330),
      speedY: -between(coin ? 420 : 300, coin ? 640 : 680),
      delayMs: between(0, 260),
      size: coin ? between(13, 17) : between(8, 15),
      spin: between(-9, 9),
      sway: between(0, 6.28),
      color: COLORS[roll(COLORS.length)] ?? '#ffd24a',
      coin,
    }
  })

  return {
    draw(context, elapsed) {
      if (elapsed < 0 || elapsed > LIFE_MS + 260) return elapsed < 0
      for (const piece of pieces) drawPiece(context, piece, elapsed - piece.delayMs, floor)
      context.globalAlpha = 1
      return true
    },
  }
}

function drawPiece(context: CanvasRenderingContext2D, piece: Piece, elapsed: number, floor: number): void {
  if (elapsed < 0 || elapsed > LIFE_MS) return
  const seconds = elapsed / 1_000
  // Air brakes paper: sideways speed dies away, falling never gets fast.
  const brake = piece.coin ? 0.5 : 1.1
  const slowed = (1 - Math.exp(-brake * seconds)) / brake
  const x = piece.x + piece.speedX * slowed + (piece.coin ? 0 : Math.sin(seconds * 5 + piece.sway) * 12)
  const y = piece.y + piece.speedY * slowed + (GRAVITY / (piece.coin ? 1 : 2.2)) * seconds ** 2 * 0.5
  const aboveFloor = floor - y - piece.size
  if (aboveFloor <= 0) return
  const turn = piece.sway + piece.spin * seconds
  context.globalAlpha = Math.min(1, (LIFE_MS - elapsed) / FADE_MS, aboveFloor / FLOOR_FADE)
  context.save()
  context.translate(x, y)
  if (piece.coin) drawCoin(context, piece.size, Math.cos(turn))
  else {
    context.rotate(turn)
    context.scale(1, Math.cos(turn * 1.7))
    context.fillStyle = piece.color
    context.fillRect(-piece.size / 2, -piece.size / 3, piece.size, piece.size / 1.5)
  }
  context.restore()
}

/** @param face 1 is seen in full, 0 on edge */
function drawCoin(context: CanvasRenderingContext2D, radius: number, face: number): void {
  const width = Math.max(0.16, Math.abs(face))
  context.scale(width, 1)
  for (const [size, color] of [
    [radius, '#7a4d00'],
    [radius - 2.2, '#ffc83a'],
    [radius - 5, '#ffe48a'],
    [radius - 6.6, '#ffcf4d'],
  ] as const) {
    context.fillStyle = color
    context.beginPath()
    context.arc(0, 0, Math.max(0, size), 0, 2 * Math.PI)
    context.fill()
  }
}
