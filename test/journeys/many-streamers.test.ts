import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startNode } from '../support/node.ts'
import { openOverlay } from '../support/overlay-client.ts'
import { createControl } from '../support/simulator-control.ts'
import { joinAsStreamer } from '../support/streamer.ts'
import { eventually } from '../support/eventually.ts'

for (const count of [1, 30, 200]) {
  test(`${count} streamers connecting at once never cost more than 60 requests a window, and all get their donations`, async (t) => {
    const { baseUrl, simulator } = await startNode(t)
    const control = createControl(simulator.url)
    const streamers = await Promise.all(
      Array.from({ length: count }, (_, n) => joinAsStreamer({ baseUrl, simulatorUrl: simulator.url, login: `s${n}` })),
    )
    await eventually(
      'all streams are live',
      async () => {
        const all = (await (await fetch(`${baseUrl}/api/admin/donations`)).json()) as Array<{ state: string }>
        return all.length === count && all.every((stream) => stream.state === 'live')
      },
      120_000,
    )
    await Promise.all(
      streamers.map(({ daId }) => control.donate({ daId, username: 'Ann', amount: 5, currency: 'RUB' })),
    )
    await eventually('every donation is stored', async () => {
      const ledgers = await Promise.all(
        streamers.map((streamer) => streamer.get<{ items: unknown[] }>('/api/channel/donations')),
      )
      return ledgers.every(({ items }) => items.length === 1)
    })
    const { maxInWindow } = await control.requests()
    t.diagnostic(`most requests in any window: ${JSON.stringify(maxInWindow)}`)
    assert.ok((maxInWindow['chatfolk-da'] ?? 61) <= 60)
  })
}

test('after an outage of the platform’s sockets, live streamers come back before the others', async (t) => {
  const { baseUrl, simulator } = await startNode(t)
  const control = createControl(simulator.url)
  const streamers = await Promise.all(
    Array.from({ length: 24 }, (_, n) => joinAsStreamer({ baseUrl, simulatorUrl: simulator.url, login: `s${n}` })),
  )
  const live = streamers.slice(-4)
  for (const streamer of live) {
    const overlay = openOverlay({ overlayUrl: streamer.overlayUrl })
    t.after(() => overlay.close())
    await eventually('the overlay is there', () => overlay.role() === 'primary')
  }
  const states = async () => {
    const all = (await (await fetch(`${baseUrl}/api/admin/donations`)).json()) as Array<{
      channelId: string
      state: string
    }>
    return new Map(all.map((stream) => [stream.channelId, stream.state]))
  }
  await eventually(
    'all streams are live',
    async () => [...(await states()).values()].every((state) => state === 'live'),
    60_000,
  )

  // Full jitter spreads the comebacks over the first second; nobody can be signed during it, so all wait together.
  await control.fault({ target: 'da.subscribe', kind: '429', durationMs: 2_000, retryAfter: true })
  await control.closeSockets({ all: true, code: 3001 })
  await eventually('all streams noticed', async () => [...(await states()).values()].every((state) => state !== 'live'))
  await eventually(
    'the live streamers are back',
    async () => {
      const now = await states()
      return live.every(({ channelId }) => now.get(channelId) === 'live')
    },
    30_000,
  )
  const others = [...(await states())].filter(
    ([channelId]) => !live.some((streamer) => streamer.channelId === channelId),
  )
  const back = others.filter(([, state]) => state === 'live').length
  assert.ok(back <= others.length / 2, `${back} of ${others.length} others were served before the last live streamer`)
})
