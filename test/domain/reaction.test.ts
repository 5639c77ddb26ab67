import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ChatPart } from '../../src/domain/chat-message.ts'
import { readReaction } from '../../src/domain/reaction.ts'

const say = (text: string): ChatPart => ({ type: 'text', text })
const emote = (text: string): ChatPart => ({ type: 'emote', text, id: text, src: `https://emotes.example/${text}` })
const mention = (name: string): ChatPart => ({ type: 'mention', text: `@${name}`, userId: '1' })
const kindOf = (...parts: (ChatPart | string)[]) =>
  readReaction(parts.map((part) => (typeof part === 'string' ? say(part) : part)))?.kind ?? null

/** Each greeting, and longer words or others that only begin like it. */
const GREETINGS: Record<string, readonly string[]> = {
  привет: ['приветливый', 'приветы', 'непривет', 'привет_всем', 'привет1'],
  приветик: ['приветики', 'приветика'],
  приветствую: ['приветствуют', 'приветствуя'],
  здравствуй: ['здравствуйя', 'здравствует'],
  здравствуйте: ['здравствуйтека', 'здравствующий'],
  здарова: ['здаровая', 'нездарова'],
  здаров: ['здаровье', 'здаровый'],
  салют: ['салютую', 'салютный', 'салюты'],
  хай: ['хайп', 'хайлайт', 'хайль', 'хайп какой', 'хай-тек', 'лихай'],
  ку: ['куда пошёл', 'кухня', 'кушать', 'кукуруза', 'скука', 'ку-клукс'],
  'доброе утро': ['доброе', 'доброе дело', 'доброе утрочко', 'утро', 'доброеутро'],
  'добрый день': ['добрый', 'добрый деньги', 'добрый человек', 'день'],
  'добрый вечер': ['добрый вечерок', 'вечер', 'вечер добрый'],
  hi: ['hidden', 'history', 'him', 'hi-fi', 'hi5', "hi's", 'hi_all', 'chi'],
  hello: ['hellofresh', 'othello', 'hell'],
  hey: ['heyday', 'they', 'he'],
  yo: ['yolo', 'your', 'you', 'yo-yo', 'mayo'],
  howdy: ['howdydoo', 'how'],
  greetings: ['greeting', 'greetingscard'],
  'good morning': ['good', 'good mornings', 'goodmorning', 'morning'],
  'good afternoon': ['good afternoons', 'afternoon', 'good after'],
  'good evening': ['good evenings', 'evening', 'good even', 'a good evening'],
}

/** Each laughter, and words that hold its letters. */
const LAUGHTER: Record<string, readonly string[]> = {
  лол: ['лола', 'лолита', 'пололол', 'лол1', 'лл'],
  лул: ['лула', 'лулу', 'тулул'],
  кек: ['кекс', 'кексы', 'кеки', 'чебурекек'],
  ржу: ['ржут', 'ржунимагу', 'оржу', 'рж'],
  ору: ['оружие', 'ору́жие', 'оруженосец', 'оруэлл', 'гору', 'хору'],
  lol: ['lola', 'lollipop', 'lolita', 'trolol_', "lol's", 'lo'],
  lmao: ['lmaonade', 'lma', 'mao'],
  rofl: ['rofls', 'prof', 'rofler'],
  kek: ['keks', 'kekkei', 'kekistan'],
  ахаха: ['ах', 'аха', 'ах как жаль', 'ах-ах, как жаль', 'ах, ах', 'ааааах', 'ахххх', 'ахахать', 'Ахав'],
  хахаха: ['ха', 'хаос', 'хата', 'хах', 'хахаль', 'махаха', 'хааааа'],
  хехе: ['хе', 'эх', 'хек', 'хехел', 'ехать'],
  хихи: ['хи', 'хит', 'хихикать', 'их', 'хижина', 'стихи'],
  haha: ['ha', 'aha', 'hah', 'hahn', 'ah', 'halo', 'hahaton', 'alohaha'],
  hahaha: ['haaaaaa', 'ahhhhh', 'habana'],
  hehe: ['he', 'heh', 'hehehex', 'eh', 'ehem'],
  hoho: ['ho', 'hohland', 'ohoho', 'oh-ho-ho', 'hoho1', 'house'],
}

test('every greeting at the start waves for five seconds, alone and followed by anything', () => {
  for (const greeting of Object.keys(GREETINGS)) {
    for (const text of [
      greeting,
      greeting.toUpperCase(),
      `  ${greeting}`,
      `${greeting}!`,
      `${greeting}, all`,
      `${greeting} всем`,
      `${greeting}))`,
      `${greeting}😀`,
      `${greeting}...`,
      `${greeting} - это я`,
      `${greeting.replace(' ', '   ')}${greeting.at(-1)}${greeting.at(-1)}`,
      `\u200b${greeting} \u{e0000}`,
      greeting.normalize('NFD'),
    ])
      assert.deepEqual(readReaction([say(text)]), { kind: 'wave', durMs: 5_000 }, JSON.stringify(text))
  }
})

test('what only begins like a greeting does not wave, nor does a greeting further on', () => {
  for (const [greeting, others] of Object.entries(GREETINGS)) {
    for (const text of [...others, `ну ${greeting}`, `so ${greeting}`, `"${greeting}"`, `!${greeting}`, `x${greeting}`])
      assert.notEqual(kindOf(text), 'wave', text)
  }
})

