import type { Clock } from './clock.ts'
import type { FaultKind, Target } from './faults.ts'

/** A request that reached a platform, as the platform saw it. */
export interface LoggedRequest {
  /** Milliseconds on the simulator's monotonic clock, with fractions. */
  at: number
  time: string
  /** The client id; `null` where the request named none that could be believed. */
  application: string | null
  /** Whose token it was: the id at that platform. */
  user: string | null
  endpoint: Target
  method: string
  path: string
  /** 0 while it is under way and where the connection was broken instead of an answer. */
  status: number
  /** When the answer was on its way, on the same clock as `at`; `null` while and where there is none. */
  doneAt: number | null
  fault: FaultKind | null
}

export interface RequestLog {
  begin(request: Omit<LoggedRequest, 'at' | 'time' | 'status' | 'doneAt'>): LoggedRequest
  /** Oldest first. */
  all(): LoggedRequest[]
  total(): number
  /** The most API requests of an application in any window of this length, wherever it begins. */
  maxInWindow(windowMs: number): Record<string, number>
  clear(): void
}

const KEPT = 200_000

/** People's browsers make these, or they are sockets: no budget covers them. */
const UNCOUNTED: ReadonlySet<Target> = new Set<Target>([
  'da.authorize',
  'twitch.authorize',
  'da.socket',
  'twitch.socket',
])

export function createRequestLog(clock: Clock): RequestLog {
  let requests: LoggedRequest[] = []
  let total = 0
  return {
    begin(request) {
      const logged = {
        at: clock.monotonic(),
        time: new Date(clock.now()).toISOString(),
        ...request,
        status: 0,
        doneAt: null,
      }
      requests.push(logged)
      total++
      // Twice the length before a cut: cutting one at a time would copy the array at each request.
      if (requests.length > KEPT * 2) requests = requests.slice(-KEPT)
      return logged
    },
    all: () => requests.slice(-KEPT),
    total: () => total,
    maxInWindow(windowMs) {
      const times = new Map<string, number[]>()
      for (const { application, endpoint, at } of requests) {
        if (application === null || UNCOUNTED.has(endpoint)) continue
        const own = times.get(application)
        if (own) own.push(at)
        else times.set(application, [at])
      }
      return Object.fromEntries([...times].map(([application, own]) => [application, mostWithin(own, windowMs)]))
    },
    clear() {
      requests = []
      total = 0
    },
  }
}

/** `times` ascending; a window holds its beginning, not its end. */
function mostWithin(times: number[], windowMs: number): number {
  let first = 0
  let most = 0
  for (const [last, time] of times.entries()) {
    while (time - (times[first] as number) >= windowMs) first++
    most = Math.max(most, last - first + 1)
  }
  return most
}
