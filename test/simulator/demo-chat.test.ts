import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventually } from '../support/eventually.ts'
import { startTwitch } from '../support/simulated-twitch.ts'

const CONDITION = { broadcaster_user_id: '1001', user_id: '1001' }
const MINUTE_MS = 60_000

test('in the demo 25 viewers talk for as long as a shard delivers, and to nobody else', async (t) => {
  const twitch = await startTwitch(t, { demo: true, seed: 5 })
  const { pass, simulator, subscribe, openConduit } = twitch
  const { ledger, streams } = simulator.twitch
  await pass(10 * MINUTE_MS)
  assert.equal(ledger.totals().messages, 0)

  const { id, sockets } = await openConduit(1)
  assert.equal((await subscribe(id, 'channel.chat.message', CONDITION)).status, 202, 'the consent is there')
  await subscribe(id, 'channel.chat.message_delete', CONDITION)
  await subscribe(id, 'stream.online', { broadcaster_user_id: '1001' })
  await pass(1_000)
  assert.equal(ledger.totals().messages, 1)
  await pass(30 * MINUTE_MS)
  const messages = ledger.messages()
  const pauseMs = (30 * MINUTE_MS) / messages.length
  assert.ok(pauseMs > 1_500 && pauseMs < 3_000, `one message every ${pauseMs} ms`)
  assert.deepEqual(streams.live(), ['1001'])
  assert.ok(ledger.totals().dropped === 0)

  const talkers = new Map<string, number[]>()
  for (const { user, at } of messages) talkers.set(user, [...(talkers.get(user) ?? []), at])
  assert.equal(talkers.size, 25)
  const silences = [...talkers.values()].map((times) =>
    Math.max(...times.slice(1).map((at, index) => at - (times[index] ?? 0))),
  )
  assert.ok(silences.filter((ms) => ms > 3 * MINUTE_MS).length > 5, 'some fall silent for minutes')

  const texts = messages.map(({ text }) => text)
  const share = (shape: RegExp) => texts.filter((text) => shape.test(text)).length / texts.length
  for (const [what, shape, least, most] of [
    ['Russian', /[а-яё]/i, 0.25, 0.65],
    ['English', /[a-z]{3}/i, 0.2, 0.65],
    ['emotes', /\b(Kappa|PogChamp|LUL|NotLikeThis|HeyGuys)\b/, 0.05, 0.4],
    ['emoji alone', /^[\p{Extended_Pictographic}\uFE0F]+$/u, 0.04, 0.2],
    ['questions', /\?$/, 0.04, 0.2],
    ['commands', /^!/, 0.02, 0.13],
    ['!look', /^!look$/, 0, 0.02],
  ] as const)
    assert.ok(share(shape) >= least && share(shape) <= most, `${what}: ${share(shape)}`)
  const deleted = sockets[0]?.notifications().filter(({ metadata }) => metadata.subscription_type?.endsWith('delete'))
  assert.ok((deleted?.length ?? 0) >= 1, 'now and then a message is deleted')
  assert.ok(messages.some(({ replyTo }) => replyTo !== null))

  sockets[0]?.terminate()
  await eventually('Twitch notices', () => simulator.twitch.sockets.sessions().length === 0)
  const before = ledger.totals().messages
  await pass(10 * MINUTE_MS)
  assert.equal(ledger.totals().messages, before, 'nothing piles up')
  await twitch.assign(id, { 0: await twitch.openEventSub() })
  await pass(5_000)
  assert.ok(ledger.totals().messages > before)
})

test('an evening that was ended by hand stays ended while people go on talking, and begins anew with the next listener', async (t) => {
  const { pass, simulator, subscribe, openConduit, control } = await startTwitch(t, { demo: true, seed: 5 })
  const { ledger, streams } = simulator.twitch
  const { id } = await openConduit(1)
  await subscribe(id, 'channel.chat.message', CONDITION)
  await subscribe(id, 'stream.online', { broadcaster_user_id: '1001' })
  await pass(5_000)
  assert.deepEqual(streams.live(), ['1001'])
  await control('POST', 'twitch/stream', { channel: 'demo', live: false })
  const before = ledger.totals().messages
  await pass(MINUTE_MS)
  assert.ok(ledger.totals().messages > before)
  assert.deepEqual(streams.live(), [])

  await control('POST', 'twitch/subscriptions/end', { channel: 'demo', status: 'user_removed' })
  await pass(5_000)
  await subscribe(id, 'channel.chat.message', CONDITION)
  await subscribe(id, 'stream.online', { broadcaster_user_id: '1001' })
  await pass(5_000)
  assert.deepEqual(streams.live(), ['1001'])
})

test('the viewers of the demo are the same after every start, and after a reset', async (t) => {
  const { simulator, control } = await startTwitch(t, { demo: true })
  const ids = () => simulator.twitch.chatters.viewers().map(({ id, login }) => `${id} ${login}`)
  const before = ids()
  assert.equal(before.length, 25)
  assert.equal(before[0], '910000001 kot_borys')
  await control('POST', 'reset')
  assert.deepEqual(ids(), before)
})
