import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import { forkBeside } from '../support/forked-node.ts'
import { owners } from '../support/owners.ts'
import { startRedis } from '../support/redis-server.ts'
import { createBrowser, joinAsStreamer, type Streamer } from '../support/streamer.ts'
import { createControl } from '../support/simulator-control.ts'
import { eventually } from '../support/eventually.ts'
import { startNode, type TestNode } from '../support/node.ts'
import { openOverlay } from '../support/overlay-client.ts'

const joinSome = (node: TestNode, count: number): Promise<Streamer[]> =>
  Promise.all(
    Array.from({ length: count }, (_, n) =>
      joinAsStreamer({ baseUrl: node.baseUrl, simulatorUrl: node.simulator.url, login: `s${n}` }),
    ),
  )

async function allLive({ db }: Pick<TestNode, 'db'>, count: number): Promise<boolean> {
  const [row] = await db.query<{ n: number }>(
    `select count(*)::integer as n from assignments a join nodes n on n.session = a.owner and n.ended_at is null
     where a.kind = 'donations' and a.desired and a.state = 'live'`,
  )
  return row?.n === count
}

async function stored({ db }: Pick<TestNode, 'db'>): Promise<{ ids: Set<string>; alerts: number }> {
  const rows = await db.query<{ id: string }>('select external_id as id from donations')
  const [alerts] = await db.query<{ n: number }>('select count(*)::integer as n from alerts')
  return { ids: new Set(rows.map(({ id }) => id)), alerts: alerts?.n ?? 0 }
}

/** Donates to all of them, one after the other, until it is told to stop. */
function donateOn(node: TestNode, streamers: Streamer[], everyMs = 40) {
  const control = createControl(node.simulator.url)
  const ids: string[] = []
  const end = new AbortController()
  const running = (async () => {
    for (let n = 0; !end.signal.aborted; n++) {
      const { daId } = streamers[n % streamers.length] ?? assert.fail()
      const made = await control.donate({ daId, username: 'Ann', amount: n + 1, currency: 'RUB' })
      ids.push(...made.ids.map(String))
      await new Promise((resolve) => setTimeout(resolve, everyMs))
    }
  })()
  return {
    async stop() {
      end.abort()
      await running
      return ids
    },
  }
}

async function allStored(node: TestNode, ids: readonly string[]): Promise<void> {
  await eventually(
    'every donation is stored',
    async () => {
      const now = await stored(node)
      return ids.every((id) => now.ids.has(id))
    },
    30_000,
  )
  const { ids: all, alerts } = await stored(node)
  assert.equal(all.size, ids.length)
  assert.equal(alerts, ids.length, 'one alert each')
}

async function withinBudget(t: TestContext, node: TestNode): Promise<void> {
  const { maxInWindow } = await createControl(node.simulator.url).requests()
  t.diagnostic(`most requests in any window: ${JSON.stringify(maxInWindow)}`)
  assert.ok((maxInWindow['chatfolk-da'] ?? 61) <= 60)
}

