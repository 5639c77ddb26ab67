import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { readChatMessage } from '../../../src/platforms/twitch/chat-message-wire.ts'
import { readEventSubMessage, readMoment } from '../../../src/platforms/twitch/eventsub-wire.ts'
import { chatEvent, notification } from '../../support/eventsub-frames.ts'

const read = (fields: Record<string, unknown> = {}) => readChatMessage(chatEvent(fields), 5)
const fragment = (type: string, text: string, extra: Record<string, unknown> = {}) => ({
  type,
  text,
  cheermote: null,
  emote: null,
  mention: null,
  ...extra,
})

test('the captured message is read', () => {
  const message = readEventSubMessage(notification('channel.chat.message', chatEvent()))
  assert.ok(message.kind === 'notification')
  assert.deepEqual(readChatMessage(message.event, message.sentAt), {
    id: 'b7f16a65-4224-488c-8001-f2d5cafe8592',
    channelUserId: '869914383',
    chatter: {
      id: '571743364',
      login: 'glow_jamesbond_007',
      name: 'Glow_JamesBond_007',
      color: '#DAA520',
      roles: new Set(),
    },
    text: 'woo warst du',
    parts: [{ type: 'text', text: 'woo warst du' }],
    fromSharedChat: false,
    sentAt: Date.UTC(2025, 7, 17, 20, 54, 52, 122),
  })
})

test('emotes, mentions and cheers are parts of their own', () => {
  const message = {
    text: 'Kappa @maria Cheer100 ok',
    fragments: [
      fragment('emote', 'Kappa', {
        emote: { id: '25', emote_set_id: '0', owner_id: '0', format: ['static', 'animated'] },
      }),
      fragment('text', ' '),
      fragment('mention', '@maria', { mention: { user_id: '108', user_login: 'maria', user_name: 'Мария' } }),
      fragment('cheermote', 'Cheer100', { cheermote: { prefix: 'cheer', bits: 100, tier: 100 } }),
      fragment('gif of later times', ' ok'),
    ],
  }
  assert.deepEqual(read({ message })?.parts, [
    {
      type: 'emote',
      text: 'Kappa',
      id: '25',
      src: 'https://static-cdn.jtvnw.net/emoticons/v2/25/static/dark/2.0',
    },
    { type: 'text', text: ' ' },
    { type: 'mention', text: '@maria', userId: '108' },
    { type: 'cheer', text: 'Cheer100', bits: 100 },
    { type: 'text', text: ' ok' },
  ])
})

test('a part that cannot be read is text, and an emote’s id never leads to another address', () => {
  for (const broken of [
    fragment('emote', 'Kappa', { emote: { id: '../../evil?' } }),
    fragment('emote', 'Kappa', { emote: { id: 25 } }),
    fragment('emote', 'Kappa'),
    fragment('mention', 'Kappa', { mention: { user_id: 'maria' } }),
    fragment('cheermote', 'Kappa', { cheermote: { bits: -1 } }),
    fragment('cheermote', 'Kappa', { cheermote: { bits: '100' } }),
  ]) {
    assert.deepEqual(read({ message: { text: 'Kappa', fragments: [broken] } })?.parts, [
      { type: 'text', text: 'Kappa' },
    ])
  }
})

test('without readable fragments the text is one part', () => {
  for (const fragments of [undefined, null, [], 'x', [null], [{ type: 'text' }]]) {
    assert.deepEqual(read({ message: { text: 'hi', fragments } })?.parts, [{ type: 'text', text: 'hi' }])
  }
})

test('badges are roles, and unknown badges are none', () => {
  const rolesOf = (...sets: unknown[]) => [
    ...(read({ badges: sets.map((set_id) => ({ set_id, id: '1', info: '' })) })?.chatter.roles ?? []),
  ]
  assert.deepEqual(rolesOf('broadcaster'), ['streamer'])
  assert.deepEqual(rolesOf('moderator', 'subscriber'), ['moderator', 'subscriber'])
  assert.deepEqual(rolesOf('lead_moderator'), ['moderator'])
  assert.deepEqual(rolesOf('vip', 'founder'), ['vip', 'subscriber'])
  assert.deepEqual(rolesOf('hype-train', '__proto__', null, 7), [])
  for (const badges of [null, undefined, 'x', [null], [[]]]) assert.equal(read({ badges })?.chatter.roles.size, 0)
})

test('a colour that was never chosen, or is none, is null', () => {
  for (const color of ['', null, undefined, 'red', '#12345', '#1234567', 'x#123456', 7])
    assert.equal(read({ color })?.chatter.color, null, String(color))
  assert.equal(read({ color: '#1e90ff' })?.chatter.color, '#1e90ff')
})

test('shared chat is known by a source that is another channel', () => {
  assert.equal(read({ source_broadcaster_user_id: '869914383' })?.fromSharedChat, false)
  assert.equal(read({ source_broadcaster_user_id: '1' })?.fromSharedChat, true)
  assert.equal(read({ source_broadcaster_user_id: '' })?.fromSharedChat, false)
})

test('a chatter without a display name is called by the login', () => {
  for (const chatter_user_name of ['', '  ', null, undefined, 7])
    assert.equal(read({ chatter_user_name })?.chatter.name, 'glow_jamesbond_007')
})

