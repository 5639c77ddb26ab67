import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventually } from '../support/eventually.ts'
import { failureOf } from '../support/platform-request.ts'
import { IVAN, lostOf, startChatOfIvan } from '../support/twitch-chat-client.ts'

test('what a message becomes is told: sent, dropped, not allowed, invalid, or nobody knows', async (t) => {
  const { node, control, asked } = await startChatOfIvan(t)
  const send = (text = 'hi', speakerUserId = IVAN) =>
    node.chat.send({ channelUserId: IVAN, speakerUserId, text, replyTo: null })
  const sent = await send()
  assert.ok(sent.sent && sent.id !== '')
  await eventually('the own message', () => node.messages().some(({ id }) => id === sent.id))
  await control('POST', 'twitch/refusals', { code: 'a_word_of_tomorrow' })
  assert.deepEqual(await send(), { sent: false, why: 'dropped', code: 'a_word_of_tomorrow' })
  assert.deepEqual(await send('hi', '108'), { sent: false, why: 'permission', code: 'status-403' })
  for (const status of [400, 422]) {
    await control('POST', 'twitch/refusals', { status })
    assert.deepEqual(await send(), { sent: false, why: 'invalid', code: `status-${status}` })
  }
  const before = asked('twitch.chat', 'POST')
  for (const kind of ['reply-lost', 'reset', 'empty', '502']) {
    await control('POST', 'faults', { target: 'twitch.chat', kind })
    assert.equal((await failureOf(send())).code, 'platform-network', kind)
  }
  assert.equal(asked('twitch.chat', 'POST'), before + 4)
})

test('a text that is too long is cut between characters, never within one', async (t) => {
  const { node, control } = await startChatOfIvan(t)
  await node.chat.send({ channelUserId: IVAN, speakerUserId: IVAN, text: '😀'.repeat(600), replyTo: null })
  const { sent } = await control('GET', 'twitch/sent')
  assert.deepEqual(
    (sent as { text: string }[]).map(({ text }) => text),
    ['😀'.repeat(500)],
  )
})

test('after a 429 nothing is sent to chat before its time, and the connections do not mind', async (t) => {
  const { node, control, asked } = await startChatOfIvan(t)
  const send = () => node.chat.send({ channelUserId: IVAN, speakerUserId: IVAN, text: 'hi', replyTo: null })
  await control('POST', 'faults', { target: 'twitch.chat', kind: '429' })
  assert.equal((await failureOf(send())).code, 'platform-rate-limit')
  assert.equal((await failureOf(send())).code, 'platform-rate-limit')
  assert.equal(asked('twitch.chat', 'POST'), 1)
  await control('POST', 'twitch/sockets/close', { all: true, code: 4000 })
  await eventually('both losses', () => lostOf(node).length >= 2)
  await node.isOpen()
})
