import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  CHAT_COMMANDS,
  COMMAND_PERMISSIONS,
  compileCommands,
  DEFAULT_COMMANDS,
  isCommandWord,
  mayUse,
  readCommand,
  type ChatCommand,
  type CommandSettings,
} from '../../src/domain/chat-command.ts'
import type { ChatRole } from '../../src/domain/chat-message.ts'

const standard = compileCommands(DEFAULT_COMMANDS)
const read = (text: string, changes: Partial<Record<ChatCommand, Partial<CommandSettings>>> = {}) => {
  const settings = CHAT_COMMANDS.map((name) => [name, { ...DEFAULT_COMMANDS[name], ...changes[name] }])
  return readCommand(text, compileCommands(Object.fromEntries(settings) as Record<ChatCommand, CommandSettings>))
}

const WORDS: readonly [ChatCommand, string][] = [
  ['join', '!start'],
  ['join', '!join'],
  ['join', '!старт'],
  ['leave', '!leave'],
  ['leave', '!уйти'],
  ['look', '!look'],
  ['look', '!наряд'],
  ['ping', '!ping'],
  ['help', '!help'],
  ['help', '!команды'],
]

test('every default word calls its command and no other', () => {
  assert.deepEqual(
    CHAT_COMMANDS.flatMap((name) => DEFAULT_COMMANDS[name].words.map((word) => [name, word])),
    WORDS,
  )
  for (const [command, word] of WORDS) assert.equal(readCommand(word, standard), command, word)
})

test('case, spaces around and words behind do not matter', () => {
  for (const [command, word] of WORDS) {
    for (const text of [
      word.toUpperCase(),
      `  ${word}\n`,
      `${word} now`,
      `${word}\tи ещё`,
      `${word}\u00a0please`,
      `\u3000${word}`,
    ])
      assert.equal(readCommand(text, standard), command, JSON.stringify(text))
  }
})

test('punctuation that ends the word in a sentence does not matter', () => {
  for (const [command, word] of WORDS) {
    for (const end of ['!', ',', '.', '...', '…', '?!', ', please', ';', ':', ':)'])
      assert.equal(readCommand(`${word}${end}`, standard), command, word + end)
  }
})

test('another word is no command: longer, shorter, without its sign, or not the first', () => {
  for (const [, word] of WORDS) {
    for (const text of [
      `${word}x`,
      `${word}я`,
      `${word}1`,
      `${word}_`,
      `${word}-a`,
      `${word}/now`,
      `${word}😀`,
      `${word}${word}`,
      word.slice(0, -1),
      word.slice(1),
      `!${word}`,
      `say ${word}`,
      `@bob ${word}`,
      `! ${word.slice(1)}`,
      `(${word})`,
      `/${word}`,
    ])
      assert.equal(readCommand(text, standard), null, text)
  }
  for (const text of ['', ' ', '!', '!!!', '...', '\u200b']) assert.equal(readCommand(text, standard), null)
})

test('what chat programs append to say the same twice does not hide a command', () => {
  for (const [command, word] of WORDS) {
    for (const hidden of [
      `${word} \u{e0000}`,
      `${word}\u{e0000}`,
      `${word} \u034f`,
      `${word}\u034f`,
      `${word}\u200b`,
      `${word} \u2800`,
      `${word}\u2800`,
      `\ufeff${word}`,
      `\u2066${word}\u2069`,
      `${word.slice(0, 3)}\u00ad\u200d${word.slice(3)}`,
    ])
      assert.equal(readCommand(hidden, standard), command, JSON.stringify(hidden))
  }
})

test('letters are the same however they are composed, in the message and in the settings', () => {
  const composed = '!ёлка-й'
  const apart = composed.normalize('NFD')
  assert.notEqual(composed, apart)
  assert.equal(read(apart, { look: { words: [composed] } }), 'look')
  assert.equal(read(composed.toUpperCase(), { look: { words: [apart] } }), 'look')
  assert.equal(read('!STRASSE', { look: { words: ['!straße'] } }), 'look')
  assert.equal(read('!ΟΔΟΣ', { look: { words: ['!οδος'] } }), 'look')
  assert.equal(read('!❤', { look: { words: ['!❤️'] } }), 'look')
})

test('a command that is off does not match, and leaves its words to others', () => {
  assert.equal(read('!ping', { ping: { enabled: false } }), null)
  assert.equal(read('!ping', { ping: { enabled: false }, help: { words: ['!ping'] } }), 'help')
})

test('of two commands with one word the first of the list has it', () => {
  assert.equal(read('!go', { help: { words: ['!go'] }, leave: { words: ['!GO'] } }), 'leave')
  assert.equal(read('!ping', { join: { words: ['!ping'] } }), 'join')
})

test('a word may end in punctuation of its own', () => {
  const changes = { join: { words: ['!hey!'] }, leave: { words: ['!hey'] } }
  assert.deepEqual([read('!hey!', changes), read('!hey', changes), read('!hey!!', changes)], ['join', 'leave', 'leave'])
})

test('words that fold to nothing match nothing', () => {
  assert.equal(read('', { join: { words: ['\u200b', ' '] } }), null)
  assert.equal(read('...', { join: { words: ['\u200b'] } }), null)
})

test('the games are not played yet: neither their words nor cheers call a command', () => {
  for (const word of ['!race', '!гонка', '!catch', '!еда', '!planes', '!самолеты', '!самолёты', '+', '+ ', '1'])
    assert.equal(readCommand(word, standard), null, word)
  for (const cheer of ['!go name', '@name', '!go', 'верх', 'вниз', 'up', '↑', 'good evening', 'Cheer100'])
    assert.equal(readCommand(cheer, standard), null, cheer)
})

test('a permission is for its role and every higher one', () => {
  const ranks: readonly (ChatRole | undefined)[] = [undefined, 'subscriber', 'vip', 'moderator', 'streamer']
  for (const [needed, permission] of COMMAND_PERMISSIONS.entries()) {
    for (const [rank, role] of ranks.entries())
      assert.equal(mayUse(new Set(role ? [role] : []), permission), rank >= needed, `${role} ${permission}`)
  }
  assert.ok(mayUse(new Set<ChatRole>(['subscriber', 'moderator']), 'vip'))
})

test('what can call a command is one visible word that Twitch does not keep for itself', () => {
  for (const word of ['!join', '+', 'привет', '!', '?кто', '!❤️', '$x']) assert.ok(isCommandWord(word), word)
  for (const word of ['', ' ', '!a b', '\u200b', '\u2800', '!a\u2800b', '/me', '.ban', '@bob', '\u200b/me', 'a\nb'])
    assert.ok(!isCommandWord(word), JSON.stringify(word))
})
