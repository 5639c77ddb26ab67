import assert from 'node:assert/strict'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { once } from 'node:events'
import { test } from 'node:test'
import { WebSocket } from 'ws'
import { startSimulator } from '../../simulator/simulator.ts'
import { eventually } from '../support/eventually.ts'
import { heard, startPlatforms, type SimulatedPlatforms } from '../support/simulated-platforms.ts'

const CHANNEL = '$alerts:donation_7'

async function give({ control }: SimulatedPlatforms, fields: Record<string, unknown> = {}): Promise<number[]> {
  const { ids } = await control('POST', 'donations', { daId: 7, ...fields })
  return ids as number[]
}

async function listed({ signIn, ask }: SimulatedPlatforms): Promise<number[]> {
  const { access_token } = await signIn('da', 'ivan')
  const { body } = await ask('GET', '/api/v1/alerts/donations', { token: access_token })
  return (body as { data: { id: number }[] }).data.map(({ id }) => id)
}

test('a dropped publication leaves no trace on the socket, but REST lists it', async (t) => {
  const platforms = await startPlatforms(t)
  const socket = await platforms.listen('7')
  const [first] = await give(platforms)
  const [dropped] = await give(platforms, { push: 'drop' })
  const [last] = await give(platforms)
  await eventually('two pushes', () => heard(socket).length === 2)
  assert.deepEqual(heard(socket), [
    { seq: 1, id: first },
    { seq: 2, id: last },
  ])
  assert.deepEqual(await listed(platforms), [last, dropped, first])
})

test('a publication that is lost on the way leaves a gap in the numbers, and the history has it', async (t) => {
  const platforms = await startPlatforms(t)
  const socket = await platforms.listen('7')
  await give(platforms)
  const [lost] = await give(platforms, { push: 'gap' })
  await give(platforms)
  await eventually('two pushes', () => heard(socket).length === 2)
  assert.deepEqual(
    heard(socket).map(({ seq }) => seq),
    [1, 3],
  )
  const [, second] = platforms.simulator.channels.history(CHANNEL)
  assert.equal(second && (JSON.parse(second.data) as { id: number }).id, lost)
})

test('with closeOnGap the server itself closes with 3010 instead of going on after a gap', async (t) => {
  const platforms = await startPlatforms(t, { switches: { closeOnGap: true } })
  const [told, late] = [await platforms.listen('7'), await platforms.listen('7')]
  await give(platforms, { push: 'gap' })
  const after = await platforms.listen('7')
  await give(platforms)
  for (const socket of [told, late]) assert.equal((await socket.closed).code, 3010)
  await eventually('the push', () => heard(after).length === 1)
  assert.ok(after.isOpen(), 'whoever came after the gap has missed nothing')
})

test('a donation can be published twice, or one publication sent twice', async (t) => {
  const platforms = await startPlatforms(t)
  const socket = await platforms.listen('7')
  const [twice] = await give(platforms, { push: 'duplicate' })
  const [again] = await give(platforms, { push: 'redeliver' })
  await eventually('four pushes', () => heard(socket).length === 4)
  assert.deepEqual(heard(socket), [
    { seq: 1, id: twice },
    { seq: 2, id: twice },
    { seq: 3, id: again },
    { seq: 3, id: again },
  ])
  assert.deepEqual(await listed(platforms), [again, twice])
})

test('publications are held and sent in reverse, under the numbers they were committed with', async (t) => {
  const platforms = await startPlatforms(t)
  const socket = await platforms.listen('7')
  await platforms.control('POST', 'reorder', { daId: 7, hold: 3 })
  const ids = await give(platforms, { count: 2 })
  await nextTurn()
  assert.equal(heard(socket).length, 0)
  ids.push(...(await give(platforms, { count: 2 })))
  await eventually('four pushes', () => heard(socket).length === 4)
  assert.deepEqual(
    heard(socket),
    [2, 1, 0, 3].map((place) => ({ seq: place + 1, id: ids[place] })),
  )

  await platforms.control('POST', 'reorder', { daId: 7, hold: 5 })
  await give(platforms)
  await platforms.control('POST', 'reorder', { daId: 7, hold: 0 })
  await eventually('what was held', () => heard(socket).length === 5)
})

test('REST can be late, and numbers committed out of order', async (t) => {
  const platforms = await startPlatforms(t)
  const socket = await platforms.listen('7')
  const [late] = await give(platforms, { restDelayMs: 30_000 })
  const reversed = await give(platforms, { count: 3, ids: 'reversed' })
  await eventually('all pushes', () => heard(socket).length === 4)
  assert.deepEqual(
    heard(socket).map(({ id }) => id),
    [late, ...reversed.toReversed()],
  )
  assert.deepEqual(await listed(platforms), reversed.toReversed())
  await platforms.control('POST', 'clock', { advanceMs: 30_000 })
  assert.deepEqual(await listed(platforms), [...reversed.toReversed(), late])
})

