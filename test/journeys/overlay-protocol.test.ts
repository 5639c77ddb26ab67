import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { describe, test } from 'node:test'
import { openOverlay, type OverlayClient } from '../support/overlay-client.ts'
import type { Streamer } from '../support/streamer.ts'
import { shareNode } from '../support/shared-node.ts'
import { eventually } from '../support/eventually.ts'

/** One node for all; each test has a channel of its own. */
describe('the overlay protocol', () => {
  const shared = shareNode()
  const { open } = shared
  const newStreamer = () => shared.newStreamer()
  const donate = async (streamer: Streamer, amount: number | string, more: Record<string, unknown> = {}) => {
    const response = await streamer.send('POST', '/api/channel/test', {
      kind: 'donation',
      amount,
      currency: 'RUB',
      name: 'Ann',
      message: 'привет 💜',
      ...more,
    })
    assert.equal(response.status, 202, await response.clone().text())
    return (await response.json()) as { donationId: string; alertId: string }
  }
  const states = async (streamer: Streamer) =>
    (await streamer.get<{ items: Array<{ amount: string; state: string }> }>('/api/channel/donations')).items
      .map(({ amount, state }) => `${amount} ${state}`)
      .toReversed()

  test('the first frame is a snapshot, ids are epoch and number, and settings count', async (t) => {
    const streamer = await newStreamer()
    const overlay = open(streamer, t)
    await eventually('a snapshot came', () => overlay.frames().length > 0)
    const [first] = overlay.frames()
    assert.equal(first?.event, 'snapshot')
    assert.match(first?.id ?? '', /^\d+-0$/)
    assert.equal(first?.data.v, 1)
    assert.deepEqual(first?.data.d['alert'], { current: null, queued: 0 })
    await streamer.send('PATCH', '/api/channel', { alerts: { volume: 30 } })
    await eventually('the settings came', () => overlay.frames().some((frame) => frame.event === 'settings'))
    const settings = overlay.frames().find((frame) => frame.event === 'settings')
    assert.match(settings?.id ?? '', /^\d+-1$/)
    const patch = settings?.data.d['patch'] as { alerts: { volume: number } } | undefined
    assert.equal(patch?.alerts.volume, 30)
  })

  test('an offer carries the donation in its own currency, with a character, a token and a length', async (t) => {
    const streamer = await newStreamer()
    const overlay = open(streamer, t)
    await donate(streamer, '22.50', { currency: 'usd', name: null, message: 'see https://evil.example now' })
    await eventually('an offer came', () => overlay.drawn().length === 1)
    const offer = overlay.frames().find((frame) => frame.event === 'alert.offer')?.data.d ?? {}
    assert.deepEqual(
      {
        donor: offer['donor'],
        amount: offer['amount'],
        currency: offer['currency'],
        parts: offer['parts'],
        dur: offer['dur'],
        test: offer['test'],
        attempt: offer['attempt'],
      },
      {
        donor: null,
        amount: '22.50',
        currency: 'USD',
        parts: [{ text: 'see … now' }],
        dur: 8_000,
        test: true,
        attempt: 1,
      },
    )
    assert.ok(offer['avatar'] && offer['token'])
  })

  test('alerts come one at a time, in order, and the ledger knows how each fared', async (t) => {
    const streamer = await newStreamer()
    for (const amount of [1, 2, 3]) await donate(streamer, amount)
    const overlay = open(streamer, t, { drawMs: 30 })
    await eventually('all were shown', async () => (await states(streamer)).every((state) => state.endsWith('shown')))
    assert.deepEqual(
      overlay.drawn().map((entry) => entry.amount),
      ['1.00', '2.00', '3.00'],
    )
    const events = overlay.log.filter((entry) => ['offered', 'done'].includes(entry.event)).map((entry) => entry.event)
    assert.deepEqual(events, ['offered', 'done', 'offered', 'done', 'offered', 'done'])
  })

  test('two sources with one key never play an alert twice: one is primary, and the other takes over when it goes', async (t) => {
    const streamer = await newStreamer()
    const first = open(streamer, t)
    await eventually('the first is primary', () => first.role() === 'primary')
    const second = open(streamer, t)
    await eventually('the second is a mirror', () => second.role() === 'mirror')
    await donate(streamer, 1)
    await eventually('it was shown', async () => (await states(streamer)).includes('1.00 shown'))
    assert.equal(first.drawn().length + second.drawn().length, 1)
    assert.ok(
      second.log.some((entry) => entry.event === 'offered'),
      'the mirror draws along',
    )
    first.close()
    await eventually('the second takes over', () => second.role() === 'primary')
    await donate(streamer, 2)
    await eventually('it was shown', () => second.drawn().length === 1)
  })

  test('a mirror that asks to draw all the same is refused', async (t) => {
    const streamer = await newStreamer()
    const [one, two] = [open(streamer, t, { draws: false }), open(streamer, t, { draws: false })]
    await eventually('both are connected', () => one.role() && two.role() && one.role() !== two.role())
    await donate(streamer, 1)
    await eventually('the offer came', () => one.frames().some((frame) => frame.event === 'alert.offer'))
    const offer = one.frames().find((frame) => frame.event === 'alert.offer')?.data.d ?? {}
    const [primary, mirror] = one.role() === 'primary' ? [one, two] : [two, one]
    const start = async (overlay: OverlayClient) => {
      const response = await fetch(`${shared.node.baseUrl}/api/overlay/alerts/${String(offer['id'])}/start`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ ticket: overlay.ticket(), token: offer['token'] }),
      })
      return response.status
    }
    assert.equal(await start(mirror), 409, 'however early it asks')
    assert.equal(await start(primary), 200)
    assert.equal(await start(mirror), 409)
    assert.equal(await start(primary), 200, 'the first answer may have got lost')
  })

  test('while no overlay can be seen the queue waits, and goes on when one can', async (t) => {
    const streamer = await newStreamer()
    const overlay = open(streamer, t, { visible: false })
    await eventually('it is connected', () => overlay.frames().length > 0)
    await donate(streamer, 1)
    assert.deepEqual(await states(streamer), ['1.00 queued'])
    await overlay.report({ visible: true })
    await eventually('it was shown', () => overlay.drawn().length === 1)
  })

  test('pausing holds the queue, resuming goes on, skipping ends what is on screen, replaying shows it again', async (t) => {
    const streamer = await newStreamer()
    const overlay = open(streamer, t, { drawMs: 60_000 })
    const { alertId } = await donate(streamer, 1)
    await eventually('it is being drawn', () => overlay.drawn().length === 1)
    await streamer.send('POST', '/api/channel/alerts/pause')
    await donate(streamer, 2)
    assert.equal((await streamer.send('POST', '/api/channel/alerts/skip')).status, 200)
    await eventually('it was cancelled on screen', () =>
      overlay.log.some((entry) => entry.event === 'cancelled' && entry.alertId === alertId),
    )
    assert.deepEqual(await states(streamer), ['1.00 skipped', '2.00 queued'])
    assert.equal((await streamer.send('POST', `/api/channel/alerts/${alertId}/replay`)).status, 202)
    await streamer.send('POST', '/api/channel/alerts/resume')
    await eventually('the replay came first', () => overlay.drawn().length === 2)
    assert.equal(overlay.drawn()[1]?.amount, '1.00')
    await streamer.send('POST', '/api/channel/alerts/skip')
    await streamer.send('POST', '/api/channel/alerts/skip')
    assert.equal((await streamer.send('POST', '/api/channel/alerts/skip')).status, 409)
  })

  test('an overlay that goes away before it draws gives the alert back at once', async (t) => {
    const streamer = await newStreamer()
    const hung = open(streamer, t, { draws: false })
    await eventually('it is primary', () => hung.role() === 'primary')
    await donate(streamer, 1)
    await eventually('it was offered', () => hung.log.some((entry) => entry.event === 'offered'))
    const second = open(streamer, t)
    await eventually('the second is there', () => second.frames().length > 0)
    hung.close()
    await eventually('the second draws it', () => second.drawn().length === 1, 3_000)
    assert.equal(second.drawn()[0]?.attempt, 2)
  })

  test('a rotated key cuts its streams at once, and neither it nor its tickets open anything any more', async (t) => {
    const streamer = await newStreamer()
    const overlay = open(streamer, t)
    await eventually('it is connected', () => overlay.role() === 'primary')
    const began = performance.now()
    const { overlayUrl } = (await (await streamer.send('POST', '/api/channel/overlay-key')).json()) as {
      overlayUrl: string
    }
    await eventually('the old one was let go', () => overlay.log.some((entry) => entry.event === 'unknown-key'), 5_000)
    t.diagnostic(`cut after ${Math.round(performance.now() - began)} ms`)
    assert.equal((await overlay.report({ visible: true })).status, 204, 'reports of a void ticket change nothing')
    const renewed = openOverlay({ overlayUrl })
    t.after(() => renewed.close())
    await eventually('the new one works', () => renewed.role() === 'primary')
    await donate(streamer, 1)
    await eventually('and shows alerts', () => renewed.drawn().length === 1)
    assert.equal(overlay.drawn().length, 0)
  })

  test('a client that does not read is cut, and the others do not notice', async (t) => {
    const streamer = await newStreamer()
    const healthy = open(streamer, t, { drawMs: 0 })
    await eventually('it is connected', () => healthy.role() === 'primary')
    const key = new URL(streamer.overlayUrl).hash.replace('#k=', '')
    const session = await fetch(`${shared.node.baseUrl}/api/overlay/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ key, instance: 'stuck', obs: false, w: 1, h: 1, ver: '1' }),
    })
    const { streamUrl } = (await session.json()) as { streamUrl: string }
    const { hostname, port } = new URL(shared.node.baseUrl)
    const stuck = connect({ host: hostname, port: Number(port) })
    t.after(() => stuck.destroy())
    stuck.on('error', () => undefined)
    stuck.write(`GET ${streamUrl} HTTP/1.1\r\nhost: ${hostname}:${port}\r\n\r\n`)
    stuck.pause()
    const seats = async () => (await streamer.get<{ overlays: unknown[] }>('/api/channel')).overlays.length
    await eventually('it has its seat', async () => (await seats()) === 2)
    // The kernel's buffers come first; what they do not take is ours to hold, and we hold 64 KiB.
    const words = Array.from({ length: 200 }, (_, n) => `${'х'.repeat(40)}${n}`)
    await eventually(
      'it was cut',
      async () => {
        for (let n = 0; n < 50; n++) await streamer.send('PATCH', '/api/channel', { alerts: { blockedWords: words } })
        return (await seats()) === 1
      },
      60_000,
    )
    await donate(streamer, 1)
    await eventually('the healthy one still shows alerts', () => healthy.drawn().length === 1)
  })

  test('a page of another version is asked to reload, the served one and foreign clients are not', async (t) => {
    const streamer = await newStreamer()
    const html = await (await fetch(`${shared.node.baseUrl}/o/`)).text()
    const served = /assets\/(overlay-[\w-]+\.js)"/.exec(html)?.[1] ?? assert.fail('the page has no script')
    const askedToReload = async (ver: string) => {
      const overlay = open(streamer, t, { ver })
      await eventually('the first words came', () => overlay.frames().some((frame) => frame.event === 'role'))
      await streamer.send('PATCH', '/api/channel', { alerts: { volume: 1 } })
      await eventually('later words came', () => overlay.frames().some((frame) => frame.event === 'settings'))
      overlay.close()
      return overlay.frames().find((frame) => frame.event === 'reload')?.data.d
    }
    assert.deepEqual(await askedToReload('overlay-OLDhash1.js'), { build: served })
    assert.equal(await askedToReload(served), undefined)
    assert.equal(await askedToReload('some client'), undefined)
  })

  test('broken tickets, keys and bodies are refused by name and break nothing', async () => {
    const post = (path: string, body: unknown) =>
      fetch(`${shared.node.baseUrl}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      })
    assert.equal(
      (await post('/api/overlay/session', { key: 'x', instance: 'i', obs: true, w: 1, h: 1, ver: '1' })).status,
      404,
    )
    assert.equal((await post('/api/overlay/session', { key: 5 })).status, 400)
    assert.equal((await post('/api/overlay/state', { ticket: 'x.y', visible: true })).status, 401)
    assert.equal(
      (await post(`/api/overlay/alerts/${crypto.randomUUID()}/start`, { ticket: 'a.b', token: 'c' })).status,
      401,
    )
    assert.equal((await post('/api/overlay/alerts/nonsense/start', { ticket: 'a.b', token: 'c' })).status, 400)
    for (const ticket of ['', 'x', 'a.b', 'a.b.c', '%00', 'x'.repeat(500)]) {
      const response = await fetch(`${shared.node.baseUrl}/api/overlay/stream?ticket=${encodeURIComponent(ticket)}`)
      assert.ok([400, 401].includes(response.status), `${ticket}: ${response.status}`)
    }
  })

  test('an alert belongs to its channel: another streamer’s ticket, session or ids open nothing of it', async (t) => {
    const [mine, other] = [await newStreamer(), await newStreamer()]
    const overlay = open(mine, t, { draws: false })
    await eventually('it is connected', () => overlay.role() === 'primary')
    const { alertId, donationId } = await donate(mine, 1)
    await eventually('it was offered', () => overlay.frames().some((frame) => frame.event === 'alert.offer'))
    const token = overlay.frames().find((frame) => frame.event === 'alert.offer')?.data.d['token']
    const key = new URL(other.overlayUrl).hash.replace('#k=', '')
    const session = await fetch(`${shared.node.baseUrl}/api/overlay/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ key, instance: 'x', obs: true, w: 1, h: 1, ver: '1' }),
    })
    const { ticket } = (await session.json()) as { ticket: string }
    const start = await fetch(`${shared.node.baseUrl}/api/overlay/alerts/${alertId}/start`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ticket, token }),
    })
    assert.equal(start.status, 409)
    for (const id of [alertId, donationId])
      assert.equal((await other.send('POST', `/api/channel/alerts/${id}/replay`)).status, 404)
    assert.deepEqual((await other.get<{ items: unknown[] }>('/api/channel/donations')).items, [])
  })
})
