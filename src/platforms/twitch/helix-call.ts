import { hasCode } from '../../base/errors.ts'
import type { PlatformRequest, RequestPlatform } from '../request.ts'
import type { AppToken } from './app-token.ts'
import type { HelixBudget, Urgency } from './helix-budget.ts'

/** A request to Helix in the application's own name. */
export interface HelixCall<Reply> extends Pick<
  PlatformRequest<Reply>,
  'endpoint' | 'method' | 'signal' | 'read' | 'answer'
> {
  /** Below `https://api.twitch.tv/helix`. */
  path: string
  query?: Record<string, string | null>
  json?: unknown
  urgency: Urgency
}

/**
 * Sends one request, and where Twitch refuses the token, once more with another.
 * @throws AppError as {@link RequestPlatform} and {@link HelixBudget} do.
 */
export type CallHelix = <Reply>(call: HelixCall<Reply>) => Promise<Reply>

export interface HelixCallOptions {
  /** `https://api.twitch.tv/helix` */
  apiUrl: string
  clientId: string
  request: RequestPlatform
  token: AppToken
  budget: HelixBudget
}

export function createHelixCall({ apiUrl, clientId, request, token, budget }: HelixCallOptions): CallHelix {
  return async (call) => {
    const held = await token.get(call.signal)
    try {
      return await send(call, held)
    } catch (error) {
      if (!hasCode(error, 'platform-auth')) throw error
      token.drop(held)
      return send(call, await token.get(call.signal))
    }
  }

  function send<Reply>(call: HelixCall<Reply>, bearer: string): Promise<Reply> {
    const { path, query = {}, json, urgency, ...rest } = call
    const given = Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== null)
    const search = new URLSearchParams(given).toString()
    return budget.spend({ urgency, signal: call.signal }, (onHeaders) =>
      request({
        ...rest,
        platform: 'twitch',
        url: `${apiUrl}${path}${search === '' ? '' : `?${search}`}`,
        headers: { authorization: `Bearer ${bearer}`, 'client-id': clientId },
        ...(json === undefined ? {} : { body: { json } }),
        onHeaders,
      }),
    )
  }
}
