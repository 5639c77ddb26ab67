import { createCodeFlow } from '../code-flow.ts'
import type { OAuthProvider } from '../oauth-provider.ts'
import type { RequestPlatform } from '../request.ts'
import { isDeadRefresh, readTokens, refusalReason } from './token-wire.ts'

export interface DonationAlertsOAuthOptions {
  /** `https://www.donationalerts.com` */
  url: string
  /** Client id → client secret. Several applications share the load: each has its own 60 requests a minute. */
  applications: ReadonlyMap<string, string>
  request: RequestPlatform
}

/** Connects a DonationAlerts account. Refresh tokens rotate: the old pair is dead as soon as a new one was made. */
export function createDonationAlertsOAuth({ url, applications, request }: DonationAlertsOAuthOptions): OAuthProvider {
  return createCodeFlow({
    platform: 'donationalerts',
    authorizeUrl: `${url}/oauth/authorize`,
    tokenUrl: `${url}/oauth/token`,
    applications,
    request,
    readTokens,
    isDeadRefresh,
    refusalReason,
  })
}
