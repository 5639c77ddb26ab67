import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { systemClock } from '../../../src/base/clock.ts'
import { createHelixBudget } from '../../../src/platforms/twitch/helix-budget.ts'
import { createHelixCall } from '../../../src/platforms/twitch/helix-call.ts'
import { createSendChat } from '../../../src/platforms/twitch/send-chat.ts'
import { createSubscriptionApi } from '../../../src/platforms/twitch/subscription-api.ts'
import { createTestRequest, failureOf } from '../../support/platform-request.ts'
import { startScriptedHttp, type Answer } from '../../support/scripted-http.ts'

async function setUp(t: TestContext, ...answers: Answer[]) {
  const http = await startScriptedHttp(t, ...answers)
  const tokens = ['one', 'two', 'three']
  const dropped: string[] = []
  const call = createHelixCall({
    apiUrl: `${http.url}/helix`,
    clientId: 'an-id',
    request: createTestRequest(),
    token: {
      get: () => Promise.resolve(tokens[dropped.length] ?? ''),
      drop: (token) => void dropped.push(token),
    },
    budget: createHelixBudget({ clock: systemClock }),
  })
  const api = createSubscriptionApi(call)
  const create = () =>
    api.create({ type: 'channel.chat.message', condition: { broadcaster_user_id: '1' }, conduitId: 'a-conduit' })
  const send = () => createSendChat(call)({ channelUserId: '1', speakerUserId: '2', text: 'hi', replyTo: 'a-message' })
  return { http, api, create, send, dropped }
}

const refusal = (status: number, message: string, more = {}): Answer => ({ status, json: { status, message, ...more } })

test('a subscription is asked for in the application’s name, through the conduit', async (t) => {
  const { http, create } = await setUp(t, { status: 202, json: { data: [entry('new')], total: 1 } })
  assert.deepEqual(await create(), { kind: 'there', id: 'new' })
  const [request] = http.received
  assert.deepEqual(
    [request?.method, request?.path, request?.headers.authorization, request?.headers['client-id']],
    ['POST', '/helix/eventsub/subscriptions', 'Bearer one', 'an-id'],
  )
  assert.deepEqual(JSON.parse(request?.body ?? ''), {
    type: 'channel.chat.message',
    version: '1',
    condition: { broadcaster_user_id: '1' },
    transport: { method: 'conduit', conduit_id: 'a-conduit' },
  })
})

const OUTCOMES: [what: string, answer: Answer, outcome: unknown][] = [
  ['409 with the id', refusal(409, 'exists', { id: 'old' }), { kind: 'there', id: 'old' }],
  ['409 with the subscription', refusal(409, 'exists', { data: [entry('old')] }), { kind: 'there', id: 'old' }],
  ['409 without an id', refusal(409, 'exists'), { kind: 'there', id: null }],
  ['409 with an id of another type', refusal(409, 'exists', { id: 7 }), { kind: 'there', id: null }],
  ['403', refusal(403, 'subscription missing proper authorization'), { kind: 'refused', reason: 'permission' }],
  ['403 for a ban', refusal(403, 'The user is banned in this channel'), { kind: 'refused', reason: 'banned' }],
  ['400', refusal(400, 'invalid condition'), { kind: 'refused', reason: 'invalid' }],
  ['400 for the conduit', refusal(400, 'Conduit does not exist'), { kind: 'no-conduit' }],
  ['404', refusal(404, 'conduit not found'), { kind: 'no-conduit' }],
  ['410', refusal(410, 'version removed'), { kind: 'refused', reason: 'invalid' }],
  [
    '429 of type and condition',
    refusal(429, 'maximum subscriptions with type and condition exceeded'),
    { kind: 'full', quota: 'type-and-condition' },
  ],
  [
    '429 of transports',
    refusal(429, 'number of websocket transports limit exceeded'),
    { kind: 'full', quota: 'transports' },
  ],
  ['429 of the cost', refusal(429, 'total cost exceeded'), { kind: 'full', quota: 'cost' }],
]
for (const [what, answer, outcome] of OUTCOMES) {
  test(`a create that is answered with ${what} is asked once and comes back as it is`, async (t) => {
    const { http, create } = await setUp(t, answer)
    assert.deepEqual(await create(), outcome)
    assert.equal(http.received.length, 1)
  })
}

test('any other 429 is a rate limit; and a page of HTML is no refusal', async (t) => {
  for (const [answer, code] of [
    [{ ...(refusal(429, 'Too Many Requests') as object), headers: { 'ratelimit-reset': '0' } }, 'platform-rate-limit'],
    [{ status: 429, text: '<p>cost' }, 'platform-rate-limit'],
    [{ status: 403, text: '<p>banned' }, 'platform-invalid'],
    [{ status: 409, text: '<p>' }, 'platform-invalid'],
    [{ status: 202, json: { data: [] } }, 'platform-invalid'],
    [{ status: 500 }, 'platform-server'],
  ] as [Answer, string][]) {
    const { create } = await setUp(t, answer)
    assert.equal((await failureOf(create())).code, code)
  }
})

