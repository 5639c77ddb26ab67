import type { Clock } from '../base/clock.ts'
import { AppError, type ErrorCode } from '../base/errors.ts'
import type { Metrics } from '../base/metrics.ts'
import { parseJson } from './json.ts'
import { retryAfterMs } from './retry-after.ts'

export type Platform = 'twitch' | 'donationalerts'

/** One request to a platform and how its answer is read. */
export interface PlatformRequest<Reply> {
  platform: Platform
  /** Our own short name of what is asked: a label of metrics, never a path with ids in it. */
  endpoint: string
  url: string
  method?: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  headers?: Record<string, string>
  body?: { form: Record<string, string> } | { json: unknown }
  signal?: AbortSignal | undefined
  /** The body of a 2xx, `undefined` where it is no JSON. Returns `undefined` for a wrong shape. */
  read(body: unknown): Reply | undefined
  /** Sees the headers of whatever answer comes, before anything is made of it: what is left of a budget stands there. */
  onHeaders?(headers: Headers): void
  /** A 4xx, a 429 among them, that is as good as an answer here. Asked first; `body` is `undefined` if not JSON. */
  answer?(status: number, body: unknown): Reply | undefined
  /** A 4xx that means something of its own here; asked before the general rules. `body` is `undefined` if not JSON. */
  refusal?(status: number, body: unknown): Refusal | undefined
}

export interface Refusal {
  code: ErrorCode
  /** One of our own words or the platform's error codes; never its prose. */
  reason?: string
}

/**
 * Sends one request, exactly once.
 * @throws AppError `platform-rate-limit` (`retryAfterMs`: number or null), `platform-server`, `platform-network`,
 * `platform-auth`, `missing-scope`, `platform-invalid`, or what `refusal` says. Where the caller's own signal ends
 * the request, its reason is thrown. No error carries a token, a body or anybody's words.
 */
export type RequestPlatform = <Reply>(request: PlatformRequest<Reply>) => Promise<Reply>

export interface PlatformRequestOptions {
  clock: Clock
  metrics: Pick<Metrics, 'platformRequests' | 'platformSeconds' | 'platformErrors'>
  timeoutMs?: number
  maxBodyBytes?: number
}

/** Streamers wait for none of these answers; what takes longer is as good as lost and is tried again with backoff. */
const TIMEOUT_MS = 10_000

/**
 * A time-out that fires this late comes of a process that stood still, whose timers run before its sockets are read. What
 * came meanwhile may be the only pair of tokens there is.
 */
const HUNG_MS = 1_000
const READ_WITHIN_MS = 1_000

/** A page of 30 donations is some 40 KB. 8 MiB lets the longest imaginable words through and still bounds memory. */
const MAX_BODY_BYTES = 8 * 1024 * 1024

const ERROR_TYPES: Partial<Record<ErrorCode, string>> = {
  'platform-rate-limit': 'rate_limit',
  'platform-server': 'server',
  'platform-network': 'network',
  'platform-invalid': 'invalid',
}

/** The one way by which HTTP requests leave for a platform. */
export function createPlatformRequest({
  clock,
  metrics,
  timeoutMs = TIMEOUT_MS,
  maxBodyBytes = MAX_BODY_BYTES,
}: PlatformRequestOptions): RequestPlatform {
  return async (request) => {
    const { platform, endpoint, signal } = request
    signal?.throwIfAborted()
    // Ours alone: whatever listens to it during the request is gone with it, and not left on a signal that lives long.
    const end = new AbortController()
    const endWithCaller = () => end.abort(signal?.reason)
    signal?.addEventListener('abort', endWithCaller, { once: true })
    let timedOut = false
    const startedAt = clock.monotonic()
    const timeOut = () => {
      timedOut = true
      end.abort()
    }
    let cancelTimeout = clock.after(timeoutMs, () => {
      const hung = clock.monotonic() - startedAt > timeoutMs + HUNG_MS
      if (hung) cancelTimeout = clock.after(READ_WITHIN_MS, timeOut)
      else timeOut()
    })
    let status = 'network'
    try {
      const response = await fetch(request.url, {
        method: request.method ?? 'GET',
        headers: {
          accept: 'application/json',
          'user-agent': 'Chatfolk',
          ...request.headers,
          ...contentType(request.body),
        },
        body: encodeBody(request.body),
        // A redirect would carry the bearer's token to wherever it points; no platform call has one.
        redirect: 'manual',
        signal: end.signal,
      })
      status = String(response.status)
      request.onHeaders?.(response.headers)
      return await readResponse(request, response, { maxBodyBytes, nowMs: clock.now() })
    } catch (error) {
      if (signal?.aborted && (error === signal.reason || !(error instanceof AppError))) {
        status = 'aborted'
        throw signal.reason
      }
      const failure =
        error instanceof AppError
          ? error
          : new AppError('platform-network', {
              platform,
              endpoint,
              reason: timedOut ? 'timeout' : reasonOf(error),
            })
      metrics.platformErrors.inc({ platform, type: ERROR_TYPES[failure.code] ?? 'auth' })
      throw failure
    } finally {
      cancelTimeout()
      signal?.removeEventListener('abort', endWithCaller)
      metrics.platformRequests.inc({ platform, endpoint, status })
      metrics.platformSeconds.observe({ platform, endpoint }, (clock.monotonic() - startedAt) / 1_000)
    }
  }
}

