import type { Clock } from '../base/clock.ts'
import type { ErrorCode } from '../base/errors.ts'
import type { SocketEnd } from '../platforms/donation-source.ts'

export const STREAM_STATES = ['off', 'connecting', 'catching_up', 'live', 'backoff', 'needs_reauth'] as const
export type DonationStreamState = (typeof STREAM_STATES)[number]

export const FAILURE_TYPES = ['rate_limit', 'server', 'network', 'auth', 'invalid'] as const
export type FailureType = (typeof FAILURE_TYPES)[number]

/** How an account's stream does, for its streamer, the operator and the metrics. Times are milliseconds since 1970. */
export interface DonationStreamStatus {
  state: DonationStreamState
  /** Failed requests in a row. */
  failures: number
  errors: Record<FailureType, number>
  backoffUntil: number | null
  /** When this stream was begun on this node. */
  since: number
  lastResponseMs: number | null
  lastPushAt: number | null
  lastSweepAt: number | null
  lastError: { code: ErrorCode | SocketEnd['why']; at: number } | null
}

/** What is true of a stream right now. Its state is derived from these facts and never set by itself. */
export function createStreamFacts(
  clock: Clock,
  onChange: (from: DonationStreamState, to: DonationStreamState) => void,
) {
  const errors: Record<FailureType, number> = { rate_limit: 0, server: 0, network: 0, auth: 0, invalid: 0 }
  const facts = { subscribed: false, catchingUp: false, needsReauth: false, backoffUntil: null as number | null }
  const seen = {
    since: clock.now(),
    failures: 0,
    lastResponseMs: null as number | null,
    lastPushAt: null as number | null,
    lastSweepAt: null as number | null,
    lastError: null as DonationStreamStatus['lastError'],
  }

  const state = (): DonationStreamState => {
    if (facts.needsReauth) return 'needs_reauth'
    if (facts.backoffUntil !== null) return 'backoff'
    if (!facts.subscribed) return 'connecting'
    return facts.catchingUp ? 'catching_up' : 'live'
  }

  return {
    seen,
    state,
    set(change: Partial<typeof facts>) {
      const before = state()
      Object.assign(facts, change)
      if (state() !== before) onChange(before, state())
    },
    failed(code: ErrorCode | SocketEnd['why'], type?: FailureType) {
      seen.lastError = { code, at: clock.now() }
      if (type) errors[type]++
    },
    status: (): DonationStreamStatus => ({ ...seen, errors, state: state(), backoffUntil: facts.backoffUntil }),
  }
}

/** Which counter a failed request belongs to; `undefined` for faults of our own. */
export function failureType(code: ErrorCode): FailureType | undefined {
  switch (code) {
    case 'platform-rate-limit':
      return 'rate_limit'
    case 'platform-server':
      return 'server'
    case 'platform-network':
      return 'network'
    case 'platform-auth':
    case 'needs-reauth':
    case 'missing-scope':
      return 'auth'
    case 'platform-invalid':
      return 'invalid'
    default:
      return undefined
  }
}
