import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventually } from '../support/eventually.ts'
import { CHAT_SCOPES, startTwitch } from '../support/simulated-twitch.ts'

type Fields = Record<string, unknown>

/** A bot account (`bot`, 900) beside Ivan, whose channel lets bots in. */
async function withBot(t: Parameters<typeof startTwitch>[0], options: Parameters<typeof startTwitch>[1] = {}) {
  const twitch = await startTwitch(t, options)
  await twitch.control('POST', 'twitch/viewers', { login: 'bot', id: '900' })
  await twitch.control('POST', 'twitch/allow', { user: 'bot', scopes: 'user:bot user:write:chat' })
  const { id: conduit, sockets } = await twitch.openConduit(1)
  await twitch.subscribe(conduit, 'channel.chat.message')
  const [socket] = sockets
  assert.ok(socket)
  const send = (fields: Fields = {}, token?: string) =>
    twitch.helix('POST', 'chat/messages', { broadcaster_id: '107', sender_id: '107', message: 'hi', ...fields }, token)
  const outcome = async (fields: Fields = {}) => {
    const { status, body } = await send(fields)
    const [data] = (body['data'] ?? []) as { is_sent: boolean; drop_reason?: { code: string } }[]
    return data ? (data.is_sent ? 'sent' : data.drop_reason?.code) : status
  }
  return { ...twitch, socket, send, outcome }
}

test('a message is sent, told by its id, and comes back as an event before the answer', async (t) => {
  const { send, socket, say, control } = await withBot(t)
  const [question] = await say({ text: '!ping' })
  const { status, body } = await send({ message: 'pong', reply_parent_message_id: question, for_source_only: true })
  const [sent] = body['data'] as { message_id: string; is_sent: boolean }[]
  assert.deepEqual([status, sent?.is_sent, Object.keys(sent ?? {})], [200, true, ['message_id', 'is_sent']])
  await eventually('both messages', () => socket.notifications().length === 2)
  const echo = socket.notifications()[1]?.payload.event
  assert.deepEqual([echo?.['message_id'], echo?.['chatter_user_id']], [sent?.message_id, '107'])
  assert.equal((echo?.['reply'] as Fields | undefined)?.['parent_message_id'], question)
  const { sent: outbox } = (await control('GET', 'twitch/sent?channel=ivan')) as { sent: Fields[] }
  assert.deepEqual(
    outbox.map((record) => ({ ...record, at: 0 })),
    [
      {
        at: 0,
        client: 'chatfolk-twitch',
        channel: '107',
        sender: '107',
        text: 'pong',
        replyTo: question,
        outcome: 'sent',
        id: sent?.message_id,
        status: 200,
        code: null,
      },
    ],
  )
})

for (const [echoBeforeAnswer, statusThen] of [
  [true, 0],
  [false, 200],
] as const) {
  test(`the event comes ${echoBeforeAnswer ? 'before' : 'after'} the answer, as the switch says`, async (t) => {
    const { send, simulator } = await withBot(t, { switches: { echoBeforeAnswer } })
    const { chat } = simulator.twitch
    const { say } = chat
    // From outside nobody can tell: the two come over two connections. A request without an answer yet has status 0.
    const statuses: unknown[] = []
    chat.say = (...words) => {
      statuses.push(simulator.log.all().at(-1)?.status)
      return say(...words)
    }
    await send()
    await eventually('the message', () => statuses.length === 1)
    assert.deepEqual(statuses, [statusThen])
  })
}

test('own messages may never come back', async (t) => {
  const { send, say, socket } = await withBot(t, { switches: { ownMessageEcho: false } })
  await send({ message: 'mine' })
  await say({ text: 'theirs' })
  await eventually('the other message', () => socket.notifications().length === 1)
  assert.deepEqual(socket.texts(), ['theirs'])
})

test('a bot that speaks with the application’s token has a badge, and the streamer himself has none', async (t) => {
  const { send, socket } = await withBot(t)
  await send({ sender_id: '900' })
  await send()
  await eventually('both', () => socket.notifications().length === 2)
  const badges = socket.notifications().map(({ payload }) => payload.event?.['badges'])
  assert.deepEqual(badges, [
    [{ set_id: 'bot-badge', id: '1', info: '' }],
    [{ set_id: 'broadcaster', id: '1', info: '' }],
  ])
})

for (const [what, fields, status] of [
  ['without a text', { message: '' }, 400],
  ['without a sender', { sender_id: undefined }, 400],
  ['to nobody’s channel', { broadcaster_id: '5' }, 400],
  ['where the sender has allowed nothing', { sender_id: '108' }, 403],
  ['to a channel that lets no bot in', { broadcaster_id: '108' }, 403],
  ['of 501 characters', { message: 'я'.repeat(501) }, 422],
] as const) {
  test(`a message ${what} is refused with ${status}`, async (t) => {
    const { send, simulator } = await withBot(t)
    assert.equal((await send(fields)).status, status)
    assert.equal(simulator.twitch.ledger.totals().messages, 0)
  })
}

