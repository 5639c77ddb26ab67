import type { TextPart } from '../../src/domain/overlay-protocol.ts'

/** A piece on a line: words, or a picture of the given address. `x` is from the line's beginning. */
export type Run = { x: number; text: string } | { x: number; src: string }

export interface FlowedText {
  lines: Run[][]
  width: number
}

export interface FlowRules {
  measure(text: string): number
  /** Whether the picture of that address is there; until then its name is written. */
  hasPicture(src: string): boolean
  /** How much of a line a picture takes. */
  pictureWidth: number
  maxWidth: number
  maxLines: number
}

type Atom = { spaced: boolean; width: number } & ({ text: string } | { src: string })

const MORE = '…'
/** No balancing below this: two words a line read badly. */
const NARROWEST = 96

/** Breaks a text into few lines of about the same length; what does not fit ends in an ellipsis. */
export function flowText(parts: readonly TextPart[], rules: FlowRules): FlowedText {
  const atoms = atomsOf(parts, rules)
  let flowed = fill(atoms, rules, rules.maxWidth)
  if (flowed.lines.length === 1 || flowed.cut) return flowed
  // The narrowest bubble of the same height: no last line with one word in it.
  for (let width = flowed.width - 12; width >= NARROWEST; width -= 12) {
    const narrower = fill(atoms, rules, width)
    if (narrower.cut || narrower.lines.length > flowed.lines.length) break
    flowed = narrower
  }
  return flowed
}

function fill(atoms: readonly Atom[], rules: FlowRules, maxWidth: number): FlowedText & { cut: boolean } {
  const space = rules.measure(' ')
  const lines: Run[][] = [[]]
  let [x, widest, cut] = [0, 0, false]
  for (const atom of atoms.flatMap((it) => broken(it, rules, maxWidth))) {
    const line = lines.at(-1) as Run[]
    const gap = atom.spaced && line.length > 0 ? space : 0
    if (line.length > 0 && x + gap + atom.width > maxWidth) {
      if (lines.length === rules.maxLines) {
        widest = Math.max(widest, shorten(line, x, rules, maxWidth))
        cut = true
        break
      }
      lines.push([])
      x = 0
    } else {
      x += gap
    }
    put(lines.at(-1) as Run[], atom, x)
    x += atom.width
    widest = Math.max(widest, x)
  }
  return { lines: lines.filter((line) => line.length > 0), width: widest, cut }
}

/** Words of a line are one run: whoever writes from right to left puts them in another order. */
function put(line: Run[], atom: Atom, x: number): void {
  const last = line.at(-1)
  if (!('text' in atom)) line.push({ x, src: atom.src })
  else if (last && 'text' in last) last.text += (atom.spaced ? ' ' : '') + atom.text
  else line.push({ x, text: atom.text })
}

/** Puts an ellipsis at a full line's end, in place of as little as possible. Returns the line's new length. */
function shorten(line: Run[], end: number, rules: FlowRules, maxWidth: number): number {
  const more = rules.measure(MORE)
  for (let x = end; ; x = endOf(line, rules)) {
    const last = line.at(-1)
    if (last && 'text' in last) {
      const letters = graphemes(last.text)
      while (letters.length > 0 && last.x + rules.measure(letters.join('') + MORE) > maxWidth) letters.pop()
      if (letters.length > 0) {
        last.text = letters.join('').trimEnd() + MORE
        return last.x + rules.measure(last.text)
      }
    } else if (!last || x + more <= maxWidth) {
      line.push({ x, text: MORE })
      return x + more
    }
    line.pop()
  }
}

function endOf(line: readonly Run[], rules: FlowRules): number {
  const last = line.at(-1)
  if (!last) return 0
  return last.x + ('text' in last ? rules.measure(last.text) : rules.pictureWidth)
}

function atomsOf(parts: readonly TextPart[], rules: FlowRules): Atom[] {
  const atoms: Atom[] = []
  let spaced = false
  for (const part of parts) {
    if ('src' in part && rules.hasPicture(part.src)) {
      atoms.push({ spaced, width: rules.pictureWidth, src: part.src })
      // Emotes stand apart even where nobody typed a space.
      spaced = true
      continue
    }
    for (const piece of ('text' in part ? part.text : ` ${part.emote} `).split(/(\s+)/)) {
      if (piece === '') continue
      if (piece.trim() === '') spaced = true
      else {
        atoms.push({ spaced, width: rules.measure(piece), text: piece })
        spaced = false
      }
    }
  }
  return atoms
}

/** A word that is longer than a line, in pieces of a line each. */
function broken(atom: Atom, rules: FlowRules, maxWidth: number): Atom[] {
  if (atom.width <= maxWidth || !('text' in atom)) return [atom]
  const pieces: Atom[] = []
  let text = ''
  for (const letter of graphemes(atom.text)) {
    if (text !== '' && rules.measure(text + letter) > maxWidth) {
      pieces.push({ spaced: atom.spaced && pieces.length === 0, width: rules.measure(text), text })
      text = ''
    }
    text += letter
  }
  return [...pieces, { spaced: atom.spaced && pieces.length === 0, width: rules.measure(text), text }]
}

/** What a reader takes for one sign: a family emoji is one, not seven. */
export function graphemes(text: string): string[] {
  return Array.from(new Intl.Segmenter().segment(text), ({ segment }) => segment)
}
