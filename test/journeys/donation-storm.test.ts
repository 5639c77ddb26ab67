import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkDelivery, readLedger } from '../support/check-delivery.ts'
import { startNode } from '../support/node.ts'
import { openOverlay } from '../support/overlay-client.ts'
import { createControl } from '../support/simulator-control.ts'
import { joinAsStreamer } from '../support/streamer.ts'
import { eventually } from '../support/eventually.ts'

test('200 donations through duplicates, reordering, lost sockets, an epoch reset, a storm of 429 and a dead token: each is stored once and shown once', async (t) => {
  const { baseUrl, simulator, logs } = await startNode(t)
  const control = createControl(simulator.url)
  const streamer = await joinAsStreamer({ baseUrl, simulatorUrl: simulator.url, login: 'storm' })
  const { daId } = streamer
  const overlay = openOverlay({ overlayUrl: streamer.overlayUrl })
  t.after(() => overlay.close())
  await eventually('the stream is live', async () => (await donationState(streamer)) === 'live')

  const ids: string[] = []
  let sent = 0
  const donate = async (count: number, more: Record<string, unknown> = {}) => {
    for (let n = 0; n < count; n++) {
      sent++
      const { ids: made } = await control.donate({
        daId,
        username: `donor ${sent}`,
        amount: sent,
        currency: 'RUB',
        message: `words ${sent} 💜`,
        ...more,
      })
      ids.push(...made.map(String))
    }
  }

  /** Each fault is to hit an open stream, and each donation after it a closed one. */
  const untilLive = () =>
    eventually('the stream is live again', async () => (await donationState(streamer)) === 'live', 20_000)

  await donate(30)
  await donate(10, { push: 'duplicate' })
  await control.reorder(daId, 6)
  await donate(12)
  await control.closeSockets({ daId, code: 3001 })
  await donate(15)
  await untilLive()
  await donate(5, { push: 'drop' })
  await donate(10)
  await control.closeSockets({ daId, code: 1006, raw: true })
  await donate(15)
  await untilLive()
  await donate(8)
  await control.closeSockets({ daId, code: 3010 })
  await donate(15)
  await untilLive()
  await donate(10)
  await control.resetEpoch(daId)
  await control.closeSockets({ daId, code: 3004 })
  await donate(15)
  await untilLive()
  // A third of the window, as 20 s are of a minute.
  for (const target of ['da.rest', 'da.subscribe']) {
    await control.fault({ target, kind: '429', durationMs: 1_000, retryAfter: true })
  }
  await control.closeSockets({ daId, code: 3000 })
  await donate(20)
  await untilLive()
  await control.kill({ platform: 'da', userId: daId, kill: 'access' })
  await control.closeSockets({ daId, code: 3005 })
  await donate(20)
  await untilLive()
  await donate(15)

  assert.equal(ids.length, 200)
  await eventually('all 200 were shown', () => overlay.drawn().length >= 200, 60_000)
  const verdict = await checkDelivery({ streamer, overlay, ids })
  assert.deepEqual(verdict, { stored: 200, shown: 200, lost: [], doubled: [], outOfOrder: 0 })

  // A storm that did not happen proves nothing.
  const ways = new Map<string, number>()
  for (const { source } of await readLedger(streamer)) ways.set(source, (ways.get(source) ?? 0) + 1)
  t.diagnostic(`ways in: ${[...ways].map(([way, count]) => `${count} by ${way}`).join(', ')}`)
  assert.ok((ways.get('push') ?? 0) > 50, 'many were pushed')
  assert.ok((ways.get('recovery') ?? 0) > 5, 'some were recovered after lost sockets')
  assert.ok((ways.get('sweep') ?? 0) >= 5, 'those that only the history knew were found there')
  assert.ok(logs.filter((line) => line['msg'] === 'connected to the donation stream').length >= 5, 'sockets were lost')
  const { maxInWindow, requests } = await control.requests()
  assert.ok(
    requests.some((request) => request['status'] === 429),
    'the platform answered 429',
  )
  assert.ok(
    requests.some((request) => request['endpoint'] === 'da.token' && request['status'] === 200),
    'a dead token was renewed',
  )
  assert.ok((maxInWindow['chatfolk-da'] ?? 61) <= 60)
})

async function donationState(streamer: { get<Body>(path: string): Promise<Body> }): Promise<string> {
  return (await streamer.get<{ donations: { state: string } }>('/api/channel')).donations.state
}
