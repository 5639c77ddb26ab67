import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AppError } from '../../src/base/errors.ts'
import { eventually } from '../support/eventually.ts'
import { failureOf } from '../support/platform-request.ts'
import {
  DA_APPLICATION,
  letIn,
  SCOPES,
  startSimulatedStreamer,
  type SimulatedStream,
  type SimulatedStreamer,
} from '../support/simulated-streamer.ts'
import type { ParsedDonation } from '../../src/domain/donation.ts'
import type { Publication } from '../../src/platforms/donation-source.ts'

async function donate(
  { control, accountId }: SimulatedStreamer,
  fields: Record<string, unknown> = {},
): Promise<string[]> {
  const { ids } = await control<{ ids: (number | string)[] }>('POST', '/control/donations', {
    daId: accountId,
    ...fields,
  })
  return ids.map(String)
}

const idOf = (item: ParsedDonation) => (item.ok ? item.donation.externalId : assert.fail(item.reason))
const idsOf = (publications: readonly Publication[]) => publications.map(({ item }) => idOf(item))

/** How a call fails that meets this fault, once all the client's patience is over. */
async function codeUnder(
  { control, clock }: SimulatedStreamer,
  fault: { target: string; kind: string | undefined },
  call: () => Promise<unknown>,
): Promise<string> {
  await control('POST', '/control/faults', { ...fault, times: 1 })
  const failure = failureOf(call())
  await eventually('the fault being met', async () => {
    const { faults } = await control<{ faults: unknown[] }>('GET', '/control/faults')
    return faults.length === 0
  })
  await clock.advance(10_000)
  return (await failure).code
}

async function live(stream: SimulatedStream, subscriptions = 1): Promise<void> {
  await eventually('the subscription', () => stream.subscriptions.length === subscriptions)
}

test('an account is connected, its profile read and its tokens rotated', async (t) => {
  const { oauth, tokens, source, accountId } = await startSimulatedStreamer(t)
  assert.deepEqual(tokens.scopes?.toSorted(), SCOPES.toSorted())
  const profile = await source.profile(tokens.accessToken)
  assert.equal(profile.accountId, accountId)

  const refreshToken = tokens.refreshToken ?? assert.fail()
  const renewed = await oauth.refresh({ application: DA_APPLICATION, refreshToken })
  assert.notEqual(renewed.accessToken, tokens.accessToken)
  assert.notEqual(renewed.refreshToken, refreshToken)
  assert.deepEqual(await source.profile(renewed.accessToken).then(({ name }) => name), profile.name)
  assert.equal((await failureOf(source.profile(tokens.accessToken))).code, 'platform-auth')
  assert.equal((await failureOf(oauth.refresh({ application: DA_APPLICATION, refreshToken }))).code, 'platform-auth')
})

test('a code is good once', async (t) => {
  const { oauth } = await startSimulatedStreamer(t)
  const redirectUri = 'http://127.0.0.1:3000/auth/donationalerts/callback'
  const code = await letIn(oauth, 'ivan')
  await oauth.exchangeCode({ application: DA_APPLICATION, redirectUri, code })
  const failure = await failureOf(oauth.exchangeCode({ application: DA_APPLICATION, redirectUri, code }))
  assert.deepEqual([failure.code, failure.reason], ['oauth-failed', 'invalid_grant'])
})

for (const status of [400, 401]) {
  test(`a dead refresh token, said with ${status}, is told from an outage`, async (t) => {
    const streamer = await startSimulatedStreamer(t)
    const { oauth, tokens, control, accountId } = streamer
    await control('PATCH', '/control/switches', { deadRefreshStatus: status })
    const refresh = () => oauth.refresh({ application: DA_APPLICATION, refreshToken: tokens.refreshToken ?? '' })
    for (const [kind, code] of [
      ['500', 'platform-server'],
      ['html', 'platform-invalid'],
      ['empty', 'platform-invalid'],
      ['reset', 'platform-network'],
      ['hang', 'platform-network'],
      ['429', 'platform-rate-limit'],
    ]) {
      assert.equal(await codeUnder(streamer, { target: 'da.token', kind }, refresh), code, kind)
    }
    await control('POST', '/control/tokens', { platform: 'da', userId: accountId, kill: 'refresh' })
    assert.equal((await failureOf(refresh())).code, 'platform-auth')
  })
}

