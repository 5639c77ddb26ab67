import { AppError } from '../base/errors.ts'
import type { OAuthProvider, TokenPair } from './oauth-provider.ts'
import type { Platform, PlatformRequest, RequestPlatform } from './request.ts'

/** What the platforms do differently within the same authorization-code flow. */
export interface CodeFlowOptions {
  platform: Platform
  authorizeUrl: string
  tokenUrl: string
  /** Client id → client secret. An application is named by its client id. */
  applications: ReadonlyMap<string, string>
  request: RequestPlatform
  readTokens: (body: unknown) => TokenPair | undefined
  /** True only where the platform, in its own words, says that the refresh token is dead. */
  isDeadRefresh: (status: number, body: unknown) => boolean
  /** The platform's error as one of a closed list of words, for the operator's log. */
  refusalReason: (body: unknown) => string
}

/** The authorization-code flow with a client secret, as both platforms speak it. */
export function createCodeFlow(options: CodeFlowOptions): OAuthProvider {
  const { platform, applications, request, readTokens, isDeadRefresh, refusalReason } = options

  const credentials = (application: string) => {
    const secret = applications.get(application)
    if (secret === undefined) {
      throw new AppError('internal', {
        message: `No secret is configured for this ${platform} application.`,
        application,
      })
    }
    return { client_id: application, client_secret: secret }
  }

  return {
    authorizeUrl({ application, redirectUri, state, scopes }) {
      const url = new URL(options.authorizeUrl)
      url.searchParams.set('client_id', application)
      url.searchParams.set('redirect_uri', redirectUri)
      url.searchParams.set('response_type', 'code')
      if (scopes.length > 0) url.searchParams.set('scope', scopes.join(' '))
      url.searchParams.set('state', state)
      return url.href
    },
    async exchangeCode({ application, redirectUri, code }) {
      const form = { ...credentials(application), grant_type: 'authorization_code', redirect_uri: redirectUri, code }
      return grant('exchange', form, (status, body) =>
        body !== undefined && [400, 401, 403].includes(status)
          ? { code: 'oauth-failed', reason: refusalReason(body) }
          : undefined,
      )
    },
    async refresh({ application, refreshToken }) {
      // Without `scope` the platforms renew what was granted; naming more than that would be refused.
      const form = { ...credentials(application), grant_type: 'refresh_token', refresh_token: refreshToken }
      return grant('refresh', form, (status, body) =>
        // Everything but a clear refusal may pass, and a streamer must not have to sign in again for it.
        isDeadRefresh(status, body)
          ? { code: 'platform-auth', reason: 'refresh-token' }
          : { code: 'platform-invalid', reason: refusalReason(body) },
      )
    },
  }

  async function grant(
    endpoint: string,
    form: Record<string, string>,
    refusal: NonNullable<PlatformRequest<TokenPair>['refusal']>,
  ): Promise<TokenPair> {
    return request({
      platform,
      endpoint,
      url: options.tokenUrl,
      method: 'POST',
      body: { form },
      read: readTokens,
      refusal,
    })
  }
}
