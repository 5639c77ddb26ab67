import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname } from 'node:path'
import { lookFromSeed, seedFromText, type AvatarLook } from '../../src/domain/avatar-look.ts'
import { applySettings, type SettingsPatch } from '../../src/domain/settings.ts'
import type { Ending } from '../support/browser.ts'
import type { BuiltPages } from './built-pages.ts'
import { newBot, newTestDonation, sampleStudio, troubledBot, type Studio } from './dashboard-studio.ts'
import { openStage } from './dashboard-stage.ts'

/** A request as the page made it. */
export interface Call {
  method: string
  path: string
  body: unknown
  origin: string | undefined
}

/** The dashboard's other side, played from memory: the routes of `docs` with data that tests may change. */
export interface DashboardServer {
  url: string
  studio: Studio
  /** State-changing requests so far. */
  calls: Call[]
  close(): Promise<void>
}

const TYPES: Record<string, string> = { '.css': 'text/css', '.js': 'text/javascript', '.woff2': 'font/woff2' }
const PAGES: Record<string, string> = {
  '/': '/index.html',
  '/dashboard': '/dashboard/index.html',
  '/me': '/viewer/index.html',
  '/o/': '/overlay/index.html',
}

export async function startDashboardServer(
  t: Ending,
  pages: BuiltPages,
  changes: Partial<Studio> = {},
): Promise<DashboardServer> {
  const studio: Studio = { ...sampleStudio(), ...changes }
  const calls: Call[] = []
  const stage = openStage(studio)
  const routes = dashboardRoutes(studio)
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.writeHead(500).end())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  t.after(close)
  return { url, studio, calls, close }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', url)
    const method = request.method ?? 'GET'
    if (PAGES[pathname]) return sendPage(response, pathname)
    if (pathname.startsWith('/assets/')) return sendAsset(response, pathname)
    if (pathname === '/favicon.ico') return void response.writeHead(204).end()
    if (studio.down) return void request.socket.destroy()
    const body = method === 'GET' ? undefined : await readJson(request)
    if (pathname.startsWith('/api/overlay/')) return stage.answer(pathname, response, body)
    if (method !== 'GET') calls.push({ method, path: pathname, body, origin: request.headers.origin })
    const route = routes[`${method} ${pathname.replace(/alerts\/[^/]+\/replay$/, 'alerts/:id/replay')}`]
    if (!route) return problem(response, 404, 'not-found')
    if (studio.broken) return problem(response, 503, 'unavailable')
    if (!studio.signedIn && pathname !== '/api/status') return problem(response, 401, 'not-signed-in')
    route(response, body, searchParams)
  }

  function sendPage(response: ServerResponse, pathname: string): void {
    const nonce = randomUUID()
    const framed = pathname === '/o/'
    response.setHeader(
      'content-security-policy',
      `default-src 'none'; script-src 'self' 'nonce-${nonce}'; style-src 'self' 'nonce-${nonce}'; ` +
        `img-src 'self' data: https://static-cdn.jtvnw.net; font-src 'self'; connect-src 'self'; frame-src 'self'; ` +
        `frame-ancestors ${framed ? "'self'" : "'none'"}; base-uri 'none'; form-action 'none'`,
    )
    const html = String(pages.get(PAGES[pathname] ?? '')).replaceAll('__CSP_NONCE__', nonce)
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(html)
  }

  function sendAsset(response: ServerResponse, pathname: string): void {
    const file = pages.get(pathname)
    const type = TYPES[extname(pathname)] ?? 'application/octet-stream'
    response.writeHead(file === undefined ? 404 : 200, { 'content-type': type }).end(file)
  }
}

/** Page size of the ledger, small enough to have a second page. */
const LEDGER_PAGE = 12

