import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { reply, safeChatText } from '../../src/domain/bot-words.ts'
import { bubbleParts } from '../../src/domain/bubble.ts'
import { compileCommands, DEFAULT_COMMANDS, isCommandWord, readCommand } from '../../src/domain/chat-command.ts'
import type { ChatPart } from '../../src/domain/chat-message.ts'
import { compileBlockedWords } from '../../src/domain/blocked-words.ts'
import { cleanText, cutLinks } from '../../src/domain/clean-text.ts'
import { foldText } from '../../src/domain/fold-text.ts'
import { compileIgnored, isIgnored } from '../../src/domain/ignore-list.ts'
import { viewerName } from '../../src/domain/name-tag.ts'
import { readReaction } from '../../src/domain/reaction.ts'

const commands = compileCommands(DEFAULT_COMMANDS)
const blockedWords = compileBlockedWords(['редиска', 'a', 'a a', 'ах', 'ахаха', '😀', 'a.a'])
const say = (text: string): ChatPart => ({ type: 'text', text })

/** All that a message goes through. */
const READERS: Record<string, (text: string) => unknown> = {
  readCommand: (text) => readCommand(text, commands),
  readReaction: (text) => readReaction([say(text)]),
  bubbleParts: (text) => bubbleParts([say(text)], { blockedWords }),
  viewerName: (text) => viewerName({ name: text, login: text }, { blockedWords }),
  safeChatText,
  isIgnored: (text) => isIgnored(text, compileIgnored([text])),
  isCommandWord,
}

const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 600 }),
  fc.string({ unit: 'grapheme', maxLength: 100 }),
  fc
    .array(
      fc.oneof(
        fc.constantFrom(
          'ах',
          'ха',
          'lol',
          'ку',
          'good ',
          'morning',
          '!ping',
          '.',
          '/',
          'com',
          'https://',
          '@',
          '-',
          ' ',
          '\n',
        ),
        fc.constantFrom(
          '😀',
          '\u200d',
          '\ufe0f',
          '🇰',
          '1',
          '\u20e3',
          '\u0336',
          '\u200b',
          '🏴',
          '\u{e0067}',
          '\ud83d',
          'İ',
          'ß',
          'ς',
        ),
      ),
      { maxLength: 60 },
    )
    .map((pieces) => pieces.join('')),
)

const anyPart: fc.Arbitrary<ChatPart> = fc.oneof(
  anyText.map(say),
  anyText.map((text): ChatPart => ({ type: 'emote', text, id: text, src: text })),
  anyText.map((text): ChatPart => ({ type: 'mention', text, userId: text })),
  fc.record({ type: fc.constant('cheer'), text: anyText, bits: fc.integer() }) as fc.Arbitrary<ChatPart>,
)

test('no text makes anything throw', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      for (const reader of Object.values(READERS)) reader(text)
    }),
    { numRuns: 500 },
  )
})

test('plain text, which takes the short way, comes out as it would by the long one', () => {
  const plain = fc.string({
    unit: fc.oneof(
      fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)),
      fc.constantFrom(...'абвйёяАБВЙЁЯ'.split(''), ' ', '  ', 'https://', 'a.com', 'рф'),
    ),
    maxLength: 60,
  })
  fc.assert(
    fc.property(plain, (text) => {
      // A mark that nobody sees forbids the short way and is taken out by the long one.
      assert.equal(foldText(text), foldText(`\u200b${text}`))
      assert.equal(cleanText(text), cleanText(`\u200b${text}`))
      if (!/[./]/.test(text)) assert.equal(cutLinks(text), text)
    }),
    { numRuns: 2_000 },
  )
})

test('no message makes anything throw, and every bubble keeps its promises', () => {
  fc.assert(
    fc.property(fc.array(anyPart, { maxLength: 30 }), (parts) => {
      readReaction(parts)
      const bubble = bubbleParts(parts, { blockedWords })
      const size = bubble.reduce((sum, part) => sum + ('text' in part ? Array.from(part.text).length : 1), 0)
      assert.ok(size <= 120)
      assert.ok(bubble.filter((part) => 'emote' in part).length <= 12)
      for (const part of bubble) {
        if (!('text' in part)) continue
        assert.notEqual(part.text, '')
        assert.doesNotMatch(
          part.text,
          /[\p{Cc}\p{Surrogate}\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069]|\p{M}{4}| {2}/u,
        )
      }
    }),
    { numRuns: 300 },
  )
})

