import type { Pen, Point } from './pen.ts'

const WOOD = '#a87445'
const BOARD = '#f5e2b8'
const CARVED = '#5a3a22'
const BOARD_HEIGHT = 46
/** What is written on the board. */
export const BOARD_INK = '#4a2c1a'
/** Air between the board and whatever is on the head. */
export const SIGN_GAP = 8

/**
 * A wooden sign on a pole.
 * @param hand where it is held
 * @param clearOf nothing of the board may be lower: the top of hair, ears or hat
 */
export function drawSign(pen: Pen, hand: Point, clearOf: number, words: string): void {
  const bottom = clearOf - SIGN_GAP
  const [x, surface] = [hand.x - 8, pen.surface]
  pen.line(`M${x + 6},${hand.y + 22}L${x},${bottom - 6}`, CARVED, 8.5)
  pen.line(`M${x + 6},${hand.y + 22}L${x},${bottom - 6}`, WOOD, 4.5)

  surface.font = '800 19px "Onest Variable", "Noto Sans", sans-serif'
  const width = Math.max(96, surface.measureText(words).width + 28)
  const board = { left: x - width * 0.62, top: bottom - BOARD_HEIGHT, width, height: BOARD_HEIGHT }
  drawBoard(pen, board)
  surface.fillStyle = BOARD_INK
  surface.textAlign = 'center'
  surface.textBaseline = 'middle'
  surface.fillText(words, board.left + width / 2, board.top + BOARD_HEIGHT / 2 + 1)
}

/** A pole of the given length, from its lower end on the origin upwards. */
export function drawPole(pen: Pen, length: number): void {
  pen.line(`M0,0V${-length}`, CARVED, 8.5)
  pen.line(`M0,0V${-length}`, WOOD, 4.5)
}

/** The board alone, with a grain and nothing on it. */
export function drawBoard(
  pen: Pen,
  { left, top, width, height }: { left: number; top: number; width: number; height: number },
): void {
  const [right, bottom] = [left + width, top + height]
  const board = `M${left + 7},${top}H${right - 7}Q${right},${top} ${right},${top + 7}V${bottom - 7}Q${right},${bottom} ${right - 7},${bottom}H${left + 7}Q${left},${bottom} ${left},${bottom - 7}V${top + 7}Q${left},${top} ${left + 7},${top}Z`
  pen.shape(board, BOARD, {
    outline: CARVED,
    outlineWidth: 4,
    shade: `M${left},${bottom - 8}H${right}V${bottom + 4}H${left}Z`,
    inside: () =>
      pen.line(`M${left + 8},${top + 12}H${left + 30}M${right - 34},${bottom - 13}H${right - 10}`, '#dfc48c', 2),
  })
}
