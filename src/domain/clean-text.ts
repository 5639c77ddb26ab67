import { isPlain } from './plain-text.ts'

/** More marks on one letter than any living language uses is somebody drawing over the stream. */
const STACKED_MARKS = /(\p{M}{3})\p{M}+/gu

/**
 * Everything invisible that reorders, hides or splits text. What emoji are made of stays where it makes one: a joiner
 * before another picture, a selector after one, tags after the black flag. Between letters, joiners stay in the scripts
 * that are written with them.
 */
const INVISIBLE = new RegExp(
  [
    String.raw`(?!\s)\p{Cc}|[\ufff9-\ufffb]`,
    String.raw`(?![\u200c\u200d\ufe0f\u{e0020}-\u{e007f}])\p{Default_Ignorable_Code_Point}`,
    String.raw`[\u200c\u200d](?!\p{Extended_Pictographic}|(?![\p{Script=Latin}\p{Script=Cyrillic}\p{Script=Greek}])\p{L})`,
    String.raw`(?<!\p{Emoji})\ufe0f`,
    String.raw`(?<!\u{1f3f4}[\u{e0020}-\u{e007f}]{0,6})[\u{e0020}-\u{e007f}]`,
  ].join('|'),
  'gu',
)

const TOP_LEVEL =
  'com|net|org|ru|рф|tv|gg|me|io|xyz|info|su|by|kz|ua|shop|site|online|club|link|app|dev|be|ly|cc|co|eu|top|pro|fun|live|store|win|bet|click|biz|space|vip|ai'
/**
 * Lengths are bounded, as in DNS, so that no text makes the search slow. `\b` knows no Cyrillic, hence the
 * look-arounds. Browsers take the dots of Chinese and Japanese for dots.
 */
const LINK = new RegExp(
  String.raw`https?://\S+|(?<![\p{L}\p{M}\p{N}-])(?:www[.。．｡]\S+|(?:[\p{L}\p{M}\p{N}-]{1,63}[.。．｡]){1,6}(?:${TOP_LEVEL})(?![\p{L}\p{N}])(?:[/:?#]\S*)?)`,
  'giu',
)

/**
 * Text as it may stand in the picture: nothing invisible, no marks over other people's lines, no more space than one.
 * Line breaks stay, and so does one space at either end: a part of a message has neighbours.
 */
export function cleanText(text: string): string {
  if (isPlain(text)) return text.replaceAll(/ {2,}/g, ' ')
  return (
    text
      // A half of a character is none.
      .replaceAll(/\p{Surrogate}/gu, '\ufffd')
      .replaceAll(INVISIBLE, '')
      // Before composing, which takes a time of the marks' number squared.
      .replaceAll(STACKED_MARKS, '$1')
      .normalize('NFC')
      .replaceAll(/\r\n?/g, '\n')
      // The blank of Braille looks like a space and is none to `\s`.
      .replaceAll(/(?:[^\S\n]|\u2800)+/gu, ' ')
      .replaceAll(/\n{2,}/g, '\n')
  )
}

/** In every link. Most messages hold neither, and need no search. */
const IN_LINK = /[.。．｡/]/u

export function cutLinks(text: string): string {
  return IN_LINK.test(text) ? text.replaceAll(LINK, '…') : text
}
