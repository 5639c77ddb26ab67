import assert from 'node:assert/strict'
import { connect, type Socket } from 'node:net'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { openOverlay } from '../support/overlay-client.ts'
import type { Streamer } from '../support/streamer.ts'
import { shareNode } from '../support/shared-node.ts'
import type { ChannelSettings } from '../../src/domain/settings.ts'
import { eventually } from '../support/eventually.ts'

/** A node that strangers write to. Each test ends with the proof that it still serves. */
describe('whatever a stranger sends', () => {
  const shared = shareNode()
  const newStreamer = () => shared.newStreamer()
  const post = (path: string, body: string) =>
    fetch(`${shared.node.baseUrl}${path}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
  const stillServes = async (streamer: Streamer) => {
    const overlay = openOverlay({ overlayUrl: streamer.overlayUrl })
    try {
      await eventually('an overlay connects', () => overlay.role() !== undefined)
      await streamer.send('POST', '/api/channel/test', { kind: 'donation', amount: 1, currency: 'RUB' })
      await eventually('a donation is shown', () => overlay.drawn().length > 0)
    } finally {
      overlay.close()
    }
  }

  test('no file but the built pages can be reached', async () => {
    const { hostname, port } = new URL(shared.node.baseUrl)
    const paths = [
      '/.env',
      '/data',
      '/data/secret-keys',
      '/package.json',
      '/src/main.ts',
      '/dist/index.html',
      '/assets/',
      '/assets',
      '/assets/..',
      '/assets/../index.html',
      '/assets/..%2findex.html',
      '/assets/%2e%2e/package.json',
      '/assets/..%5c..%5cpackage.json',
      '/..%2f..%2fetc/passwd',
      '//etc/passwd',
      '/o/../package.json',
      '/o/..%2f..%2fpackage.json',
      '/assets/%00',
      '/assets/.sources',
      '/.git/config',
      '/node_modules/fastify/package.json',
    ]
    for (const path of paths) {
      // Written by hand: clients tidy such paths up before they send them.
      const answer = await rawRequest(
        hostname,
        Number(port),
        `GET ${path} HTTP/1.1\r\nhost: ${hostname}:${port}\r\nconnection: close\r\n\r\n`,
      )
      assert.match(answer, /^HTTP\/1\.1 (400|404) /, `${path}\n${answer.slice(0, 200)}`)
    }
  })

  test('tickets of any form open nothing, and a changed ticket nothing more', async () => {
    const streamer = await newStreamer()
    const key = new URL(streamer.overlayUrl).hash.replace('#k=', '')
    const session = await post(
      '/api/overlay/session',
      JSON.stringify({ key, instance: 'i', obs: true, w: 1, h: 1, ver: '1' }),
    )
    const { ticket } = (await session.json()) as { ticket: string }
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.string({ unit: 'binary', maxLength: 300 }),
          fc
            .tuple(fc.nat(ticket.length - 1), fc.constantFrom(...'abcXYZ019-_.'.split('')))
            .map(([at, sign]) => ticket.slice(0, at) + sign + ticket.slice(at + 1)),
          fc.nat(ticket.length - 1).map((length) => ticket.slice(0, length)),
        ),
        async (forged) => {
          // The last sign of base64url may carry unused bits: another spelling of the same bytes is the same ticket.
          if (forged.slice(0, -1) === ticket.slice(0, -1)) return
          const stream = await fetch(
            `${shared.node.baseUrl}/api/overlay/snapshot?ticket=${encodeURIComponent(forged.toWellFormed())}`,
          )
          assert.ok([400, 401].includes(stream.status), `${stream.status}`)
          const state = await post('/api/overlay/state', JSON.stringify({ ticket: forged, visible: true }))
          assert.ok([400, 401].includes(state.status), `${state.status}`)
        },
      ),
      { numRuns: 120 },
    )
    await stillServes(streamer)
  })

  test('settings of any form are refused with the place that is wrong, or saved as the schema says; no other channel changes', async () => {
    const [streamer, other] = [await newStreamer(), await newStreamer()]
    const before = await other.get('/api/channel')
    const value = fc.oneof(
      fc.anything({ withNullPrototype: false, withBigInt: false, maxDepth: 2 }),
      fc.constantFrom('ru', 'en', 5, true, null, [], ['слово'], -1, 1e9),
    )
    const patch = fc.oneof(
      value,
      fc.dictionary(
        fc.constantFrom('locale', 'alerts', 'chat', '__proto__', 'constructor', 'overlayKey', 'userId'),
        value,
      ),
      fc.record({
        alerts: fc.dictionary(
          fc.constantFrom('durationS', 'sound', 'volume', 'maxAgeMinutes', 'hideLinks', 'blockedWords', '__proto__'),
          value,
        ),
      }),
      fc.record({
        chat: fc.dictionary(
          fc.constantFrom('joinByTalking', 'inactivityS', 'crowdLimit', 'bubbles', 'ignored', 'commands', '__proto__'),
          value,
        ),
      }),
      fc
        .dictionary(
          fc.constantFrom('join', 'ping', 'race', '__proto__'),
          fc.dictionary(fc.constantFrom('enabled', 'words', 'cooldownS', 'permission', '__proto__'), value),
        )
        .map((commands) => ({ chat: { commands } })),
    )
    await fc.assert(
      fc.asyncProperty(patch, async (body) => {
        const answer = await streamer.send('PATCH', '/api/channel', body ?? null)
        assert.ok([200, 400].includes(answer.status), `${answer.status} ${JSON.stringify(body)}`)
        if (answer.status === 200) {
          const { settings } = (await answer.json()) as {
            settings: ChannelSettings
          }
          assert.ok(['ru', 'en'].includes(settings.locale))
          assert.ok(settings.alerts.volume >= 0 && settings.alerts.volume <= 100 && settings.alerts.durationS >= 3)
          assert.ok(settings.chat.crowdLimit >= 1 && Array.isArray(settings.chat.ignored))
          for (const { words, cooldownS } of Object.values(settings.chat.commands))
            assert.ok(words.length > 0 && words.every((word) => word !== '') && cooldownS >= 0)
        }
      }),
      { numRuns: 200 },
    )
    assert.deepEqual((await other.get('/api/channel'))['settings'], before['settings'])
    await stillServes(streamer)
  })

  test('test donations of any form are refused or shown; no text breaks the store, the frame or the ledger', async (t) => {
    const streamer = await newStreamer()
    const overlay = shared.open(streamer, t, { drawMs: 0 })
    await eventually('an overlay connects', () => overlay.role() === 'primary')
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 120 }),
      fc.constantFrom(
        '\u0000',
        '\ud800',
        'a\r\n\r\ndata: {"x":1}\n\n',
        '<script>alert(1)</script>',
        '\u202e\u2066',
        '👨‍👩‍👧‍👦'.repeat(20),
        '__proto__',
        '\\u0000',
      ),
    )
    let accepted = 0
    await fc.assert(
      fc.asyncProperty(
        text,
        text,
        // Half of them are amounts: what is refused for its amount says nothing of its words.
        fc.oneof(fc.constantFrom(1, '2.50', '0'), fc.oneof(fc.constantFrom(-1, '1e9', 'NaN', null), fc.float())),
        async (name, message, amount) => {
          const answer = await streamer.send('POST', '/api/channel/test', {
            kind: 'donation',
            name,
            message,
            amount,
            currency: 'RUB',
          })
          assert.ok(
            [202, 400].includes(answer.status),
            `${answer.status} ${await answer.clone().text()} ${JSON.stringify({ name, message, amount })}`,
          )
          if (answer.status === 202) accepted++
        },
      ),
      { numRuns: 80 },
    )
    assert.ok(accepted > 10)
    await eventually('all accepted are shown', () => overlay.drawn().length === accepted, 20_000)
    for (const frame of overlay.frames()) assert.equal(frame.data.v, 1)
    const { items } = await streamer.get<{ items: unknown[] }>('/api/channel/donations?limit=100')
    assert.equal(items.length, accepted)
  })

  test('a thousand clients that open streams and never read are held to their bounds, and a streamer’s overlay does not notice', async (t) => {
    const streamer = await newStreamer()
    const overlay = openOverlay({ overlayUrl: streamer.overlayUrl })
    t.after(() => overlay.close())
    await eventually('an overlay connects', () => overlay.role() === 'primary')
    const key = new URL(streamer.overlayUrl).hash.replace('#k=', '')
    const { hostname, port } = new URL(shared.node.baseUrl)
    const stuck: Socket[] = []
    t.after(() => stuck.forEach((socket) => socket.destroy()))
    for (let n = 0; n < 1_000; n++) {
      const session = await post(
        '/api/overlay/session',
        JSON.stringify({ key, instance: `stuck${n}`, obs: false, w: 1, h: 1, ver: '1' }),
      )
      const { streamUrl } = (await session.json()) as { streamUrl: string }
      const socket = connect({ host: hostname, port: Number(port) }).on('error', () => undefined)
      socket.write(`GET ${streamUrl} HTTP/1.1\r\nhost: ${hostname}:${port}\r\n\r\n`)
      socket.pause()
      stuck.push(socket)
    }
    await eventually(
      'no more than 20 have a seat',
      async () => (await streamer.get<{ overlays: unknown[] }>('/api/channel')).overlays.length <= 20,
    )
    await streamer.send('POST', '/api/channel/test', { kind: 'donation', amount: 1, currency: 'RUB' })
    await eventually('the streamer’s own shows donations', () => overlay.drawn().length === 1)
  })

  test('none of it was an error of ours, and nothing of one channel was told to another', () => {
    const faults = shared.node.logs.filter((line) => line['level'] === 'error' || line['level'] === 'fatal')
    assert.deepEqual(faults, [])
  })
})

function rawRequest(host: string, port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = ''
    const socket = connect({ host, port }, () => socket.end(text))
    socket.setEncoding('utf8')
    socket.on('data', (chunk) => (answer += String(chunk)))
    socket.on('close', () => resolve(answer))
    socket.on('error', reject)
  })
}
