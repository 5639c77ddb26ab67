import { randomUUID } from 'node:crypto'
import type { Socket } from 'node:net'
import fastifyCookie from '@fastify/cookie'
import fastifyHelmet from '@fastify/helmet'
import fastifyRateLimit from '@fastify/rate-limit'
import fastify, { LogController, type FastifyBaseLogger } from 'fastify'
import { serializerCompiler, validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod'
import { AppError } from '../base/errors.ts'
import type { Logger } from '../base/logger.ts'
import type { Sessions } from '../persistence/sessions.ts'
import { guardRoutes, isThisMachine } from './access.ts'
import { refuseBrokenRequest } from './broken-request.ts'
import type { App, Routes } from './app.ts'
import { describeRoutes, serveDescription } from './openapi.ts'
import { answerError, problemOf, sendProblem } from './problem.ts'
import { knowMethods } from './known-methods.ts'
import type { SessionCookie } from './session.ts'

/** How often one address may call, each minute. A household's dashboard and overlays together need about 100. */
export const RATE_LIMITS = { other: 600, auth: 30, 'overlay-session': 120 }

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Which limit of {@link RATE_LIMITS} counts for this route; `unlimited` for what monitoring calls. */
    pace?: 'auth' | 'overlay-session' | 'unlimited'
  }
}

export interface ServerOptions {
  baseUrl: string
  adminToken: string | null
  /** Addresses and networks whose `X-Forwarded-*` headers are believed; of nobody else's. */
  trustedProxies: readonly string[]
  sessions: Pick<Sessions, 'find'>
  cookie: SessionCookie
  logger: Logger
  routes: readonly Routes[]
  rateLimits?: Partial<typeof RATE_LIMITS>
  /** How long a client may take to send its headers, and the whole request. */
  headersTimeoutMs?: number
  requestTimeoutMs?: number
}

const BODY_LIMIT_BYTES = 64 * 1024

