import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readJwt } from '../../simulator/jwt.ts'
import { startPlatforms, type SimulatedPlatforms } from '../support/simulated-platforms.ts'

const DONATIONS = '/api/v1/alerts/donations'
const SUBSCRIBE = '/api/v1/centrifuge/subscribe'
const CHANNEL = '$alerts:donation_7'

interface Page {
  data: Record<string, unknown>[]
  links: Record<string, string | null>
  meta: Record<string, unknown>
}

async function page({ ask }: SimulatedPlatforms, token: string, query = ''): Promise<Page> {
  const { status, body } = await ask('GET', `${DONATIONS}${query}`, { token })
  assert.equal(status, 200)
  return body as unknown as Page
}

test('a listed donation has the real set of fields, a pushed one a little less and a reason', async (t) => {
  const platforms = await startPlatforms(t)
  const socket = await platforms.listen('7')
  const { access_token: token } = await platforms.signIn('da', 'ivan')
  const { ids } = await platforms.control('POST', 'donations', {
    daId: 7,
    username: null,
    message: 'Привет!\r\n',
    amount: 4.5,
    currency: 'USD',
    createdAt: '2026-11-20 10:11:12',
  })
  const [id] = ids as number[]
  const common = {
    id,
    name: 'Donations',
    username: null,
    message: 'Привет!\r\n',
    message_type: 'text',
    payin_system: { title: 'Bank card' },
    amount: 4.5,
    currency: 'USD',
    is_shown: 1,
    amount_in_user_currency: 360,
    recipient_name: 'Иван',
    recipient: {
      user_id: 7,
      code: 'ivan',
      name: 'Иван',
      avatar: 'https://static.donationalerts.ru/uploads/users/7.jpg',
    },
    created_at: '2026-11-20 10:11:12',
    shown_at: null,
  }
  const { data } = await page(platforms, token)
  assert.deepEqual(data, [{ ...common, created_at_ts: 1_795_169_472, shown_at_ts: null }])
  const { result } = JSON.parse(await socket.next()) as { result: { data: { seq: number; data: unknown } } }
  assert.deepEqual(result.data, { seq: 1, data: { ...common, reason: 'default' } })
})

test('an empty list is one page of nothing', async (t) => {
  const platforms = await startPlatforms(t)
  const { access_token: token } = await platforms.signIn('da', 'ivan')
  const path = `${platforms.url}${DONATIONS}`
  const empty = { data: [], links: { first: `${path}?page=1`, last: `${path}?page=1`, prev: null, next: null } }
  assert.deepEqual(await page(platforms, token), {
    ...empty,
    meta: { current_page: 1, from: null, last_page: 1, path, per_page: 30, to: null, total: 0 },
  })
})

test('pages of 30, newest first, other people’s not among them; unknown parameters mean nothing', async (t) => {
  const platforms = await startPlatforms(t)
  const { access_token: token } = await platforms.signIn('da', 'ivan')
  await platforms.control('POST', 'donations', { daId: 8, count: 5 })
  const { ids } = await platforms.control('POST', 'donations', { daId: 7, count: 65 })
  const newestFirst = (ids as number[]).toReversed()
  const pages = [
    await page(platforms, token),
    await page(platforms, token, '?page=2'),
    await page(platforms, token, '?page=3'),
  ]
  assert.deepEqual(
    pages.flatMap(({ data }) => data.map(({ id }) => id)),
    newestFirst,
  )
  const path = `${platforms.url}${DONATIONS}`
  assert.deepEqual(pages[1]?.links, {
    first: `${path}?page=1`,
    last: `${path}?page=3`,
    prev: `${path}?page=1`,
    next: `${path}?page=3`,
  })
  assert.deepEqual(pages[2]?.meta, { current_page: 3, from: 61, last_page: 3, path, per_page: 30, to: 65, total: 65 })
  for (const query of ['?limit=10', '?since=2030-01-01&per_page=5', '?page=x', '?page=0', '?page=-3'])
    assert.deepEqual((await page(platforms, token, query)).data, pages[0]?.data, query)
  assert.deepEqual((await page(platforms, token, '?page=9')).data, [])
})

test('inserts while paging repeat items, deletions skip some', async (t) => {
  const platforms = await startPlatforms(t)
  const { access_token: token } = await platforms.signIn('da', 'ivan')
  const { ids } = await platforms.control('POST', 'donations', { daId: 7, count: 40 })
  const [oldest] = ids as number[]
  const last = (ids as number[]).at(-1)
  const first = await page(platforms, token)
  await platforms.control('POST', 'donations', { daId: 7 })
  const shifted = await page(platforms, token, '?page=2')
  assert.equal(shifted.data[0]?.['id'], first.data.at(-1)?.['id'])
  for (const id of [last, (last ?? 0) - 1]) await platforms.control('DELETE', `donations/${id}`)
  const skipped = await page(platforms, token, '?page=2')
  assert.equal(Number(skipped.data[0]?.['id']), Number(first.data.at(-1)?.['id']) - 2, 'one was never shown')
  assert.equal(skipped.data.at(-1)?.['id'], oldest)
  assert.equal(skipped.meta['total'], 39)
})

