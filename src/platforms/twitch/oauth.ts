import { hasCode } from '../../base/errors.ts'
import { createCodeFlow } from '../code-flow.ts'
import type { OAuthProvider } from '../oauth-provider.ts'
import type { RequestPlatform } from '../request.ts'
import { isAlreadyRevoked, isDeadRefresh, readTokens, readValidation, refusalReason, type TokenOwner } from './wire.ts'

export interface TwitchOAuth extends OAuthProvider {
  /** Twitch demands this at start and every hour for each token in use. @throws AppError `platform-auth` if it is dead. */
  validate(accessToken: string, signal?: AbortSignal): Promise<TokenOwner>
  /** Gives a token back. A token that is dead already counts as given back. */
  revoke(request: { application: string; accessToken: string }): Promise<void>
}

export interface TwitchOAuthOptions {
  /** `https://id.twitch.tv/oauth2` */
  authUrl: string
  /** Client id → client secret. */
  applications: ReadonlyMap<string, string>
  request: RequestPlatform
}

/** Sign-in with Twitch. PKCE is left out: Twitch does not support it and refuses the exchange. */
export function createTwitchOAuth({ authUrl, applications, request }: TwitchOAuthOptions): TwitchOAuth {
  const flow = createCodeFlow({
    platform: 'twitch',
    authorizeUrl: `${authUrl}/authorize`,
    tokenUrl: `${authUrl}/token`,
    applications,
    request,
    readTokens,
    isDeadRefresh,
    refusalReason,
  })
  return {
    ...flow,
    validate: (accessToken, signal) =>
      request({
        platform: 'twitch',
        endpoint: 'validate',
        url: `${authUrl}/validate`,
        headers: { authorization: `OAuth ${accessToken}` },
        signal,
        read: readValidation,
      }),
    async revoke({ application, accessToken }) {
      const sent = request<'revoked'>({
        platform: 'twitch',
        endpoint: 'revoke',
        url: `${authUrl}/revoke`,
        method: 'POST',
        body: { form: { client_id: application, token: accessToken } },
        // The body is empty.
        read: () => 'revoked',
        refusal: (status, body) =>
          isAlreadyRevoked(status, body) ? { code: 'platform-auth', reason: 'revoked' } : undefined,
      })
      await sent.catch((error: unknown) => {
        if (!hasCode(error, 'platform-auth')) throw error
      })
    },
  }
}
