import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { OverlayClient } from '../support/overlay-client.ts'
import type { Streamer } from '../support/streamer.ts'
import { shareNode } from '../support/shared-node.ts'
import { eventually } from '../support/eventually.ts'

/** What happens between an offer and its answer. An offer stands for 10 s; whatever takes longer here waited for that. */
const AT_ONCE_MS = 3_000

describe('an offer whose overlay changes', () => {
  const shared = shareNode()
  const { open } = shared
  const newStreamer = () => shared.newStreamer()
  const donate = (streamer: Streamer) =>
    streamer.send('POST', '/api/channel/test', { kind: 'donation', amount: 1, currency: 'RUB' })
  const wasOffered = (overlay: OverlayClient) => overlay.log.some((entry) => entry.event === 'offered')
  const post = (path: string, body: unknown) =>
    fetch(`${shared.node.baseUrl}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })

  test('a primary that hides gives its unanswered offer to the overlay that can be seen', async (t) => {
    const streamer = await newStreamer()
    const hides = open(streamer, t, { draws: false })
    await eventually('it is primary', () => hides.role() === 'primary')
    const other = open(streamer, t)
    await eventually('the other is a mirror', () => other.role() === 'mirror')
    await donate(streamer)
    await eventually('it was offered', () => wasOffered(hides))
    await hides.report({ visible: false })
    await eventually('the other draws it', () => other.drawn().length === 1, AT_ONCE_MS)
  })

  test('an offer to a page that hides is kept for when it shows again', async (t) => {
    const streamer = await newStreamer()
    const overlay = open(streamer, t, { draws: false })
    await eventually('it is primary', () => overlay.role() === 'primary')
    await donate(streamer)
    await eventually('it was offered', () => wasOffered(overlay))
    await overlay.report({ visible: false })
    await eventually('it waits again', async () => {
      const { alerts } = await streamer.get<{ alerts: { queued: number } }>('/api/channel')
      return alerts.queued === 1
    })
    await overlay.report({ visible: true })
    await eventually(
      'it is offered again',
      () => overlay.log.filter((entry) => entry.event === 'offered').length === 2,
      AT_ONCE_MS,
    )
  })

  test('a page that comes back over its hanging stream is offered again what the lost stream brought', async (t) => {
    const streamer = await newStreamer()
    const instance = crypto.randomUUID()
    const key = new URL(streamer.overlayUrl).hash.replace('#k=', '')
    const session = await post('/api/overlay/session', { key, instance, obs: true, w: 1, h: 1, ver: '1' })
    const { streamUrl } = (await session.json()) as { streamUrl: string }
    const lost = await fetch(`${shared.node.baseUrl}${streamUrl}`)
    const reader = lost.body?.pipeThrough(new TextDecoderStream()).getReader()
    const heard = async (word: string) => {
      for (let text = ''; !text.includes(word); text += (await reader?.read())?.value ?? '');
    }
    await heard('event: role')
    await donate(streamer)
    await heard('event: alert.offer')
    const back = open(streamer, t, { instance })
    await eventually('it draws', () => back.drawn().length === 1, AT_ONCE_MS)
    assert.equal((await reader?.read())?.done, true, 'the other stream was ended')
  })

  test('an alert that waited for the streamer does not count as a slow one', async (t) => {
    const streamer = await newStreamer()
    const overlay = open(streamer, t)
    await eventually('it is primary', () => overlay.role() === 'primary')
    const counted = async () => {
      const text = await (await fetch(`${shared.node.baseUrl}/metrics`)).text()
      return Number(/^chatfolk_donation_to_overlay_seconds_count (\d+)/m.exec(text)?.[1])
    }
    const before = await counted()
    await streamer.send('POST', '/api/channel/alerts/pause')
    await donate(streamer)
    const queuedAt = performance.now()
    await eventually('it has waited a while', () => performance.now() - queuedAt > 500)
    await streamer.send('POST', '/api/channel/alerts/resume')
    await eventually('it was drawn', () => overlay.drawn().length === 1)
    assert.equal(await counted(), before)
  })

  test('the metrics tell how many alerts wait at the moment they are asked', async () => {
    const streamer = await newStreamer()
    await donate(streamer)
    const metrics = await (await fetch(`${shared.node.baseUrl}/metrics`)).text()
    assert.match(metrics, /^chatfolk_alerts\{state="queued"\} [1-9]/m)
    assert.match(metrics, /^chatfolk_alerts\{state="started"\} \d/m)
  })

  test('asking for the head of a stream opens none', async () => {
    const streamer = await newStreamer()
    const key = new URL(streamer.overlayUrl).hash.replace('#k=', '')
    const session = await post('/api/overlay/session', { key, instance: 'x', obs: true, w: 1, h: 1, ver: '1' })
    const { streamUrl } = (await session.json()) as { streamUrl: string }
    const response = await fetch(`${shared.node.baseUrl}${streamUrl}`, {
      method: 'HEAD',
      signal: AbortSignal.timeout(5_000),
    })
    assert.equal(response.status, 405)
  })

  test('control characters where an id, a token or a blocked word belongs are refused as such', async () => {
    const streamer = await newStreamer()
    const key = new URL(streamer.overlayUrl).hash.replace('#k=', '')
    const session = { key, obs: true, w: 1, h: 1, ver: '1' }
    assert.equal((await post('/api/overlay/session', { ...session, instance: 'a\u0000b' })).status, 400)
    const { ticket } = (await (await post('/api/overlay/session', { ...session, instance: 'x' })).json()) as {
      ticket: string
    }
    const alert = `/api/overlay/alerts/${crypto.randomUUID()}`
    assert.equal((await post(`${alert}/start`, { ticket, token: '\u0000' })).status, 409)
    assert.equal((await post(`${alert}/done`, { ticket, token: 'no uuid' })).status, 409)
    for (const word of ['\u0000', 'a\ud800']) {
      const patched = await streamer.send('PATCH', '/api/channel', { alerts: { blockedWords: [word] } })
      assert.equal(patched.status, 400, JSON.stringify(word))
    }
  })
})
