import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventually } from '../support/eventually.ts'
import { CHAT_SCOPES, startTwitch } from '../support/simulated-twitch.ts'

type Fields = Record<string, unknown>

/** Ivan's channel with every kind of chat event subscribed. */
async function inChat(t: Parameters<typeof startTwitch>[0], options: Parameters<typeof startTwitch>[1] = {}) {
  const twitch = await startTwitch(t, options)
  const { id: conduit, sockets } = await twitch.openConduit(1)
  for (const kind of ['message', 'notification', 'clear', 'clear_user_messages', 'message_delete'])
    await twitch.subscribe(conduit, `channel.chat.${kind}`)
  for (const type of ['stream.online', 'stream.offline'])
    await twitch.subscribe(conduit, type, { broadcaster_user_id: '107' })
  const [socket] = sockets
  assert.ok(socket)
  let taken = 0
  /** The next notification that was not taken yet. */
  const next = async (): Promise<{ type: string | undefined; event: Fields }> => {
    await eventually('a notification', () => socket.notifications().length > taken)
    const { metadata, payload } = socket.notifications()[taken++] ?? assert.fail()
    return { type: metadata.subscription_type, event: payload.event ?? {} }
  }
  return { ...twitch, socket, conduit, next }
}

const who = (role: string, id: string, login: string, name: string) => ({
  [`${role}_user_id`]: id,
  [`${role}_user_login`]: login,
  [`${role}_user_name`]: name,
})
const IVAN = who('broadcaster', '107', 'ivan', 'Иван')

test('a text comes in parts: words between emotes, mentions and cheers', async (t) => {
  const { say, next } = await inChat(t)
  const text = 'Cheer150 смотри @ivan,  Kappa mine !!'
  await say({ text, bits: 150, emotes: { mine: 'emotesv2_1' } })
  const { event } = await next()
  const fragments = (event['message'] as { fragments: Fields[] }).fragments
  const none = { cheermote: null, emote: null, mention: null }
  const emote = (name: string, id: string) => ({
    ...none,
    type: 'emote',
    text: name,
    emote: { id, emote_set_id: '0', owner_id: '0', format: ['static'] },
  })
  const words = (plain: string) => ({ ...none, type: 'text', text: plain })
  assert.deepEqual(fragments, [
    { ...none, type: 'cheermote', text: 'Cheer150', cheermote: { prefix: 'Cheer', bits: 150, tier: 100 } },
    // A comma belongs to the word: that is nobody's name.
    words(' смотри @ivan,  '),
    emote('Kappa', '25'),
    words(' '),
    emote('mine', 'emotesv2_1'),
    words(' !!'),
  ])
  assert.equal(fragments.map((fragment) => fragment['text']).join(''), text)
  assert.deepEqual(event['cheer'], { bits: 150 })

  await say({ text: '@Ivan hi', messageType: 'channel_points_highlighted', color: '' })
  const { event: mention } = await next()
  assert.deepEqual((mention['message'] as { fragments: Fields[] }).fragments[0], {
    ...none,
    type: 'mention',
    text: '@Ivan',
    mention: { user_id: '107', user_login: 'ivan', user_name: 'Иван' },
  })
  assert.deepEqual([mention['color'], mention['message_type']], ['', 'channel_points_highlighted'])
})

test('badges come from what somebody is in the channel, or are given', async (t) => {
  const { say, next, control } = await inChat(t)
  const badges = async (fields: Fields) => {
    await say(fields)
    return (await next()).event['badges']
  }
  assert.deepEqual(await badges({ as: 'ivan' }), [{ set_id: 'broadcaster', id: '1', info: '' }])
  await control('POST', 'twitch/standing', { channel: 'ivan', user: 'maria', moderator: true, subscriberMonths: 14 })
  assert.deepEqual(await badges({}), [
    { set_id: 'moderator', id: '1', info: '' },
    { set_id: 'subscriber', id: '12', info: '14' },
  ])
  await control('POST', 'twitch/standing', { channel: 'ivan', user: 'maria', moderator: false, vip: true })
  assert.deepEqual(await badges({}), [
    { set_id: 'vip', id: '1', info: '' },
    { set_id: 'subscriber', id: '12', info: '14' },
  ])
  const given = [{ set_id: 'hype-train', id: '2', info: '' }]
  assert.deepEqual(await badges({ badges: given }), given)
})

