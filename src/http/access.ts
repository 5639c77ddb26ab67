import { createHash, timingSafeEqual } from 'node:crypto'
import { isIP } from 'node:net'
import type { FastifyReply, FastifyRequest, onRequestAsyncHookHandler, RouteOptions } from 'fastify'
import { AppError } from '../base/errors.ts'
import type { SessionOwner, Sessions } from '../persistence/sessions.ts'
import type { App } from './app.ts'
import type { SessionCookie } from './session.ts'

/**
 * Who may call a route. Each route says it, or the server does not start.
 * - `public`: anybody.
 * - `session`: a signed-in person; `request.caller` is set.
 * - `streamer`: a signed-in person with a channel.
 * - `admin`: the bearer of ADMIN_TOKEN; where none is configured, this machine only.
 * - `ticket`: the bearer of an overlay ticket, which the route itself checks (it may stand in the body).
 */
export type Access = 'public' | 'session' | 'streamer' | 'admin' | 'ticket'

export type Caller = SessionOwner
export type Streamer = Caller & { channelId: string }

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: Access
  }
  interface FastifyRequest {
    /** Who sent this, on `session` and `streamer` routes. Read it through {@link callerOf} and {@link streamerOf}. */
    caller: Caller | null
  }
  interface FastifyInstance {
    /** Every route there is, with who may call it: what tests of the whole server go by. */
    routeInventory: readonly InventoryEntry[]
  }
}

export interface InventoryEntry {
  method: string
  url: string
  access: Access
}

export interface AccessOptions {
  sessions: Pick<Sessions, 'find'>
  cookie: SessionCookie
  baseUrl: string
  adminToken: string | null
}

/** Reads who is behind a request, for the few public routes that want to know. */
export type ReadCaller = (request: FastifyRequest, reply: FastifyReply) => Promise<Caller | null>

/** Deny by default: puts the check of its declared access in front of every route added to `app` from now on. */
export function guardRoutes(app: App, { sessions, cookie, baseUrl, adminToken }: AccessOptions): void {
  const readCaller = createReadCaller(sessions, cookie)
  const fromOwnPages = createOriginCheck(baseUrl)
  const mayAdminister = createAdminCheck(baseUrl, adminToken)

  const checks: Record<Access, onRequestAsyncHookHandler | null> = {
    public: null,
    ticket: null,
    async session(request, reply) {
      await requireCaller(request, reply)
    },
    async streamer(request, reply) {
      const caller = await requireCaller(request, reply)
      if (caller.channelId === null) throw new AppError('no-channel')
    },
    async admin(request) {
      if (!mayAdminister(request)) throw new AppError('forbidden')
    },
  }

  async function requireCaller(request: FastifyRequest, reply: FastifyReply): Promise<Caller> {
    if (changesState(request) && !fromOwnPages(request)) {
      throw new AppError('forbidden', { message: 'This must be sent by a page of this site.' })
    }
    const caller = await readCaller(request, reply)
    if (!caller) throw new AppError('not-signed-in')
    request.caller = caller
    return caller
  }

  const inventory: InventoryEntry[] = []
  app.decorate('routeInventory', inventory)
  app.decorateRequest('caller', null)
  app.addHook('onRoute', (route) => {
    const access = accessOf(route)
    inventory.push(...[route.method].flat().map((method) => ({ method, url: route.url, access })))
    const check = checks[access]
    if (check) route.onRequest = [...asList(route.onRequest), check] as onRequestAsyncHookHandler[]
  })
}

export function createReadCaller(sessions: Pick<Sessions, 'find'>, cookie: SessionCookie): ReadCaller {
  return async (request, reply) => {
    const id = cookie.read(request)
    if (id === null) return null
    const found = await sessions.find(id)
    if (!found) return null
    const { extended, ...caller } = found
    if (extended) cookie.write(reply, id)
    return caller
  }
}

/** @throws AppError `not-signed-in`; on a `session` or `streamer` route it never does. */
export function callerOf(request: FastifyRequest): Caller {
  if (!request.caller) throw new AppError('not-signed-in')
  return request.caller
}

/** The caller of a `streamer` route with the one channel they may touch: no route takes a channel from the client. */
export function streamerOf(request: FastifyRequest): Streamer {
  const { channelId, ...caller } = callerOf(request)
  if (channelId === null) throw new AppError('no-channel')
  return { ...caller, channelId }
}

function accessOf(route: RouteOptions & { path?: string }): Access {
  const access = route.config?.access
  if (access !== undefined) return access
  throw new Error(`${String(route.method)} ${route.url} does not say who may call it: give it config.access.`)
}

function asList<T>(value: T | T[] | undefined): T[] {
  if (value === undefined) return []
  return Array.isArray(value) ? value : [value]
}

const changesState = (request: FastifyRequest) => !['GET', 'HEAD', 'OPTIONS'].includes(request.method)

/** Browsers put `Origin` on everything that changes state, and no page can forge it. */
function createOriginCheck(baseUrl: string): (request: FastifyRequest) => boolean {
  const own = ownOrigins(new URL(baseUrl))
  return ({ headers }) => {
    const site = headers['sec-fetch-site']
    return own.has(headers.origin ?? '') && (site === undefined || site === 'same-origin')
  }
}

/** A node at home is the same node by each of this machine's names: nobody else can serve pages from them. */
function ownOrigins(base: URL): ReadonlySet<string> {
  const names = LOCAL_NAMES.has(base.hostname) ? [...LOCAL_NAMES] : [base.hostname]
  return new Set(names.map((name) => `${base.protocol}//${name}${base.port === '' ? '' : `:${base.port}`}`))
}

const LOCAL_NAMES: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]'])

function createAdminCheck(baseUrl: string, adminToken: string | null): (request: FastifyRequest) => boolean {
  if (adminToken !== null) {
    const wanted = digest(`Bearer ${adminToken}`)
    return ({ headers }) => timingSafeEqual(digest(headers.authorization ?? ''), wanted)
  }
  const fromOwnPages = createOriginCheck(baseUrl)
  const ownHosts = new Set([...LOCAL_NAMES, new URL(baseUrl).hostname])
  return (request) =>
    isThisMachine(request) &&
    // A foreign page whose name was pointed at 127.0.0.1 reaches us from this machine too; its name gives it away.
    ownHosts.has(hostnameIn(request.headers.host)) &&
    (request.headers.origin === undefined || fromOwnPages(request))
}

/**
 * The other end of the socket is on this machine, and is the real sender: where a proxy here passes requests on, its
 * headers say so, and whom it serves is believed only as far as TRUSTED_PROXIES goes (`request.ip`).
 */
export function isThisMachine(request: FastifyRequest): boolean {
  if (!isLoopback(request.socket.remoteAddress) || !isLoopback(request.ip)) return false
  const trusted = request.ips !== undefined && request.ips.length > 1
  return trusted || !FORWARDING_HEADERS.some((name) => request.headers[name] !== undefined)
}

const FORWARDING_HEADERS = ['forwarded', 'x-forwarded-for', 'x-real-ip', 'via'] as const

function isLoopback(address: string | undefined): boolean {
  if (address === undefined || isIP(address) === 0) return false
  return address === '::1' || /^(::ffff:)?127\./.test(address)
}

function hostnameIn(host: string | undefined): string {
  return host !== undefined && URL.canParse(`http://${host}`) ? new URL(`http://${host}`).hostname : ''
}

/** Equal lengths for the constant-time comparison, whatever was sent. */
const digest = (text: string) => createHash('sha256').update(text).digest()
