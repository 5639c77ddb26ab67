import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import type { InjectOptions } from 'fastify'
import type { App } from '../../src/http/app.ts'

export interface RouteInventoryOptions {
  /** `name=value` of a real session, best of one with a channel. */
  sessionCookie: string
  /** BASE_URL's origin. */
  origin: string
  /** Every `METHOD url` that changes state and needs no session. Said by the test, so that a new one is noticed. */
  openActions: readonly string[]
}

/**
 * Goes through all routes of a server and fails for each one that lets in whom its declared access keeps out. The
 * server's rate limits must be out of the way.
 */
export async function checkRoutesAreShut(app: App, options: RouteInventoryOptions): Promise<void> {
  const { sessionCookie, origin, openActions } = options
  const forged = `${sessionCookie.split('=', 1)[0]}=${randomBytes(32).toString('base64url')}`
  const changing = (method: string) => !['GET', 'HEAD', 'OPTIONS'].includes(method)
  const open = new Set<string>()

  for (const { method, url, access } of app.routeInventory) {
    const route = `${method} ${url}`
    const expectStatus = async (status: number, what: string, request: Omit<InjectOptions, 'method' | 'url'>) => {
      const path = url.replaceAll(/:\w+/g, () => crypto.randomUUID()).replace('*', 'x')
      const response = await app.inject({ ...request, method: method as 'GET', url: path })
      assert.equal(response.statusCode, status, `${route} ${what} answered ${response.statusCode}: ${response.body}`)
    }
    if (access === 'session' || access === 'streamer') {
      await expectStatus(401, 'without a cookie', { headers: { origin } })
      await expectStatus(401, 'with a forged cookie', { headers: { origin, cookie: forged } })
      if (!changing(method)) continue
      await expectStatus(403, 'without an origin', { headers: { cookie: sessionCookie } })
      for (const foreign of ['https://evil.example', 'null', `${origin}.evil.example`, `${origin}:444`]) {
        await expectStatus(403, `from ${foreign}`, { headers: { cookie: sessionCookie, origin: foreign } })
      }
      await expectStatus(403, 'from another site', {
        headers: { cookie: sessionCookie, origin, 'sec-fetch-site': 'cross-site' },
      })
    } else if (access === 'admin') {
      await expectStatus(403, 'from elsewhere', { remoteAddress: '203.0.113.9', headers: { cookie: sessionCookie } })
      await expectStatus(403, 'with a wrong token', {
        remoteAddress: '203.0.113.9',
        headers: { authorization: 'Bearer wrong-token-of-some-length' },
      })
    } else if (changing(method)) {
      open.add(route)
    }
  }
  assert.deepEqual([...open].sort(), [...openActions].sort(), 'actions that need no session')
}
