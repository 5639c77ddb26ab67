import { AppError } from '../base/errors.ts'
import type { Accounts } from '../persistence/accounts.ts'
import type { DonationSource } from '../platforms/donation-source.ts'
import type { OAuthProvider } from '../platforms/oauth-provider.ts'
import type { PayFor } from './keep-token-fresh.ts'

/** Whose donations: a user's account, shown on their channel. */
export interface DonationOwner {
  userId: string
  channelId: string
}

export interface ConnectDonations {
  /** The application a user's tokens will belong to: the one they have already, else the least used. */
  chooseApplication(userId: string): Promise<string>
  authorizeUrl(request: { application: string; redirectUri: string; state: string }): string
  /**
   * Turns the code that the platform sent into a connected account, or refreshes what is connected.
   *
   * @throws AppError `oauth-failed` where the platform refuses the code, `platform-*` where it fails.
   */
  finish(
    request: DonationOwner & { application: string; code: string; redirectUri: string },
  ): Promise<{ ok: true } | { ok: false; reason: 'missing-scope' | 'account-taken' }>
  /** Forgets the account and its tokens. Donations already received stay. */
  disconnect(owner: DonationOwner): Promise<void>
}

export interface ConnectDonationsOptions {
  accounts: Accounts
  provider: OAuthProvider
  source: Pick<DonationSource, 'profile'>
  /** Client ids, the preferred one first. Empty: donations are switched off. */
  applications: readonly string[]
  /** Both requests of a connection count in the application's budget. */
  payFor: PayFor
  /** The profile brings a token for the platform's socket: handed on, it saves the first subscription a request. */
  onDonationsConnected: (channelId: string, socketToken: string) => void
  onDonationsDisconnected: (channelId: string) => void
}

/** To read who it is, to read the history, and to be told of new donations. */
const DONATION_SCOPES = ['oauth-user-show', 'oauth-donation-index', 'oauth-donation-subscribe'] as const

export function createConnectDonations(options: ConnectDonationsOptions): ConnectDonations {
  const { accounts, provider, source, applications, payFor, onDonationsConnected, onDonationsDisconnected } = options

  return {
    async chooseApplication(userId) {
      // Tokens that cannot be opened any more are about to be replaced; they must not stand in the way.
      const present = await accounts.ofUser(userId, 'donationalerts').catch(() => null)
      if (present && applications.includes(present.application)) return present.application
      const used = await accounts.countByApplication('donationalerts')
      const [least] = applications.toSorted((a, b) => (used.get(a) ?? 0) - (used.get(b) ?? 0))
      if (least === undefined) throw new AppError('donations-not-configured')
      return least
    },

    authorizeUrl: (request) => provider.authorizeUrl({ ...request, scopes: DONATION_SCOPES }),

    async finish({ userId, channelId, application, code, redirectUri }) {
      const tokens = await payFor(application, () => provider.exchangeCode({ application, redirectUri, code }))
      const { scopes } = tokens
      if (scopes && !DONATION_SCOPES.every((scope) => scopes.includes(scope)))
        return { ok: false, reason: 'missing-scope' }
      const profile = await payFor(application, () => source.profile(tokens.accessToken))
      const connected = await accounts.connect({
        userId,
        provider: 'donationalerts',
        externalId: profile.accountId,
        externalName: profile.name,
        application,
        tokens,
      })
      if (!connected.ok) return connected
      onDonationsConnected(channelId, profile.socketToken)
      return { ok: true }
    },

    async disconnect({ userId, channelId }) {
      if (await accounts.disconnect(userId, 'donationalerts')) onDonationsDisconnected(channelId)
    },
  }
}
