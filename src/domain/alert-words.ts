import type { TextPart } from './overlay-protocol.ts'

export interface AlertWordsRules {
  hideLinks: boolean
  blockedWords: readonly string[]
}

/** DonationAlerts lets donors write 300 characters; other ways in may bring more than a card can hold. */
const MAX_CHARACTERS = 500

/** More marks on one letter than any living language uses is somebody drawing over the stream. */
const STACKED_MARKS = /(\p{M}{3})\p{M}+/gu
/** Everything invisible that reorders or hides text; joiners that emoji need stay. */
const INVISIBLE =
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]/gu
const TOP_LEVEL = 'com|net|org|ru|рф|tv|gg|me|io|xyz|info|su|by|kz|ua|shop|site|online|club|link|app|dev'
/** Lengths are bounded, as in DNS, so that no text makes the search slow. `\b` knows no Cyrillic, hence the look-arounds. */
const LINK = new RegExp(
  `https?://\\S+|(?<![\\p{L}\\p{N}])(?:www\\.\\S+|(?:[\\p{L}\\p{N}-]{1,63}\\.){1,6}(?:${TOP_LEVEL})(?![\\p{L}\\p{N}])(?:/\\S*)?)`,
  'giu',
)

/**
 * A donor's words as they may stand on the stream: one text part, cleaned of what would break the picture, links cut
 * and blocked words starred where the channel wants that. Text stays text; nothing here makes markup.
 */
export function alertWords(message: string, rules: AlertWordsRules): TextPart[] {
  let text = cleanText(message)
  if (rules.hideLinks) text = text.replaceAll(LINK, '…')
  text = starBlockedWords(text, rules.blockedWords)
  const characters = Array.from(text)
  if (characters.length > MAX_CHARACTERS) text = `${characters.slice(0, MAX_CHARACTERS).join('')}…`
  return text === '' ? [] : [{ text }]
}

/** A donor's name as it may stand on the stream; `null` where nothing readable is left of it. */
export function donorName(donor: string | null, rules: AlertWordsRules): string | null {
  const name = starBlockedWords(cleanText(donor ?? '').replaceAll('\n', ' '), rules.blockedWords)
  return name === '' ? null : Array.from(name).slice(0, 60).join('')
}

function cleanText(text: string): string {
  return text
    .toWellFormed()
    .normalize('NFC')
    .replaceAll('\r\n', '\n')
    .replaceAll(INVISIBLE, '')
    .replaceAll(STACKED_MARKS, '$1')
    .replaceAll(/[^\S\n]+/g, ' ')
    .replaceAll(/\n{2,}/g, '\n')
    .trim()
}

function starBlockedWords(text: string, words: readonly string[]): string {
  let result = text
  for (const word of words) {
    if (word.trim() === '') continue
    const pattern = new RegExp(
      `(?<![\\p{L}\\p{N}])${word.trim().replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)}(?![\\p{L}\\p{N}])`,
      'giu',
    )
    result = result.replaceAll(pattern, (found) => '*'.repeat(Array.from(found).length))
  }
  return result
}
