import type { IncomingMessage, ServerResponse } from 'node:http'

/** One request, read to its end. */
export interface Exchange {
  method: string
  url: URL
  /** The whole body; at most {@link BODY_MAX_BYTES}. */
  body: string
  request: IncomingMessage
  response: ServerResponse
}

export interface Reply {
  status: number
  headers?: Record<string, string>
  body?: string
}

/** `null`: the handler has seen to the connection itself, and may have broken it. */
type Handle = (exchange: Exchange, params: string[]) => Reply | null | Promise<Reply | null>

export interface Route {
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  /** A literal path, or a pattern whose groups become `params`. */
  path: string | RegExp
  handle: Handle
}

const BODY_MAX_BYTES = 4 * 1024 * 1024

export function json(status: number, body: unknown, headers: Record<string, string> = {}): Reply {
  return { status, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) }
}

export function redirect(location: string): Reply {
  return { status: 302, headers: { location, 'cache-control': 'no-store' } }
}

export function html(status: number, body: string): Reply {
  return {
    status,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'content-security-policy':
        "default-src 'none'; style-src 'self' 'unsafe-inline'; script-src 'self'; connect-src 'self'; img-src 'self' data:; frame-ancestors 'none'",
    },
    body,
  }
}

/** Finds the route and answers. Nothing that comes in may end the simulator. */
export async function answer(
  routes: readonly Route[],
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    const reply = await dispatch(routes, request, response)
    if (reply) send(response, reply)
  } catch {
    if (response.headersSent) response.destroy()
    else send(response, json(500, { message: 'the simulator stumbled over this request' }))
  }
}

export function send(response: ServerResponse, { status, headers, body }: Reply): void {
  if (response.destroyed || response.headersSent) return
  response.writeHead(status, headers)
  response.end(body)
}

/** A form body, or the query: some clients put the fields of a token request there. */
export function readForm({ body, url, request }: Exchange): URLSearchParams {
  const type = request.headers['content-type'] ?? ''
  const fields = new URLSearchParams(url.search)
  const entries = type.includes('json') ? jsonEntries(body) : new URLSearchParams(body)
  for (const [name, text] of entries) fields.set(name, text)
  return fields
}

export function bearerOf({ request }: Exchange): string | null {
  return /^(?:Bearer|OAuth) +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? null
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

export function isRecord(thing: unknown): thing is Record<string, unknown> {
  return typeof thing === 'object' && thing !== null && !Array.isArray(thing)
}

async function dispatch(
  routes: readonly Route[],
  request: IncomingMessage,
  response: ServerResponse,
): Promise<Reply | null> {
  const url = URL.parse(`http://simulator${request.url ?? '/'}`)
  if (!url) return json(400, { message: 'unreadable address' })
  const method = request.method === 'HEAD' ? 'GET' : (request.method ?? 'GET')
  const here = routes.flatMap((route) => {
    const params = matches(route.path, url.pathname)
    return params ? [{ route, params }] : []
  })
  const found = here.find(({ route }) => route.method === method)
  if (!found) {
    const allow = here.map(({ route }) => route.method).join(', ')
    return allow ? json(405, { message: 'method not allowed' }, { allow }) : json(404, { message: 'not found' })
  }
  const body = await readBody(request)
  if (body === null) return json(413, { message: 'body too large' }, { connection: 'close' })
  return found.route.handle({ method, url, body, request, response }, found.params)
}

function matches(path: string | RegExp, pathname: string): string[] | null {
  if (typeof path === 'string') return path === pathname ? [] : null
  return path.exec(pathname)?.slice(1) ?? null
}

async function readBody(request: IncomingMessage): Promise<string | null> {
  const parts: Buffer[] = []
  let length = 0
  for await (const part of request as AsyncIterable<Buffer>) {
    length += part.length
    if (length > BODY_MAX_BYTES) return null
    parts.push(part)
  }
  return Buffer.concat(parts).toString('utf8')
}

function jsonEntries(body: string): Array<[string, string]> {
  const parsed = parseJson(body)
  if (!isRecord(parsed)) return []
  return Object.entries(parsed).flatMap(([name, text]) => (typeof text === 'string' ? [[name, text]] : []))
}