function dashboardRoutes(studio: Studio): Record<string, Route> {
  const { user } = studio
  const me = () => ({ user, channel: studio.channel && { id: studio.channel.id, login: user.login } })
  const seed = seedFromText(user.id)
  const wardrobe = () => ({ look: studio.look ?? lookFromSeed(seed), seed, own: studio.look !== null })
  const queue = () => ({ paused: studio.alerts.paused, queued: studio.alerts.queued })
  return {
    'GET /api/status': (response) => json(response, 200, { demo: studio.demo, donations: true, version: '0.1.0' }),
    'GET /api/me': (response) => json(response, 200, me()),
    'GET /api/me/look': (response) => json(response, 200, wardrobe()),
    'PUT /api/me/look': (response, body) => {
      if (studio.refuseSettings) return problem(response, 503, 'unavailable')
      studio.look = (body as { look: AvatarLook }).look
      json(response, 200, wardrobe())
    },
    'DELETE /api/me/look': (response) => {
      studio.look = null
      json(response, 200, wardrobe())
    },
    'POST /auth/logout': (response) => {
      studio.signedIn = false
      response.writeHead(204).end()
    },
    'POST /api/channel': (response) => {
      studio.channel = { id: randomUUID(), key: 'firstkey' }
      json(response, 201, describe())
    },
    'GET /api/channel': (response) => {
      if (studio.channel) json(response, 200, describe())
      else problem(response, 404, 'no-channel')
    },
    'PATCH /api/channel': (response, body) => {
      if (studio.refuseSettings) return problem(response, 503, 'unavailable')
      studio.settings = applySettings(studio.settings, body as SettingsPatch)
      studio.settingsRev++
      json(response, 200, { settings: studio.settings, settingsRev: studio.settingsRev })
    },
    'GET /api/channel/donations': (response, _body, query) => {
      const from = Number(query.get('before') ?? 0)
      const next = from + LEDGER_PAGE
      json(response, 200, {
        items: studio.ledger.slice(from, next),
        next: next < studio.ledger.length ? String(next) : null,
        totals: studio.totals,
      })
    },
    'POST /api/channel/bot': (response, body) => {
      if (studio.refuseBot) return problem(response, 503, 'unavailable')
      const { enabled } = body as { enabled: boolean }
      const granted = studio.bot.permission === 'granted'
      studio.bot = enabled
        ? granted
          ? newBot({ desired: true, state: 'starting', permission: 'granted' })
          : troubledBot('missing-scope')
        : newBot({ permission: studio.bot.permission })
      json(response, 200, studio.bot)
    },
    'POST /api/channel/test': (response, body) => {
      if ((body as { kind: string }).kind === 'chat') {
        if (studio.chatTest) json(response, 202, studio.chatTest)
        else problem(response, 409, 'conflict')
        return
      }
      const item = newTestDonation(body)
      studio.ledger.unshift(item)
      json(response, 202, { donationId: item.id, alertId: item.alertId })
    },
    'POST /api/channel/alerts/pause': (response) => {
      studio.alerts.paused = true
      json(response, 200, queue())
    },
    'POST /api/channel/alerts/resume': (response) => {
      studio.alerts.paused = false
      json(response, 200, queue())
    },
    'POST /api/channel/alerts/skip': (response) => {
      if (!studio.alerts.current) return problem(response, 409, 'nothing-to-skip')
      studio.alerts.current = null
      json(response, 200, queue())
    },
    'POST /api/channel/alerts/:id/replay': (response) => json(response, 202, { alertId: randomUUID() }),
    'POST /api/channel/overlay-key': (response) => {
      if (studio.channel) studio.channel.key = 'secondkey'
      json(response, 200, { overlayUrl: overlayUrl() })
    },
    'DELETE /api/channel/donationalerts': (response) => {
      studio.donations.state = 'off'
      studio.donations.account = null
      response.writeHead(204).end()
    },
  }

  function describe() {
    const { settings, settingsRev, alerts, donations, bot, overlays, overlayLastSeenAt, demo } = studio
    const id = studio.channel?.id
    return {
      id,
      login: user.login,
      overlayUrl: overlayUrl(),
      settings,
      settingsRev,
      alerts,
      donations,
      overlays,
      overlayLastSeenAt,
      bot,
      demo,
    }
  }

  function overlayUrl(): string {
    return `https://chatfolk.example/o/#k=${studio.channel?.key}`
  }
}

type Route = (response: ServerResponse, body: unknown, query: URLSearchParams) => void

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

function problem(response: ServerResponse, status: number, code: string): void {
  response.writeHead(status, { 'content-type': 'application/problem+json' })
  response.end(JSON.stringify({ type: 'about:blank', title: code, status, code }))
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  let text = ''
  for await (const chunk of request) text += String(chunk)
  return text === '' ? undefined : JSON.parse(text)
}
