import { cleanText } from './clean-text.ts'

/** A channel's word list, ready to be looked for in every message. */
export interface BlockedWords {
  /** Replaces them by asterisks, as whole words, whatever their case and the strokes over them. Takes clean text. */
  star(text: string): string
}

/** Accents and strokes that fit on the letters of any script; a script's own vowel signs make other words. */
const STROKES = String.raw`[\p{Script=Inherited}\u0483-\u0489]`
const A_STROKE = new RegExp(STROKES, 'u')
const EVERY_STROKE = new RegExp(STROKES, 'gu')
const STROKES_OVER_LETTER = new RegExp(String.raw`(?<=\p{L})${STROKES}+`, 'gu')
/** `\b` knows no Cyrillic. */
const IN_WORD = String.raw`[\p{L}\p{M}\p{N}]`

/** Made once per change of the settings, used for every message. */
export function compileBlockedWords(words: readonly string[]): BlockedWords {
  const tree: Letters = new Map()
  for (const word of words.map((written) => cleanText(written).trim().replaceAll(STROKES_OVER_LETTER, ''))) {
    if (word !== '') plant(tree, Array.from(word, smallLetter))
  }
  if (tree.size === 0) return { star: (text) => text }

  const found = new RegExp(`(?<!${IN_WORD})${patternOf(tree)}(?!${IN_WORD})`, 'giu')
  return {
    star(text) {
      // Strokes that somebody put over a word to slip through are looked past here, once a message: in the pattern they
      // would stand after each letter of each word, and a long list would take it most of a second to be made.
      const { bare, whole } = withoutStrokes(text)
      let starred = ''
      let end = 0
      for (const { 0: word, index } of bare.matchAll(found)) {
        starred += whole(end, index) + '*'.repeat(Array.from(word.replaceAll(EVERY_STROKE, '')).length)
        end = index + word.length
      }
      return starred + whole(end, bare.length)
    },
  }
}

interface Bare {
  bare: string
  /** What stands in the text between two places of `bare`. */
  whole(from: number, to: number): string
}

function withoutStrokes(text: string): Bare {
  if (!A_STROKE.test(text)) return { bare: text, whole: (from, to) => text.slice(from, to) }
  let bare = ''
  /** Where each unit of `bare` stands in the text. */
  const places: number[] = []
  const keep = (from: number, to: number) => {
    bare += text.slice(from, to)
    for (let place = from; place < to; place++) places.push(place)
  }
  let end = 0
  for (const { 0: over, index } of text.matchAll(STROKES_OVER_LETTER)) {
    keep(end, index)
    end = index + over.length
  }
  keep(end, text.length)
  places.push(text.length)
  return { bare, whole: (from, to) => text.slice(places[from], places[to]) }
}

/**
 * Words by their letters: those that begin alike share the beginning, so that a message full of it is not compared with
 * each of them anew. The empty letter ends a word.
 */
type Letters = Map<string, Letters>

function plant(tree: Letters, word: readonly string[]): void {
  let branch = tree
  for (const letter of [...word, '']) {
    const next: Letters = branch.get(letter) ?? new Map()
    branch.set(letter, next)
    branch = next
  }
}

/** So that a list's `Foo` and `foo` are one. The few letters whose small form is two stay as they are. */
function smallLetter(letter: string): string {
  const small = letter.toLowerCase()
  return Array.from(small).length === 1 ? small : letter
}

function patternOf(branch: Letters): string {
  // Longer words first: the end of one is tried when none of those that go on fits.
  const letters = [...branch.keys()].sort((a, b) => b.length - a.length)
  const choices = letters.map((letter) =>
    letter === '' ? '' : patternOfLetter(letter) + patternOf(branch.get(letter) ?? new Map()),
  )
  return choices.length === 1 ? (choices[0] ?? '') : `(?:${choices.join('|')})`
}

function patternOfLetter(letter: string): string {
  if (/\s/u.test(letter)) return String.raw`\s+`
  return letter.replace(/[.*+?^${}()|[\]\\/]/, String.raw`\$&`)
}
