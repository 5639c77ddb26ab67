import type {
  OverlayEvents,
  OverlaySession,
  OverlaySessionRequest,
  OverlayStateReport,
} from '../../src/domain/overlay-protocol.ts'
import { readSession, readSnapshot } from './wire.ts'

/** What became of a request about an alert. `unreachable` may be asked again, `refused` never. */
export type Verdict = 'accepted' | 'refused' | 'unreachable'

/** The overlay's side of the HTTP routes. None of the calls throws. */
export interface OverlayServer {
  openSession(request: OverlaySessionRequest): Promise<OverlaySession | 'unknown-key' | 'unreachable'>
  startAlert(id: string, ticket: string, token: string): Promise<Verdict>
  finishAlert(id: string, ticket: string, token: string): Promise<Verdict>
  reportState(report: OverlayStateReport): Promise<void>
  snapshot(ticket: string): Promise<OverlayEvents['snapshot'] | undefined>
}

/** A request without an answer in this time counts as lost; a start has to fit several tries into its lease of 10 s. */
const REQUEST_TIMEOUT_MS = 4_000

/** Answers that say «not now» rather than «no»: the ticket may be renewed, the node may be replaced. */
const TRY_AGAIN: ReadonlySet<number> = new Set([401, 408, 425, 429])

export function createOverlayServer(fetch: typeof globalThis.fetch): OverlayServer {
  const send = async (method: 'GET' | 'POST', path: string, body?: unknown): Promise<Response | undefined> => {
    try {
      return await fetch(path, {
        method,
        ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
        cache: 'no-store',
        credentials: 'omit',
        signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
      })
    } catch {
      return undefined
    }
  }
  const judged = async (path: string, body: unknown): Promise<Verdict> => {
    const response = await send('POST', path, body)
    if (!response || response.status >= 500 || TRY_AGAIN.has(response.status)) return 'unreachable'
    return response.ok ? 'accepted' : 'refused'
  }
  const contentOf = (response: Response): Promise<unknown> => response.json().catch(() => undefined)

  return {
    async openSession(request) {
      const response = await send('POST', '/api/overlay/session', request)
      if (response?.status === 404) return 'unknown-key'
      if (!response?.ok) return 'unreachable'
      return readSession(await contentOf(response)) ?? 'unreachable'
    },
    startAlert: (id, ticket, token) => judged(`/api/overlay/alerts/${encodeURIComponent(id)}/start`, { ticket, token }),
    finishAlert: (id, ticket, token) => judged(`/api/overlay/alerts/${encodeURIComponent(id)}/done`, { ticket, token }),
    async reportState(report) {
      await send('POST', '/api/overlay/state', report)
    },
    async snapshot(ticket) {
      const response = await send('GET', `/api/overlay/snapshot?ticket=${encodeURIComponent(ticket)}`)
      return response?.ok ? readSnapshot(await contentOf(response)) : undefined
    },
  }
}
