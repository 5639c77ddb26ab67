import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { AppError } from '../../../src/base/errors.ts'
import type { StreamPosition } from '../../../src/domain/donation.ts'
import { CLIENT, donationItem, openTestedSocket, pushed, type TestedSocket } from '../../support/donation-client.ts'
import { eventually } from '../../support/eventually.ts'
import { readFrames } from '../../support/frames.ts'

const connected = { id: 1, result: { client: CLIENT, version: '2.6.2' } }

async function connectOnly({ server }: TestedSocket): Promise<void> {
  await server.next()
  server.sendLines(connected)
}

const idsOf = (tested: TestedSocket) =>
  tested.publications().map(({ item }) => (item.ok ? item.donation.externalId : item.reason))

test('a publication that arrives before the subscribe reply is told after the place of the stream', async (t) => {
  const tested = await openTestedSocket(t)
  await connectOnly(tested)
  await tested.server.next()
  tested.server.sendLines(pushed(16, donationItem(16)), pushed(17, donationItem(17)))
  tested.server.sendLines(
    { id: 2, result: { recoverable: true, seq: 17, epoch: 'PDqf' } },
    pushed(18, donationItem(18)),
  )
  await eventually('three publications', () => tested.publications().length === 3)
  assert.deepEqual(tested.events[0], {
    subscribed: { position: { epoch: 'PDqf', seq: 17 }, recovered: false, publications: [] },
  })
  assert.deepEqual(idsOf(tested), ['16', '17', '18'])
})

test('the subscribe command names the place to recover from, with the two counters of the platform', async (t) => {
  const tested = await openTestedSocket(t, { position: () => ({ epoch: 'PDqf', seq: 2 ** 32 + 5 }) })
  await connectOnly(tested)
  assert.equal(
    await tested.server.next(),
    '{"params":{"channel":"$alerts:donation_1","token":"<jwt>","recover":true,"seq":5,"gen":1,"epoch":"PDqf"},"method":1,"id":2}',
  )
  tested.server.sendLines({ id: 2, result: { recoverable: true, seq: 7, gen: 1, epoch: 'PDqf', recovered: true } })
  await eventually('the subscription', () => tested.events.length === 1)
  assert.deepEqual(tested.events[0], {
    subscribed: { position: { epoch: 'PDqf', seq: 2 ** 32 + 7 }, recovered: true, publications: [] },
  })
})

test('recovered publications come oldest first, whatever order they were listed in', async () => {
  const shuffled = fc.shuffledSubarray([2, 3, 4, 5, 6, 7], { minLength: 6, maxLength: 6 })
  await fc.assert(
    fc.asyncProperty(shuffled, async (order) => {
      const hooks: (() => unknown)[] = []
      const tested = await openTestedSocket({ after: (run: unknown) => void hooks.push(run as () => unknown) })
      const publications = order.map((seq) => ({ seq, data: donationItem(seq), offset: seq }))
      await tested.goLive({ recoverable: true, seq: 7, epoch: 'PDqf', publications, recovered: true })
      await eventually('the subscription', () => tested.events.length === 1)
      const [event] = tested.events
      assert.ok(event && 'subscribed' in event)
      assert.deepEqual(
        event.subscribed.publications.map(({ seq }) => seq),
        [2, 3, 4, 5, 6, 7],
      )
      for (const hook of hooks.toReversed()) await hook()
    }),
    { numRuns: 20 },
  )
})

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

test('already subscribed counts as live, from an unknown place', async (t) => {
  const tested = await openTestedSocket(t)
  await connectOnly(tested)
  await tested.server.next()
  tested.server.sendLines(pushed(4, donationItem(4)), { id: 2, error: { code: 105, message: 'already subscribed' } })
  tested.server.sendLines(pushed(5, donationItem(5)))
  await eventually('two publications', () => tested.publications().length === 2)
  assert.deepEqual(tested.events[0], { subscribed: { position: null, recovered: false, publications: [] } })
  assert.deepEqual(idsOf(tested), ['4', '5'])
})

test('an unsubscription by the platform is answered with a new signature from where the stream stands now', async (t) => {
  let position: StreamPosition | null = null
  const tested = await openTestedSocket(t, { position: () => position })
  await tested.goLive()
  tested.server.sendLines(pushed(1, donationItem(1)))
  await eventually('the publication', () => tested.publications().length === 1)
  position = { epoch: 'PDqf', seq: 1 }
  const unsubscribed = readFrames()
    .find((section) => section.id === 'unsubscribe')
    ?.steps.filter((step) => step.group && step.text.includes('poll_4'))
    .map((step) => step.text.replace('$polls:poll_4', '$alerts:donation_1'))
  tested.server.sendLines(...(unsubscribed ?? []))
  assert.match(await tested.server.next(), /"recover":true,"seq":1,"gen":0,"epoch":"PDqf"\},"method":1,"id":3\}$/)
  const publications = [{ seq: 2, data: donationItem(2), offset: 2 }]
  tested.server.sendLines({
    id: 3,
    result: { recoverable: true, seq: 2, epoch: 'PDqf', recovered: true, publications, offset: 2 },
  })
  await eventually('the second subscription', () => tested.events.length === 3)
  assert.deepEqual(tested.signed, [CLIENT, CLIENT])
})

