/** How a WebSocket of EventSub ended. None of it keeps us from coming back. */
export interface SocketEnd {
  /** The WebSocket close code; 1006 where it just broke off or never came to be. */
  code: number
  why: EndReason
  /** The network's or the library's own word, where there is one. */
  detail?: string
}

export type EndReason =
  | 'closed-by-us'
  /** Twitch disabled the shard that the session had, or would not give it one. */
  | 'disabled'
  | 'refused'
  /** No connection, or no welcome on it. */
  | 'unreachable'
  /** Nothing was heard for longer than the keepalive window. */
  | 'silent'
  /** It broke off without a goodbye. */
  | 'cut'
  /** The library refused what was sent: too long, or no WebSocket frame. */
  | 'protocol'
  | TwitchReason

/** Twitch's close codes (facts §5.4). */
const REASONS = {
  4000: 'internal-error',
  4001: 'client-sent-traffic',
  4002: 'failed-ping-pong',
  4003: 'unused',
  4004: 'reconnect-grace-expired',
  4005: 'network-timeout',
  4006: 'network-error',
  4007: 'invalid-reconnect',
} as const

type TwitchReason = (typeof REASONS)[keyof typeof REASONS] | 'closed-by-twitch'

/** "No status was sent" and "it broke off" are the library's own codes and never on the wire. */
const BROKE_OFF = 1006

export function endOfClose(code: number): SocketEnd {
  if (code === BROKE_OFF) return { code, why: 'cut' }
  return { code, why: code in REASONS ? REASONS[code as keyof typeof REASONS] : 'closed-by-twitch' }
}

export function endOfUnreachable(detail: string): SocketEnd {
  return { code: BROKE_OFF, why: 'unreachable', detail }
}

export const END_OF_SILENCE: SocketEnd = { code: BROKE_OFF, why: 'silent' }
export const END_BY_US: SocketEnd = { code: 1000, why: 'closed-by-us' }