/** The whole HTTP side, ready to listen or to be injected into. Nothing is open that does not say so. */
export async function createServer(options: ServerOptions): Promise<App> {
  const { baseUrl, adminToken, trustedProxies, sessions, cookie, logger, routes } = options
  const { headersTimeoutMs = 10_000, requestTimeoutMs = 20_000 } = options
  const limits = { ...RATE_LIMITS, ...options.rateLimits }

  const baseLogger: FastifyBaseLogger = logger
  const app = fastify({
    loggerInstance: baseLogger,
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: () => randomUUID(),
    trustProxy: trustedProxies.length > 0 ? [...trustedProxies] : false,
    bodyLimit: BODY_LIMIT_BYTES,
    requestTimeout: requestTimeoutMs,
    // Longer than the 60 s of the usual proxies, so that they end idle connections and never write into an ended one.
    keepAliveTimeout: 72_000,
    http: {
      headersTimeout: headersTimeoutMs,
      connectionsCheckingInterval: Math.min(headersTimeoutMs, 5_000),
      maxHeaderSize: 16 * 1024,
    },
    routerOptions: { maxParamLength: 200 },
    return503OnClosing: false,
    clientErrorHandler: refuseBrokenRequest,
    frameworkErrors: (error, request, reply) => void answerError(error, request, reply),
  }).withTypeProvider<ZodTypeProvider>()

  app.setValidatorCompiler(validatorCompiler)
  app.setSerializerCompiler(serializerCompiler)
  app.setErrorHandler(answerError)
  // Only JSON comes in. What a plain HTML form can send is refused before anybody looks at it.
  app.removeContentTypeParser('text/plain')

  refuseWhileClosing(app)
  closeSilentConnections(app)
  if (trustedProxies.length === 0) warnOfUnknownProxy(app)
  logRequests(app)
  const methodsOf = knowMethods(app)
  await app.register(fastifyHelmet, {
    // A page brings its own policy; everything else is data, and nothing in it may run.
    contentSecurityPolicy: {
      useDefaults: false,
      directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"], baseUri: ["'none'"], formAction: ["'none'"] },
    },
    referrerPolicy: { policy: 'no-referrer' },
    strictTransportSecurity: baseUrl.startsWith('https:') ? { maxAge: 31_536_000, includeSubDomains: false } : false,
  })
  app.addHook('onRequest', async (_request, reply) => {
    reply.header('permissions-policy', 'camera=(), microphone=(), geolocation=(), payment=(), usb=()')
    reply.header('cache-control', 'no-store')
  })
  await app.register(fastifyCookie)
  app.addHook('onRoute', ({ config }) => {
    const pace = config?.pace
    if (config && pace) {
      config.rateLimit = pace === 'unlimited' ? false : { max: limits[pace], timeWindow: '1 minute' }
    }
  })
  await app.register(fastifyRateLimit, {
    max: limits.other,
    timeWindow: '1 minute',
    // A load test, a scraper, the operator's own script: who is on this machine needs no door to hurt it.
    allowList: (request) => isThisMachine(request),
    // One household has one IPv4 address, or a /64 of them.
    ipv6Subnet: 64,
    addHeaders: {
      'x-ratelimit-limit': false,
      'x-ratelimit-remaining': false,
      'x-ratelimit-reset': false,
      'retry-after': false,
    },
    addHeadersOnExceeding: { 'x-ratelimit-limit': false, 'x-ratelimit-remaining': false, 'x-ratelimit-reset': false },
    errorResponseBuilder: (_request, { ttl }) => new AppError('too-many-requests', { retryAfterS: ttl / 1_000 }),
  })
  await describeRoutes(app, baseUrl)
  guardRoutes(app, { sessions, cookie, baseUrl, adminToken })

  app.setNotFoundHandler({ preHandler: app.rateLimit() }, (request, reply) => {
    const allowed = methodsOf(request.url)
    if (allowed.length === 0) return sendProblem(reply, problemOf('not-found'))
    return sendProblem(reply.header('allow', allowed.join(', ')), problemOf('method-not-allowed'))
  })
  serveDescription(app)
  try {
    for (const add of routes) await add(app)
    await app.ready()
  } catch (error) {
    // What was added before may have set something going.
    await app.close().catch(() => undefined)
    throw error
  }
  return app
}

/** Connections that are kept open still bring requests while the server stops; they go to another node. */
function refuseWhileClosing(app: App): void {
  let closing = false
  app.addHook('preClose', async () => {
    closing = true
  })
  app.addHook('onRequest', async () => {
    if (!closing) return
    throw new AppError('shutting-down', { retryAfterS: 1 })
  })
  app.addHook('onSend', async (_request, reply) => {
    if (closing) reply.header('connection', 'close')
  })
  // Also for answers written past Fastify: their connection would be kept for its idle time, and the stop with it.
  app.addHook('onResponse', async (request) => {
    if (closing) request.raw.socket.destroySoon()
  })
}

/** Browsers open connections in advance. Node counts one that never said a word as busy, and a stop would wait for it. */
function closeSilentConnections(app: App): void {
  const sockets = new Set<Socket>()
  app.server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  app.addHook('preClose', async () => {
    for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy()
  })
}

/** Behind a proxy that nobody named all visitors have one address, and share one rate limit. Say so, once. */
function warnOfUnknownProxy(app: App): void {
  let warned = false
  app.addHook('onRequest', async (request) => {
    if (warned || request.headers['x-forwarded-for'] === undefined) return
    warned = true
    request.log.warn(
      { proxy: request.socket.remoteAddress },
      'requests come through a proxy that TRUSTED_PROXIES does not name: all its visitors count as one address',
    )
  })
}

/** One line a request: its route, never its query, cookies or body, where keys and letters are. */
function logRequests(app: App): void {
  app.addHook('onResponse', async (request, reply) => {
    request.log.debug(
      {
        method: request.method,
        route: request.routeOptions.url ?? 'none',
        status: reply.statusCode,
        ms: Math.round(reply.elapsedTime),
      },
      'request',
    )
  })
}
