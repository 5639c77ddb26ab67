import { AppError, type ErrorCode } from '../../base/errors.ts'
import type { SocketEnd } from '../donation-source.ts'
import { isRecord, parseJson } from '../json.ts'

/** Centrifugo's close codes and whether it wants the client back. Other codes say nothing against coming back. */
const RECONNECT: Readonly<Record<number, boolean>> = {
  3000: true, // normal
  3001: true, // shutdown
  3002: false, // invalid token
  3003: false, // bad request
  3004: true, // internal server error
  3005: true, // token expired
  3006: true, // subscription expired
  3007: false, // stale: never authenticated
  3008: true, // slow
  3009: true, // write error
  3010: true, // insufficient state
  3011: true, // force reconnect
  3012: false, // force disconnect
}

const INVALID_TOKEN = 3002
const TOKEN_EXPIRED = 3005

/**
 * Reads a close that the platform began. Its own `reconnect` in the reason counts more than our table: the table is
 * for closes without a readable reason.
 */
export function endOfClose(code: number, reason: string): SocketEnd {
  // The platform says "do not reconnect" of a refused token because the same token would be refused again. We come
  // back with another.
  if (code === INVALID_TOKEN) return { code, why: 'token-refused', reconnect: true, dropSocketToken: true }
  const said = parseJson(reason)
  const word = isRecord(said) && typeof said['reconnect'] === 'boolean' ? said['reconnect'] : undefined
  return {
    code,
    why: 'closed-by-platform',
    reconnect: word ?? RECONNECT[code] ?? true,
    dropSocketToken: code === TOKEN_EXPIRED,
  }
}

/** 101 unauthorized, 103 permission denied, 109 token expired, 110 expired: another token may be let in. */
const TOKEN_ERRORS: ReadonlySet<number> = new Set([101, 103, 109, 110])
/** 102 unknown channel, 104 method not found, 107 bad request, 108 not available: it will be the same the next time. */
const OUR_MISTAKES: ReadonlySet<number> = new Set([102, 104, 107, 108])

export const ALREADY_SUBSCRIBED = 105

/** True where a permission signed anew may be accepted: denied (it names another client, or is stale) or expired. */
export function mayPassWithNewSignature(errorCode: number): boolean {
  return errorCode === 103 || errorCode === 109 || errorCode === 110
}

/** The platform answered our connect with an error. */
export function endOfRefusedConnect(errorCode: number): SocketEnd {
  if (TOKEN_ERRORS.has(errorCode)) {
    return {
      code: 1000,
      why: 'token-refused',
      reconnect: true,
      dropSocketToken: true,
      cause: refused('connect', errorCode),
    }
  }
  const ours = OUR_MISTAKES.has(errorCode)
  return {
    code: 1000,
    why: ours ? 'protocol' : 'closed-by-platform',
    reconnect: !ours,
    dropSocketToken: false,
    cause: refused('connect', errorCode),
  }
}

/** The platform answered our subscribe with an error, the second time where a new signature might have helped. */
export function endOfRefusedSubscribe(errorCode: number): SocketEnd {
  // 101: this connection lost its standing; 100, 106, 111 and what we do not know may pass. The rest needs somebody to look.
  const hopeless = mayPassWithNewSignature(errorCode) || OUR_MISTAKES.has(errorCode)
  return {
    code: 1000,
    why: 'subscribe-refused',
    reconnect: !hopeless,
    dropSocketToken: false,
    cause: refused('subscribe', errorCode),
  }
}

/** The platform sent something that makes no sense at this place, or could make no sense of what we sent. */
export function endOfNonsense(
  reason: string,
  { reconnect, errorCode }: { reconnect: boolean; errorCode?: number },
): SocketEnd {
  const cause = failed('platform-invalid', errorCode === undefined ? { reason } : { reason, errorCode })
  return { code: 1000, why: 'protocol', reconnect, dropSocketToken: false, cause }
}

/** More was pushed before the subscription than any healthy server pushes. */
export function endOfFlood(): SocketEnd {
  return endOfNonsense('early-publications', { reconnect: true })
}

/** The platform unsubscribes us again and again. */
export function endOfUnsubscribing(): SocketEnd {
  const cause = failed('platform-invalid', { reason: 'unsubscribed' })
  return { code: 1000, why: 'subscribe-refused', reconnect: true, dropSocketToken: false, cause }
}

/** It has not said what it had to say in time: the connection is dead, whatever TCP believes. */
export function endOfSilence(waitedFor: string): SocketEnd {
  const cause = failed('platform-network', { reason: `no-reply-to-${waitedFor}` })
  return { code: 1006, why: 'silent', reconnect: true, dropSocketToken: false, cause }
}

/** A token's life is long over, yet the platform never closed as it should have: nothing is certain to arrive any more. */
export function endOfExpiry(what: 'token' | 'subscription'): SocketEnd {
  const cause = failed('platform-network', { reason: `${what}-expired` })
  return { code: 1006, why: 'silent', reconnect: true, dropSocketToken: what === 'token', cause }
}

/** There was no conversation at all. */
export function endOfUnreachable({ status, reason }: { status?: number; reason: string }): SocketEnd {
  const limited = status === 429
  const code = limited
    ? 'platform-rate-limit'
    : status !== undefined && status >= 500
      ? 'platform-server'
      : 'platform-network'
  const cause = failed(code, {
    reason,
    ...(status === undefined ? {} : { status }),
    ...(limited ? { retryAfterMs: null } : {}),
  })
  return { code: 1006, why: 'unreachable', reconnect: true, dropSocketToken: false, cause }
}

function refused(command: string, errorCode: number): AppError {
  return failed('platform-invalid', { reason: `${command}-refused`, errorCode })
}

function failed(code: ErrorCode, details: Record<string, unknown>): AppError {
  return new AppError(code, { platform: 'donationalerts', endpoint: 'socket', ...details })
}
