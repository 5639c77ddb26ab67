import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import type { InventoryEntry } from '../../src/http/access.ts'

export interface RouteInventoryOptions {
  routes: readonly InventoryEntry[]
  /** Sends one request from this machine, without a body. */
  send: (request: { method: string; path: string; headers: Record<string, string> }) => Promise<Answer>
  /** `name=value` of a real session, best of one with a channel. */
  sessionCookie: string
  /** BASE_URL's origin. */
  origin: string
  /** Every `METHOD url` that changes state and needs no session. Said by the test, so that a new one is noticed. */
  openActions: readonly string[]
}

export interface Answer {
  statusCode: number
  body: string
}

/**
 * Goes through all routes of a server and fails for each one that lets in whom its declared access keeps out. The
 * server's rate limits must be out of the way.
 */
export async function checkRoutesAreShut(options: RouteInventoryOptions): Promise<void> {
  const { routes, send, sessionCookie, origin, openActions } = options
  const forged = `${sessionCookie.split('=', 1)[0]}=${randomBytes(32).toString('base64url')}`
  const changing = (method: string) => !['GET', 'HEAD', 'OPTIONS'].includes(method)
  const open = new Set<string>()

  for (const { method, url, access } of routes) {
    const route = `${method} ${url}`
    const path = url.replaceAll(/:\w+|\{\w+\}/g, () => crypto.randomUUID()).replace('*', 'x')
    const refused = async (statuses: number[], what: string, headers: Record<string, string>, query = '') => {
      const { statusCode, body } = await send({ method, path: path + query, headers })
      assert.ok(statuses.includes(statusCode), `${route} ${what} answered ${statusCode}: ${body.slice(0, 500)}`)
    }
    if (changing(method) && (access === 'public' || access === 'ticket')) open.add(route)

    if (access === 'session' || access === 'streamer') {
      await refused([401], 'without a cookie', { origin })
      await refused([401], 'with a forged cookie', { origin, cookie: forged })
      if (!changing(method)) continue
      await refused([403], 'without an origin', { cookie: sessionCookie })
      for (const foreign of ['https://evil.example', 'null', `${origin}.evil.example`, `${origin}1`]) {
        await refused([403], `from ${foreign}`, { cookie: sessionCookie, origin: foreign })
      }
      await refused([403], 'from another site', { cookie: sessionCookie, origin, 'sec-fetch-site': 'cross-site' })
    } else if (access === 'admin') {
      const elsewhere = { 'x-forwarded-for': '203.0.113.9' }
      await refused([403], 'from elsewhere', { ...elsewhere, cookie: sessionCookie })
      await refused([403], 'with a wrong token', { ...elsewhere, authorization: 'Bearer a-token-of-some-length' })
    } else if (access === 'ticket') {
      // What a ticket opens is asked for in the query or the body; without a fitting one, both are refused.
      await refused([400, 401], 'without a ticket', { cookie: sessionCookie, origin })
      await refused([400, 401], 'with a forged ticket', { cookie: sessionCookie, origin }, '?ticket=e30.e30')
    }
  }
  assert.deepEqual([...open].sort(), [...openActions].sort(), 'actions that need no session')
}

interface Description {
  paths: Record<string, Record<string, { security?: Array<Record<string, unknown>> }>>
}

/** The routes that a running server describes in its OpenAPI document. Pages are not among them. */
export function routesOf({ paths }: Description): InventoryEntry[] {
  return Object.entries(paths).flatMap(([url, methods]) =>
    Object.entries(methods).map(([method, { security = [] }]) => {
      const [scheme = 'public'] = security.flatMap((choice) => Object.keys(choice))
      return { method: method.toUpperCase(), url, access: scheme as InventoryEntry['access'] }
    }),
  )
}
