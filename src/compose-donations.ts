import { createConnectDonations } from './app/connect-donations.ts'
import type { TokenKeeper } from './app/keep-token-fresh.ts'
import { createReceiveDonation } from './app/receive-donation.ts'
import type { Budget } from './app/spend-budget.ts'
import { createWatchDonations } from './app/watch-donations.ts'
import type { Clock } from './base/clock.ts'
import type { Logger } from './base/logger.ts'
import type { Metrics } from './base/metrics.ts'
import type { SecretBox } from './base/secret-box.ts'
import type { Config } from './config.ts'
import type { Bus } from './coordination/bus.ts'
import type { Accounts } from './persistence/accounts.ts'
import type { Database } from './persistence/database.ts'
import { createDonationAccounts } from './persistence/donation-accounts.ts'
import { createDonationPositions } from './persistence/donation-positions.ts'
import { createDonations } from './persistence/donations.ts'
import { createParkedPayloads } from './persistence/parked-payloads.ts'
import type { DonationSource } from './platforms/donation-source.ts'
import type { OAuthProvider } from './platforms/oauth-provider.ts'

export interface DonationParts {
  config: Pick<Config, 'donationAlerts'>
  /** Times that tests shorten. */
  tuning: { sweepEveryMs?: { live: number; idle: number }; socketStableAfterMs?: number }
  db: Database
  box: SecretBox
  accounts: Accounts
  source: DonationSource
  oauth: OAuthProvider
  budget: Budget
  keeper: TokenKeeper
  /** Live channels go first. */
  isLive(channelId: string): boolean
  bus: Bus
  clock: Clock
  random: () => number
  logger: Logger
  metrics: Metrics
}

/** Everything that brings donations in, wired: connected accounts, their streams, and the one door. */
export function composeDonations(parts: DonationParts) {
  const { config, tuning, db, box, source, budget, keeper, bus, clock, random, logger, metrics } = parts
  const accounts = createDonationAccounts(db)
  const donations = createDonations(db)
  const parked = createParkedPayloads(db)
  const receive = createReceiveDonation({ donations, parked, bus, metrics, clock, logger })
  const watch = createWatchDonations({
    accounts,
    source,
    budget,
    positions: createDonationPositions(db, box),
    donations,
    receive,
    withToken: (account, use) => keeper.withToken(account.id, use),
    isLive: parts.isLive,
    clock,
    random,
    logger,
    metrics,
    ...(tuning.sweepEveryMs ? { sweepEveryMs: tuning.sweepEveryMs } : {}),
    ...(tuning.socketStableAfterMs === undefined ? {} : { stableAfterMs: tuning.socketStableAfterMs }),
  })
  const later = (work: Promise<void>, what: string) => {
    work.catch((error: unknown) => logger.error({ err: error }, what))
  }
  const connect = createConnectDonations({
    accounts: parts.accounts,
    provider: parts.oauth,
    source,
    applications: config.donationAlerts.applications.map(({ clientId }) => clientId),
    // Live streamers go first, also before a person who waits for the first connection.
    payFor: (application, job) => budget.spend(application, 'onboarding', job),
    onDonationsConnected: (channelId, socketToken) =>
      later(watch.connected(channelId, socketToken), 'a connected account could not be watched'),
    onDonationsDisconnected: (channelId) =>
      later(watch.disconnected(channelId), 'a disconnected account could not be let go'),
  })
  return { accounts, donations, parked, receive, watch, connect }
}
