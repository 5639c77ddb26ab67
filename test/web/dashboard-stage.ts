import type { ServerResponse } from 'node:http'
import { lookFromSeed } from '../../src/domain/avatar-look.ts'
import type { Studio } from './dashboard-studio.ts'

/** Just enough of the overlay's protocol to fill the preview's frame. */
export function openStage(studio: Studio) {
  return {
    answer(pathname: string, response: ServerResponse, body: unknown): void {
      if (pathname === '/api/overlay/stream') return stream(response)
      response.writeHead(200, { 'content-type': 'application/json' })
      if (pathname === '/api/overlay/session') {
        const { preview } = body as { preview?: boolean }
        const session = { ticket: 't', streamUrl: '/api/overlay/stream?ticket=t', epoch: 1, seq: 0 }
        response.end(JSON.stringify({ ...session, serverNow: Date.now(), role: preview ? 'mirror' : 'primary' }))
        return
      }
      response.end('{}')
    },
  }

  function stream(response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
    const send = (type: string, d: unknown) =>
      response.write(`id: 1-0\nevent: ${type}\ndata: ${JSON.stringify({ v: 1, at: Date.now(), d })}\n\n`)
    const { locale, alerts } = studio.settings
    const alert = { current: null, queued: 0 }
    send('snapshot', { seq: 0, settings: { locale, alerts, rev: 1 }, avatars: [], alert, game: null })
    send('role', { role: 'mirror' })
    if (!studio.onScreen) return
    const { donor, amount, currency, words } = studio.onScreen
    send('alert.offer', {
      id: 'a-now',
      kind: 'donation',
      donor,
      amount,
      currency,
      parts: [{ text: words }],
      avatar: { seed: 5, look: lookFromSeed(5) },
      sound: null,
      tts: null,
      dur: 30_000,
      attempt: 1,
      token: 't',
      test: false,
    })
  }
}
