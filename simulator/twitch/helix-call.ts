import type { Target } from '../faults.ts'
import type { Gateway } from '../gateway.ts'
import type { Grant, Grants } from '../grants.ts'
import { bearerOf, json, type Exchange, type Reply, type Route } from '../http.ts'
import type { Switches } from '../switches.ts'
import type { Authorizations } from './authorizations.ts'
import type { Points } from './points.ts'

export interface HelixCallOptions {
  grants: Grants
  authorizations: Authorizations
  switches: Switches
  gateway: Gateway
  points: Points
}

/** Every call to api.twitch.tv: counted in a bucket, refused without a good token of the application that asks. */
export type HelixCall = (
  target: Target,
  bucket: 'api' | 'chat',
  work: (caller: Grant, exchange: Exchange) => Reply,
) => Route['handle']

export function createHelixCall({ grants, authorizations, switches, gateway, points }: HelixCallOptions): HelixCall {
  const limit = (grant: Grant | null, bucket: 'api' | 'chat') => () => {
    if (!grant) return { refusal: null, headers: {} }
    const size = bucket === 'api' ? switches.helixPointsPerMinute : switches.chatPointsPerMinute
    const { left, headers } = points.take(`${bucket} ${grant.client} ${grant.user ?? ''}`, size)
    return { refusal: left ? null : refusal(429, 'too many requests'), headers }
  }
  return (target, bucket, work) => (exchange) => {
    const token = bearerOf(exchange)
    const seen = grants.inspect(token ?? '', 'access')
    const { client = null, user = null } = seen ?? {}
    return gateway(exchange, {
      target,
      application: client,
      user,
      limit: limit(seen, bucket),
      work() {
        if (token === null) return refusal(401, 'OAuth token is missing')
        const grant = grants.read(token, 'access')
        if (!grant) return refusal(401, 'Invalid OAuth token')
        const named = exchange.request.headers['client-id']
        if (named === undefined) return refusal(401, 'Client ID is missing')
        if (named !== grant.client) return refusal(401, 'Client ID and OAuth token do not match')
        // Tokens outlive the simulator where their key does; what they were given for lives on with them.
        if (grant.user !== null) authorizations.allow(grant.user, grant.client, grant.scopes)
        return work(grant, exchange)
      },
    })
  }
}

const ERRORS: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  409: 'Conflict',
  410: 'Gone',
  422: 'Unprocessable Entity',
  429: 'Too Many Requests',
}

export function refusal(status: number, message: string, more: Record<string, unknown> = {}): Reply {
  return json(status, { error: ERRORS[status] ?? 'Internal Server Error', status, message, ...more })
}

/** What only an application by itself may do. */
export function needsAppToken(): Reply {
  return refusal(401, 'must use an app access token')
}

export function noContent(): Reply {
  return { status: 204 }
}
