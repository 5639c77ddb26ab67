import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bubbleParts } from '../../src/domain/bubble.ts'
import type { ChatPart } from '../../src/domain/chat-message.ts'
import { compileBlockedWords } from '../../src/domain/blocked-words.ts'

const say = (text: string): ChatPart => ({ type: 'text', text })
const emote = (text: string): ChatPart => ({ type: 'emote', text, id: text, src: `https://emotes.example/${text}` })
const mention = (name: string): ChatPart => ({ type: 'mention', text: `@${name}`, userId: '1' })
const shown = (text: string) => ({ emote: text, src: `https://emotes.example/${text}` })
const bubble = (parts: (ChatPart | string)[], blocked: string[] = []) =>
  bubbleParts(
    parts.map((part) => (typeof part === 'string' ? say(part) : part)),
    { blockedWords: compileBlockedWords(blocked) },
  )
const line = (text: string, blocked: string[] = []) =>
  bubble([text], blocked)
    .map((part) => ('text' in part ? part.text : part.emote))
    .join('')

test('ordinary words, Cyrillic, emoji and other scripts pass unchanged', () => {
  for (const words of [
    'Привет, чат! 💜',
    'ёлка 👨‍👩‍👧‍👦 🇰🇿 1️⃣ ❤️ 🏴󠁧󠁢󠁥󠁮󠁧󠁿',
    '<b>not markup</b>',
    'v1.5 стоит 3.50',
    'می‌خواهم',
    'क्‍ष',
  ])
    assert.deepEqual(bubble([words]), [{ text: words }])
})

test('emotes, mentions and cheers stand where they were written', () => {
  assert.deepEqual(
    bubble([
      mention('bob'),
      ' look ',
      emote('Kappa'),
      ' ',
      emote('LUL'),
      ' wow ',
      { type: 'cheer', text: 'Cheer5', bits: 5 },
    ]),
    [{ text: '@bob look ' }, shown('Kappa'), { text: ' ' }, shown('LUL'), { text: ' wow Cheer5' }],
  )
})

test('a bubble is one line without spaces at its ends', () => {
  assert.deepEqual(bubble(['  a\r\n\nb\t c\u2028d  ']), [{ text: 'a b c d' }])
  assert.deepEqual(bubble([' ', emote('Kappa'), '  \n']), [shown('Kappa')])
})

test('nothing readable is no bubble', () => {
  for (const text of ['', ' \n ', '\u200b\u202e', '\u2800\u2800', '\u3164', '\u{e0000}'])
    assert.deepEqual(bubble([text]), [])
  assert.deepEqual(bubble([]), [])
})

test('what would break the picture is taken out', () => {
  assert.equal(line('a\u0000b\u202Ec\u2066d\u00ade\u034ff\u{e0041}g'), 'abcdefg')
  assert.ok(Array.from(line(`Z${'\u0336'.repeat(50)}`)).length <= 4)
  assert.ok(Array.from(line(`Z${'\u0336\u200d'.repeat(50)}`)).length <= 4, 'joiners between strokes')
  assert.ok(Array.from(line(`Z${'\u0336\u034f'.repeat(50)}`)).length <= 4, 'invisible marks between strokes')
  assert.equal(line('\ud800 lone'), '\ufffd lone')
})

test('links are cut, alone, inside words and over a seam', () => {
  for (const [text, left] of [
    ['go https://evil.example/x?y now', 'go … now'],
    ['смотриhttps://evil.example', 'смотри…'],
    ['HTTPS://EVIL.EXAMPLE', '…'],
    ['scam.com/gift и сайт.рф', '… и …'],
    ['заходиscam.com', '…'],
    ['t.me/scam bit.ly/x youtu.be/y', '… … …'],
    ['www.evil', '…'],
    ['evil。com', '…'],
    ['(scam.com)', '(…)'],
    ['scam.com:8080/x', '…'],
    ['конец.Начало', 'конец.Начало'],
    ['версия 1.5.2', 'версия 1.5.2'],
  ] as const)
    assert.equal(line(text), left, text)
  assert.deepEqual(bubble(['evil.', mention('com'), ' scam.', say('com')]), [{ text: 'evil.@com …' }])
})

test('a link that is split by what nobody sees is cut too', () => {
  for (const hidden of [
    '\u200b',
    '\u200c',
    '\u200d',
    '\u2060',
    '\ufeff',
    '\u00ad',
    '\u034f',
    '\ufe0f',
    '\u{e0062}',
    '\u202e',
  ])
    assert.equal(line(`go ev${hidden}il.${hidden}co${hidden}m now`), 'go … now', JSON.stringify(hidden))
  assert.equal(line('htt\u200bps://evil.example'), '…')
  assert.equal(line('s\u0336c\u0336am.com'), '…', 'struck through')
})

test('blocked words are starred as whole words, whatever their case, marks and seams', () => {
  const blocked = ['редиска', 'a+b', 'two words', '']
  assert.equal(line('Ты РЕДИСКА, а редискам нет. A+B', blocked), 'Ты *******, а редискам нет. ***')
  assert.equal(line('реди\u200bска р\u0336едиска\u0336', blocked), '******* *******')
  assert.equal(line('Two\n words', blocked), '*********')
  assert.deepEqual(bubble(['реди', say('ска'), ' x'], blocked), [{ text: '******* x' }])
  assert.deepEqual(bubble(['@', mention('редиска')], blocked), [{ text: '@@*******' }])
  assert.deepEqual(bubble(['реди', emote('Kappa'), 'ска'], blocked), [
    { text: 'реди' },
    shown('Kappa'),
    { text: 'ска' },
  ])
})

test('an emote whose name is blocked is starred like a word', () => {
  assert.deepEqual(bubble(['a ', emote('TriHard'), ' b ', emote('Kappa')], ['trihard']), [
    { text: 'a ******* b ' },
    shown('Kappa'),
  ])
})

test('at most twelve emotes; the words behind them stay', () => {
  const parts = bubble([...Array<ChatPart>(20).fill(emote('Kappa')), ' the end'])
  assert.equal(parts.filter((part) => 'emote' in part).length, 12)
  assert.deepEqual(parts.at(-1), { text: ' the end' })
})

test('at most 120 characters, the ellipsis and emotes among them', () => {
  assert.equal(line('я'.repeat(120)), 'я'.repeat(120))
  assert.equal(line('я'.repeat(121)), `${'я'.repeat(119)}…`)
  assert.deepEqual(bubble(['я'.repeat(118), emote('A'), emote('B')]), [
    { text: 'я'.repeat(118) },
    shown('A'),
    shown('B'),
  ])
  assert.deepEqual(bubble(['я'.repeat(118), emote('A'), emote('B'), 'c']), [
    { text: 'я'.repeat(118) },
    shown('A'),
    { text: '…' },
  ])
  assert.equal(line(`${'я '.repeat(59)}word`), `${'я '.repeat(59)}wo`.slice(0, 118).trimEnd() + ' w…')
})

test('the cut breaks neither an emoji nor a letter from its marks', () => {
  assert.equal(line(`${'я'.repeat(116)}👨‍👩‍👧‍👦 and more`), `${'я'.repeat(116)}…`)
  assert.equal(line(`${'я'.repeat(118)}х\u0331\u0332 and more`), `${'я'.repeat(118)}…`)
})
