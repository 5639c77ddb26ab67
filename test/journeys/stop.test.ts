import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { test } from 'node:test'
import { compose } from '../../src/compose.ts'
import { readConfig } from '../../src/config.ts'
import { openTestDatabase } from '../support/database.ts'
import { recordingLogger } from '../support/logger.ts'
import { freePort, nodeEnvironment, startNode } from '../support/node.ts'
import { openOverlay } from '../support/overlay-client.ts'
import { createControl } from '../support/simulator-control.ts'
import { createBrowser, joinAsStreamer } from '../support/streamer.ts'
import { eventually } from '../support/eventually.ts'

/** Orchestrators kill after 10 s; the process itself gives up after 9. */
const STOP_WITHIN_MS = 9_000

const timed = async (work: Promise<unknown>) => {
  const began = performance.now()
  await work
  return performance.now() - began
}

test('a node stops in time with open streams, requests in line for the budget and a platform that answers nothing', async (t) => {
  const node = await startNode(t)
  const { baseUrl, simulator } = node
  const control = createControl(simulator.url)
  const streamer = await joinAsStreamer({ baseUrl, simulatorUrl: simulator.url, login: 'stopper' })
  const overlays = [1, 2, 3].map(() => openOverlay({ overlayUrl: streamer.overlayUrl, draws: false }))
  t.after(() => overlays.forEach((overlay) => overlay.close()))
  await eventually('all are here', () => overlays.every((overlay) => overlay.role()))
  // From here on every answer is a minute away, and somebody waits for a connection to come about.
  for (const target of ['da.user', 'da.rest', 'da.subscribe', 'twitch'])
    await control.fault({ target, kind: 'hang', durationMs: 60_000 })
  const other = createBrowser(baseUrl)
  const begun = await other.raw('GET', '/auth/twitch/login?return=/dashboard')
  const state = new URL(begun.headers.get('location') ?? '').searchParams.get('state') ?? ''
  const waiting = other.raw('GET', `/auth/twitch/callback?code=x&state=${encodeURIComponent(state)}`).catch(() => null)
  await control.closeSockets({ daId: streamer.daId, code: 3001 })
  const isHanging = async (endpoint: string) =>
    (await control.requests()).requests.some(
      (request) => request['endpoint'] === endpoint && request['fault'] === 'hang',
    )
  await eventually('a signature hangs', () => isHanging('da.subscribe'))
  await eventually('a sign-in hangs', () => isHanging('twitch.token'))
  const tookMs = await timed(node.stop())
  assert.ok(tookMs < STOP_WITHIN_MS, `${Math.round(tookMs)} ms`)
  await waiting
  await control.clearFaults()
})

test('a node that is told to stop while it starts leaves nothing open', async (t) => {
  const { db, connectionString } = await openTestDatabase(t)
  const service = compose(
    readConfig(
      nodeEnvironment({
        port: await freePort(),
        simulatorUrl: 'http://127.0.0.1:1',
        connectionString,
        secretKey: randomBytes(32).toString('base64'),
      }),
    ),
    recordingLogger().logger,
  )
  const starting = service.start()
  await service.stop()
  await starting
  // A server process is listed for a moment after its connection was closed.
  await eventually('nobody else is connected', async () => {
    const [others] = await db.query<{ count: number }>(
      `select count(*)::integer as count from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`,
    )
    return others?.count === 0
  })
})

test('a donation socket that is never answered does not hold up the stop of a node', async (t) => {
  const open = new Set<Socket>()
  const mute = createServer((socket) => void open.add(socket)).listen(0, '127.0.0.1')
  await once(mute, 'listening')
  t.after(() => {
    for (const socket of open) socket.destroy()
    mute.close()
  })
  const { port } = mute.address() as { port: number }
  const node = await startNode(t, { environment: { DONATIONALERTS_SOCKET_URL: `ws://127.0.0.1:${port}/` } })
  await joinAsStreamer({ baseUrl: node.baseUrl, simulatorUrl: node.simulator.url, login: 'dialler' })
  await eventually('it dials', () => open.size > 0)
  assert.ok((await timed(node.stop())) < 2_000)
})

test('a stop with many overlays open writes each one’s leave down, and complains of none', async (t) => {
  const node = await startNode(t)
  const { baseUrl, simulator, logs } = node
  const streamers = await Promise.all(
    [1, 2, 3, 4].map((n) =>
      joinAsStreamer({ baseUrl, simulatorUrl: simulator.url, login: `leaver${n}`, withoutDonations: true }),
    ),
  )
  const overlays = streamers.flatMap(({ overlayUrl }) =>
    Array.from({ length: 15 }, () => openOverlay({ overlayUrl, draws: false })),
  )
  t.after(() => overlays.forEach((overlay) => overlay.close()))
  await eventually('all are here', () => overlays.every((overlay) => overlay.role()))
  await node.stop()
  assert.deepEqual(
    logs.filter(({ level }) => level === 'warn' || level === 'error'),
    [],
  )
})