describe('donations on two nodes', () => {
  test('both run streams; one that is stopped gives its streams to the other, and no donation is lost', async (t) => {
    const redis = await startRedis(t)
    const one = await startNode(t, { environment: redis.environment })
    const other = await startNode(t, { beside: one })
    const streamers = await joinSome(one, 10)
    await eventually('all streams are live', () => allLive(one, 10), 30_000)
    const before = await owners(one, 'donations')
    t.diagnostic(JSON.stringify(before))
    assert.ok(Math.min(before[one.nodeId] ?? 0, before[other.nodeId] ?? 0) >= 4, JSON.stringify(before))

    const donations = donateOn(one, streamers)
    await new Promise((resolve) => setTimeout(resolve, 500))
    const control = createControl(one.simulator.url)
    const requestsBefore = (await control.requests()).requests.length
    await one.stop()
    assert.deepEqual(await owners(other, 'donations'), { [other.nodeId]: 10 })
    await eventually('all streams are live again', () => allLive(other, 10), 20_000)
    await new Promise((resolve) => setTimeout(resolve, 300))
    const ids = await donations.stop()
    await allStored(other, ids)
    const paid = (await control.requests()).requests
      .slice(requestsBefore)
      .filter(({ endpoint }) => String(endpoint).includes('subscribe')).length
    t.diagnostic(`${paid} signatures for ${before[one.nodeId]} streams that moved`)
    assert.equal(paid, before[one.nodeId])
    await withinBudget(t, other)
  })

  test('what a killed node ran is run by the other, and the donations made meanwhile come', async (t) => {
    const one = await startNode(t)
    const streamers = await joinSome(one, 6)
    await eventually('all streams are live', () => allLive(one, 6), 30_000)
    const doomed = await forkBeside(t, one)
    await eventually('both have streams', async () => Object.keys(await owners(one, 'donations')).length === 2, 30_000)
    await eventually('all streams are live', () => allLive(one, 6), 30_000)

    const donations = donateOn(one, streamers, 100)
    await doomed.kill()
    const began = performance.now()
    await eventually('one has all', async () => (await owners(one, 'donations'))[one.nodeId] === 6, 25_000)
    const tookMs = Math.round(performance.now() - began)
    await eventually('all streams are live', () => allLive(one, 6), 20_000)
    t.diagnostic(`taken over after ${tookMs} ms`)
    const ids = await donations.stop()
    await allStored(one, ids)
    await withinBudget(t, one)
  })

  test('a node of pages connects and disconnects accounts; the node of donations runs the streams', async (t) => {
    const pages = await startNode(t, { environment: { ROLES: 'web' } })
    const streams = await startNode(t, { beside: pages, environment: { ROLES: 'donations' } })
    const [streamer = assert.fail()] = await joinSome(pages, 1)
    const state = async () => (await streamer.get<{ donations: { state: string } }>('/api/channel')).donations.state
    await eventually('the stream is live', async () => (await state()) === 'live', 15_000)
    assert.deepEqual(await owners(pages, 'donations'), { [streams.nodeId]: 1 })
    const control = createControl(pages.simulator.url)
    const { ids } = await control.donate({ daId: streamer.daId, username: 'Ann', amount: 5, currency: 'RUB' })
    await allStored(pages, ids.map(String))
    assert.equal((await streamer.send('DELETE', '/api/channel/donationalerts')).status, 204)
    assert.equal(await state(), 'off')
    await eventually('the stream has ended', async () => {
      const metrics = await (await fetch(`${streams.baseUrl}/metrics`)).text()
      return /chatfolk_donation_streams\{state="live"\} 0/.test(metrics)
    })
    assert.equal((await pages.db.query('select 1 from donation_positions')).length, 0)

    const browser = createBrowser(streams.baseUrl)
    for (const path of ['/health/live', '/health/ready', '/metrics', '/api/admin/donations'])
      assert.equal((await browser.raw('GET', path)).status, 200, path)
    for (const path of ['/', '/dashboard', '/api/channel', '/auth/twitch/login', '/o/', '/overlay/stream'])
      assert.equal((await browser.raw('GET', path)).status, 404, path)
  })

  test('while a channel is live another node holds a second socket, and donations come through it when the first falls', async (t) => {
    const redis = await startRedis(t)
    const environment = { ...redis.environment, DONATIONALERTS_SECOND_SOCKET: 'true' }
    const pages = await startNode(t, { environment: { ...environment, ROLES: 'web' } })
    const doomed = await forkBeside(t, pages, { ROLES: 'donations' })
    const [live = assert.fail()] = await joinSome(pages, 1)
    await eventually('the stream is live', () => allLive(pages, 1), 20_000)
    const other = await startNode(t, { beside: pages, environment: { ROLES: 'donations' } })
    const overlay = openOverlay({ overlayUrl: live.overlayUrl })
    t.after(() => overlay.close())
    const wanted = async () =>
      pages.db.query<{ key: string; first: string | null; second: string | null }>(
        `select b.key, f.node_id as first, s.node_id as second from assignments b
         join assignments d on d.kind = 'donations' and d.key = b.key
         left join nodes f on f.session = d.owner and f.ended_at is null left join nodes s on s.session = b.owner
         where b.kind = 'donations-standby' and b.desired`,
      )
    const subscribed = async () =>
      /chatfolk_donation_standby_sockets (\d+)/.exec(await (await fetch(`${other.baseUrl}/metrics`)).text())?.[1]
    await eventually(
      'the live channel has its second socket on the other node',
      async () => {
        const rows = await wanted()
        return rows.length === 1 && rows.every(({ first, second }) => first && second && first !== second)
      },
      30_000,
    )
    assert.equal((await wanted())[0]?.first, doomed.nodeId)
    await eventually('the second socket is subscribed', async () => (await subscribed()) === '1')

    await doomed.kill()
    const control = createControl(pages.simulator.url)
    const ids: string[] = []
    const began = performance.now()
    for (let n = 1; n <= 5; n++) {
      const made = await control.donate({ daId: live.daId, username: 'Ann', amount: n, currency: 'RUB' })
      ids.push(...made.ids.map(String))
    }
    await allStored(pages, ids)
    const tookMs = Math.round(performance.now() - began)
    t.diagnostic(`five donations were stored ${tookMs} ms after the first owner fell`)
    assert.ok(tookMs < 3_000, 'nobody had to take the stream over first')
    assert.equal((await wanted())[0]?.first, doomed.nodeId, 'it is still the dead node’s')
    await eventually(
      'the stream is run again',
      async () => (await owners(pages, 'donations'))[other.nodeId] === 1,
      25_000,
    )
    await eventually('a second socket without another node is none', async () => (await wanted()).length === 0, 45_000)
    await allStored(pages, ids)
    await withinBudget(t, pages)
  })
})
