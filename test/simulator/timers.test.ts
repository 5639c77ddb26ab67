import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventually } from '../support/eventually.ts'
import { readFrames } from '../support/frames.ts'
import { createManualClock } from '../support/manual-clock.ts'
import { startPlatforms } from '../support/simulated-platforms.ts'
import type { SimulatorOptions } from '../../simulator/simulator.ts'

const timers = readFrames().find(({ id }) => id === 'timers')
const recorded = (conn: string, dir: string) =>
  timers?.steps.find((step) => step.conn === conn && step.dir === dir)?.text ?? assert.fail(`${conn} ${dir}`)

/** Time passes only where a test moves it. */
const startStill = (t: Parameters<typeof startPlatforms>[0], options: SimulatorOptions = {}) =>
  startPlatforms(t, { ...options, clock: createManualClock() })

test('the server pings every 25 s, and whoever answers stays', async (t) => {
  const { simulator, listen } = await startStill(t)
  const socket = await listen('7')
  await simulator.clock.advance(24_999)
  assert.equal(socket.pings(), 0)
  await simulator.clock.advance(1)
  for (const round of [1, 2, 3]) {
    assert.equal(socket.pings(), round)
    await simulator.clock.advance(25_000)
  }
  assert.ok(socket.isOpen())
})

test('ten minutes in one step are ten minutes: everybody gets to answer every ping', async (t) => {
  const { control, listen } = await startStill(t)
  const sockets = await Promise.all(Array.from({ length: 20 }, () => listen('7')))
  await control('POST', 'clock', { advanceMs: 600_000 })
  assert.deepEqual([...new Set(sockets.map((socket) => socket.pings()))], [24])
  assert.ok(sockets.every((socket) => socket.isOpen()))
})

test('whoever does not answer a ping is cut off after 27.8 s, without a word', async (t) => {
  const { simulator, listen } = await startStill(t)
  const socket = await listen('7', { autoPong: false })
  await simulator.clock.advance(27_777)
  assert.ok(socket.isOpen())
  await simulator.clock.advance(1)
  assert.deepEqual(await socket.closed, { code: 1006, reason: '' })
})

test('a socket that does not sign in is closed after 25 s as stale', async (t) => {
  const { simulator, open } = await startStill(t)
  const socket = await open()
  await simulator.clock.advance(24_999)
  assert.ok(socket.isOpen())
  await simulator.clock.advance(1)
  assert.deepEqual(await socket.closed, { code: 3007, reason: recorded('C12', 'x') })
})

test('a token with an end says so, and 25 s after it the socket is closed as expired', async (t) => {
  const { simulator, open } = await startStill(t, { switches: { socketVersion: '2.2.1' } })
  const socket = await open()
  socket.send(recorded('C11', '>').replace('<jwt>', simulator.socketTokens.connect({ user: '7', ttlS: 3 })))
  const reply = recorded('C11', '<')
  const client = /(?<="client":")[^"]+/
  assert.equal((await socket.next()).replace(client, ''), reply.replace(client, ''))
  await simulator.clock.advance(27_999)
  assert.ok(socket.isOpen())
  await simulator.clock.advance(1)
  assert.deepEqual(await socket.closed, { code: 3005, reason: recorded('C11', 'x') })
})

test('a refreshed token keeps the socket', async (t) => {
  const { simulator, open } = await startStill(t)
  const socket = await open()
  const { socketTokens, clock } = simulator
  socket.send(JSON.stringify({ params: { token: socketTokens.connect({ user: '7', ttlS: 10 }) }, id: 1 }))
  const { client } = (JSON.parse(await socket.next()) as { result: { client: string } }).result
  await clock.advance(20_000)
  socket.send(JSON.stringify({ params: { token: socketTokens.connect({ user: '7', ttlS: 60 }) }, method: 10, id: 2 }))
  assert.equal(
    await socket.next(),
    `{"id":2,"result":{"client":"${client}","version":"2.6.2","expires":true,"ttl":60}}`,
  )
  await clock.advance(60_000)
  assert.ok(socket.isOpen())
})

test('25 s after a subscription has expired the socket is closed with 3006', async (t) => {
  const { simulator, open } = await startStill(t)
  const socket = await open()
  const { socketTokens, clock } = simulator
  socket.send(JSON.stringify({ params: { token: socketTokens.connect({ user: '7' }) }, id: 1 }))
  const { client } = (JSON.parse(await socket.next()) as { result: { client: string } }).result
  const channel = '$alerts:donation_7'
  const sign = (ttlS: number) => socketTokens.subscribe({ client, channel, ttlS })
  socket.send(JSON.stringify({ params: { channel, token: sign(5) }, method: 1, id: 2 }))
  await eventually('the reply and the join', () => socket.waiting().length === 2)
  await clock.advance(10_000)
  socket.send(JSON.stringify({ params: { channel, token: sign(5) }, method: 11, id: 3 }))
  await eventually('the reply', () => socket.waiting().length === 3)
  assert.equal(socket.waiting()[2], '{"id":3,"result":{"expires":true,"ttl":5}}')
  await clock.advance(24_999)
  assert.ok(socket.isOpen(), 'the refreshed subscription counts')
  await clock.advance(5_001)
  assert.deepEqual(await socket.closed, { code: 3006, reason: '{"reason":"subscription expired","reconnect":true}' })
})

test('a history ends five minutes after the last publication; the numbers go on', async (t) => {
  const { simulator } = await startStill(t)
  const { channels, clock } = simulator
  const channel = '$alerts:donation_7'
  for (const id of [1, 2]) channels.publish(channel, JSON.stringify({ id }))
  await clock.advance(200_000)
  channels.publish(channel, '{"id":3}')
  await clock.advance(200_000)
  assert.deepEqual(
    channels.history(channel).map(({ seq }) => seq),
    [3, 2, 1],
  )
  await clock.advance(100_000)
  const epoch = channels.standing(channel, null).position?.epoch ?? assert.fail()
  const standing = { position: { seq: 3, epoch }, publications: [] }
  assert.deepEqual(channels.standing(channel, { seq: 2, epoch }), { ...standing, recovered: false })
  assert.deepEqual(channels.standing(channel, { seq: 3, epoch }), { ...standing, recovered: true })
})
