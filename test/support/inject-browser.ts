import assert from 'node:assert/strict'
import type { InjectOptions, LightMyRequestResponse } from 'fastify'
import type { App } from '../../src/http/app.ts'

/** As much of a browser as sign-in needs: it keeps cookies, and says which page it speaks for. */
export interface InjectBrowser {
  readonly cookies: Map<string, string>
  get(url: string, options?: { node?: App }): Promise<LightMyRequestResponse>
  send(method: 'POST' | 'PUT' | 'PATCH' | 'DELETE', url: string, body?: unknown): Promise<LightMyRequestResponse>
}

/** @param origin What the browser's pages have for an origin. */
export function createInjectBrowser(app: App, origin: string): InjectBrowser {
  const cookies = new Map<string, string>()
  const go = async (node: App, request: InjectOptions) => {
    const response = await node.inject({
      authority: new URL(origin).host,
      ...request,
      cookies: Object.fromEntries(cookies),
    })
    for (const { name, value, maxAge, expires } of response.cookies as {
      name: string
      value: string
      maxAge?: number
      expires?: Date
    }[]) {
      if (maxAge === 0 || (expires && expires.getTime() <= Date.now())) cookies.delete(name)
      else cookies.set(name, value)
    }
    return response
  }
  return {
    cookies,
    get: (url, { node = app } = {}) => go(node, { method: 'GET', url }),
    send: (method, url, body) =>
      go(app, {
        method,
        url,
        headers: { origin, 'sec-fetch-site': 'same-origin' },
        ...(body === undefined ? {} : { payload: body as Record<string, unknown> }),
      }),
  }
}

/** Where a redirect leads, taken apart. */
export function redirectOf(response: LightMyRequestResponse): URL {
  assert.equal(response.statusCode, 302, response.body)
  return new URL(response.headers.location ?? '', 'https://chatfolk.test')
}
