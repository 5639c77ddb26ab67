import type { Clock } from '../../base/clock.ts'
import type { ErrorCode } from '../../base/errors.ts'
import type { SocketEnd } from '../../platforms/donation-source.ts'

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
  /** Anything changed; the state with it where the two differ. */
  onChange: (from: DonationStreamState, to: DonationStreamState) => void,
) {
  const errors: Record<FailureType, number> = { rate_limit: 0, server: 0, network: 0, auth: 0, invalid: 0 }
  const facts = { subscribed: false, catchingUp: false, needsReauth: false, backoffUntil: null as number | null }
  /** When the socket is dialled again, where the platform ended the last one. */
  let redialAt: number | null = null
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

  const changed = () => onChange(state(), state())

  return {
    seen: seen as Readonly<typeof seen>,
    state,
    set(change: Partial<typeof facts>) {
      const before = state()
      Object.assign(facts, change)
      if (state() !== before) onChange(before, state())
    },
    saw(change: Partial<typeof seen>) {
      Object.assign(seen, change)
      changed()
    },
    redial(at: number | null) {
      redialAt = at
      changed()
    },
    nextAttemptAt: () => facts.backoffUntil ?? redialAt,
    failed(code: ErrorCode | SocketEnd['why'], type?: FailureType) {
      seen.lastError = { code, at: clock.now() }
      if (type) errors[type]++
      changed()
    },
    status: (): DonationStreamStatus => ({ ...seen, errors, state: state(), backoffUntil: facts.backoffUntil }),
  }
}

export type StreamFacts = ReturnType<typeof createStreamFacts>

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