test('an answer names what it answers, and the thread that both belong to', async (t) => {
  const { say, next } = await inChat(t)
  const [first] = await say({ as: 'nobody_yet', text: 'a question' })
  const [second] = await say({ text: 'an answer', replyTo: first })
  await say({ as: 'ivan', text: 'another', replyTo: second })
  const asker = (await next()).event
  assert.equal(asker['chatter_user_login'], 'nobody_yet', 'whoever talks is there')
  const thread = {
    thread_message_id: first,
    thread_user_id: asker['chatter_user_id'],
    thread_user_login: 'nobody_yet',
    thread_user_name: 'nobody_yet',
  }
  assert.deepEqual((await next()).event['reply'], {
    parent_message_id: first,
    parent_message_body: 'a question',
    parent_user_id: asker['chatter_user_id'],
    parent_user_login: 'nobody_yet',
    parent_user_name: 'nobody_yet',
    ...thread,
  })
  assert.deepEqual((await next()).event['reply'], {
    parent_message_id: second,
    parent_message_body: 'an answer',
    parent_user_id: '108',
    parent_user_login: 'maria',
    parent_user_name: 'Мария',
    ...thread,
  })
})

test('a message of a shared chat says where it was written', async (t) => {
  const { say, next, control } = await inChat(t)
  await control('POST', 'twitch/viewers', { login: 'guest', name: 'Гость' })
  await say({ as: 'guest', source: 'maria' })
  const { event } = await next()
  assert.deepEqual(
    [event['source_broadcaster_user_id'], event['source_broadcaster_user_login'], event['is_source_only']],
    ['108', 'maria', false],
  )
  assert.match(String(event['source_message_id']), /^[\w-]{36}$/)
  assert.notEqual(event['source_message_id'], event['message_id'])
  assert.deepEqual(event['source_badges'], [])
})

test('deleting, clearing, timing out and banning are told; who is banned does not talk', async (t) => {
  const { say, next, control, ask, pass } = await inChat(t)
  const [id] = await say({})
  await next()
  await control('POST', 'twitch/delete-message', { id })
  const target = who('target', '108', 'maria', 'Мария')
  assert.deepEqual(await next(), {
    type: 'channel.chat.message_delete',
    event: { ...IVAN, ...target, message_id: id },
  })
  await control('POST', 'twitch/clear', { channel: 'ivan' })
  assert.deepEqual(await next(), { type: 'channel.chat.clear', event: IVAN })
  await control('POST', 'twitch/ban', { channel: 'ivan', user: 'maria', forS: 60 })
  assert.deepEqual(await next(), { type: 'channel.chat.clear_user_messages', event: { ...IVAN, ...target } })
  const talk = async () =>
    (await ask('POST', '/control/twitch/say', { body: { channel: 'ivan', as: 'maria', text: 'x' } })).status
  assert.equal(await talk(), 400)
  await pass(60_000)
  assert.equal(await talk(), 201)
  await control('POST', 'twitch/ban', { channel: 'ivan', user: 'maria' })
  await pass(1_000_000)
  assert.equal(await talk(), 400)
  await control('POST', 'twitch/unban', { channel: 'ivan', user: 'maria' })
  assert.equal(await talk(), 201)
})

test('subscriptions, gifts and raids are notices, each with its own part filled', async (t) => {
  const { next, control } = await inChat(t)
  const notice = async (fields: Fields) => {
    await control('POST', 'twitch/notice', { channel: 'ivan', as: 'maria', ...fields })
    const { type, event } = await next()
    assert.equal(type, 'channel.chat.notification')
    return event
  }
  const sub = await notice({ type: 'sub', text: 'ура' })
  assert.deepEqual(
    [sub['notice_type'], sub['sub'], sub['raid'], (sub['message'] as Fields)['text']],
    ['sub', { sub_tier: '1000', is_prime: false, duration_months: 1 }, null, 'ура'],
  )
  const raid = await notice({ type: 'raid', count: 55 })
  assert.equal((raid['raid'] as Fields)['viewer_count'], 55)
  assert.equal(raid['system_message'], '55 raiders from Мария have joined!')
  const gift = await notice({ type: 'sub_gift', recipient: 'lucky' })
  assert.equal((gift['sub_gift'] as Fields)['recipient_user_login'], 'lucky')
  assert.equal(((await notice({ type: 'resub', count: 7 }))['resub'] as Fields)['cumulative_months'], 7)
})

