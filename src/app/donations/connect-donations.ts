import { AppError } from '../../base/errors.ts'
import type { Accounts } from '../../persistence/accounts.ts'
import type { DonationConnections } from '../../persistence/donation-connections.ts'
import type { DonationSource } from '../../platforms/donation-source.ts'
import type { OAuthProvider } from '../../platforms/oauth-provider.ts'
import type { PayFor } from '../keep-token-fresh.ts'

/** Whose donations: a user's account, shown on their channel. */
export interface DonationOwner {
  userId: string
  channelId: string
}

export interface ConnectDonations {
  /**
   * The application a user's tokens will belong to: the one they have already, else the least used. Of several alike any:
   * whoever comes at the same time would wait for the same budget.
   */
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
  /** Forgets the account and its tokens. Donations already received stay. Resolves when it is written down. */
  disconnect(owner: DonationOwner): Promise<void>
}

export interface ConnectDonationsOptions {
  accounts: Pick<Accounts, 'ofUser' | 'countByApplication'>
  connections: DonationConnections
  provider: OAuthProvider
  source: Pick<DonationSource, 'profile'>
  /** Client ids. Empty: donations are switched off. */
  applications: readonly string[]
  /** Both requests of a connection count in the application's budget. */
  payFor: PayFor
  /** It is written down that a channel's stream is wanted, wanted anew, or not wanted any more. */
  onChanged: (channelId: string) => void
  random: () => number
}

/** To read who it is, to read the history, and to be told of new donations. */
const DONATION_SCOPES = ['oauth-user-show', 'oauth-donation-index', 'oauth-donation-subscribe'] as const

export function createConnectDonations(options: ConnectDonationsOptions): ConnectDonations {
  const { accounts, connections, provider, source, applications, payFor, onChanged, random } = options

  return {
    async chooseApplication(userId) {
      // Tokens that cannot be opened any more are about to be replaced; they must not stand in the way.
      const present = await accounts.ofUser(userId, 'donationalerts').catch(() => null)
      if (present && applications.includes(present.application)) return present.application
      const used = await accounts.countByApplication('donationalerts')
      const fewest = Math.min(...applications.map((application) => used.get(application) ?? 0))
      const least = applications.filter((application) => (used.get(application) ?? 0) === fewest)
      const chosen = least[Math.floor(random() * least.length)]
      if (chosen === undefined) throw new AppError('donations-not-configured')
      return chosen
    },

    authorizeUrl: (request) => provider.authorizeUrl({ ...request, scopes: DONATION_SCOPES }),

    async finish({ userId, channelId, application, code, redirectUri }) {
      const tokens = await payFor(application, () => provider.exchangeCode({ application, redirectUri, code }))
      const { scopes } = tokens
      if (scopes && !DONATION_SCOPES.every((scope) => scopes.includes(scope)))
        return { ok: false, reason: 'missing-scope' }
      const profile = await payFor(application, () => source.profile(tokens.accessToken))
      const connected = await connections.connect(
        {
          userId,
          provider: 'donationalerts',
          externalId: profile.accountId,
          externalName: profile.name,
          application,
          tokens,
        },
        { channelId, socketToken: profile.socketToken },
      )
      if (!connected.ok) return connected
      onChanged(channelId)
      return { ok: true }
    },

    async disconnect(owner) {
      if (await connections.disconnect(owner)) onChanged(owner.channelId)
    },
  }
}
