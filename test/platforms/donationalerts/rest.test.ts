import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { createDonationAlertsRest } from '../../../src/platforms/donationalerts/rest.ts'
import { donationItem } from '../../support/donation-client.ts'
import { createTestRequest, failureOf } from '../../support/platform-request.ts'
import { startScriptedHttp, type Answer } from '../../support/scripted-http.ts'

const CHANNEL = '$alerts:donation_7'

async function setUp(t: TestContext, ...answers: Answer[]) {
  const http = await startScriptedHttp(t, ...answers)
  const rest = createDonationAlertsRest({ url: http.url, request: createTestRequest() })
  return {
    http,
    rest,
    page: (page = 1) => rest.donationsPage({ accessToken: 'canary-access', accountId: '7', page }),
    sign: () => rest.signSubscription({ accessToken: 'canary-access', accountId: '7', client: 'uuid' }),
  }
}

test('the profile names the account, its name and the token for the socket', async (t) => {
  const data = {
    id: 7,
    code: 'ivan',
    name: 'Иван',
    avatar: 'x',
    email: 'canary@example.org',
    socket_connection_token: 'jwt',
  }
  const { http, rest } = await setUp(t, { status: 200, json: { data } })
  assert.deepEqual(await rest.profile('canary-access'), { accountId: '7', name: 'Иван', socketToken: 'jwt' })
  assert.equal(http.received[0]?.path, '/api/v1/user/oauth')
  assert.equal(http.received[0]?.headers.authorization, 'Bearer canary-access')
})

test('a profile may call itself by less, but not be nobody', async (t) => {
  const profile = (fields: object): Answer => ({
    status: 200,
    json: { data: { socket_connection_token: 'jwt', ...fields } },
  })
  const { rest } = await setUp(
    t,
    profile({ id: '7', name: null, code: 'ivan' }),
    profile({ id: 7, name: '' }),
    profile({ name: 'Ivan' }),
    {
      status: 200,
      json: { data: { id: 7, name: 'Ivan' } },
    },
  )
  assert.equal((await rest.profile('x')).name, 'ivan')
  assert.equal((await rest.profile('x')).name, '7')
  assert.equal((await failureOf(rest.profile('x'))).code, 'platform-invalid')
  assert.equal((await failureOf(rest.profile('x'))).code, 'platform-invalid')
})

test('a page of donations is read in the platform’s order, the unreadable ones included', async (t) => {
  const items = [donationItem(9), { id: 8 }, null, donationItem(7)]
  const { http, page } = await setUp(t, {
    status: 200,
    json: { data: items, links: { next: null }, meta: { last_page: 4 } },
  })
  const { items: read, lastPage } = await page(3)
  assert.equal(http.received[0]?.path, '/api/v1/alerts/donations?page=3')
  assert.equal(lastPage, 4)
  assert.deepEqual(
    read.map((item) => (item.ok ? item.donation.externalId : item.reason)),
    ['9', 'amount', 'not an object', '7'],
  )
})

test('where the platform counts no pages, its link to the next one is believed', async (t) => {
  const { page } = await setUp(
    t,
    { status: 200, json: { data: [], links: { next: 'https://example.org/?page=3' } } },
    { status: 200, json: { data: [], links: { next: null }, meta: { last_page: null } } },
    { status: 200, json: { data: [] } },
    { status: 200, json: { data: {} } },
    { status: 200, json: [] },
  )
  assert.equal((await page(2)).lastPage, 3)
  assert.equal((await page(2)).lastPage, 2)
  assert.equal((await page(1)).lastPage, 1)
  assert.equal((await failureOf(page())).code, 'platform-invalid')
  assert.equal((await failureOf(page())).code, 'platform-invalid')
})

test('a page of thirty donations with the longest words is read', async (t) => {
  const data = Array.from({ length: 30 }, (_, index) => donationItem(index + 1, { message: 'ы'.repeat(100_000) }))
  const { page } = await setUp(t, { status: 200, json: { data, meta: { last_page: 1 } } })
  assert.ok((await page()).items.every((item) => item.ok))
})

test('a subscription is signed for this client and this channel', async (t) => {
  const channels = [
    { channel: '$alerts:donation_8', token: 'other' },
    { channel: CHANNEL, token: 'jwt' },
  ]
  const { http, sign } = await setUp(t, { status: 200, json: { channels } })
  assert.equal(await sign(), 'jwt')
  const [received] = http.received
  assert.deepEqual([received?.method, received?.path], ['POST', '/api/v1/centrifuge/subscribe'])
  assert.equal(received?.body, `{"channels":["${CHANNEL}"],"client":"uuid"}`)
})

for (const [what, answer, code] of [
  ['no channel', { status: 200, json: { channels: [] } }, 'missing-scope'],
  ['success: false', { status: 200, json: { success: false, message: 'canary' } }, 'missing-scope'],
  ['another channel only', { status: 200, json: { channels: [{ channel: 'x', token: 'jwt' }] } }, 'missing-scope'],
  ['403', { status: 403, json: { message: 'canary' } }, 'missing-scope'],
  ['401', { status: 401, json: { message: 'Unauthenticated.' } }, 'platform-auth'],
  ['429', { status: 429, json: {} }, 'platform-rate-limit'],
  ['a channel without a token', { status: 200, json: { channels: [{ channel: CHANNEL }] } }, 'platform-invalid'],
  ['something else altogether', { status: 200, json: { data: [] } }, 'platform-invalid'],
  ['nothing', { status: 200 }, 'platform-invalid'],
  ['HTML', { status: 200, text: '<html>canary' }, 'platform-invalid'],
] as [string, Answer, string][]) {
  test(`a wish for a signature answered by ${what} fails as ${code}`, async (t) => {
    const { sign } = await setUp(t, answer)
    const failure = await failureOf(sign())
    assert.equal(failure.code, code)
    assert.doesNotMatch(failure.everything, /canary/)
  })
}