test('a moderator may speak without the channel’s consent, and who is banned may not at all', async (t) => {
  const { outcome, control, pass } = await withBot(t)
  const toMaria = { broadcaster_id: '108', sender_id: '900' }
  assert.equal(await outcome(toMaria), 403)
  await control('POST', 'twitch/standing', { channel: 'maria', user: 'bot', moderator: true })
  assert.equal(await outcome(toMaria), 'sent')
  await control('POST', 'twitch/ban', { channel: 'maria', user: 'bot' })
  assert.equal(await outcome(toMaria), 403)
  await control('POST', 'twitch/unban', { channel: 'maria', user: 'bot' })
  await control('POST', 'twitch/ban', { channel: 'maria', user: 'bot', forS: 10 })
  assert.equal(await outcome(toMaria), 'user_timed_out')
  await pass(10_000)
  assert.equal(await outcome(toMaria), 'sent')
})

test('500 characters are not too many, whatever they are made of, and the fields may stand in the query', async (t) => {
  const { outcome, helix } = await withBot(t)
  assert.equal(await outcome({ message: '🦊'.repeat(500) }), 'sent')
  const { body } = await helix('POST', 'chat/messages?broadcaster_id=107&sender_id=107', { message: 'hi' })
  assert.equal((body['data'] as { is_sent: boolean }[])[0]?.is_sent, true)
})

test('a person’s own token speaks for that person alone, with the scope for it', async (t) => {
  const { send, signIn } = await withBot(t)
  const { access_token: poor } = await signIn('twitch', 'maria', { scopes: 'user:read:chat' })
  const maria = { sender_id: '108' }
  assert.equal((await send(maria, poor)).status, 403)
  const { access_token: token } = await signIn('twitch', 'maria', { scopes: CHAT_SCOPES })
  assert.equal((await send(maria, token)).status, 200)
  assert.equal((await send({ sender_id: '107' }, token)).status, 401)
  const forSource = await send({ ...maria, for_source_only: false }, token)
  assert.deepEqual([forSource.status, forSource.body['error']], [400, 'Bad Request'])
})

test('the next messages can be dropped with any code, or refused with any status', async (t) => {
  const { outcome, control, send } = await withBot(t)
  await control('POST', 'twitch/refusals', { channel: 'ivan', code: 'never_heard_of', message: 'why not', times: 2 })
  await control('POST', 'twitch/refusals', { sender: 'bot', status: 403 })
  const { body } = await send()
  assert.deepEqual(body, {
    data: [{ message_id: '', is_sent: false, drop_reason: { code: 'never_heard_of', message: 'why not' } }],
  })
  assert.equal(await outcome(), 'never_heard_of')
  assert.equal(await outcome(), 'sent')
  assert.equal(await outcome({ sender_id: '900' }), 403)
  assert.equal(await outcome({ sender_id: '900' }), 'sent')
  const { sent } = (await control('GET', 'twitch/sent')) as { sent: Fields[] }
  assert.deepEqual(
    sent.map((message) => [message['outcome'], message['status'], message['code']]),
    [
      ['dropped', 200, 'never_heard_of'],
      ['dropped', 200, 'never_heard_of'],
      ['sent', 200, null],
      ['refused', 403, null],
      ['sent', 200, null],
    ],
  )
})

test('a streamer’s own account says 100 messages in 30 s in its channel, then it must wait', async (t) => {
  const { outcome, pass } = await withBot(t)
  const said = []
  for (let n = 0; n < 101; n++) said.push(await outcome())
  assert.deepEqual([said.filter((one) => one === 'sent').length, said.at(-1)], [100, 'msg_ratelimit'])
  await pass(30_000)
  assert.equal(await outcome(), 'sent')
})

test('a bot that is but a viewer says one message a second, and 20 in 30 s; beyond that it is silenced for an hour', async (t) => {
  const { outcome, pass, control } = await withBot(t)
  const bot = { sender_id: '900' }
  assert.equal(await outcome(bot), 'sent')
  assert.equal(await outcome(bot), 'msg_ratelimit', 'too soon')
  for (let n = 1; n < 20; n++) {
    await pass(1_000)
    assert.equal(await outcome(bot), 'sent')
  }
  await pass(1_000)
  assert.equal(await outcome(bot), 'msg_ratelimit', 'the 21st')
  await pass(60_000)
  assert.equal(await outcome(bot), 'msg_ratelimit', 'silenced')
  await control('POST', 'twitch/standing', { channel: 'ivan', user: 'bot', vip: true })
  assert.equal(await outcome(bot), 'sent', 'not where it is more than a viewer')
  await control('POST', 'twitch/standing', { channel: 'ivan', user: 'bot', vip: false })
  await pass(3_600_000)
  assert.equal(await outcome(bot), 'sent')
})

test('both limits can be lifted', async (t) => {
  const { outcome } = await withBot(t, { switches: { globalSendCap: false, channelSendCap: false } })
  for (let n = 0; n < 150; n++) assert.equal(await outcome({ sender_id: '900' }), 'sent')
})

test('a reply may be lost after the message was said', async (t) => {
  const { send, control, simulator } = await withBot(t)
  await control('POST', 'faults', { target: 'twitch.chat', kind: 'reply-lost' })
  await assert.rejects(send())
  assert.equal(simulator.twitch.outbox.all()[0]?.outcome, 'sent')
})
