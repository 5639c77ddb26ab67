import { isPlain } from './plain-text.ts'

/** What nobody sees: controls, joiners, variation selectors, tags, and what chat programs append to say the same twice. */
const UNSEEN = /(?!\s)\p{Cc}|\p{Default_Ignorable_Code_Point}/gu
/** The blank of Braille looks like a space and is none to `\s`. */
const BLANK = /\u2800/gu
/** Composing sorts the marks of one letter, which takes a time of their number squared. */
const STACKED_MARKS = /(\p{M}{4})\p{M}+/gu

/**
 * Words as they are compared: two texts that people would read as the same are the same afterwards, whatever their
 * case, their way of composing letters, and what is hidden between these.
 */
export function foldText(text: string): string {
  if (isPlain(text)) return text.toLowerCase().trim()
  return (
    text
      .replaceAll(UNSEEN, '')
      .replaceAll(BLANK, ' ')
      .replaceAll(STACKED_MARKS, '$1')
      // There and back: some letters have two small forms, or a large one of two letters.
      .toUpperCase()
      .toLowerCase()
      .replaceAll('ς', 'σ')
      .normalize('NFC')
      .trim()
  )
}
