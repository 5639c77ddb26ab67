import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import {
  connectOnly,
  donationItem,
  idsOf,
  openTestedSocket,
  pushed,
  type TestedSocket,
} from '../../support/donation-client.ts'
import { eventually } from '../../support/eventually.ts'

test('a line that is no JSON is counted, logged without its words, and takes nothing else with it', async (t) => {
  const tested = await openTestedSocket(t)
  await tested.goLive()
  tested.server.sendLines(
    pushed(1, donationItem(1)),
    '{"result":{"channel":"private words',
    pushed(2, donationItem(2)),
    '[1]',
    'null',
    '7',
  )
  tested.server.sendLines(pushed(3, donationItem(3)))
  await eventually('three publications', () => tested.publications().length === 3)
  assert.deepEqual(
    tested.logged.flatMap((line) => line['unreadableLines'] ?? []),
    [1, 2, 4],
  )
  assert.ok(!JSON.stringify(tested.logged).includes('private words'))
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