test('each kind of message is a message, with null or with anything in what is not ours', () => {
  for (const message_type of ['text', 'channel_points_highlighted', 'user_intro', 'power_ups_gigantified_emote', 'new'])
    assert.ok(read({ message_type, cheer: { bits: 5 }, reply: { parent_message_id: 'x' }, field_of_later_times: {} }))
})

test('what is missing or of a wrong type makes it no message', () => {
  for (const name of ['broadcaster_user_id', 'chatter_user_id', 'chatter_user_login', 'message_id', 'message'])
    for (const wrong of [undefined, null, '', 7, [], {}]) assert.equal(read({ [name]: wrong }), undefined, name)
  assert.equal(read({ message: { text: 7 } }), undefined)
  assert.equal(read({ chatter_user_id: 'x'.repeat(1_000_000) }), undefined)
})

test('an id that the database could not hold makes it no message: its claim would take a batch with it', () => {
  for (const wrong of ['a\u0000b', 'a\ud800', 'a b', 'é', 'x'.repeat(201)])
    assert.equal(read({ message_id: wrong }), undefined, JSON.stringify(wrong))
  assert.equal(
    read({ message_id: 'XKqCWJpKFvWBZBVWgo4_wmeTsBGGvmjw+/ZL=' })?.id,
    'XKqCWJpKFvWBZBVWgo4_wmeTsBGGvmjw+/ZL=',
  )
})

test('a megabyte is read like anything else', () => {
  const long = 'x'.repeat(1_000_000)
  const message = read({ message: { text: long, fragments: [fragment('text', long)] }, chatter_user_name: long })
  assert.equal(message?.text.length, 1_000_000)
  assert.equal(message?.chatter.name.length, 100)
})

test('no NUL and no half of a letter comes out', () => {
  const message = read({
    message: { text: 'a\u{0}b\ud800c', fragments: [fragment('text', '\udc00')] },
    chatter_user_name: `x${'a'.repeat(98)}😀`,
  })
  assert.equal(message?.text, 'ab\ufffdc')
  assert.deepEqual(message?.parts, [{ type: 'text', text: '\ufffd' }])
  assert.ok(message?.chatter.name.isWellFormed())
})

test('moments are read whatever their digits, and nothing else is one', () => {
  const base = Date.UTC(2025, 7, 17, 20, 54, 52)
  for (const [text, moment] of [
    ['2025-08-17T20:54:52.122361111Z', base + 122],
    ['2025-08-17T20:54:52.1Z', base + 100],
    ['2025-08-17T20:54:52.12Z', base + 120],
    ['2025-08-17T20:54:52Z', base],
    ['2025-08-17T22:54:52.5+02:00', base + 500],
    ['2025-13-17T20:54:52Z', null],
    ['2025-08-17', null],
    ['', null],
    ['1755464092', null],
  ] as const) {
    assert.equal(readMoment(text), moment, text)
  }
  for (const wrong of [null, undefined, 1_755_464_092, {}, 'x'.repeat(1_000_000)]) assert.equal(readMoment(wrong), null)
})

/** Anything that JSON can say, with names that are dangerous or ours. */
const name = fc.oneof(
  fc.constantFrom(...Object.keys(chatEvent()), '__proto__', 'constructor', 'text', 'fragments', 'type', 'emote', 'id'),
  fc.string({ unit: 'binary', maxLength: 10 }),
)
const { anything } = fc.letrec<{ anything: unknown }>((tie) => ({
  anything: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom(null, true, 0, -1, 1e308, '', '\ud800', '\u{0}', 'x'.repeat(5_000)),
    fc.string({ unit: 'binary' }),
    fc.array(tie('anything'), { maxLength: 4 }),
    fc.dictionary(name, tie('anything'), { maxKeys: 5 }),
  ),
}))

test('whatever stands in a message, reading it never throws and gives whole text', () => {
  fc.assert(
    fc.property(fc.dictionary(name, anything, { maxKeys: 6 }), anything, (fields, fragments) => {
      readChatMessage(fields, null)
      const message = read({ ...fields, message: { text: fields['text'] ?? 'x', fragments } })
      if (!message) return
      assert.ok(message.text.isWellFormed() && !message.text.includes('\0'))
      assert.ok(message.chatter.name.length <= 100)
      for (const part of message.parts) assert.ok(part.text.isWellFormed())
    }),
    { numRuns: 300 },
  )
})

test('whatever text comes over the socket, reading it never throws', () => {
  const kinds = ['session_welcome', 'session_keepalive', 'session_reconnect', 'notification', 'revocation', '__proto__']
  fc.assert(
    fc.property(fc.constantFrom(...kinds), anything, anything, fc.string(), (message_type, payload, rest, text) => {
      const metadata = { ...(typeof rest === 'object' ? rest : {}), message_type }
      readEventSubMessage(JSON.stringify({ metadata, payload }))
      readEventSubMessage(JSON.stringify({ metadata, payload: { session: payload, subscription: payload } }))
      readEventSubMessage(JSON.stringify(payload))
      readEventSubMessage(text)
    }),
    { numRuns: 300 },
  )
})
