import { createConnectDonations } from './app/donations/connect-donations.ts'
import type { TokenKeeper } from './app/keep-token-fresh.ts'
import type { NodeSession } from './app/assignments/assignment-runner.ts'
import { createReadDonationStatus } from './app/donations/donation-status.ts'
import { createLiveChannels, type ReadLive } from './app/donations/live-channels.ts'
import { createReceiveDonation } from './app/donations/receive-donation.ts'
import type { Budget } from './app/donations/spend-budget.ts'
import { createStandBy } from './app/donations/stand-by.ts'
import { createWatchDonations } from './app/donations/watch-donations.ts'
import { createWishStandbys } from './app/donations/wish-standbys.ts'
import type { Clock } from './base/clock.ts'
import type { Logger } from './base/logger.ts'
import type { Metrics } from './base/metrics.ts'
import type { SecretBox } from './base/secret-box.ts'
import type { Config } from './config.ts'
import type { Bus } from './coordination/bus.ts'
import type { Accounts } from './persistence/accounts.ts'
import type { Database } from './persistence/database.ts'
import { createDonationConnections } from './persistence/donation-connections.ts'
import { createDonationStreams } from './persistence/donation-streams.ts'
import { createDonationAccounts, type DonationAccount } from './persistence/donation-accounts.ts'
import { createDonationPositions } from './persistence/donation-positions.ts'
import { createDonations } from './persistence/donations.ts'
import { createParkedPayloads } from './persistence/parked-payloads.ts'
import type { DonationSource } from './platforms/donation-source.ts'
import type { OAuthProvider } from './platforms/oauth-provider.ts'

export interface DonationParts {
  config: Pick<Config, 'donationAlerts' | 'roles' | 'watchdogIntervalMs'>
  /** Times that tests shorten. */
  tuning: { sweepEveryMs?: { live: number; idle: number }; socketStableAfterMs?: number; noteEveryMs?: number }
  db: Database
  box: SecretBox
  accounts: Accounts
  source: DonationSource
  oauth: OAuthProvider
  budget: Budget
  keeper: TokenKeeper
  /** What this node sees of a channel itself: its overlays, its stream. Live channels go first. */
  isLiveHere(channelId: string): boolean
  /** Channels whose overlays other nodes have open. */
  watchedElsewhere: ReadLive
  session: NodeSession
  bus: Bus
  clock: Clock
  random: () => number
  logger: Logger
  metrics: Metrics
}

/** Everything that brings donations in, wired: connected accounts, their streams, and the one door. */
export function composeDonations(parts: DonationParts) {
  const { config, tuning, db, box, source, budget, keeper, session, bus, clock, random, logger, metrics } = parts
  const accounts = createDonationAccounts(db)
  const donations = createDonations(db)
  const parked = createParkedPayloads(db)
  const receive = createReceiveDonation({ donations, parked, bus, metrics, clock, logger })
  const rows = createDonationStreams(db)
  const live = createLiveChannels({
    isLiveHere: parts.isLiveHere,
    elsewhere: [rows.onAir, parts.watchedElsewhere],
    listen: (channelId, onNews) =>
      bus.subscribe(`news:${channelId}`, ({ type }) => {
        if (type === 'overlays-changed') onNews()
      }),
    everyMs: config.watchdogIntervalMs,
    clock,
    logger,
  })
  const { secondSocket } = config.donationAlerts
  const positions = createDonationPositions(db, box)
  const common = {
    accounts,
    source,
    budget,
    positions,
    receive,
    withToken: <T>(account: DonationAccount, use: (accessToken: string) => Promise<T>) =>
      keeper.withToken(account.id, use),
    clock,
    random,
    logger,
    metrics,
    ...(tuning.socketStableAfterMs === undefined ? {} : { stableAfterMs: tuning.socketStableAfterMs }),
  }
  const standbys = secondSocket ? createWishStandbys({ rows, session, bus, clock, logger }) : undefined
  const streams = createWatchDonations({
    ...common,
    rows,
    session,
    live,
    donations,
    ...(standbys ? { standbys } : {}),
    ...(tuning.sweepEveryMs ? { sweepEveryMs: tuning.sweepEveryMs } : {}),
    ...(tuning.noteEveryMs === undefined ? {} : { noteEveryMs: tuning.noteEveryMs }),
  })
  const standBy = createStandBy(common)
  const onChanged = (channelId: string) =>
    bus.publish('cluster', { type: 'assignments-changed', kind: 'donations', keys: [channelId] })
  const connect = createConnectDonations({
    accounts: parts.accounts,
    connections: createDonationConnections(db, box),
    provider: parts.oauth,
    source,
    random,
    applications: config.donationAlerts.applications.map(({ clientId }) => clientId),
    // Live streamers go first, also before a person who waits for the first connection.
    payFor: (application, job) => budget.spend(application, 'onboarding', job),
    onChanged,
  })
  return {
    accounts,
    donations,
    parked,
    receive,
    connect,
    status: createReadDonationStatus(rows, streams.status),
    /** The stream of a person whose account works again, which stands still somewhere. */
    async lookAgain(userId: string): Promise<void> {
      try {
        const channelId = await accounts.channelOf(userId)
        if (channelId !== undefined) onChanged(channelId)
      } catch (error) {
        logger.warn({ err: error, userId }, 'a donation stream stands still until its node looks again')
      }
    },
    /** What the supervisor of assignments is to drive on this node. */
    runners: secondSocket ? [streams, standBy] : [streams],
    start() {
      streams.start()
      if (!secondSocket && config.roles.has('donations')) {
        // What an earlier setting left behind would wait for an owner for ever.
        rows.forgetStandbys().catch((error: unknown) => {
          logger.warn({ err: error }, 'wishes for second donation sockets could not be taken back')
        })
      }
    },
    async stop() {
      live.stop()
      standbys?.stop()
      await Promise.all([streams.stop(), standBy.stop()])
    },
  }
}