test('every laughter laughs for a second and a half, anywhere and with punctuation', () => {
  for (const laughter of Object.keys(LAUGHTER)) {
    for (const text of [
      laughter,
      laughter.toUpperCase(),
      `${laughter}!!!`,
      `ну ты даёшь, ${laughter}))`,
      `${laughter} ну ты и даёшь`,
      `well (${laughter}) said`,
      `"${laughter}"`,
      `😂${laughter}😂`,
      `***${laughter}***`,
      `${laughter},${laughter}`,
      `${laughter}\u{e0000}`,
      `${laughter.slice(0, 1)}\u200b${laughter.slice(1)}`,
    ])
      assert.deepEqual(readReaction([say(text)]), { kind: 'laugh', durMs: 1_500 }, JSON.stringify(text))
  }
})

test('words that hold the letters of laughter are none', () => {
  for (const [laughter, others] of Object.entries(LAUGHTER)) {
    for (const text of [...others, `@${laughter}`, `#${laughter}`, `!${laughter}`, `x${laughter}`, `${laughter}ы`])
      assert.equal(kindOf(text), null, text)
  }
})

test('laughter is spelled in many ways', () => {
  const spellings = [
    'аххаха АХАХАХ ахах хаха хааахааа ахаххахаах ха-ха ха-ха-ха Аха-ха-ха хи-хи ехехе хехехе хихихи х̶а̶х̶а̶',
    'лооол лолол лол-кек ржууу оруууу ору́ кек.',
    'lool looool lololol lmaooo roooofl ahahah hahahahahaha ha-ha ho-ho-ho hehehe hihi',
  ]
  for (const text of spellings.join(' ').split(' ')) assert.equal(kindOf(text), 'laugh', text)
})

test('a link is nobody’s laughter', () => {
  for (const text of ['https://lol.example/kek', 'www.lol.com', 'кек.рф', 'see lol.com/haha'])
    assert.equal(kindOf(text), null, text)
  assert.equal(kindOf('lol https://lol.example'), 'laugh')
})

test('a greeting goes before laughter', () => {
  assert.equal(kindOf('привет ахаха'), 'wave')
  assert.equal(kindOf('ахаха привет'), 'laugh')
})

test('good evening is a greeting and nothing else', () => {
  assert.deepEqual(readReaction([say('good evening')]), { kind: 'wave', durMs: 5_000 })
})

test('other talk gets no reaction', () => {
  for (const text of ['', ' ', 'ну что там', 'what a game', '123', '#', '*', '+', '1', '...', ':)', '\u200b'])
    assert.equal(kindOf(text), null, text)
  assert.equal(readReaction([]), null)
})

test('the mention that Twitch puts before an answer is not said by the viewer', () => {
  assert.equal(kindOf(mention('bob'), ' привет'), 'wave')
  assert.equal(kindOf(mention('bob'), ' ', mention('eve'), ' 😀'), 'sign')
  assert.equal(kindOf(mention('lol')), null)
  assert.equal(kindOf('hi ', mention('bob')), 'wave')
  assert.equal(kindOf('куда ', mention('bob')), null)
})

test('only emotes: the first is held up for three seconds', () => {
  const held = { kind: 'sign', durMs: 3_000, part: { emote: 'Kappa', src: 'https://emotes.example/Kappa' } }
  assert.deepEqual(readReaction([emote('Kappa')]), held)
  assert.deepEqual(readReaction([emote('Kappa'), say(' '), emote('LUL'), say(' \u{e0000}')]), held)
  assert.deepEqual(readReaction([say(' \u034f'), emote('Kappa'), say(' 😀')]), held)
})

test('an emote is no word, whatever its name says', () => {
  for (const name of ['LUL', 'lol', 'hi', 'привет']) assert.equal(kindOf(emote(name)), 'sign', name)
  assert.equal(kindOf('смотри ', emote('LUL')), null)
  assert.equal(kindOf(emote('HeyGuys'), ' привет'), null)
  assert.equal(kindOf('добрый ', emote('Kappa'), ' вечер'), null)
})

test('an emote beside words, a cheer or a mention is no sign', () => {
  assert.equal(kindOf(emote('Kappa'), ' ну да'), null)
  assert.equal(kindOf(emote('Kappa'), ' ', mention('bob')), null)
  assert.equal(kindOf({ type: 'cheer', text: 'Cheer100', bits: 100 }), null)
  assert.equal(kindOf(emote('Kappa'), ' ', { type: 'cheer', text: 'Cheer100', bits: 100 }), null)
})

test('only emoji: the first whole one is held up', () => {
  const emojis = '😀 ❤️ ❤ ☺️ 👍🏽 ✌🏿 👨‍👩‍👧‍👦 🏳️‍🌈 🏴‍☠️ 👩🏻‍❤️‍💋‍👨🏿 🇰🇿 🏴󠁧󠁢󠁥󠁮󠁧󠁿 1️⃣ #️⃣ *️⃣ ©️ ↔️ 🧑🏾‍🚀 🫠 ⚡ ⭐'
  for (const emoji of emojis.split(' ')) {
    const held = { kind: 'sign', durMs: 3_000, part: { text: emoji } }
    for (const text of [
      emoji,
      `  ${emoji} `,
      `${emoji}😂`,
      `${emoji}${emoji}`,
      `${emoji} 🔥\n🔥 \u{e0000}`,
      `${emoji}\u200b`,
    ])
      assert.deepEqual(readReaction([say(text)]), held, text)
  }
  assert.deepEqual(readReaction([say('😀\u034f\u0336')]), { kind: 'sign', durMs: 3_000, part: { text: '😀' } })
})

test('signs of plain text are no emoji, nor is a chain that no font knows, nor emoji beside words', () => {
  for (const text of ['1', '12', '#', '*', '©', '®', '™', '→', '↔', '‼', '🇰', '😀 ok', 'ok 😀', '😀!', '1️⃣2'])
    assert.equal(kindOf(text), null, text)
  assert.equal(kindOf(Array(40).fill('😀').join('\u200d')), null)
})
