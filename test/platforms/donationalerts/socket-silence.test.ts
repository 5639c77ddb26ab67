import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CLIENT, connectOnly, donationItem, openTestedSocket, pushed } from '../../support/donation-client.ts'
import { eventually } from '../../support/eventually.ts'

const connected = { id: 1, result: { client: CLIENT, version: '2.6.2' } }

test('a half-open connection is noticed by a ping without a reply, and cut', async (t) => {
  const tested = await openTestedSocket(t)
  await tested.goLive()
  await eventually('the subscription', () => tested.events.length === 1)
  await tested.clock.advance(25_000)
  assert.equal(await tested.server.next(), '{"method":7,"id":3}')
  tested.server.freeze()
  await tested.clock.advance(9_999)
  assert.ok(tested.server.isOpen())
  await tested.clock.advance(1)
  const { code, why, reconnect } = await tested.end()
  assert.deepEqual({ code, why, reconnect }, { code: 1006, why: 'silent', reconnect: true })
  assert.equal(tested.clock.pendingTimers(), 0)
})

test('sockets that were opened together do not ping together', async (t) => {
  const tested = await openTestedSocket(t, { random: () => 0 })
  await tested.goLive()
  await eventually('the subscription', () => tested.events.length === 1)
  await tested.clock.advance(12_500)
  assert.equal(await tested.server.next(), '{"method":7,"id":3}')
})

test('answered pings keep the connection, one each 25 seconds', async (t) => {
  const tested = await openTestedSocket(t)
  await tested.goLive()
  await eventually('the subscription', () => tested.events.length === 1)
  for (const id of [3, 4, 5, 6]) {
    await tested.clock.advance(25_000)
    assert.equal(await tested.server.next(), JSON.stringify({ method: 7, id }))
    tested.server.sendLines({ id }, pushed(id, donationItem(id)))
    await eventually('the publication behind the reply', () => tested.publications().length === id - 2)
  }
  assert.ok(tested.server.isOpen())
})

test('a server that never answers connect is given up after ten seconds', async (t) => {
  const tested = await openTestedSocket(t)
  await tested.server.next()
  await tested.clock.advance(10_000)
  assert.equal((await tested.end()).why, 'silent')
})

test('a server that never answers subscribe is given up after ten seconds', async (t) => {
  const tested = await openTestedSocket(t)
  await connectOnly(tested)
  await tested.server.next()
  await tested.clock.advance(10_000)
  assert.equal((await tested.end()).why, 'silent')
})

test('a signature may take longer than any deadline; the connection is kept alive meanwhile', async (t) => {
  const { promise, resolve } = Promise.withResolvers<string>()
  const tested = await openTestedSocket(t, { sign: () => promise })
  await connectOnly(tested)
  await eventually('the wish for a signature', () => tested.signed.length === 1)
  for (const id of [2, 3, 4]) {
    await tested.clock.advance(25_000)
    assert.equal(await tested.server.next(), JSON.stringify({ method: 7, id }))
    tested.server.sendLines({ id })
    await eventually('the deadline being lifted', () => tested.clock.pendingTimers() === 1)
  }
  resolve('<jwt>')
  assert.match(await tested.server.next(), /"method":1,"id":5\}$/)
})

test('a signature that comes after the end is not used', async (t) => {
  const { promise, resolve } = Promise.withResolvers<string>()
  let positionsAsked = 0
  const position = () => {
    positionsAsked += 1
    return null
  }
  const tested = await openTestedSocket(t, { sign: () => promise, position })
  await connectOnly(tested)
  await eventually('the wish for a signature', () => tested.signed.length === 1)
  tested.server.close(3001, '{"reason":"shutdown","reconnect":true}')
  await tested.end()
  resolve('<jwt>')
  await tested.clock.advance(0)
  assert.equal(positionsAsked, 0)
  assert.equal(tested.clock.pendingTimers(), 0)
})

test('a token’s end is left to the platform, and taken for granted where the platform forgets it', async (t) => {
  for (const what of ['token', 'subscription'] as const) {
    const life = { expires: true, ttl: 3 }
    const tested = await openTestedSocket(t)
    await tested.server.next()
    tested.server.sendLines({ id: 1, result: { ...connected.result, ...(what === 'token' && life) } })
    await tested.server.next()
    tested.server.sendLines({
      id: 2,
      result: { recoverable: true, epoch: 'PDqf', ...(what === 'subscription' && life) },
    })
    await eventually('the subscription', () => tested.events.length === 1)
    await tested.clock.advance(25_000)
    await tested.server.next()
    tested.server.sendLines({ id: 3 })
    await eventually('the deadline being lifted', () => tested.clock.pendingTimers() === 2)
    assert.ok(tested.server.isOpen())
    await tested.clock.advance(18_000)
    const { why, reconnect, dropSocketToken } = await tested.end()
    assert.deepEqual(
      { why, reconnect, dropSocketToken },
      { why: 'silent', reconnect: true, dropSocketToken: what === 'token' },
    )
  }
})

test('closing says goodbye, tells nothing more and leaves no timer behind', async (t) => {
  const tested = await openTestedSocket(t)
  await tested.goLive()
  await eventually('the subscription', () => tested.events.length === 1)
  tested.socket.close()
  tested.server.sendLines(pushed(1, donationItem(1)))
  assert.deepEqual(await tested.end(), { code: 1000, why: 'closed-by-us', reconnect: false, dropSocketToken: false })
  assert.deepEqual(tested.publications(), [])
  assert.equal(tested.clock.pendingTimers(), 0)
})

test('closing before the server has answered anything is possible', async (t) => {
  const tested = await openTestedSocket(t)
  tested.socket.close()
  assert.equal((await tested.end()).why, 'closed-by-us')
  assert.equal(tested.clock.pendingTimers(), 0)
})
