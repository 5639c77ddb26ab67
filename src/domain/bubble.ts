import type { ChatPart } from './chat-message.ts'
import type { BlockedWords } from './blocked-words.ts'
import { cleanText, cutLinks } from './clean-text.ts'
import { countCodePoints, graphemes } from './graphemes.ts'
import type { TextPart } from './overlay-protocol.ts'

/** Four lines of a bubble. The ellipsis is one of them, and an emote counts as one. */
const MAX_CODE_POINTS = 120
const MAX_EMOTES = 12

/**
 * What may stand in the bubble above a viewer's character: one line, cleaned of what would break the picture, without
 * links, the channel's word list starred, cut to a bubble's size. Empty where nothing readable is left. Text stays
 * text; nothing here makes markup.
 */
export function bubbleParts(parts: readonly ChatPart[], rules: { blockedWords: BlockedWords }): TextPart[] {
  return cutToSize(trimEnds(joinText(parts, rules.blockedWords).map((part) => tidy(part, rules.blockedWords))))
}

/**
 * Text, mentions and cheers run together, so that neither a link nor a blocked word hides in the seam between two. An
 * emote whose name is blocked is starred as text; those beyond the limit leave a space.
 */
function joinText(parts: readonly ChatPart[], blockedWords: BlockedWords): TextPart[] {
  const joined: TextPart[] = []
  let emotes = 0
  let text: string[] = []
  const endText = () => {
    if (text.length > 0) joined.push({ text: text.join('') })
    text = []
  }
  for (const part of parts) {
    if (part.type !== 'emote') text.push(part.text)
    else if (blockedWords.star(part.text) !== part.text) text.push(' ', part.text, ' ')
    else if (++emotes > MAX_EMOTES) text.push(' ')
    else {
      endText()
      joined.push({ emote: part.text, src: part.src })
    }
  }
  endText()
  return joined
}

function tidy(part: TextPart, blockedWords: BlockedWords): TextPart {
  if (!('text' in part)) return part
  return { text: blockedWords.star(cutLinks(cleanText(part.text).replaceAll(/[\n ]+/g, ' '))) }
}

/** Spaces stay between words and emotes, not at the ends. */
function trimEnds(parts: TextPart[]): TextPart[] {
  return parts
    .map((part, index): TextPart => {
      if (!('text' in part)) return part
      const text = index === 0 ? part.text.trimStart() : part.text
      return { text: index === parts.length - 1 ? text.trimEnd() : text }
    })
    .filter((part) => !('text' in part) || part.text !== '')
}

function cutToSize(parts: TextPart[]): TextPart[] {
  if (sizeOf(parts) <= MAX_CODE_POINTS) return parts
  const kept: TextPart[] = []
  let left = MAX_CODE_POINTS - 1
  for (const part of parts) {
    const size = sizeOf([part])
    if (size <= left) {
      kept.push(part)
      left -= size
      continue
    }
    const text = 'text' in part ? startOf(part.text, left).trimEnd() : ''
    return [...kept, { text: `${text}…` }]
  }
  return kept
}

function sizeOf(parts: readonly TextPart[]): number {
  return parts.reduce((size, part) => size + ('text' in part ? countCodePoints(part.text) : 1), 0)
}

/** As much of a text as fits, without breaking an emoji or a letter from its marks. */
function startOf(text: string, codePoints: number): string {
  let start = ''
  let left = codePoints
  for (const grapheme of graphemes(text)) {
    left -= countCodePoints(grapheme)
    if (left < 0) break
    start += grapheme
  }
  return start
}