const unsubscribedPush = { result: { type: 3, channel: '$alerts:donation_1', data: {} } }

test('while a new signature is awaited nothing is told, and one more unsubscription changes nothing', async (t) => {
  const second = Promise.withResolvers<string>()
  const tested: TestedSocket = await openTestedSocket(t, {
    sign: () => (tested.signed.length === 1 ? Promise.resolve('<jwt>') : second.promise),
  })
  await tested.goLive()
  tested.server.sendLines(unsubscribedPush, unsubscribedPush, pushed(2, donationItem(2)))
  await eventually('the wish for a second signature', () => tested.signed.length === 2)
  second.resolve('<jwt>')
  await tested.server.next()
  tested.server.sendLines({ id: 3, result: { recoverable: true, seq: 2, epoch: 'PDqf' } }, pushed(3, donationItem(3)))
  await eventually('two publications', () => tested.publications().length === 2)
  assert.deepEqual(
    tested.events.map((event) => ('subscribed' in event ? event.subscribed.position?.seq : 'publication')),
    [0, 2, 'publication', 'publication'],
  )
  assert.equal(tested.signed.length, 2)
  assert.deepEqual(tested.server.waiting(), [])
})

test('already subscribed after an unsubscription that was none changes nothing for the owner', async (t) => {
  const tested = await openTestedSocket(t)
  await tested.goLive()
  tested.server.sendLines(unsubscribedPush)
  await tested.server.next()
  tested.server.sendLines({ id: 3, error: { code: 105, message: 'already subscribed' } }, pushed(1, donationItem(1)))
  await eventually('the publication', () => tested.publications().length === 1)
  assert.equal(tested.events.length, 2)
})

test('the end of an old permission is forgotten with it', async (t) => {
  const tested = await openTestedSocket(t)
  await tested.goLive({ recoverable: true, epoch: 'PDqf', expires: true, ttl: 1 })
  tested.server.sendLines(unsubscribedPush)
  await tested.server.next()
  tested.server.sendLines({ id: 3, result: { recoverable: true, epoch: 'PDqf' } })
  await eventually('the second subscription', () => tested.events.length === 2)
  assert.equal(tested.clock.pendingTimers(), 1, 'only the next ping')
})

test('unsubscriptions with a quiet minute between them are each answered', async (t) => {
  const tested = await openTestedSocket(t)
  await tested.goLive()
  let id = 2
  for (let round = 1; round <= 6; round++) {
    await eventually('the subscription', () => tested.events.length === round)
    for (let pings = 0; pings < 3; pings++) {
      await tested.clock.advance(25_000)
      await tested.server.next()
      tested.server.sendLines({ id: ++id })
      await eventually('the deadline being lifted', () => tested.clock.pendingTimers() === 1)
    }
    tested.server.sendLines(unsubscribedPush)
    await tested.server.next()
    tested.server.sendLines({ id: ++id, result: { recoverable: true, epoch: 'PDqf' } })
  }
  await eventually('the last subscription', () => tested.events.length === 7)
})

test('a platform that unsubscribes again and again does not eat up the budget', async (t) => {
  const tested = await openTestedSocket(t)
  await tested.goLive()
  for (const id of [3, 4, 5]) {
    tested.server.sendLines(unsubscribedPush)
    await tested.server.next()
    tested.server.sendLines({ id, result: { recoverable: true, epoch: 'PDqf' } })
  }
  tested.server.sendLines(unsubscribedPush)
  const { why, reconnect } = await tested.end()
  assert.deepEqual({ why, reconnect }, { why: 'subscribe-refused', reconnect: true })
  assert.equal(tested.signed.length, 4)
})

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

