import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventually } from '../support/eventually.ts'
import { CHAT_SCOPES, startTwitch } from '../support/simulated-twitch.ts'

/** Ivan's and Maria's chats, and the application's own news, on one shard. */
async function subscribed(t: Parameters<typeof startTwitch>[0]) {
  const twitch = await startTwitch(t)
  await twitch.control('POST', 'twitch/allow', { user: 'maria', scopes: CHAT_SCOPES })
  const { id: conduit, sockets } = await twitch.openConduit(1)
  for (const id of ['107', '108']) {
    await twitch.subscribe(conduit, 'channel.chat.message', { broadcaster_user_id: id, user_id: id })
    await twitch.subscribe(conduit, 'stream.online', { broadcaster_user_id: id })
  }
  await twitch.subscribe(conduit, 'user.authorization.revoke', { client_id: 'chatfolk-twitch' })
  const [socket] = sockets
  assert.ok(socket)
  const revocations = () => socket.messages.filter(({ metadata }) => metadata.message_type === 'revocation')
  const statuses = async () => {
    const { body } = await twitch.helix('GET', 'eventsub/subscriptions')
    return (body['data'] as { type: string; status: string; condition: Record<string, string> }[]).map(
      ({ type, status, condition }) => `${type} ${condition['broadcaster_user_id'] ?? ''} ${status}`,
    )
  }
  return { ...twitch, conduit, socket, revocations, statuses }
}

test('who takes everything back ends the tokens and what stood on them, and nothing else', async (t) => {
  const { signIn, control, ask, refresh, socket, revocations, statuses, subscribe, conduit } = await subscribed(t)
  const ivan = await signIn('twitch', 'ivan', { scopes: CHAT_SCOPES })
  const elsewhere = await signIn('twitch', 'ivan', { client: 'another' })
  const maria = await signIn('twitch', 'maria', { scopes: CHAT_SCOPES })
  assert.deepEqual(await control('POST', 'twitch/revoke', { user: 'ivan' }), { subscriptionsEnded: 1 })

  const isGood = async (token: string) => (await ask('GET', '/oauth2/validate', { token })).status
  assert.deepEqual(
    [await isGood(ivan.access_token), await isGood(elsewhere.access_token), await isGood(maria.access_token)],
    [401, 200, 200],
  )
  assert.equal((await refresh('twitch', ivan.refresh_token)).status, 400)
  await eventually('the revocation and the event', () => revocations().length + socket.notifications().length === 2)
  const [revocation] = revocations()
  assert.deepEqual(
    [revocation?.metadata.subscription_type, revocation?.payload.subscription?.['status']],
    ['channel.chat.message', 'authorization_revoked'],
  )
  assert.deepEqual(revocation?.payload.subscription?.['condition'], { broadcaster_user_id: '107', user_id: '107' })
  assert.deepEqual(socket.notifications()[0]?.payload.event, {
    client_id: 'chatfolk-twitch',
    user_id: '107',
    user_login: 'ivan',
    user_name: 'Иван',
  })
  assert.deepEqual(await statuses(), [
    'channel.chat.message 107 authorization_revoked',
    'stream.online 107 enabled',
    'channel.chat.message 108 enabled',
    'stream.online 108 enabled',
    'user.authorization.revoke  enabled',
  ])
  assert.equal((await subscribe(conduit, 'channel.chat.message')).status, 403)
  await signIn('twitch', 'ivan', { scopes: CHAT_SCOPES })
  assert.equal((await subscribe(conduit, 'channel.chat.message')).status, 202, 'an ended one is not in the way')
})

test('of who leaves Twitch everything ends, and nobody can say the name any more', async (t) => {
  const { control, socket, revocations } = await subscribed(t)
  await control('POST', 'twitch/revoke', { user: 'ivan', status: 'user_removed' })
  await eventually('two revocations and an event', () => revocations().length + socket.notifications().length === 3)
  assert.deepEqual(
    revocations().map(({ payload }) => payload.subscription?.['status']),
    ['user_removed', 'user_removed'],
  )
  assert.deepEqual(socket.notifications()[0]?.payload.event, {
    client_id: 'chatfolk-twitch',
    user_id: '107',
    user_login: null,
    user_name: null,
  })
})

test('a reader who is banned, and one who is no moderator any more, reads no further', async (t) => {
  const { control, subscribe, conduit, revocations, statuses } = await subscribed(t)
  await control('POST', 'streamers', { login: 'shy', name: 'Shy', twitchId: '109' })
  await control('POST', 'twitch/viewers', { login: 'bot', id: '900' })
  await control('POST', 'twitch/allow', { user: 'bot', scopes: CHAT_SCOPES })
  await control('POST', 'twitch/standing', { channel: 'shy', user: 'bot', moderator: true })
  for (const channel of ['107', '109'])
    await subscribe(conduit, 'channel.chat.message', { broadcaster_user_id: channel, user_id: '900' })
  await control('POST', 'twitch/ban', { channel: 'ivan', user: 'bot' })
  await control('POST', 'twitch/standing', { channel: 'shy', user: 'bot', moderator: false })
  await eventually('two revocations', () => revocations().length === 2)
  assert.deepEqual((await statuses()).slice(-2), [
    'channel.chat.message 107 chat_user_banned',
    'channel.chat.message 109 moderator_removed',
  ])
})

for (const status of ['version_removed', 'beta_maintenance', 'moderator_removed', 'authorization_revoked'] as const) {
  test(`a subscription can end as ${status}`, async (t) => {
    const { control, revocations, say, socket } = await subscribed(t)
    const end = { channel: 'ivan', type: 'channel.chat.message', status }
    assert.deepEqual(await control('POST', 'twitch/subscriptions/end', end), { ended: 1 })
    await eventually('the revocation', () => revocations().length === 1)
    assert.equal(revocations()[0]?.payload.subscription?.['status'], status)
    await say({ text: 'nobody listens' })
    await say({ channel: 'maria', as: 'ivan', text: 'somebody does' })
    await eventually('the other chat', () => socket.notifications().length === 1)
    assert.deepEqual(socket.texts(), ['somebody does'])
    assert.deepEqual(await control('POST', 'twitch/subscriptions/end', end), { ended: 0 })
  })
}