test('a refresh whose reply is lost leaves the old token dead', async (t) => {
  const { oauth, tokens, control } = await startSimulatedStreamer(t)
  const refresh = () => oauth.refresh({ application: DA_APPLICATION, refreshToken: tokens.refreshToken ?? '' })
  await control('POST', '/control/faults', { target: 'da.token', kind: 'reply-lost', times: 1 })
  assert.equal((await failureOf(refresh())).code, 'platform-network')
  assert.equal((await failureOf(refresh())).code, 'platform-auth')
})

test('a donation is the same by push and by page', async (t) => {
  const streamer = await startSimulatedStreamer(t)
  const stream = await streamer.open()
  await live(stream)
  const [id] = await donate(streamer, { username: 'Мария 🎉', message: 'Привет!\r\n', amount: 22.5, currency: 'KZT' })
  await eventually('the push', () => stream.publications.length === 1)
  const { items, lastPage } = await streamer.source.donationsPage({
    accessToken: streamer.tokens.accessToken,
    accountId: streamer.accountId,
    page: 1,
  })
  const [pushed, listed] = [stream.publications[0]?.item, items[0]]
  assert.ok(pushed?.ok && listed?.ok)
  const { raw: _pushedRaw, ...pushedDonation } = pushed.donation
  const { raw: _listedRaw, ...listedDonation } = listed.donation
  assert.deepEqual(pushedDonation, listedDonation)
  assert.equal(pushedDonation.externalId, id)
  assert.deepEqual(
    [pushedDonation.donor, pushedDonation.message, pushedDonation.money],
    ['Мария 🎉', 'Привет!', { amount: '22.50', currency: 'KZT' }],
  )
  assert.equal(lastPage, 1)
})

test('the history is read page by page, newest first', async (t) => {
  const streamer = await startSimulatedStreamer(t)
  const ids = await donate(streamer, { count: 70 })
  const { source, tokens, accountId } = streamer
  const pages = []
  for (let page = 1, lastPage = 1; page <= lastPage; page++) {
    const read = await source.donationsPage({ accessToken: tokens.accessToken, accountId, page })
    lastPage = read.lastPage
    pages.push(read.items.map(idOf))
  }
  assert.deepEqual(
    pages.map((items) => items.length),
    [30, 30, 10],
  )
  assert.deepEqual(pages.flat().toReversed(), ids)
})

test('a burst of donations arrives whole and in order, however replies share messages', async (t) => {
  const streamer = await startSimulatedStreamer(t)
  const stream = await streamer.open()
  await live(stream)
  const ids = await donate(streamer, { count: 300 })
  await eventually('all donations', () => stream.publications.length === 300)
  assert.deepEqual(idsOf(stream.publications), ids)
  assert.deepEqual(
    stream.publications.map(({ seq }) => seq),
    ids.map((_, index) => index + 1),
  )
})

test('what was given while the socket was away is recovered, oldest first, at the price of one signature', async (t) => {
  const streamer = await startSimulatedStreamer(t)
  const first = await streamer.open()
  await live(first)
  await donate(streamer)
  await eventually('the push', () => first.publications.length === 1)
  await streamer.control('POST', '/control/sockets/close', { daId: streamer.accountId, code: 1006 })
  const end = await first.socket.closed
  assert.deepEqual([end.code, end.why, end.reconnect], [1006, 'closed-by-platform', true])

  const missed = await donate(streamer, { count: 40 })
  const epoch = first.subscriptions[0]?.position?.epoch ?? assert.fail()
  const second = await streamer.open({ position: { epoch, seq: 1 } })
  await live(second)
  const [recovery] = second.subscriptions
  assert.deepEqual([recovery?.recovered, recovery?.position], [true, { epoch, seq: 41 }])
  assert.deepEqual(idsOf(recovery?.publications ?? []), missed)
  assert.equal(second.signatures, 1)
})

test('a history that begins anew is told as not recovered', async (t) => {
  const streamer = await startSimulatedStreamer(t)
  const first = await streamer.open()
  await live(first)
  await donate(streamer, { count: 3 })
  await eventually('the pushes', () => first.publications.length === 3)
  first.socket.close()
  await first.socket.closed
  await streamer.control('POST', '/control/epoch', { daId: streamer.accountId })
  const epoch = first.subscriptions[0]?.position?.epoch ?? assert.fail()
  const second = await streamer.open({ position: { epoch, seq: 3 } })
  await live(second)
  assert.equal(second.subscriptions[0]?.recovered, false)
  assert.notEqual(second.subscriptions[0]?.position?.epoch, epoch)
})

