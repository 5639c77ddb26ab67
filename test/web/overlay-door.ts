import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { build, type Rollup } from 'vite'
import type { OverlayEvent, OverlayEvents, OverlayRole, StageAvatar } from '../../src/domain/overlay-protocol.ts'
import { DEFAULT_SETTINGS } from '../../src/domain/settings.ts'
import type { Ending } from '../support/browser.ts'

/** The server's side of the overlay protocol, small enough to be told what to do wrong. */
export interface OverlayDoor {
  url: string
  /** What the page asked, oldest first: `start a1`, `done a1`, `state`, `session`, `stream`, `snapshot`. */
  asked: string[]
  /** Bodies of the session requests. */
  sessions: Array<Record<string, unknown>>
  states: Array<Record<string, unknown>>
  /** May be changed at any time. */
  rules: {
    role: OverlayRole
    key: string
    start: number | 'hang-up'
    done: number | 'hang-up'
    current: OverlayEvents['snapshot']['alert']['current']
    locale: 'ru' | 'en'
    avatars: StageAvatar[]
  }
  streams(): number
  send<Type extends OverlayEvent>(type: Type, content: OverlayEvents[Type], id?: string): void
  /** Ends every stream, as a node does that goes away. */
  hangUp(): void
}

const KEY = 'an-overlay-key'
const EPOCH = 7

/** The built page: contents by path. */
type BuiltPage = ReadonlyMap<string, string | Uint8Array>

/** Serves the page under the policy that the real server sends. */
export async function openOverlayDoor(t: Ending, assets: BuiltPage): Promise<OverlayDoor> {
  const streams = new Set<ServerResponse>()
  const rules: OverlayDoor['rules'] = {
    role: 'primary',
    key: KEY,
    start: 200,
    done: 200,
    current: null,
    locale: 'ru',
    avatars: [],
  }
  const door: Omit<OverlayDoor, 'url'> = {
    asked: [],
    sessions: [],
    states: [],
    rules,
    streams: () => streams.size,
    send(type, content, id = `${EPOCH}-0`) {
      for (const stream of streams) write(stream, type, content, id)
    },
    hangUp() {
      for (const stream of streams) stream.end()
    },
  }
  const snapshot = (): OverlayEvents['snapshot'] => ({
    seq: 0,
    settings: { rev: 1, locale: rules.locale, alerts: DEFAULT_SETTINGS.alerts },
    avatars: rules.avatars,
    alert: { current: rules.current, queued: 0 },
    game: null,
  })

  const server = createServer((request, response) => {
    void answer(request, response).catch(() => response.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return { ...door, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/o/#k=${KEY}` }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url ?? '/', 'http://door')
    const asset = assets.get(pathname === '/o/' ? '/overlay/index.html' : pathname)
    if (asset !== undefined) return servePage(response, pathname, asset)
    if (pathname === '/api/overlay/stream') return openStream(response)
    if (pathname === '/api/overlay/snapshot') {
      door.asked.push('snapshot')
      return reply(response, 200, { id: `${EPOCH}-0`, v: 1, at: Date.now(), d: snapshot() })
    }
    const body = JSON.parse(await textOf(request)) as Record<string, unknown>
    if (pathname === '/api/overlay/session') {
      door.asked.push('session')
      door.sessions.push(body)
      if (body.key !== rules.key) return reply(response, 404, { code: 'not-found' })
      const session = { ticket: 'ticket', streamUrl: '/api/overlay/stream?ticket=ticket', epoch: EPOCH, seq: 0 }
      return reply(response, 200, { ...session, serverNow: Date.now(), role: rules.role })
    }
    if (pathname === '/api/overlay/state') {
      door.asked.push('state')
      door.states.push(body)
      return reply(response, 204)
    }
    const [, id = '', act] = /^\/api\/overlay\/alerts\/([^/]+)\/(start|done)$/.exec(pathname) ?? []
    if (act !== 'start' && act !== 'done') return reply(response, 404)
    door.asked.push(`${act} ${decodeURIComponent(id)}`)
    const verdict = body.token === `token-of-${decodeURIComponent(id)}` ? rules[act] : 409
    if (verdict === 'hang-up') return void response.destroy()
    reply(response, verdict, {})
  }

  function openStream(response: ServerResponse): void {
    door.asked.push('stream')
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store, no-transform' })
    streams.add(response)
    response.on('close', () => streams.delete(response))
    write(response, 'snapshot', snapshot(), `${EPOCH}-0`)
  }
}

function write(stream: ServerResponse, type: string, content: unknown, id: string): void {
  stream.write(`id: ${id}\nevent: ${type}\ndata: ${JSON.stringify({ v: 1, at: Date.now(), d: content })}\n\n`)
}

function reply(response: ServerResponse, status: number, body?: unknown): void {
  response
    .writeHead(status, { 'content-type': 'application/json' })
    .end(body === undefined ? undefined : JSON.stringify(body))
}

const TYPES: Record<string, string> = { html: 'text/html', js: 'text/javascript', css: 'text/css', woff2: 'font/woff2' }

function servePage(response: ServerResponse, pathname: string, content: string | Uint8Array): void {
  const nonce = 'n0nce'
  response.writeHead(200, {
    'content-type': TYPES[pathname.split('.').at(-1) ?? ''] ?? 'text/html',
    'content-security-policy': `default-src 'none'; script-src 'self' 'nonce-${nonce}'; style-src 'self' 'nonce-${nonce}'; img-src 'self' data: https://static-cdn.jtvnw.net; font-src 'self'; connect-src 'self'; base-uri 'none'`,
  })
  response.end(typeof content === 'string' ? content.replaceAll('__CSP_NONCE__', nonce) : content)
}

/** Builds the overlay page from the sources as they stand. */
export async function buildOverlay(): Promise<BuiltPage> {
  const root = join(import.meta.dirname, '..', '..', 'web')
  const output = (await build({
    root,
    configFile: false,
    logLevel: 'error',
    html: { cspNonce: '__CSP_NONCE__' },
    build: {
      write: false,
      target: 'chrome103',
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      rollupOptions: { input: { overlay: join(root, 'overlay', 'index.html') } },
    },
  })) as Rollup.RollupOutput
  return new Map(output.output.map((file) => [`/${file.fileName}`, file.type === 'chunk' ? file.code : file.source]))
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}
