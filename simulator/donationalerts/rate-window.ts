import type { Clock } from '../clock.ts'
import { json, type Reply } from '../http.ts'
import type { Switches } from '../switches.ts'

/**
 * So many requests in a fixed window, which begins with the first request after the last one ended. Whoever goes over
 * is refused until it ends; refused requests do not count.
 */
export interface RateWindow {
  count(application: string | null, user: string | null): { refusal: Reply | null; headers: Record<string, string> }
  /** What is used up now, by application (or application and user, where the switch says so). */
  used(): Record<string, { count: number; limit: number; resetMs: number }>
  clear(): void
}

export function createRateWindow(clock: Clock, switches: Switches): RateWindow {
  const windows = new Map<string, { count: number; startedAt: number }>()
  const isOver = ({ startedAt }: { startedAt: number }) => clock.monotonic() - startedAt >= switches.rateWindowMs
  return {
    count(application, user) {
      // Nobody's requests are refused for what they are (401), not for how many there are.
      if (application === null) return { refusal: null, headers: {} }
      const { rateLimit, rateHeaders, ratePerUser, rateWindowMs } = switches
      const key = ratePerUser ? `${application} ${user ?? ''}` : application
      const found = windows.get(key)
      const window = found && !isOver(found) ? found : { count: 0, startedAt: clock.monotonic() }
      windows.set(key, window)
      const refused = window.count >= rateLimit
      if (!refused) window.count++
      const headers: Record<string, string> = rateHeaders
        ? {
            'x-ratelimit-limit': String(rateLimit),
            'x-ratelimit-remaining': String(Math.max(0, rateLimit - window.count)),
          }
        : {}
      if (!refused) return { refusal: null, headers }
      const leftMs = rateWindowMs - (clock.monotonic() - window.startedAt)
      if (rateHeaders) {
        headers['retry-after'] = String(Math.max(1, Math.ceil(leftMs / 1_000)))
        headers['x-ratelimit-reset'] = String(Math.ceil((clock.now() + leftMs) / 1_000))
      }
      return { refusal: json(429, { message: 'Too Many Attempts.' }), headers }
    },
    used() {
      for (const [key, window] of windows) if (isOver(window)) windows.delete(key)
      return Object.fromEntries(
        [...windows].map(([key, { count, startedAt }]) => [
          key,
          {
            count,
            limit: switches.rateLimit,
            resetMs: Math.ceil(switches.rateWindowMs - (clock.monotonic() - startedAt)),
          },
        ]),
      )
    },
    clear: () => windows.clear(),
  }
}