test('a half-open socket says nothing, answers nothing and is not closed', async (t) => {
  const platforms = await startPlatforms(t)
  const { simulator, control } = platforms
  const [socket, other] = [await platforms.listen('7'), await platforms.listen('7')]
  await control('POST', 'sockets/half-open', { client: socket.client })
  await give(platforms)
  await eventually('the other hears', () => heard(other).length === 1)
  socket.send('{"method":7,"id":9}')
  await simulator.clock.advance(120_000)
  assert.ok(socket.isOpen())
  assert.deepEqual([heard(socket), socket.pings()], [[], 0])
  await eventually('the server has forgotten it', () => simulator.sockets.sessions().length === 1)
  assert.match(other.waiting().at(-1) ?? '', /"type":2.*donation_7/, 'the others hear it leave')
})

test('a new epoch begins at 1 with an empty history, and can tell its listeners', async (t) => {
  const platforms = await startPlatforms(t)
  const { simulator, control } = platforms
  const socket = await platforms.listen('7')
  await give(platforms, { count: 3 })
  const before = simulator.channels.standing(CHANNEL, null).position
  await control('POST', 'epoch', { daId: 7 })
  const { position, publications, recovered } = simulator.channels.standing(CHANNEL, before)
  assert.notEqual(position?.epoch, before?.epoch)
  assert.deepEqual([position?.seq, publications, recovered], [0, [], false])
  await give(platforms)
  await eventually('a push', () => heard(socket).length === 4)
  assert.equal(heard(socket).at(-1)?.seq, 1)
  await control('POST', 'epoch', { daId: 7, close: true })
  assert.equal((await socket.closed).code, 3010)
})

test('a streamer’s sockets can be broken off, unsubscribed or thrown out, and no others', async (t) => {
  const { control, listen } = await startPlatforms(t)
  const [ivan, maria] = [await listen('7'), await listen('8')]
  await control('POST', 'sockets/unsubscribe', { daId: 7 })
  await eventually('two lines', () => ivan.waiting().length === 2)
  assert.deepEqual(ivan.waiting(), [
    `{"result":{"type":2,"channel":"${CHANNEL}","data":{"info":{"user":"7","client":"${ivan.client}"}}}}`,
    `{"result":{"type":3,"channel":"${CHANNEL}","data":{}}}`,
  ])
  assert.ok(ivan.isOpen())
  await control('POST', 'sockets/close', { daId: 7, code: 1006 })
  assert.deepEqual(await ivan.closed, { code: 1006, reason: '' })
  assert.deepEqual([maria.waiting(), maria.isOpen()], [[], true])
})

test('a restart sends everybody away with 3001 and lets nobody in for a while', async (t) => {
  const { control, listen, open } = await startPlatforms(t)
  const sockets = [await listen('7'), await listen('8')]
  await control('POST', 'sockets/restart', { downMs: 10_000 })
  for (const socket of sockets)
    assert.deepEqual(await socket.closed, { code: 3001, reason: '{"reason":"shutdown","reconnect":true}' })
  await assert.rejects(open(), /502/)
  await control('POST', 'clock', { advanceMs: 10_000 })
  assert.ok((await listen('7')).isOpen())
})

for (const kind of ['429', '500', '502', 'html', 'reset', 'empty'] as const) {
  test(`a new connection can meet ${kind}`, async (t) => {
    const { control, open } = await startPlatforms(t)
    await control('POST', 'faults', { target: 'da.socket', kind })
    await assert.rejects(open())
    assert.ok((await open()).isOpen(), 'the next one is let in')
  })
}

test('recovery can be off, and so can the history', async (t) => {
  const platforms = await startPlatforms(t)
  const { simulator, control } = platforms
  const socket = await platforms.listen('7')
  await control('PATCH', 'switches', { recovery: false })
  assert.deepEqual(simulator.channels.standing(CHANNEL, { seq: 0, epoch: '' }), {
    position: null,
    publications: [],
    recovered: false,
  })
  await give(platforms)
  await control('PATCH', 'switches', { historySize: 0 })
  await give(platforms)
  await eventually('two pushes', () => heard(socket).length === 2)
  assert.deepEqual(
    heard(socket).map(({ seq }) => seq),
    [1, undefined],
  )
})

test('a simulator ends at once, whatever hangs in it', async (t) => {
  const simulator = await startSimulator({ port: 0 })
  simulator.faults.add({ target: 'da.socket', kind: 'hang', durationMs: 60_000 })
  const socket = new WebSocket(`${simulator.url.replace(/^http/, 'ws')}/connection/websocket`)
  const failed = once(socket, 'error')
  t.after(() => socket.terminate())
  await eventually('the socket hangs', () => simulator.log.all().some((request) => request.endpoint === 'da.socket'))
  await simulator.close()
  await failed
})
