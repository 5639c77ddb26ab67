import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { disconnectOf } from '../../simulator/donationalerts/close-codes.ts'
import { eventually } from '../support/eventually.ts'
import type { RawSocket } from '../support/raw-socket.ts'
import { heard, startPlatforms, type SimulatedPlatforms } from '../support/simulated-platforms.ts'

const CHANNEL = '$alerts:donation_7'

async function signedIn({ simulator, open }: SimulatedPlatforms) {
  const socket = await open()
  socket.send(JSON.stringify({ params: { token: simulator.socketTokens.connect({ user: '7' }) }, id: 1 }))
  await socket.next()
  return socket
}

for (const [what, command, reply] of [
  ['publish', { method: 3, params: { channel: CHANNEL, data: {} } }, 103],
  ['history of a channel that one does not listen to', { method: 6, params: { channel: CHANNEL } }, 103],
  ['presence of an unknown namespace', { method: 4, params: { channel: '$x:y' } }, 102],
  ['a remote call', { method: 9, params: {} }, 108],
  ['a method that there is not', { method: 12, params: {} }, 104],
  ['a channel name without end', { method: 1, params: { channel: `$alerts:${'x'.repeat(300)}` } }, 106],
] as const) {
  test(`${what} is refused with ${reply}, and the socket stays`, async (t) => {
    const platforms = await startPlatforms(t)
    const socket = await signedIn(platforms)
    socket.send(JSON.stringify({ ...command, id: 5 }))
    const answer = JSON.parse(await socket.next()) as { id: number; error: { code: number } }
    assert.deepEqual([answer.id, answer.error.code], [5, reply])
    socket.send('{"method":7,"id":6}')
    assert.equal(await socket.next(), '{"id":6}')
  })
}

test('a channel without history has none to show', async (t) => {
  const { simulator, open } = await startPlatforms(t)
  const socket = await open()
  socket.send(JSON.stringify({ params: { token: simulator.socketTokens.connect({ user: '7' }) }, id: 1 }))
  const { client } = (JSON.parse(await socket.next()) as { result: { client: string } }).result
  const token = simulator.socketTokens.subscribe({ client, channel: '$nohist:a' })
  socket.send(JSON.stringify({ params: { channel: '$nohist:a', token }, method: 1, id: 2 }))
  await eventually('reply and join', () => socket.waiting().length === 2)
  socket.send(
    '{"params":{"channel":"$nohist:a"},"method":6,"id":3}\n{"params":{"channel":"$nohist:a"},"method":4,"id":4}',
  )
  await eventually('two replies', () => socket.waiting().length === 4)
  assert.deepEqual(socket.waiting().slice(2), [
    '{"id":3,"error":{"code":108,"message":"not available"}}',
    `{"id":4,"result":{"presence":{"${client}":{"user":"7","client":"${client}"}}}}`,
  ])
})

for (const [what, message] of [
  ['a second sign-in', '{"params":{"token":"x"},"id":2}'],
  ['a subscription to nothing', '{"params":{},"method":1,"id":2}'],
  ['params that are no object', '{"params":"x","method":7,"id":2}'],
  ['a method by name', '{"method":"ping","id":2}'],
  ['an empty message', ''],
  ['a list', '[]'],
] as const) {
  test(`${what} is a bad request (3003)`, async (t) => {
    const socket = await signedIn(await startPlatforms(t))
    socket.send(message)
    assert.deepEqual(await socket.closed, { code: 3003, reason: '{"reason":"bad request","reconnect":false}' })
  })
}

test('whatever a client says, the server says no more than errors and closes, and goes on', async (t) => {
  const platforms = await startPlatforms(t)
  const word = fc.oneof(
    fc.json(),
    fc.string({ unit: 'grapheme' }),
    fc.record({ id: fc.anything(), method: fc.anything(), params: fc.anything() }).map((command) => safeJson(command)),
    fc
      .record({
        id: fc.nat(9),
        method: fc.nat(13),
        params: fc.dictionary(fc.constantFrom('channel', 'token', 'seq', 'recover'), fc.jsonValue()),
      })
      .map((command) => safeJson(command)),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(word, { minLength: 1, maxLength: 5 }), async (words) => {
      const socket = await signedIn(platforms)
      for (const said of words) socket.send(said)
      socket.send('not json')
      assert.equal((await socket.closed).code >= 3000, true)
    }),
    { numRuns: 60 },
  )
  assert.equal((await platforms.ask('GET', '/control/state')).status, 200)
})

test('every close code of the platform comes with its reason, its own or none', async (t) => {
  const { control, listen } = await startPlatforms(t)
  for (let code = 3000; code <= 3012; code++) {
    const known = disconnectOf(code)
    const sockets = [await listen('7'), await listen('7'), await listen('7')]
    const [first, second, third] = sockets.map(({ client }) => client)
    await control('POST', 'sockets/close', { client: first, code })
    await control('POST', 'sockets/close', { client: second, code, reason: 'because', raw: true })
    await control('POST', 'sockets/close', { client: third, code, raw: true })
    assert.deepEqual(await Promise.all(sockets.map(({ closed }) => closed)), [
      { code, reason: JSON.stringify({ reason: known?.reason, reconnect: known?.reconnect }) },
      { code, reason: 'because' },
      { code, reason: '' },
    ])
  }
})

test('a client that does not read is closed as slow', async (t) => {
  const { simulator, listen, control } = await startPlatforms(t)
  const socket = await listen('7')
  socket.freeze()
  await control('POST', 'donations', { daId: 7, count: 30, message: 'x'.repeat(900_000) })
  await eventually('the server gives up', () => simulator.sockets.sessions().length === 0)
  socket.thaw()
  assert.equal((await socket.closed).code, 3008)
})

test('200 streamers listen and 10,000 donations come through, each once and in order', async (t) => {
  const { simulator, listen, control } = await startPlatforms(t)
  const sockets: { daId: string; socket: RawSocket }[] = []
  for (let n = 1; n <= 200; n++) {
    const daId = String(50_000 + n)
    simulator.people.add({ login: `streamer${n}`, name: `Streamer ${n}`, daId })
    sockets.push({ daId, socket: await listen(daId) })
  }
  const startedAt = performance.now()
  const given = new Map<string, number[]>()
  for (const { daId } of sockets) {
    const { ids } = await control('POST', 'donations', { daId, count: 50 })
    given.set(daId, ids as number[])
  }
  await eventually('all of them', () => sockets.every(({ socket }) => socket.waiting().length >= 50), 15_000)
  for (const { daId, socket } of sockets) {
    const publications = heard(socket)
    assert.deepEqual(
      publications.map(({ id }) => id),
      given.get(daId),
    )
    assert.deepEqual(
      publications.map(({ seq }) => seq),
      Array.from({ length: 50 }, (_, index) => index + 1),
    )
  }
  assert.ok(performance.now() - startedAt < 10_000)
})

/** `undefined`, functions and the like have no JSON; what is left of them is as good a mess as any. */
function safeJson(thing: unknown): string {
  try {
    return (
      JSON.stringify(thing, (_key, inner: unknown) => (typeof inner === 'bigint' ? String(inner) : inner)) ?? 'null'
    )
  } catch {
    return 'null'
  }
}
