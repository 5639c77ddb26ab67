import type { Clock } from '../../base/clock.ts'
import { backoffMs } from '../../base/backoff.ts'
import type { OAuthApplication } from '../oauth-provider.ts'
import type { RequestPlatform } from '../request.ts'
import { readAppToken, refusalReason } from './wire.ts'

/**
 * The application's own token: kept in memory, because a new one costs one request. It has no refresh token; Twitch
 * lets it live for weeks and says with a 401 when that is over.
 */
export interface AppToken {
  /**
   * All who ask while there is none share one request.
   * @throws AppError as {@link RequestPlatform} does, for a while without asking Twitch again.
   */
  get(signal?: AbortSignal): Promise<string>
  /** Twitch refused this token. Without effect where another has taken its place already, or just now. */
  drop(token: string): void
}

export interface AppTokenOptions {
  /** `https://id.twitch.tv/oauth2` */
  authUrl: string
  application: OAuthApplication
  request: RequestPlatform
  clock: Clock
  random: () => number
}

/**
 * A token that was made a moment ago and is refused too is not at fault: what was asked with it is. Without this each
 * such request would cost a token.
 */
const REPLACE_EVERY_MS = 10_000

export function createAppToken({ authUrl, application, request, clock, random }: AppTokenOptions): AppToken {
  let held: string | null = null
  let asked: Promise<string> | null = null
  let failures = 0
  let askAgainAtMs = 0
  let replacedAtMs = -Infinity
  let lastError: unknown

  // Without a caller's signal: others wait for the same answer.
  const ask = async () => {
    try {
      held = await request({
        platform: 'twitch',
        endpoint: 'token',
        url: `${authUrl}/token`,
        method: 'POST',
        body: {
          form: {
            client_id: application.clientId,
            client_secret: application.clientSecret,
            grant_type: 'client_credentials',
          },
        },
        read: readAppToken,
        refusal: (status, body) =>
          body !== undefined && [400, 401, 403].includes(status)
            ? { code: 'platform-invalid', reason: refusalReason(body) }
            : undefined,
      })
      failures = 0
      return held
    } catch (error) {
      // Ten thousand channels that each come back by a backoff of their own must not each ask for a token.
      failures += 1
      askAgainAtMs = clock.monotonic() + backoffMs(failures, random)
      lastError = error
      throw error
    } finally {
      asked = null
    }
  }

  return {
    async get(signal) {
      signal?.throwIfAborted()
      if (held !== null) return held
      if (failures > 0 && clock.monotonic() < askAgainAtMs) throw lastError
      return unlessAborted((asked ??= ask()), signal)
    },
    drop(token) {
      if (held !== token || clock.monotonic() - replacedAtMs < REPLACE_EVERY_MS) return
      held = null
      replacedAtMs = clock.monotonic()
    },
  }
}

function unlessAborted<Value>(promise: Promise<Value>, signal: AbortSignal | undefined): Promise<Value> {
  if (!signal) return promise
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason as Error)
    signal.addEventListener('abort', onAbort, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}