test('a half-open socket is noticed by its silence', async (t) => {
  const streamer = await startSimulatedStreamer(t)
  const stream = await streamer.open()
  await live(stream)
  await streamer.control('POST', '/control/sockets/half-open', { daId: streamer.accountId })
  await streamer.clock.advance(25_000)
  await streamer.clock.advance(10_000)
  const { why, reconnect } = await stream.socket.closed
  assert.deepEqual({ why, reconnect }, { why: 'silent', reconnect: true })
  assert.equal(streamer.clock.pendingTimers(), 0)
})

test('pings are answered', async (t) => {
  const streamer = await startSimulatedStreamer(t)
  const stream = await streamer.open()
  await live(stream)
  for (let round = 1; round <= 3; round++) {
    await streamer.clock.advance(25_000)
    await eventually('the reply to the ping', () => streamer.clock.pendingTimers() === 1)
  }
  await donate(streamer)
  await eventually('the push', () => stream.publications.length === 1)
})

for (const [code, reconnect, dropSocketToken] of [
  [3001, true, false],
  [3002, true, true],
  [3005, true, true],
  [3010, true, false],
  [3012, false, false],
] as const) {
  test(`a close with ${code} is understood`, async (t) => {
    const streamer = await startSimulatedStreamer(t)
    const stream = await streamer.open()
    await live(stream)
    await streamer.control('POST', '/control/sockets/close', { all: true, code })
    const end = await stream.socket.closed
    assert.deepEqual([end.code, end.reconnect, end.dropSocketToken], [code, reconnect, dropSocketToken])
  })
}

test('a socket token that is none is refused, to be fetched again', async (t) => {
  const streamer = await startSimulatedStreamer(t)
  const stream = await streamer.open({ socketToken: 'garbage' })
  const { why, dropSocketToken } = await stream.socket.closed
  assert.deepEqual({ why, dropSocketToken }, { why: 'token-refused', dropSocketToken: true })
})

for (const subscribeReply of ['empty', 'refused']) {
  test(`a platform that signs nothing (${subscribeReply}) ends the socket as a missing scope`, async (t) => {
    const streamer = await startSimulatedStreamer(t)
    await streamer.control('PATCH', '/control/switches', { subscribeReply })
    const stream = await streamer.open()
    const { why, cause } = await stream.socket.closed
    assert.equal(why, 'sign-failed')
    assert.equal((await failureOf(Promise.reject(cause as Error))).code, 'missing-scope')
  })
}

test('each fault of the platform has its name', async (t) => {
  const streamer = await startSimulatedStreamer(t)
  const { source, tokens, accountId, control } = streamer
  const page = () => source.donationsPage({ accessToken: tokens.accessToken, accountId, page: 1 })
  for (const [kind, code] of [
    ['429', 'platform-rate-limit'],
    ['500', 'platform-server'],
    ['502', 'platform-server'],
    ['html', 'platform-invalid'],
    ['empty', 'platform-invalid'],
    ['slow', 'platform-network'],
    ['hang', 'platform-network'],
    ['reset', 'platform-network'],
    ['reply-lost', 'platform-network'],
  ]) {
    assert.equal(await codeUnder(streamer, { target: 'da.rest', kind }, page), code, kind)
  }
  assert.deepEqual((await page()).items, [])
  await control('POST', '/control/tokens', { platform: 'da', userId: accountId, kill: 'access' })
  assert.equal((await failureOf(page())).code, 'platform-auth')
})

test('a broken donation is kept by push and by page, and takes no other with it', async (t) => {
  const streamer = await startSimulatedStreamer(t)
  const stream = await streamer.open()
  await live(stream)
  await donate(streamer)
  await donate(streamer, { raw: { amount: { much: true }, message: 'a\0b' } })
  await donate(streamer)
  await eventually('three pushes', () => stream.publications.length === 3)
  const { items } = await streamer.source.donationsPage({
    accessToken: streamer.tokens.accessToken,
    accountId: streamer.accountId,
    page: 1,
  })
  for (const item of [stream.publications[1]?.item, items[1]]) {
    assert.ok(item && !item.ok)
    assert.equal(item.reason, 'amount')
    assert.match(item.raw, /"amount":\{"much":true\}/)
  }
  assert.ok(items[0]?.ok && items[2]?.ok)
})