test('a refused signature ends the connection with its reason', async (t) => {
  const refusal = new AppError('missing-scope')
  const tested = await openTestedSocket(t, { sign: () => Promise.reject(refusal) })
  await connectOnly(tested)
  const { why, reconnect, cause } = await tested.end()
  assert.deepEqual({ why, reconnect }, { why: 'sign-failed', reconnect: true })
  assert.equal(cause, refusal)
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

test('a line that is no JSON is counted, logged without its words, and takes nothing else with it', async (t) => {
  const tested = await openTestedSocket(t)
  await tested.goLive()
  tested.server.sendLines(
    pushed(1, donationItem(1)),
    '{"result":{"channel":"private words',
    pushed(2, donationItem(2)),
    '[1]',
    '7',
  )
  tested.server.sendLines(pushed(3, donationItem(3)))
  await eventually('three publications', () => tested.publications().length === 3)
  assert.deepEqual(
    tested.logged.flatMap((line) => line['unreadableLines'] ?? []),
    [1, 2, 3],
  )
  assert.ok(!JSON.stringify(tested.logged).includes('private words'))
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

test('a donation with broken UTF-8 is received, not answered with a broken connection', async (t) => {
  const tested = await openTestedSocket(t)
  await tested.goLive()
  const [before, after] = JSON.stringify(pushed(1, donationItem(1, { message: 'a|b' }))).split('|')
  tested.server.send(Buffer.concat([Buffer.from(before ?? ''), Buffer.from([0xff, 0xc3]), Buffer.from(after ?? '')]))
  await eventually('the publication', () => tested.publications().length === 1)
  const [publication] = tested.publications()
  assert.ok(publication?.item.ok)
  assert.equal(publication.item.donation.message, 'a\u{fffd}\u{fffd}b')
})

test('a message beyond all measure ends the connection', async (t) => {
  const tested = await openTestedSocket(t)
  await tested.goLive()
  tested.server.send('x'.repeat(5 * 1024 * 1024))
  const { why, reconnect } = await tested.end()
  assert.deepEqual({ why, reconnect }, { why: 'protocol', reconnect: true })
  assert.equal(tested.clock.pendingTimers(), 0)
})

test('more publications before the subscription than a server sends end the connection', async (t) => {
  const tested = await openTestedSocket(t)
  await connectOnly(tested)
  await tested.server.next()
  const flood = Array.from({ length: 1_001 }, (_, index) => pushed(index + 1, { id: index + 1 }))
  tested.server.sendLines(...flood)
  const { why, reconnect } = await tested.end()
  assert.deepEqual({ why, reconnect }, { why: 'protocol', reconnect: true })
})

for (const callback of ['onSubscribed', 'onPublication'] as const) {
  test(`an owner whose ${callback} throws loses the connection, not the process`, async (t) => {
    const failure = new Error('the database is away')
    const tested = await openTestedSocket(t, {
      [callback]: () => {
        throw failure
      },
    })
    await tested.goLive()
    tested.server.sendLines(pushed(1, donationItem(1)), pushed(2, donationItem(2)))
    const { why, reconnect, cause } = await tested.end()
    assert.deepEqual({ why, reconnect, cause }, { why: 'closed-by-us', reconnect: true, cause: failure })
    assert.ok(tested.publications().length <= 1)
  })
}

test('an owner who closes on being told something is told nothing more', async (t) => {
  const tested: TestedSocket = await openTestedSocket(t, { onPublication: () => tested.socket.close() })
  await connectOnly(tested)
  await tested.server.next()
  tested.server.sendLines(pushed(1, donationItem(1)), pushed(2, donationItem(2)))
  tested.server.sendLines({ id: 2, result: { recoverable: true, seq: 2, epoch: 'PDqf' } }, pushed(3, donationItem(3)))
  assert.equal((await tested.end()).why, 'closed-by-us')
  assert.deepEqual(idsOf(tested), ['1'])
})

test('the server’s version is logged and its token is not', async (t) => {
  const tested = await openTestedSocket(t)
  await tested.goLive()
  await eventually('the subscription', () => tested.events.length === 1)
  assert.ok(tested.logged.some((line) => line['version'] === '2.6.2'))
  assert.ok(!JSON.stringify(tested.logged).includes('<jwt>'))
})

test('whatever lines come between donations, no donation is lost', async () => {
  const noise = fc.oneof(
    fc.json().map((text) => text.replaceAll('\n', ' ')),
    fc.string().map((text) => text.replaceAll('\n', ' ')),
    fc.constant('{"__proto__":{"result":1}}'),
    fc.constant('{"result":{"type":1,"channel":"$alerts:donation_1","data":{"info":null}}}'),
    fc.constant('{"result":{"__proto__":{"type":3}}}'),
    fc.constant('{"id":77,"result":{"client":"x"}}'),
  )
  // An error without an id means that the platform could not read a command of ours; that ends the connection.
  const harmless = noise.filter((line) => !line.includes('"error"'))
  await fc.assert(
    fc.asyncProperty(fc.array(harmless, { maxLength: 12 }), fc.integer({ min: 1, max: 6 }), async (lines, count) => {
      const hooks: (() => unknown)[] = []
      const tested = await openTestedSocket({ after: (run: unknown) => void hooks.push(run as () => unknown) })
      await tested.goLive()
      const donations = Array.from({ length: count }, (_, index) =>
        JSON.stringify(pushed(index + 1, donationItem(index + 1))),
      )
      const mixed = [...lines, ...donations].sort((a, b) => a.length - b.length || (a < b ? -1 : 1))
      tested.server.sendLines(...mixed)
      await eventually('all donations', () => idsOf(tested).filter((id) => /^\d+$/.test(id)).length === count)
      for (const hook of hooks.toReversed()) await hook()
    }),
    { numRuns: 40 },
  )
})