test('a stream goes on air and off, and says so once each', async (t) => {
  const { next, control, socket } = await inChat(t)
  for (const live of [false, true, true, false]) await control('POST', 'twitch/stream', { channel: 'ivan', live })
  const online = await next()
  assert.deepEqual(
    [online.type, online.event['type'], online.event['broadcaster_user_id']],
    ['stream.online', 'live', '107'],
  )
  assert.deepEqual(await next(), { type: 'stream.offline', event: IVAN })
  assert.equal(socket.notifications().length, 2)
})

test('messages come at a steady pace, by all viewers in all channels', async (t) => {
  const { control, pass, simulator } = await inChat(t)
  await control('POST', 'twitch/viewers', { count: 3, prefix: 'v' })
  const { ids } = await control('POST', 'twitch/say', {
    channels: ['ivan', 'maria'],
    viewers: ['v1', 'v2', 'v3'],
    text: 'n{n}',
    count: 60,
    perSecond: 10,
  })
  const said = () => simulator.twitch.ledger.messages()
  await pass(1_000)
  assert.equal(said().length, 11)
  await pass(10_000)
  assert.deepEqual(
    said().map(({ id }) => id),
    ids,
  )
  assert.deepEqual([said()[0]?.text, said()[59]?.text], ['n1', 'n60'])
  assert.equal(new Set(said().map(({ channel, user }) => `${channel} ${user}`)).size, 6)
})

test('a reset ends what is being said', async (t) => {
  const { control, say, pass, simulator } = await inChat(t)
  await say({ count: 1_000, perSecond: 10 })
  await control('POST', 'twitch/load', { channels: ['ivan'], perSecond: 10, durationMs: 60_000 })
  await pass(1_000)
  await control('POST', 'reset')
  await pass(10_000)
  assert.equal(simulator.twitch.ledger.totals().messages, 0)
})

test('a load is spread over channels and viewers, holds its pace, and has its share of commands and duplicates', async (t) => {
  const { control, pass, simulator, conduit, subscribe, socket } = await inChat(t)
  const { streamers } = await control('POST', 'streamers', { count: 20, prefix: 's', scopes: CHAT_SCOPES })
  for (const { twitchId: id } of streamers as { twitchId: string }[])
    await subscribe(conduit, 'channel.chat.message', { broadcaster_user_id: id, user_id: id })
  const channels = (streamers as { login: string }[]).map(({ login }) => login)
  const load = { channels, perSecond: 500, durationMs: 4_000, viewersPerChannel: 5 }
  await control('POST', 'twitch/load', { ...load, commandShare: 0.05, stamp: true, duplicateEvery: 100 })
  await pass(1_000)
  const { load: halfway } = (await control('GET', 'twitch/load')) as { load: Fields }
  assert.ok(Number(halfway['sent']) >= 500 && Number(halfway['sent']) <= 502, String(halfway['sent']))
  await pass(4_000)
  const { load: done } = (await control('GET', 'twitch/load')) as { load: Fields }
  assert.deepEqual([done['running'], done['sent'], done['commands']], [false, 2_000, 100])
  const said = simulator.twitch.ledger.messages()
  assert.equal(new Set(said.map(({ channel, user }) => `${channel} ${user}`)).size, 100)
  await eventually('all of it', () => socket.notifications().length === 2_020)
  const [first] = socket.texts()
  const [, stamp] = /^\S.* t=(\d+\.\d{3})$/.exec(String(first)) ?? []
  assert.equal(Math.round(Number(stamp)), Date.UTC(2026, 0, 1))
  await control('POST', 'twitch/load', load)
  await control('DELETE', 'twitch/load')
  await pass(4_000)
  assert.ok(simulator.twitch.ledger.totals().messages < 2_010)
})
