import { compileBlockedWords } from './blocked-words.ts'
import { cleanText, cutLinks } from './clean-text.ts'
import type { TextPart } from './overlay-protocol.ts'

export interface AlertWordsRules {
  hideLinks: boolean
  blockedWords: readonly string[]
}

/** DonationAlerts lets donors write 300 characters; other ways in may bring more than a card can hold. */
const MAX_CHARACTERS = 500

/**
 * A donor's words as they may stand on the stream: one text part, cleaned of what would break the picture, links cut
 * and blocked words starred where the channel wants that. Text stays text; nothing here makes markup.
 */
export function alertWords(message: string, rules: AlertWordsRules): TextPart[] {
  let text = cleanText(message).trim()
  if (rules.hideLinks) text = cutLinks(text)
  text = compileBlockedWords(rules.blockedWords).star(text)
  const characters = Array.from(text)
  if (characters.length > MAX_CHARACTERS) text = `${characters.slice(0, MAX_CHARACTERS).join('')}…`
  return text === '' ? [] : [{ text }]
}

/** A donor's name as it may stand on the stream; `null` where nothing readable is left of it. */
export function donorName(donor: string | null, rules: AlertWordsRules): string | null {
  const clean = cleanText(donor ?? '')
    .replaceAll('\n', ' ')
    .trim()
  const name = compileBlockedWords(rules.blockedWords).star(clean)
  return name === '' ? null : Array.from(name).slice(0, 60).join('')
}
