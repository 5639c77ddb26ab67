import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { startSimulator } from '../../simulator/simulator.ts'
import { openTestDatabase } from '../support/database.ts'
import { endForked, forkNode } from '../support/forked-node.ts'
import { eventually } from '../support/eventually.ts'
import { FAST_WINDOW_MS, nextNode, nodeEnvironment } from '../support/node.ts'
import { openOverlay } from '../support/overlay-client.ts'
import { startRedis } from '../support/redis-server.ts'
import { createControl } from '../support/simulator-control.ts'
import { joinAsStreamer, type Streamer } from '../support/streamer.ts'

const BOTS = 200
const STREAMS = 50
const LIVE = 5

test('two killed nodes come back with 200 bots and 50 donation streams, live channels first, and serve meanwhile', async (t) => {
  const { db, connectionString } = await openTestDatabase(t)
  const simulator = await startSimulator({ port: 0, rateWindowMs: FAST_WINDOW_MS })
  t.after(() => simulator.close())
  const control = createControl(simulator.url)
  const redis = await startRedis(t)
  const settings = {
    ...nodeEnvironment({
      port: 0,
      simulatorUrl: simulator.url,
      connectionString,
      secretKey: randomBytes(32).toString('base64'),
    }),
    ...redis.environment,
  }
  const places = await Promise.all([nextNode(), nextNode()])
  const processes: ChildProcess[] = []
  const startBoth = () =>
    Promise.all(
      places.map(async (place) => {
        processes.push(await forkNode({ ...settings, ...place }))
      }),
    )
  const killAll = async () => {
    await Promise.all(processes.splice(0).map((node) => endForked(node, 'SIGKILL')))
  }
  t.after(killAll)
  await startBoth()

  const baseUrl = places[0]?.['BASE_URL'] ?? ''
  const streamers: Streamer[] = []
  for (let n = 0; n < BOTS; n += 20) {
    const some = await Promise.all(
      Array.from({ length: 20 }, async (_, k) => {
        const withoutDonations = n + k >= STREAMS
        const streamer = await joinAsStreamer({
          baseUrl,
          simulatorUrl: simulator.url,
          login: `s${n + k}`,
          withoutDonations,
        })
        await streamer.turnBotOn()
        return streamer
      }),
    )
    streamers.push(...some)
  }
  /** Those who run, as far as their owner that lives says. */
  const running = async (kind: string, state: string) => {
    const [row] = await db.query<{ n: number }>(
      `select count(*)::integer as n from assignments a join nodes n on n.session = a.owner and n.ended_at is null
       where a.kind = $1 and a.desired and a.state = $2 and a.state_since is not null`,
      [kind, state],
    )
    return row?.n ?? 0
  }
  const allRun = async () =>
    (await running('donations', 'live')) === STREAMS && (await running('bot', 'active')) === BOTS
  await eventually('everything runs', allRun, 120_000)

  // The last to come are live: neither their age nor their place in any list brings them first.
  const live = streamers.slice(STREAMS - LIVE, STREAMS)
  for (const { overlayUrl } of live) {
    const overlay = openOverlay({ overlayUrl })
    t.after(() => overlay.close())
  }
  await eventually('it is known who is live', async () => {
    const rows = await db.query<{ key: string }>(`select key from assignments where kind = 'donations' and live`)
    return live.every(({ channelId }) => rows.some(({ key }) => key === channelId))
  })

  await killAll()
  await db.execute(`update assignments set state = null`)
  const before = (await control.requests()).requests.length
  for (const target of ['da', 'twitch']) await control.fault({ target, kind: 'slow', delayMs: 700, durationMs: 20_000 })
  const began = performance.now()
  const started = startBoth()
  const [one = assert.fail()] = streamers
  await eventually(
    'it is alive',
    () =>
      fetch(`${baseUrl}/health/live`).then(
        ({ ok }) => ok,
        () => false,
      ),
    30_000,
  )
  const aliveMs = Math.round(performance.now() - began)
  await eventually('a page is answered', () => one.get('/api/channel').then(Boolean, () => false), 30_000)
  const answeredMs = Math.round(performance.now() - began)
  const liveByThen = await running('donations', 'live')
  await started
  await eventually('everything runs again', allRun, 60_000)
  t.diagnostic(
    `alive after ${aliveMs} ms, pages after ${answeredMs} ms, everything after ${Math.round(performance.now() - began)} ms`,
  )
  assert.ok(liveByThen < STREAMS / 2, `${liveByThen} streams were back before a page was answered`)

  const signatures = (await control.requests()).requests
    .slice(before)
    .filter(({ endpoint }) => endpoint === 'da.subscribe')
    .map(({ user }) => String(user))
  assert.equal(signatures.length, STREAMS, 'one request brings a stream back')
  assert.equal(new Set(signatures).size, STREAMS)
  // Of two nodes one is up a little earlier; each brings its own back in the right order, and both what is urgent first.
  const owners = new Map(
    (await db.query<{ key: string; owner: string }>(`select key, owner from assignments where kind = 'donations'`)).map(
      ({ key, owner }) => [key, owner],
    ),
  )
  const byDaId = new Map(streamers.map((streamer) => [streamer.daId, streamer]))
  const turns = signatures.map((daId) => byDaId.get(daId) ?? assert.fail())
  const idleBefore = live.map((streamer) =>
    turns
      .slice(0, turns.indexOf(streamer))
      .filter((other) => !live.includes(other) && owners.get(other.channelId) === owners.get(streamer.channelId)),
  )
  t.diagnostic(`live channels were signed at the places ${live.map((streamer) => turns.indexOf(streamer)).join(', ')}`)
  assert.ok(
    idleBefore.every(({ length }) => length <= 1),
    'live channels come first',
  )
  const { maxInWindow } = await control.requests()
  assert.ok((maxInWindow['chatfolk-da'] ?? 61) <= 60)
})
