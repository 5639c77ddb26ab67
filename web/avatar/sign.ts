import type { Pen, Point } from './pen.ts'

const WOOD = '#a87445'
const BOARD = '#f5e2b8'
const CARVED = '#5a3a22'
const BOARD_HEIGHT = 46
/** Air between the board and whatever is on the head. */
const GAP = 8

/**
 * A wooden sign on a pole.
 * @param hand where it is held
 * @param clearOf nothing of the board may be lower: the top of hair, ears or hat
 */
export function drawSign(pen: Pen, hand: Point, clearOf: number, words: string): void {
  const bottom = clearOf - GAP
  const top = bottom - BOARD_HEIGHT
  const [x, surface] = [hand.x - 8, pen.surface]
  pen.line(`M${x + 6},${hand.y + 22}L${x},${bottom - 6}`, CARVED, 8.5)
  pen.line(`M${x + 6},${hand.y + 22}L${x},${bottom - 6}`, WOOD, 4.5)

  surface.font = '800 19px "Onest Variable", "Noto Sans", sans-serif'
  const width = Math.max(96, surface.measureText(words).width + 28)
  const left = x - width * 0.62
  const board = `M${left + 7},${top}H${left + width - 7}Q${left + width},${top} ${left + width},${top + 7}V${bottom - 7}Q${left + width},${bottom} ${left + width - 7},${bottom}H${left + 7}Q${left},${bottom} ${left},${bottom - 7}V${top + 7}Q${left},${top} ${left + 7},${top}Z`
  pen.shape(board, BOARD, {
    outline: CARVED,
    outlineWidth: 4,
    shade: `M${left},${bottom - 8}H${left + width}V${bottom + 4}H${left}Z`,
    inside: () =>
      pen.line(
        `M${left + 8},${top + 12}H${left + 30}M${left + width - 34},${bottom - 13}H${left + width - 10}`,
        '#dfc48c',
        2,
      ),
  })
  surface.fillStyle = '#4a2c1a'
  surface.textAlign = 'center'
  surface.textBaseline = 'middle'
  surface.fillText(words, left + width / 2, (top + bottom) / 2 + 1)
}
