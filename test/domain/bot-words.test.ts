import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { reply, safeChatText } from '../../src/domain/bot-words.ts'
import {
  CHAT_COMMANDS,
  DEFAULT_COMMANDS,
  type ChatCommand,
  type CommandSettings,
} from '../../src/domain/chat-command.ts'
import { SETTING_LIMITS } from '../../src/domain/settings.ts'

const link = 'https://chatfolk.example/me'
const say = (
  command: ChatCommand,
  locale: 'ru' | 'en',
  commands: Readonly<Record<ChatCommand, CommandSettings>> = DEFAULT_COMMANDS,
) => reply(command, { locale, link, commands })

test('what is seen on stage needs no words', () => {
  for (const locale of ['ru', 'en'] as const)
    assert.deepEqual([say('join', locale), say('leave', locale)], [null, null])
})

test('ping is answered with pong', () => {
  assert.deepEqual([say('ping', 'ru'), say('ping', 'en')], ['pong', 'pong'])
})

test('look gives the way to the wardrobe', () => {
  for (const locale of ['ru', 'en'] as const) assert.ok(say('look', locale)?.split(' ').includes(link))
})

test('help names the first word of what is on and open to everyone', () => {
  assert.equal(say('help', 'ru'), 'Меня слушаются: !start, !leave, !look, !ping, !help 🙂')
  assert.equal(say('help', 'en'), 'I listen to: !start, !leave, !look, !ping, !help 🙂')
  const some = {
    ...DEFAULT_COMMANDS,
    ping: { ...DEFAULT_COMMANDS.ping, enabled: false },
    look: { ...DEFAULT_COMMANDS.look, permission: 'vip' as const },
    leave: { ...DEFAULT_COMMANDS.leave, words: ['!пока'] },
  }
  assert.equal(say('help', 'en', some), 'I listen to: !start, !пока, !help 🙂')
})

test('with nothing open to everyone, help says so', () => {
  const none = Object.fromEntries(
    CHAT_COMMANDS.map((name) => [name, { ...DEFAULT_COMMANDS[name], permission: 'moderator' as const }]),
  ) as Record<ChatCommand, CommandSettings>
  assert.match(say('help', 'en', none) ?? '', /No commands/)
  assert.match(say('help', 'ru', none) ?? '', /без команд/)
})

test('every reply is one short line with one emoji at most, in both languages, even with the longest words', () => {
  const longest = Object.fromEntries(
    CHAT_COMMANDS.map((name) => [
      name,
      { ...DEFAULT_COMMANDS[name], words: [`!${'щ'.repeat(SETTING_LIMITS.commandWords.length - 1)}`] },
    ]),
  ) as Record<ChatCommand, CommandSettings>
  for (const command of CHAT_COMMANDS) {
    const [russian, english] = [say(command, 'ru', longest), say(command, 'en', longest)]
    for (const text of [russian, english]) {
      if (text === null) continue
      assert.ok(text.length <= 200 && !text.includes('\n'), text)
      assert.ok((text.match(/\p{Extended_Pictographic}/gu) ?? []).length <= 1, text)
      assert.equal(safeChatText(text), text)
    }
    if (command !== 'ping' && russian !== null) assert.notEqual(russian, english)
  }
})

test('no text is sent that Twitch would take for a command', () => {
  for (const [text, safe] of [
    ['/ban bob', 'ban bob'],
    ['.timeout bob', 'timeout bob'],
    ['/./ /.ban bob', 'ban bob'],
    ['\u200b/\u200d \u2800/\u0301/me\u200b hi', 'me hi'],
    ['  /\n/ban', 'ban'],
    ['a/b .c', 'a/b .c'],
    ['line\r\none\u0000\ttwo', 'line one two'],
    ['pong', 'pong'],
    ['///', ''],
  ] as const)
    assert.equal(safeChatText(text), safe, JSON.stringify(text))
  assert.equal(Array.from(safeChatText('😀'.repeat(600))).length, 500)
})

test('whatever the text, what is sent is one line of at most 500 characters and no command', () => {
  const hostile = fc.array(
    fc.oneof(
      fc.constantFrom(
        '/',
        '.',
        ' ',
        '\n',
        '\u200b',
        '\u200d',
        '\u0301',
        '\ufe0f',
        '\u{e0000}',
        '\u2800',
        '\ud800',
        '😀',
        'अ',
      ),
      fc.string({ unit: 'binary', maxLength: 30 }),
    ),
    { maxLength: 60 },
  )
  fc.assert(
    fc.property(hostile, (pieces) => {
      const safe = safeChatText(pieces.join(''))
      assert.ok(Array.from(safe).length <= 500)
      assert.doesNotMatch(safe, /\p{Cc}|\p{Surrogate}|[\u2028\u2029]/u)
      // Without all that a platform may drop, the first sign is still no command's.
      assert.doesNotMatch(safe.replaceAll(/[\p{Default_Ignorable_Code_Point}\p{M}\s]/gu, ''), /^[/.]/)
      assert.equal(safeChatText(safe), safe, 'safe text stays as it is')
    }),
    { numRuns: 500 },
  )
})