test('items can be as broken as wanted, by page and by push', async (t) => {
  const platforms = await startPlatforms(t)
  const socket = await platforms.listen('7')
  const { access_token: token } = await platforms.signIn('da', 'ivan')
  const raw = { id: 'x', amount: { much: true }, extra: [1], created_at: '30.02.2026' }
  await platforms.control('POST', 'donations', { daId: 7, raw, omit: ['currency', 'recipient'], messageType: 'audio' })
  const pushed = (JSON.parse(await socket.next()) as { result: { data: { data: Record<string, unknown> } } }).result
    .data.data
  const [listed] = (await page(platforms, token)).data
  for (const item of [pushed, listed]) {
    assert.ok(item && !('currency' in item) && !('recipient' in item))
    assert.equal(item['message_type'], 'audio')
    assert.deepEqual(
      { id: item['id'], amount: item['amount'], extra: item['extra'], created_at: item['created_at'] },
      raw,
    )
  }
})

test('each call asks for its scope', async (t) => {
  const { signIn, ask, control } = await startPlatforms(t)
  const bare = (await signIn('da', 'ivan', { scopes: 'oauth-poll-subscribe' })).access_token
  const body = { channels: [CHANNEL], client: 'c' }
  const statuses = async () => [
    (await ask('GET', '/api/v1/user/oauth', { token: bare })).status,
    (await ask('GET', DONATIONS, { token: bare })).status,
    (await ask('POST', SUBSCRIBE, { token: bare, body })).status,
  ]
  assert.deepEqual(await statuses(), [403, 403, 403])
  await control('PATCH', 'switches', { missingScopeStatus: 401 })
  assert.deepEqual(await statuses(), [401, 401, 401])
  for (const token of ['', 'nonsense', 'a.b.c', 'Zm9v.YmFy.YmF6'])
    assert.equal((await ask('GET', DONATIONS, token === '' ? {} : { token })).status, 401)
})

test('a channel is signed for one client, only to its owner, and a bad request is explained', async (t) => {
  const { signIn, ask, simulator } = await startPlatforms(t, { switches: { subscribeTokenTtlS: 60 } })
  const { access_token: token } = await signIn('da', 'ivan')
  const post = (body: unknown) => ask('POST', SUBSCRIBE, { token, body })
  const signed = await post({
    channels: [CHANNEL, '$alerts:donation_8', '$goals:goal_7', 'nonsense'],
    client: 'a client',
  })
  const [only, ...others] = signed.body['channels'] as { channel: string; token: string }[]
  assert.deepEqual([only?.channel, others], [CHANNEL, []])
  const reading = simulator.socketTokens.readSubscribe(only?.token ?? '')
  assert.ok(typeof reading === 'object' && reading.exp !== null)
  assert.deepEqual([reading.client, reading.channel], ['a client', CHANNEL])
  assert.equal(readJwt(only?.token ?? '', 'another key'), null)
  assert.deepEqual((await post({ channels: ['$alerts:donation_8'], client: 'c' })).body, { channels: [] })
  for (const bad of [
    {},
    { channels: [] },
    { channels: 'x', client: 'c' },
    { channels: [1], client: 'c' },
    'not json',
    [],
  ])
    assert.equal((await post(bad)).status, 422)
})

test('a client that another streamer opened is signed, unless multiplexing is refused', async (t) => {
  const { signIn, ask, control, listen } = await startPlatforms(t)
  const { client } = await listen('8')
  const { access_token: token } = await signIn('da', 'ivan')
  const sign = async () =>
    (await ask('POST', SUBSCRIBE, { token, body: { channels: [CHANNEL], client } })).body['channels']
  assert.equal(((await sign()) as unknown[]).length, 1)
  await control('PATCH', 'switches', { multiplexing: false })
  assert.deepEqual(await sign(), [])
})

test('the subscribe call can say nothing, or no', async (t) => {
  const { signIn, ask, control } = await startPlatforms(t)
  const { access_token: token } = await signIn('da', 'ivan')
  const sign = async () => (await ask('POST', SUBSCRIBE, { token, body: { channels: [CHANNEL], client: 'c' } })).body
  await control('PATCH', 'switches', { subscribeReply: 'empty' })
  assert.deepEqual(await sign(), { channels: [] })
  await control('PATCH', 'switches', { subscribeReply: 'refused' })
  assert.deepEqual(await sign(), { success: false, message: 'Unable to subscribe' })
})
