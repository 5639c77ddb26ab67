import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { reply, safeChatText } from '../../../src/domain/bot-words.ts'
import { CHAT_COMMANDS } from '../../../src/domain/chat-command.ts'
import type { ChatEvent, ChatPart, ChatRole } from '../../../src/domain/chat-message.ts'
import { encodeFrame } from '../../../src/domain/overlay-frame.ts'
import { applySettings, DEFAULT_SETTINGS } from '../../../src/domain/settings.ts'
import type { StageEvent } from '../../../src/domain/stage.ts'
import { messageOf, openChatRoom, STREAMER_ID } from '../../support/chat-room.ts'

const CROWD = 4
const LOOK_URL = 'https://chatfolk.example/me'

/** What people have tried in chats: commands to Twitch, mentions, links, markup, lines, invisible and half letters. */
const NASTY = fc.constantFrom(
  '/ban ann',
  '.timeout ann 600',
  '!ping /ban ann',
  '!look @everyone http://evil.example',
  '!help\r\nevent: snapshot\ndata: {}\n\n',
  '<img src=x onerror=alert(1)>',
  '__proto__',
  'constructor',
  '\u202egnip!',
  '\ud800',
  '\u0000',
  'a\u0301'.repeat(200),
  '👨‍👩‍👧‍👦'.repeat(60),
  '🍀',
  'привет',
)
const TEXT = fc.oneof(
  NASTY,
  fc.constantFrom('!start', '!leave', '!ping', '!help', '!look'),
  fc.string({ unit: 'binary', maxLength: 60 }),
)
const WHO = fc.constantFrom(STREAMER_ID, '7', '8', '9', '10', '11', '12', '__proto__')
const PART: fc.Arbitrary<ChatPart> = fc.oneof(
  TEXT.map((text): ChatPart => ({ type: 'text', text })),
  TEXT.map((text): ChatPart => ({ type: 'emote', text, id: '1', src: 'https://static-cdn.jtvnw.net/x' })),
  TEXT.map((text): ChatPart => ({ type: 'mention', text, userId: '7' })),
)
const ROLES = fc.subarray<ChatRole>(['streamer', 'moderator', 'vip', 'subscriber'])
const channelUserId = STREAMER_ID
const MESSAGE_ID = fc.integer({ min: 1, max: 8 }).map((n) => `m${n}`)
const EVENT: fc.Arbitrary<ChatEvent> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .record({
        text: TEXT,
        who: WHO,
        id: MESSAGE_ID,
        name: TEXT,
        login: TEXT,
        roles: ROLES,
        fromSharedChat: fc.boolean(),
        parts: fc.array(PART, { maxLength: 4 }),
      })
      .map(({ text, name, ...more }): ChatEvent => {
        const message = messageOf(text, more)
        return { type: 'message', message: { ...message, chatter: { ...message.chatter, name } } }
      }),
  },
  fc
    .record({ messageId: MESSAGE_ID, userId: WHO })
    .map((gone): ChatEvent => ({ type: 'message-deleted', channelUserId, ...gone })),
  WHO.map((userId): ChatEvent => ({ type: 'user-cleared', channelUserId, userId })),
  fc
    .constantFrom<ChatEvent['type'][]>('cleared', 'stream-offline', 'stream-online')
    .map((type) => ({ type, channelUserId }) as ChatEvent),
)
const LAUNCH = fc.record({ event: EVENT, thenMs: fc.constantFrom(0, 5, 20, 900, 30_000) })

/** Whoever an overlay that was told all of this would show. */
function shownBy(told: readonly StageEvent[]): Set<string> {
  const shown = new Set<string>()
  for (const { type, d } of told) {
    if (type === 'avatar.join') shown.add(d.id)
    if (type === 'avatar.leave') shown.delete(d.id)
  }
  return shown
}

test('whatever happens in a chat, the stage stays in its bounds and overlays see what is there', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(LAUNCH, { minLength: 1, maxLength: 40 }), async (launches) => {
      const room = openChatRoom({ settings: { chat: { crowdLimit: CROWD } } })
      for (const { event, thenMs } of launches) {
        room.chat.hear(room.bot, event, room.clock.monotonic())
        await room.clock.advance(thenMs)
      }
      await room.clock.advance(16)
      const standing = room.stages.snapshot('channel').avatars.filter(({ why }) => why === null)
      assert.ok(standing.length <= CROWD)
      assert.deepEqual([...shownBy(room.told)].sort(), standing.map(({ id }) => id).sort())
      for (const { type, at, d } of room.told) {
        const frame = encodeFrame({ epoch: 1, seq: 1 }, type, at, d)
        assert.match(frame, /^id: 1-1\nevent: avatar\.[a-z]+\ndata: [^\n\r]+\n\n$/, 'one frame, whatever stands in it')
        assert.ok(frame.length < 4_000, `${frame.length}`)
      }
    }),
    { numRuns: 80 },
  )
})

test('no viewer puts a word into the bot’s mouth, and nobody in another channel’s chat is answered', async () => {
  const { locale, chat } = DEFAULT_SETTINGS
  const own = new Set(
    CHAT_COMMANDS.map((command) => reply(command, { locale, link: LOOK_URL, commands: chat.commands })),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(LAUNCH, { minLength: 1, maxLength: 30 }), async (launches) => {
      const room = openChatRoom()
      for (const { event } of launches) {
        const before = room.answers.length
        await room.hear(event)
        const given = room.answers.slice(before)
        if (event.type !== 'message' || event.message.fromSharedChat) assert.deepEqual(given, [])
        for (const { text } of given) assert.ok(own.has(text), text)
      }
    }),
    { numRuns: 100 },
  )
})

test('whatever words a streamer gives to the commands, an answer is one line and no command to Twitch', () => {
  fc.assert(
    fc.property(fc.array(TEXT, { minLength: 1, maxLength: 5 }), fc.constantFrom(...CHAT_COMMANDS), (words, command) => {
      const { locale, chat } = applySettings(DEFAULT_SETTINGS, { chat: { commands: { join: { words } } } })
      const text = safeChatText(reply(command, { locale, link: LOOK_URL, commands: chat.commands }) ?? '')
      assert.doesNotMatch(text, /^[/.\s]|[\n\r\0]/u)
      assert.ok(Array.from(text).length <= 500)
    }),
  )
})

test('two channels that share a chat, each with its own account: neither bot answers the other’s words or its own', async () => {
  const here = openChatRoom()
  // What the other channel's bot says comes here in its streamer's name, from over there.
  for (const text of ['pong', '!ping', '!help']) await here.say(text, { who: '200', fromSharedChat: true })
  here.own.sending('channel', '!ping', Promise.resolve('mine'))
  await here.say('!ping', { who: STREAMER_ID, id: 'mine' })
  here.own.sending('channel', '!help', Promise.reject(new Error('nobody knows')))
  await here.say('@ann !help', { who: STREAMER_ID, id: 'lost' })
  assert.deepEqual(here.answers, [])
})
