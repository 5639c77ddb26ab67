import type { ChatPart } from './chat-message.ts'
import { cutLinks } from './clean-text.ts'
import { foldText } from './fold-text.ts'
import { countCodePoints, graphemes } from './graphemes.ts'
import type { TextPart } from './overlay-protocol.ts'

/** What a viewer's character does by itself at its viewer's words. */
export type Reaction =
  | { kind: 'wave'; durMs: number }
  | { kind: 'laugh'; durMs: number }
  /** Holds up one emote or emoji. */
  | { kind: 'sign'; durMs: number; part: TextPart }

const WAVE_MS = 5_000
const LAUGH_MS = 1_500
const SIGN_MS = 3_000

/** Each a whole word, its last letter as long as the joy: «приветттт». */
const GREETINGS = [
  'привет',
  'приветик',
  'приветствую',
  'здравствуй',
  'здравствуйте',
  'здарова',
  'здаров',
  'салют',
  'хай',
  'ку',
  'доброе утро',
  'добрый день',
  'добрый вечер',
  'hi',
  'hello',
  'hey',
  'yo',
  'howdy',
  'greetings',
  'good morning',
  'good afternoon',
  'good evening',
]
/** `\b` knows no Cyrillic. A hyphen or an apostrophe with a letter behind it goes on with the word: `hi-fi`. */
const GREETING = new RegExp(
  `^(?:${GREETINGS.map((words) => `${words.replace(' ', String.raw`\s+`)}${words.at(-1)}*`).join('|')})(?![\\p{L}\\p{M}\\p{N}_]|[-'’][\\p{L}\\p{N}])`,
  'u',
)

/** Laughter that is spelled out: at least twice the breath and the vowel, in turn. «ах» and «аха» are none. */
const spelled = (breath: string, vowel: string) => [
  `${vowel}*${breath}+${vowel}+(?:-?${breath}+${vowel}+)+${breath}*`,
  `${breath}*(?:${vowel}+${breath}+){2,}${vowel}*`,
]
const LAUGHTER = new RegExp(
  `^(?:${[
    'ло+л(?:о+л)*',
    'лу+л',
    'ке+к',
    'ржу+',
    'ору+',
    'lo+l(?:o+l)*',
    'lma+o+',
    'ro+fl',
    'ke+k',
    ...['а', 'е', 'и'].flatMap((vowel) => spelled('х', vowel)),
    ...['a', 'e', 'i'].flatMap((vowel) => spelled('h', vowel)),
    // «ohoho» is no laughter but a sigh, and so is «охохо».
    'h+o+(?:-?h+o+)+h*',
  ].join('|')})$`,
  'u',
)
/** With what binds words together inside: `lol's` and `lol_guy` are one each. */
const WORD = /[\p{L}\p{M}\p{N}_]+(?:[-'’][\p{L}\p{M}\p{N}_]+)*/gu

const PICTURE = String.raw`\p{Extended_Pictographic}(?:\ufe0f|\p{Emoji_Modifier})?[\u{e0020}-\u{e007f}]*`
/**
 * One emoji: a flag, a keycap, or pictures joined to one. Old signs that are written as text (©, ™, ↔) need the
 * selector that makes them pictures; a heart is sent without it by many keyboards.
 */
const EMOJI = new RegExp(
  String.raw`^(?:\p{Regional_Indicator}{2}|[\d#*]\ufe0f?\u20e3|(?![\xa9\xae\u203c-\u21aa](?!\ufe0f))${PICTURE}(?:\u200d${PICTURE})*)$`,
  'u',
)
/** One that is seen. Most messages hold one, and need no taking apart to be no picture. */
const LETTER = /(?!\p{Default_Ignorable_Code_Point})\p{L}/u
/** The longest that exist have ten code points. A longer chain is somebody's joke about everybody's font. */
const MAX_EMOJI_CODE_POINTS = 16
/** What may hang on an emoji and is none of it: an invisible mark, the selector of the text form, strokes over it. */
const NOT_OF_EMOJI = /[\u034f\ufe0e]|(?![\ufe0f\u20e3])\p{M}/gu

/**
 * How a character answers to what its viewer says; `null` where it only listens. A greeting goes before laughter.
 * Whether the message is a command is the caller's to know: commands get no reaction.
 */
export function readReaction(parts: readonly ChatPart[]): Reaction | null {
  const spoken = withoutAddress(parts)
  const [first] = spoken
  if (first?.type === 'text' && GREETING.test(foldText(first.text))) return { kind: 'wave', durMs: WAVE_MS }
  if (spoken.some((part) => part.type === 'text' && laughs(part.text))) return { kind: 'laugh', durMs: LAUGH_MS }
  const held = onlyPictures(spoken)
  return held && { kind: 'sign', durMs: SIGN_MS, part: held }
}

/** Twitch begins every answer to a message with a mention that its viewer did not write. */
function withoutAddress(parts: readonly ChatPart[]): readonly ChatPart[] {
  const start = parts.findIndex((part) => part.type !== 'mention' && !isBlank(part))
  return start === -1 ? [] : parts.slice(start)
}

function isBlank(part: ChatPart): boolean {
  return part.type === 'text' && foldText(part.text) === ''
}

function laughs(text: string): boolean {
  return cutLinks(foldText(text))
    .split(/\s+/u)
    .some((chunk) => {
      // A name, a tag, another bot's command: not said in earnest.
      if (/^[@#!]/.test(chunk)) return false
      return (chunk.match(WORD) ?? []).some(isLaughter)
    })
}

function isLaughter(token: string): boolean {
  // A stress or strokes over the letters change no word.
  const word = token.replaceAll(/\p{M}/gu, '')
  return LAUGHTER.test(word) || (word.includes('-') && word.split('-').every((piece) => LAUGHTER.test(piece)))
}

/** The first of a message's emotes and emoji, if it has nothing else. */
function onlyPictures(parts: readonly ChatPart[]): TextPart | null {
  let first: TextPart | null = null
  for (const part of parts) {
    if (part.type === 'emote') {
      first ??= { emote: part.text, src: part.src }
      continue
    }
    if (part.type !== 'text' || LETTER.test(part.text)) return null
    for (const grapheme of graphemes(part.text)) {
      if (foldText(grapheme) === '') continue
      const emoji = readEmoji(grapheme)
      if (emoji === null) return null
      first ??= { text: emoji }
    }
  }
  return first
}

function readEmoji(grapheme: string): string | null {
  const emoji = grapheme.replaceAll(NOT_OF_EMOJI, '')
  return EMOJI.test(emoji) && countCodePoints(emoji) <= MAX_EMOJI_CODE_POINTS ? emoji : null
}