test('an unsubscription by the platform costs one signature and loses nothing', async (t) => {
  const streamer = await startSimulatedStreamer(t)
  const stream = await streamer.open()
  await live(stream)
  await streamer.control('POST', '/control/sockets/unsubscribe', { daId: streamer.accountId })
  await live(stream, 2)
  const ids = await donate(streamer, { count: 2 })
  await eventually('the pushes', () => stream.publications.length === 2)
  assert.deepEqual(idsOf(stream.publications), ids)
  assert.equal(stream.signatures, 2)
})

test('pushes that changed places and pushes that came twice are told as they came', async (t) => {
  const streamer = await startSimulatedStreamer(t)
  const stream = await streamer.open()
  await live(stream)
  await streamer.control('POST', '/control/reorder', { daId: streamer.accountId, hold: 2 })
  await donate(streamer, { count: 2 })
  await donate(streamer, { push: 'duplicate' })
  await eventually('all pushes', () => stream.publications.length === 4)
  assert.deepEqual(
    stream.publications.slice(0, 2).map(({ seq }) => seq),
    [2, 1],
  )
  assert.equal(new Set(idsOf(stream.publications)).size, 3)
})

test('a history that was trimmed or never kept is told as not recovered, its leftovers oldest first', async (t) => {
  for (const historySize of [2, 0]) {
    const streamer = await startSimulatedStreamer(t)
    await streamer.control('PATCH', '/control/switches', { historySize })
    const first = await streamer.open()
    await live(first)
    const ids = await donate(streamer, { count: 5 })
    await eventually('the pushes', () => first.publications.length === 5)
    first.socket.close()
    await first.socket.closed
    const position = first.subscriptions[0]?.position
    assert.equal(position === null, historySize === 0)
    const second = await streamer.open({ position: { epoch: position?.epoch ?? 'none', seq: 1 } })
    await live(second)
    assert.equal(second.subscriptions[0]?.recovered, false)
    assert.deepEqual(idsOf(second.subscriptions[0]?.publications ?? []), historySize === 0 ? [] : ids.slice(-2))
  }
})

for (const [which, code, dropSocketToken] of [
  ['socketTokenTtlS', 3005, true],
  ['subscribeTokenTtlS', 3006, false],
] as const) {
  test(`a token with an end (${which}) is left to the platform, which closes with ${code}`, async (t) => {
    const streamer = await startSimulatedStreamer(t)
    await streamer.control('PATCH', '/control/switches', { [which]: 3 })
    const stream = await streamer.open()
    await live(stream)
    await streamer.control('POST', '/control/clock', { advanceMs: 24_000 })
    await donate(streamer)
    await eventually('the push after the token’s end', () => stream.publications.length === 1)
    await streamer.control('POST', '/control/clock', { advanceMs: 6_000 })
    const end = await stream.socket.closed
    assert.deepEqual([end.code, end.reconnect, end.dropSocketToken], [code, true, dropSocketToken])
  })
}

test('a socket token that ended long ago is refused, to be fetched again', async (t) => {
  const streamer = await startSimulatedStreamer(t)
  await streamer.control('PATCH', '/control/switches', { socketTokenTtlS: 3 })
  const { socketToken } = await streamer.source.profile(streamer.tokens.accessToken)
  await streamer.control('POST', '/control/clock', { advanceMs: 10_000 })
  const { socket } = await streamer.open({ socketToken })
  const { why, dropSocketToken } = await socket.closed
  assert.deepEqual({ why, dropSocketToken }, { why: 'token-refused', dropSocketToken: true })
})

test('the 61st request of a minute is refused with the time to wait, and so counted', async (t) => {
  const { source, tokens, accountId, control } = await startSimulatedStreamer(t)
  const page = () => source.donationsPage({ accessToken: tokens.accessToken, accountId, page: 1 })
  const answers = await Promise.allSettled(Array.from({ length: 61 }, page))
  const refused = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason as AppError] : []))
  assert.ok(refused.length >= 1 && refused.every(({ code }) => code === 'platform-rate-limit'))
  const waitMs = refused[0]?.details['retryAfterMs']
  assert.ok(typeof waitMs === 'number' && waitMs > 0 && waitMs <= 60_000)
  await control('POST', '/control/clock', { advanceMs: waitMs })
  await page()
})