test('a refused token is replaced and the same is asked once more, not twice', async (t) => {
  const unauthorized = refusal(401, 'Invalid OAuth token')
  const once = await setUp(t, unauthorized, { status: 202, json: { data: [entry('new')] } })
  assert.deepEqual(await once.create(), { kind: 'there', id: 'new' })
  assert.deepEqual(
    once.http.received.map(({ headers }) => headers.authorization),
    ['Bearer one', 'Bearer two'],
  )
  const forever = await setUp(t, unauthorized)
  assert.equal((await failureOf(forever.create())).code, 'platform-auth')
  assert.equal(forever.http.received.length, 2)
})

test('pages are followed to their end, and an entry that cannot be read hides no other', async (t) => {
  const { http, api } = await setUp(
    t,
    { status: 200, json: { data: [entry('a'), null, { id: 7 }, entry('b')], pagination: { cursor: 'next/1' } } },
    { status: 200, json: { data: [entry('c')], pagination: {} } },
  )
  const ids: string[] = []
  for await (const page of api.pages({ type: 'stream.online' })) ids.push(...page.map(({ id }) => id))
  assert.deepEqual(ids, ['a', 'b', 'c'])
  assert.deepEqual(
    http.received.map(({ path }) => path),
    [
      '/helix/eventsub/subscriptions?type=stream.online',
      '/helix/eventsub/subscriptions?type=stream.online&after=next%2F1',
    ],
  )
})

test('a cursor that leads back to itself ends the list', async (t) => {
  const { http, api } = await setUp(t, { status: 200, json: { data: [entry('a')], pagination: { cursor: 'again' } } })
  let pages = 0
  for await (const page of api.pages({})) pages += page.length
  assert.deepEqual([pages, http.received.length], [2, 2])
})

test('removing what is gone is success', async (t) => {
  const { http, api } = await setUp(t, { status: 204 }, refusal(404, 'subscription not found'), { status: 500 })
  await api.remove('a b')
  await api.remove('a b')
  assert.equal((await failureOf(api.remove('a b'))).code, 'platform-server')
  assert.deepEqual(
    [http.received[0]?.method, http.received[0]?.path],
    ['DELETE', '/helix/eventsub/subscriptions?id=a+b'],
  )
})

test('what Twitch may have said already is a failure that is never tried again, the rest is not', async (t) => {
  for (const [answer, code] of [
    [{ status: 500 }, 'platform-network'],
    [{ status: 504, text: '<p>' }, 'platform-network'],
    [{ status: 200, text: '<p>' }, 'platform-network'],
    [{ status: 200, json: { data: [] } }, 'platform-network'],
    [{ status: 503 }, 'platform-server'],
    [{ status: 429 }, 'platform-rate-limit'],
    [{ status: 404, json: {} }, 'platform-invalid'],
    [{ status: 403, text: '<p>' }, 'platform-invalid'],
  ] as [Answer, string][]) {
    const { send, http } = await setUp(t, answer)
    assert.equal((await failureOf(send())).code, code, JSON.stringify(answer))
    assert.equal(http.received.length, 1)
  }
})

test('a message goes out with what it answers, after a refused token once more', async (t) => {
  const { send, http } = await setUp(t, refusal(401, 'Invalid OAuth token'), {
    status: 200,
    json: { data: [{ message_id: 'abc-123-def', is_sent: true }] },
  })
  assert.deepEqual(await send(), { sent: true, id: 'abc-123-def' })
  assert.deepEqual(JSON.parse(http.received[1]?.body ?? ''), {
    broadcaster_id: '1',
    sender_id: '2',
    message: 'hi',
    reply_parent_message_id: 'a-message',
  })
})

test('a drop without a word, or with prose for a word, is a drop', async (t) => {
  for (const drop_reason of [undefined, null, {}, { code: 'no spaces in a word', message: 'x' }]) {
    const { send } = await setUp(t, { status: 200, json: { data: [{ message_id: '', is_sent: false, drop_reason }] } })
    assert.deepEqual(await send(), { sent: false, why: 'dropped', code: 'other' })
  }
})

function entry(id: string) {
  return {
    id,
    status: 'enabled',
    type: 'channel.chat.message',
    version: '1',
    condition: { broadcaster_user_id: '1', user_id: '2' },
    transport: { method: 'conduit', conduit_id: 'a-conduit' },
    cost: 0,
  }
}
