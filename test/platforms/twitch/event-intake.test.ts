import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createMetrics } from '../../../src/base/metrics.ts'
import type { ChatEvent } from '../../../src/domain/chat-message.ts'
import { createEventIntake } from '../../../src/platforms/twitch/event-intake.ts'
import { readEventSubMessage } from '../../../src/platforms/twitch/eventsub-wire.ts'
import { chatEvent, notification, revocation } from '../../support/eventsub-frames.ts'
import { recordingLogger } from '../../support/logger.ts'
import { createManualClock } from '../../support/manual-clock.ts'

function setUp() {
  const metrics = createMetrics()
  const { logger, logs } = recordingLogger()
  const told: unknown[] = []
  const { takeIn } = createEventIntake({
    clock: createManualClock(),
    logger,
    metrics,
    onEvent: (event, receivedAtMs) => void told.push([event, receivedAtMs]),
    onSubscriptionEnded: (ended) => void told.push(ended),
    onAccessRevoked: (userId) => void told.push({ accessRevoked: userId }),
    onShardDisabled: (shard) => void told.push({ shardDisabled: shard }),
    onOwnSubscriptionEnded: () => void told.push('own subscription ended'),
  })
  const take = (text: string, receivedAtMs = 7) => {
    const message = readEventSubMessage(text)
    if (message.kind === 'notification' || message.kind === 'revocation') takeIn(message, receivedAtMs)
  }
  const counted = async () => {
    const { values } = await metrics.chatMessages.get()
    return Object.fromEntries(values.map(({ labels, value }) => [labels.result, value]))
  }
  return { take, told, logs, counted }
}

const chat = (event: Record<string, unknown>, message_id: string) =>
  notification('channel.chat.message', chatEvent(event), { message_id })

test('a message is told once: neither a second delivery nor a second subscription tells it again', async () => {
  const { take, told, counted } = setUp()
  take(chat({}, 'XKqCWJpKFvWBZBVWgo4_wmeTsBGGvmjwZLwbiI1xHRs='))
  take(chat({}, 'XKqCWJpKFvWBZBVWgo4_wmeTsBGGvmjwZLwbiI1xHRs='))
  take(chat({}, 'another delivery'))
  take(chat({ message_id: 'another-message' }, 'a third delivery'))
  assert.equal(told.length, 2)
  assert.deepEqual(await counted(), { duplicate: 2 })
})

test('one message told of two channels that share their chat is a message of each', () => {
  const { take, told } = setUp()
  take(chat({}, 'a'))
  take(chat({ broadcaster_user_id: '5', source_broadcaster_user_id: '869914383' }, 'b'))
  assert.equal(told.length, 2)
})

test('moderation and streams are told, once each', () => {
  const { take, told } = setUp()
  const channel = { broadcaster_user_id: '1', broadcaster_user_login: 'x', later_field: null }
  const person = { target_user_id: '2', target_user_login: null }
  for (const text of [
    notification('channel.chat.message_delete', { ...channel, ...person, message_id: 'm' }),
    notification('channel.chat.clear_user_messages', { ...channel, ...person }),
    notification('channel.chat.clear', channel, { message_id: 'same' }),
    notification('channel.chat.clear', channel, { message_id: 'same' }),
    notification('stream.online', { ...channel, id: '9', type: 'live', started_at: 'x' }),
    notification('stream.offline', channel),
  ]) {
    take(text)
  }
  const expected: ChatEvent[] = [
    { type: 'message-deleted', channelUserId: '1', messageId: 'm', userId: '2' },
    { type: 'user-cleared', channelUserId: '1', userId: '2' },
    { type: 'cleared', channelUserId: '1' },
    { type: 'stream-online', channelUserId: '1' },
    { type: 'stream-offline', channelUserId: '1' },
  ]
  assert.deepEqual(
    told,
    expected.map((event) => [event, 7]),
  )
})

test('what nothing answers to yet is counted and passed over', async () => {
  const { take, told, counted, logs } = setUp()
  take(notification('channel.chat.notification', { broadcaster_user_id: '1', notice_type: 'sub' }))
  take(notification('channel.of.later.times', null))
  assert.deepEqual([told, await counted(), logs], [[], { ignored: 2 }, []])
})

test('the application is told of its shards and of people who leave, names or none', () => {
  const { take, told } = setUp()
  take(notification('user.authorization.revoke', { client_id: 'x', user_id: '7', user_login: null, user_name: null }))
  take(
    notification('conduit.shard.disabled', {
      conduit_id: 'c',
      shard_id: '4',
      status: 'websocket_disconnected',
      transport: { method: 'websocket', session_id: 's', connected_at: 'x', disconnected_at: 'y' },
    }),
  )
  assert.deepEqual(told, [
    { accessRevoked: '7' },
    { shardDisabled: { conduitId: 'c', shardId: '4', status: 'websocket_disconnected', sessionId: 's' } },
  ])
})

for (const [status, why] of [
  ['authorization_revoked', 'permission'],
  ['moderator_removed', 'permission'],
  ['chat_user_banned', 'banned'],
  ['user_removed', 'gone'],
  ['version_removed', 'other'],
  ['beta_maintenance', 'other'],
  ['conduit_deleted', 'other'],
] as const) {
  test(`a subscription that ended as ${status} is told as ${why}`, () => {
    const { take, told } = setUp()
    take(revocation('channel.chat.message', status, { broadcaster_user_id: '1', user_id: '2' }))
    assert.deepEqual(told, [{ id: 'f1c2a387', type: 'channel.chat.message', channelUserId: '1', status, why }])
  })
}

test('the end of a subscription of the application itself is nobody else’s business', () => {
  const { take, told } = setUp()
  take(revocation('user.authorization.revoke', 'authorization_revoked', { client_id: 'x' }))
  assert.deepEqual(told, ['own subscription ended'])
})

test('a wrong shape is counted and logged at 1, 2, 4 …, without anybody’s words', async () => {
  const { take, told, counted, logs } = setUp()
  for (let index = 0; index < 5; index++)
    take(chat({ chatter_user_id: null, message: { text: 'private words' } }, `${index}`))
  take(notification('stream.online', { broadcaster_user_id: 'private words' }))
  assert.deepEqual([told, await counted()], [[], { invalid: 6 }])
  assert.deepEqual(
    logs.map((line) => line['unreadable']),
    [1, 2, 4],
  )
  assert.doesNotMatch(JSON.stringify(logs), /private words/)
})

test('whatever event of whatever type comes, taking it in never throws', () => {
  const types = [
    'channel.chat.message',
    'channel.chat.message_delete',
    'channel.chat.clear',
    'channel.chat.clear_user_messages',
    'channel.chat.notification',
    'stream.online',
    'conduit.shard.disabled',
    'user.authorization.revoke',
    '__proto__',
    'toString',
  ]
  const { take, told } = setUp()
  fc.assert(
    fc.property(fc.constantFrom(...types), fc.jsonValue(), (type, event) => {
      take(notification(type, event))
      take(revocation(type, 'x', event))
    }),
  )
  assert.ok(told.every((one) => one === 'own subscription ended'))
})
