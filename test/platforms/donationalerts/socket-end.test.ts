import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AppError } from '../../../src/base/errors.ts'
import { CLIENT, connectOnly, donationItem, openTestedSocket, pushed } from '../../support/donation-client.ts'
import { eventually } from '../../support/eventually.ts'

const CLOSES: [code: number, reason: string, reconnect: boolean, dropSocketToken: boolean][] = [
  [3000, 'normal', true, false],
  [3001, 'shutdown', true, false],
  [3002, 'invalid token', true, true],
  [3003, 'bad request', false, false],
  [3004, 'internal server error', true, false],
  [3005, 'expired', true, true],
  [3006, 'subscription expired', true, false],
  [3007, 'stale', false, false],
  [3008, 'slow', true, false],
  [3009, 'write error', true, false],
  [3010, 'insufficient state', true, false],
  [3011, 'force reconnect', true, false],
  [3012, 'force disconnect', false, false],
  [1000, '', true, false],
  [1001, 'going away', true, false],
  [3999, 'what later versions may add', true, false],
]

for (const [code, words, reconnect, dropSocketToken] of CLOSES) {
  test(`close ${code} ends the connection with reconnect ${reconnect}, with and without a readable reason`, async (t) => {
    const why = code === 3002 ? 'token-refused' : 'closed-by-platform'
    for (const reason of [JSON.stringify({ reason: words, reconnect: reconnect && code !== 3002 }), words, '', '[1']) {
      const tested = await openTestedSocket(t)
      await tested.goLive()
      tested.server.close(code, reason)
      assert.deepEqual(await tested.end(), { code, why, reconnect, dropSocketToken })
      assert.equal(tested.clock.pendingTimers(), 0)
    }
  })
}

test('the platform’s own word on coming back counts more than the table', async (t) => {
  const tested = await openTestedSocket(t)
  await tested.goLive()
  tested.server.close(3001, '{"reason":"shutdown","reconnect":false}')
  assert.equal((await tested.end()).reconnect, false)
})

test('a connection that breaks off ends with 1006 and may come back', async (t) => {
  const tested = await openTestedSocket(t)
  await tested.goLive()
  tested.server.terminate()
  assert.deepEqual(await tested.end(), {
    code: 1006,
    why: 'closed-by-platform',
    reconnect: true,
    dropSocketToken: false,
  })
  assert.equal(tested.clock.pendingTimers(), 0)
})

const CONNECT_ERRORS: [code: number, why: string, reconnect: boolean, dropSocketToken: boolean][] = [
  [100, 'closed-by-platform', true, false],
  [101, 'token-refused', true, true],
  [102, 'protocol', false, false],
  [103, 'token-refused', true, true],
  [104, 'protocol', false, false],
  [106, 'closed-by-platform', true, false],
  [107, 'protocol', false, false],
  [108, 'protocol', false, false],
  [109, 'token-refused', true, true],
  [110, 'token-refused', true, true],
  [111, 'closed-by-platform', true, false],
]

for (const [errorCode, why, reconnect, dropSocketToken] of CONNECT_ERRORS) {
  test(`error ${errorCode} on connect ends the connection as ${why}`, async (t) => {
    const tested = await openTestedSocket(t)
    await tested.server.next()
    tested.server.sendLines({ id: 1, error: { code: errorCode, message: 'words' } })
    const { cause, ...end } = await tested.end()
    assert.deepEqual(end, { code: 1000, why, reconnect, dropSocketToken })
    assert.ok(cause instanceof AppError)
    assert.equal(cause.details['errorCode'], errorCode)
    assert.deepEqual(tested.signed, [])
  })
}

for (const errorCode of [103, 109, 110]) {
  test(`error ${errorCode} on subscribe is answered with one new signature, and no third`, async (t) => {
    const tested = await openTestedSocket(t)
    await connectOnly(tested)
    await tested.server.next()
    tested.server.sendLines({ id: 2, error: { code: errorCode, message: 'words' } })
    const again = JSON.parse(await tested.server.next()) as { id: number; method: number }
    assert.deepEqual([again.id, again.method], [3, 1])
    tested.server.sendLines({ id: 3, error: { code: errorCode, message: 'words' } })
    const { why, reconnect } = await tested.end()
    assert.deepEqual({ why, reconnect }, { why: 'subscribe-refused', reconnect: false })
    assert.deepEqual(tested.signed, [CLIENT, CLIENT])
  })
}

for (const [errorCode, reconnect] of [
  [100, true],
  [101, true],
  [102, false],
  [104, false],
  [106, true],
  [107, false],
  [108, false],
  [111, true],
] as const) {
  test(`error ${errorCode} on subscribe ends the connection with reconnect ${reconnect}`, async (t) => {
    const tested = await openTestedSocket(t)
    await connectOnly(tested)
    await tested.server.next()
    tested.server.sendLines({ id: 2, error: { code: errorCode, message: 'words' } })
    const end = await tested.end()
    assert.deepEqual([end.why, end.reconnect, end.dropSocketToken], ['subscribe-refused', reconnect, false])
    assert.equal(tested.signed.length, 1)
  })
}

test('a second signature that is accepted makes the connection live', async (t) => {
  const tested = await openTestedSocket(t)
  await connectOnly(tested)
  await tested.server.next()
  tested.server.sendLines({ id: 2, error: { code: 109, message: 'token expired' } })
  await tested.server.next()
  tested.server.sendLines({ id: 3, result: { recoverable: true, epoch: 'PDqf' } }, pushed(1, donationItem(1)))
  await eventually('the publication', () => tested.publications().length === 1)
})

test('a refused signature ends the connection with its reason', async (t) => {
  const refusal = new AppError('missing-scope')
  const tested = await openTestedSocket(t, { sign: () => Promise.reject(refusal) })
  await connectOnly(tested)
  const { why, reconnect, cause } = await tested.end()
  assert.deepEqual({ why, reconnect }, { why: 'sign-failed', reconnect: true })
  assert.equal(cause, refusal)
})

test('a reply without what it must hold ends the connection', async (t) => {
  for (const result of [{}, { client: 7 }, { client: '' }, null, [], 'x']) {
    const tested = await openTestedSocket(t)
    await tested.server.next()
    tested.server.sendLines({ id: 1, result })
    const { why, reconnect } = await tested.end()
    assert.deepEqual({ why, reconnect }, { why: 'protocol', reconnect: true })
  }
})