async function readResponse<Reply>(
  request: PlatformRequest<Reply>,
  response: Response,
  { maxBodyBytes, nowMs }: { maxBodyBytes: number; nowMs: number },
): Promise<Reply> {
  const { status } = response
  const fail = (code: ErrorCode, details: Record<string, unknown> = {}) =>
    new AppError(code, { platform: request.platform, endpoint: request.endpoint, status, ...details })

  const rateLimit = () => fail('platform-rate-limit', { retryAfterMs: retryAfterMs(response.headers, nowMs) })

  if (status >= 500 || (status === 429 && !request.answer)) {
    await response.body?.cancel()
    throw status >= 500 ? fail('platform-server') : rateLimit()
  }
  const text = await readText(response, maxBodyBytes)
  if (text === undefined) throw fail('platform-invalid', { reason: 'too-large' })
  const body = parseJson(text)

  if (response.ok) {
    const reply = request.read(body)
    if (reply !== undefined) return reply
    throw fail('platform-invalid', { reason: body === undefined ? notJson(text) : 'shape' })
  }
  const answer = request.answer?.(status, body)
  if (answer !== undefined) return answer
  if (status === 429) throw rateLimit()
  const refusal = request.refusal?.(status, body)
  if (refusal) throw fail(refusal.code, refusal.reason === undefined ? {} : { reason: refusal.reason })
  // A page of HTML, or a bare 403, comes from a guard in front of the platform, which knows nothing of tokens and scopes.
  if (body === undefined && (text.trim() !== '' || status === 403))
    throw fail('platform-invalid', { reason: 'not-json' })
  if (status === 401) throw fail('platform-auth')
  if (status === 403) throw fail('missing-scope')
  throw fail('platform-invalid', { reason: 'status' })
}

/** `undefined` where the body is longer than allowed. */
async function readText(response: Response, maxBytes: number): Promise<string | undefined> {
  if (!response.body) return ''
  const chunks: Uint8Array[] = []
  let bytes = 0
  // Leaving the loop early cancels the body and with it the connection.
  for await (const chunk of response.body) {
    bytes += chunk.byteLength
    if (bytes > maxBytes) return undefined
    chunks.push(chunk)
  }
  return new TextDecoder().decode(Buffer.concat(chunks))
}

function notJson(text: string): string {
  return text.trim() === '' ? 'empty' : 'not-json'
}

function encodeBody(body: PlatformRequest<unknown>['body']): string | null {
  if (!body) return null
  return 'form' in body ? new URLSearchParams(body.form).toString() : JSON.stringify(body.json)
}

function contentType(body: PlatformRequest<unknown>['body']): Record<string, string> {
  if (!body) return {}
  return { 'content-type': 'form' in body ? 'application/x-www-form-urlencoded' : 'application/json' }
}

/** Only the error's code: the text of a failed `fetch` may quote a header, and a header holds the token. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined
  const code = typeof cause === 'object' && cause !== null && 'code' in cause ? cause.code : undefined
  return typeof code === 'string' ? code : 'failed'
}