test('whatever words a channel chooses, the book is made and read', () => {
  fc.assert(
    fc.property(fc.array(anyText, { maxLength: 5 }), anyText, (words, text) => {
      const settings = { ...DEFAULT_COMMANDS, join: { ...DEFAULT_COMMANDS.join, words } }
      readCommand(text, compileCommands(settings))
      compileBlockedWords(words).star(text)
      safeChatText(reply('help', { locale: 'ru', link: text, commands: settings }) ?? '')
      const [word] = words
      if (word !== undefined && isCommandWord(word)) assert.equal(readCommand(word, compileCommands(settings)), 'join')
    }),
  )
})

/** What has made searches slow in other chats: each grows into a text of any length. */
const HOSTILE: Record<string, string> = {
  'a run of laughter': 'ах',
  'a run of laughter in hyphens': 'ха-',
  'one breath': 'х',
  'one vowel': 'а',
  'laughter in words': 'ахах аха ',
  lolol: 'ol',
  dots: '.',
  'dots and letters': 'a.',
  'dots and letters, ending nearly as a link': 'a.co',
  hyphens: '-',
  'hyphens and letters': 'a-',
  slashes: '/.',
  'nearly links': 'https:/',
  'www.': 'www.',
  'marks that sort before each other': '\u0301\u0316',
  strokes: '\u0336',
  'letters with strokes': 'a\u0336\u0337\u0338\u0334',
  'joined emoji': '😀\u200d',
  joiners: '\u200d',
  flags: '🇰',
  'black flags and tags': '🏴\u{e0067}',
  tags: '\u{e0067}',
  selectors: '\ufe0f',
  keycaps: '1\ufe0f\u20e3',
  spaces: ' ',
  'line breaks': '\r\n',
  'Braille blanks': '\u2800',
  punctuation: '!',
  greetings: 'good ',
  stretched: 'и',
  mentions: '@a ',
  'blocked words': 'a a ',
  'final sigmas': 'ς',
  hangul: '\u1112\u1161\u11ab',
  'lone halves': '\ud83d',
}
/** Measured: 35 ms for the slowest on a small machine, whose cores others share. Twitch sends 500 characters at most. */
const MAX_MS = 100
const SIZES = [1 << 10, 1 << 16] as const

test('no text takes more than a time of its length: 64 KB cost no more than 64 times what 1 KB cost, and stay under a bound', () => {
  for (const [what, unit] of Object.entries(HOSTILE)) {
    for (const [name, reader] of Object.entries(READERS)) {
      for (const [begin, end] of [
        ['', ''],
        ['привет', 'z'],
      ] as const) {
        const [short, long] = SIZES.map((size) => begin + unit.repeat(Math.ceil(size / unit.length)) + end) as [
          string,
          string,
        ]
        // As many short texts as have the length of the long one together.
        const once = () => [cpuMs(() => repeat(64, () => reader(short))), cpuMs(() => reader(long))] as const
        // The processor's clock is coarse; a square would be 64 times the fair share, so a factor of 8 leaves room.
        const isFair = ([small, large]: readonly [number, number]) => large <= Math.max(small, 8) * 8 && large <= MAX_MS
        // What else the machine does can only add to it: three in a row are no accident.
        const tries = [once()]
        while (!isFair(tries.at(-1) ?? [0, 0]) && tries.length < 3) tries.push(once())
        assert.ok(isFair(tries.at(-1) ?? [0, 0]), `${name}, ${what}: short and long, milliseconds: ${tries.join('; ')}`)
      }
    }
  }
})

function repeat(times: number, run: () => unknown): void {
  for (let time = 0; time < times; time++) run()
}

/** Of this thread alone. */
function cpuMs(run: () => unknown): number {
  const began = process.threadCpuUsage()
  run()
  const { user, system } = process.threadCpuUsage(began)
  return (user + system) / 1_000
}
