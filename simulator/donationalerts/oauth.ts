import { isApplication, secretOf } from '../applications.ts'
import { askConsent, isCallback } from '../consent-page.ts'
import { html, json, readForm, type Exchange, type Reply, type Route } from '../http.ts'
import type { DonationAlertsOptions } from './options.ts'

export const SCOPES = [
  'oauth-user-show',
  'oauth-donation-subscribe',
  'oauth-donation-index',
  'oauth-goal-subscribe',
  'oauth-poll-subscribe',
  'oauth-custom_alert-store',
] as const

/** donationalerts.com/oauth: Laravel Passport's ways. A refresh makes a new pair and ends the old one. */
export function oauthRoutes(options: DonationAlertsOptions): Route[] {
  const { people, grants, switches, gateway, rateWindow } = options

  const authorize = (exchange: Exchange): Reply => {
    const asked = exchange.url.searchParams
    const client = asked.get('client_id') ?? ''
    const redirectUri = asked.get('redirect_uri') ?? ''
    if (!isApplication(client, 'da', switches) || !isCallback(redirectUri, '/auth/donationalerts/callback'))
      return invalidClient()
    if (asked.get('response_type') !== 'code')
      return refusal(
        400,
        'unsupported_grant_type',
        'The authorization grant type is not supported by the authorization server.',
      )
    const scopes = (asked.get('scope') ?? '').split(' ').filter(Boolean)
    const unknown = scopes.find((scope) => !(SCOPES as readonly string[]).includes(scope))
    if (unknown !== undefined) return html(400, 'The requested scope is invalid, unknown, or malformed')
    return askConsent({ people, grants, switches }, exchange, {
      platform: 'DonationAlerts',
      client,
      redirectUri,
      scopes,
      denial: 'The resource owner or authorization server denied the request.',
      userOf: ({ daId }) => daId,
    })
  }

  const tokens = (user: string, client: string, scopes: string[]): Reply => {
    const ttlS = switches.daAccessTokenTtlS
    const { accessToken, refreshToken } = grants.issue({ user, client, scopes, ttlS })
    return json(200, { token_type: 'Bearer', expires_in: ttlS, access_token: accessToken, refresh_token: refreshToken })
  }

  const token = (form: URLSearchParams): Reply => {
    const client = form.get('client_id') ?? ''
    if (!isApplication(client, 'da', switches) || form.get('client_secret') !== secretOf(client)) return invalidClient()
    switch (form.get('grant_type')) {
      case 'authorization_code': {
        const code = form.get('code') ?? ''
        if (code === '')
          return refusal(
            400,
            'invalid_request',
            'The request is missing a required parameter.',
            'Check the `code` parameter',
          )
        const found = grants.redeem({ code, client, redirectUri: form.get('redirect_uri') })
        return found
          ? tokens(found.user, client, found.scopes)
          : refusal(
              400,
              'invalid_grant',
              'The provided authorization grant is invalid.',
              'Authorization code has expired',
            )
      }
      case 'refresh_token':
        return refresh(form, client)
      default:
        return refusal(
          400,
          'unsupported_grant_type',
          'The authorization grant type is not supported by the authorization server.',
          'Check that all required parameters have been provided',
        )
    }
  }

  const refresh = (form: URLSearchParams, client: string): Reply => {
    const grant = grants.read(form.get('refresh_token') ?? '', 'refresh')
    if (!grant || grant.client !== client || grant.user === null || !people.byDaId(grant.user))
      return refusal(
        switches.deadRefreshStatus,
        'invalid_request',
        'The refresh token is invalid.',
        'Token has been revoked',
      )
    const scopes = form.get('scope')?.split(' ').filter(Boolean) ?? grant.scopes
    if (scopes.some((scope) => !grant.scopes.includes(scope)))
      return refusal(400, 'invalid_scope', 'The requested scope is invalid, unknown, or malformed')
    grants.end(grant.pair, 'both', switches.refreshGraceMs)
    return tokens(grant.user, client, scopes)
  }

  return [
    {
      method: 'GET',
      path: '/oauth/authorize',
      handle: (exchange) =>
        gateway(exchange, {
          target: 'da.authorize',
          application: exchange.url.searchParams.get('client_id'),
          work: () => authorize(exchange),
        }),
    },
    {
      method: 'POST',
      path: '/oauth/token',
      handle: (exchange) => {
        const form = readForm(exchange)
        const application = form.get('client_id')
        const user = grants.inspect(form.get('refresh_token') ?? '', 'refresh')?.user ?? null
        return gateway(exchange, {
          target: 'da.token',
          application,
          user,
          limit: () =>
            switches.countTokenRequests ? rateWindow.count(application, user) : { refusal: null, headers: {} },
          work: () => token(form),
        })
      },
    },
  ]
}

function refusal(status: number, error: string, description: string, hint?: string): Reply {
  return json(status, {
    error,
    error_description: description,
    ...(hint === undefined ? {} : { hint }),
    message: description,
  })
}

function invalidClient(): Reply {
  return refusal(401, 'invalid_client', 'Client authentication failed')
}
