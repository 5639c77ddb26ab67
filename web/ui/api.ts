/** An RFC 9457 answer, or what we know where no answer came (`status` 0, `code` `unreachable`). */
export interface Problem {
  code: string
  status: number
  detail?: string
  errors?: { path: string; message: string }[]
}

/** `total`: how many rows there are, where the answer is a page of them. */
export type ApiResult<T> = { ok: true; value: T; total?: number } | { ok: false; problem: Problem }

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

export interface Api {
  get<T>(path: string): Promise<ApiResult<T>>
  send<T>(method: Exclude<Method, 'GET'>, path: string, body?: unknown): Promise<ApiResult<T>>
}

/** A reply that takes longer is worth no more than none: the page says so and asks again. */
const TIMEOUT_MS = 10_000

/** Talks to our own server. Never throws: whatever went wrong is a {@link Problem} that has words. */
export function createApi(fetchFrom: typeof fetch = (...args) => fetch(...args)): Api {
  async function call<T>(method: Method, path: string, body?: unknown): Promise<ApiResult<T>> {
    const abort = new AbortController()
    const timer = setTimeout(() => abort.abort(), TIMEOUT_MS)
    try {
      const response = await fetchFrom(path, {
        method,
        signal: abort.signal,
        cache: 'no-store',
        credentials: 'same-origin',
        ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
      })
      if (!response.ok) return { ok: false, problem: await readProblem(response) }
      const text = await response.text()
      const total = response.headers.get('x-total-count')
      return {
        ok: true,
        value: (text === '' ? undefined : JSON.parse(text)) as T,
        ...(total === null ? {} : { total: Number(total) }),
      }
    } catch {
      return { ok: false, problem: { code: 'unreachable', status: 0 } }
    } finally {
      clearTimeout(timer)
    }
  }
  return { get: (path) => call('GET', path), send: call }
}

/** A proxy's HTML page in front of a dead server is no problem document, but its status still says something. */
async function readProblem(response: Response): Promise<Problem> {
  const fallback = response.status === 502 || response.status === 504 ? 'unreachable' : 'internal'
  const body = (await response.json().catch(() => ({}))) as Partial<Problem>
  return {
    code: typeof body.code === 'string' ? body.code : response.status === 429 ? 'too-many-requests' : fallback,
    status: response.status,
    ...(typeof body.detail === 'string' ? { detail: body.detail } : {}),
    ...(Array.isArray(body.errors) ? { errors: body.errors } : {}),
  }
}
