import { isApplication, secretOf } from '../applications.ts'
import { askConsent, isCallback } from '../consent-page.ts'
import type { Gateway } from '../gateway.ts'
import type { Grants } from '../grants.ts'
import { bearerOf, json, readForm, type Exchange, type Reply, type Route } from '../http.ts'
import type { People } from '../people.ts'
import type { Switches } from '../switches.ts'
import type { Authorizations } from './authorizations.ts'
import { refusal } from './helix-call.ts'

export interface TwitchOAuthOptions {
  people: People
  grants: Grants
  switches: Switches
  gateway: Gateway
  authorizations: Authorizations
}

/** id.twitch.tv: the authorization-code and client-credentials flows, refresh, validation, revocation. */
export function twitchOAuthRoutes(options: TwitchOAuthOptions): Route[] {
  const { people, grants, switches, gateway, authorizations } = options

  const userReply = (user: string, client: string, scopes: string[]): Reply => {
    const { accessToken, refreshToken } = grants.issue({ user, client, scopes, ttlS: switches.twitchAccessTokenTtlS })
    authorizations.allow(user, client, scopes)
    return json(200, {
      access_token: accessToken,
      expires_in: switches.twitchAccessTokenTtlS,
      refresh_token: refreshToken,
      scope: scopes,
      token_type: 'bearer',
    })
  }

  const token = (form: URLSearchParams): Reply => {
    const client = form.get('client_id') ?? ''
    const given = (name: string) => form.get(name) ?? ''
    if (client === '') return refusal(400, 'missing client id')
    if (!isApplication(client, 'twitch', switches)) return refusal(400, 'invalid client')
    if (given('client_secret') === '') return refusal(400, 'missing client secret')
    if (given('client_secret') !== secretOf(client)) return refusal(403, 'invalid client secret')
    switch (form.get('grant_type')) {
      case 'authorization_code': {
        if (given('code') === '') return refusal(400, 'missing code')
        const found = grants.redeem({ code: given('code'), client, redirectUri: form.get('redirect_uri') })
        return found ? userReply(found.user, client, found.scopes) : refusal(400, 'Invalid authorization code')
      }
      case 'client_credentials': {
        const ttlS = switches.twitchAppTokenTtlS
        const { accessToken } = grants.issue({ user: null, client, scopes: [], ttlS })
        return json(200, { access_token: accessToken, expires_in: ttlS, token_type: 'bearer' })
      }
      case 'refresh_token': {
        if (given('refresh_token') === '') return refusal(400, 'missing refresh token')
        const grant = grants.read(given('refresh_token'), 'refresh')
        if (!grant || grant.client !== client || grant.user === null || !people.byTwitchId(grant.user))
          return refusal(switches.twitchDeadRefreshStatus, 'Invalid refresh token')
        if (switches.twitchRefreshRotates) {
          grants.end(grant.pair, 'refresh')
          return userReply(grant.user, client, grant.scopes)
        }
        const reply = JSON.parse(userReply(grant.user, client, grant.scopes).body ?? '{}') as object
        return json(200, { ...reply, refresh_token: given('refresh_token') })
      }
      default:
        return refusal(400, 'invalid grant type')
    }
  }

  const validate = (exchange: Exchange): Reply => {
    const grant = grants.read(bearerOf(exchange) ?? '', 'access')
    const person = grant?.user ? people.byTwitchId(grant.user) : undefined
    if (!grant || (grant.user !== null && !person)) return json(401, { status: 401, message: 'invalid access token' })
    if (grant.user !== null) authorizations.allow(grant.user, grant.client, grant.scopes)
    return json(200, {
      client_id: grant.client,
      login: person?.login ?? null,
      scopes: grant.scopes,
      user_id: grant.user,
      expires_in: secondsLeft(grant.exp),
    })
  }
  const secondsLeft = (exp: number | null) => Math.max(0, Math.floor((exp ?? 0) - grants.nowS()))

  const revoke = (form: URLSearchParams): Reply => {
    const client = form.get('client_id') ?? ''
    if (client === '') return refusal(400, 'missing client id')
    const token = form.get('token') ?? ''
    const grant = grants.read(token, 'access') ?? grants.read(token, 'refresh')
    if (!grant || grant.client !== client) return refusal(400, 'Invalid token')
    grants.end(grant.pair, grant.kind)
    return { status: 200, headers: { 'content-length': '0' } }
  }

  const authorize = (exchange: Exchange): Reply => {
    const asked = exchange.url.searchParams
    const client = asked.get('client_id') ?? ''
    const redirectUri = asked.get('redirect_uri') ?? ''
    if (!isApplication(client, 'twitch', switches)) return refusal(400, 'invalid client')
    if (!isCallback(redirectUri, '/auth/twitch/callback'))
      return refusal(400, 'Parameter redirect_uri does not match registered URI')
    if (asked.get('response_type') !== 'code') return refusal(400, 'response_type must be code')
    return askConsent({ people, grants, switches }, exchange, {
      platform: 'Twitch',
      client,
      redirectUri,
      scopes: (asked.get('scope') ?? '').split(' ').filter(Boolean),
      denial: 'The user denied you access',
      userOf: ({ twitchId }) => twitchId,
    })
  }

  const ofToken = (exchange: Exchange) => grants.inspect(bearerOf(exchange) ?? '', 'access')
  return [
    {
      method: 'GET',
      path: '/oauth2/authorize',
      handle: (exchange) =>
        gateway(exchange, {
          target: 'twitch.authorize',
          application: exchange.url.searchParams.get('client_id'),
          work: () => authorize(exchange),
        }),
    },
    {
      method: 'POST',
      path: '/oauth2/token',
      handle: (exchange) => {
        const form = readForm(exchange)
        return gateway(exchange, {
          target: 'twitch.token',
          application: form.get('client_id'),
          user: grants.inspect(form.get('refresh_token') ?? '', 'refresh')?.user ?? null,
          work: () => token(form),
        })
      },
    },
    {
      method: 'GET',
      path: '/oauth2/validate',
      handle: (exchange) => {
        const grant = ofToken(exchange)
        const { client = null, user = null } = grant ?? {}
        return gateway(exchange, {
          target: 'twitch.validate',
          application: client,
          user,
          work: () => validate(exchange),
        })
      },
    },
    {
      method: 'POST',
      path: '/oauth2/revoke',
      handle: (exchange) => {
        const form = readForm(exchange)
        return gateway(exchange, {
          target: 'twitch.revoke',
          application: form.get('client_id'),
          work: () => revoke(form),
        })
      },
    },
  ]
}
