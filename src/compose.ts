import packageJson from '../package.json' with { type: 'json' }
import { createTokenKeeper } from './app/keep-token-fresh.ts'
import { resealOverlayKeys } from './app/reseal-overlay-keys.ts'
import { createBudget } from './app/donations/spend-budget.ts'
import { validateTwitchTokens } from './app/validate-twitch-tokens.ts'
import { systemClock } from './base/clock.ts'
import type { Logger } from './base/logger.ts'
import { createMetrics } from './base/metrics.ts'
import { createSecretBox } from './base/secret-box.ts'
import { composeAssignments } from './compose-assignments.ts'
import { composeChat } from './compose-chat.ts'
import { composeCluster } from './compose-cluster.ts'
import { composeDonations } from './compose-donations.ts'
import { composeHttp, type HttpParts } from './compose-http.ts'
import { composeOverlays } from './compose-overlays.ts'
import type { Config } from './config.ts'
import { createAccounts } from './persistence/accounts.ts'
import { createAlerts } from './persistence/alerts.ts'
import { createChannels } from './persistence/channels.ts'
import { openDatabase } from './persistence/open-database.ts'
import { createPlatformBudgets } from './persistence/platform-budgets.ts'
import { createSessions } from './persistence/sessions.ts'
import { createWatchedChannels } from './persistence/watched-channels.ts'
import { createDonationAlerts } from './platforms/donationalerts/donation-alerts.ts'
import { createDonationAlertsOAuth } from './platforms/donationalerts/oauth.ts'
import { watchPlatformHealth } from './platforms/platform-health.ts'
import { createPlatformRequest } from './platforms/request.ts'
import { createHelix } from './platforms/twitch/helix.ts'
import { createTwitchOAuth } from './platforms/twitch/oauth.ts'
import { createTwitchChat } from './platforms/twitch/twitch-chat.ts'
import { createService, LEAVE_WITHIN_MS, type Service, type ServiceLife } from './service.ts'

/** Times that tests shorten; operators never need to. */
export interface Tuning {
  budgetSpacingMs?: number
  rateWindowMs?: number
  sweepEveryMs?: { live: number; idle: number }
  socketStableAfterMs?: number
  noteEveryMs?: number
  checkAlertsEveryMs?: number
  rateLimits?: HttpParts['tuning']['rateLimits']
}

/** What a part may take to end before the next is ended all the same: together less than `main.ts` gives to all. */
const END_WITHIN_MS = 2_000
/** Requests that are under way, and then alerts. */
const HTTP_ENDS_WITHIN_MS = 4_000
/** A token that is being refreshed at this moment would be lost with its answer. */
const END_STREAMS_WITHIN_MS = 4_000

export function compose(config: Config, logger: Logger, tuning: Tuning = {}): Service {
  const clock = systemClock
  const random = Math.random
  return createService({ begin, clock, logger })

  async function begin(life: ServiceLife): Promise<void> {
    const metrics = createMetrics()
    const box = createSecretBox(config.secretKeys)
    // First: a Redis that is required and not there is told before a database is made.
    const cluster = await composeCluster({ config, clock, random, logger, metrics })
    life.began({ name: 'cluster', end: cluster.close, withinMs: END_WITHIN_MS })
    if (life.signal.aborted) return
    const db = await openDatabase({ url: config.databaseUrl, dataDir: config.dataDir, clock, logger, metrics })
    // The last to end, and without a limit of its own: an embedded server is to write down what it has.
    life.endsLast({ name: 'database', end: db.close })
    if (life.signal.aborted) return
    const { bus } = cluster

    const accounts = createAccounts(db, box)
    const alerts = createAlerts(db)
    const channels = createChannels(db, box)
    const sessions = createSessions(db)

    const health = watchPlatformHealth(createPlatformRequest({ clock, metrics }))
    const { request } = health
    const twitch = createTwitchOAuth({
      authUrl: config.twitch.authUrl,
      applications: new Map([[config.twitch.clientId, config.twitch.clientSecret]]),
      request,
    })
    const helix = createHelix({ apiUrl: config.twitch.apiUrl, clientId: config.twitch.clientId, request })
    const { applications, url, socketUrl } = config.donationAlerts
    const donationAlertsOAuth = createDonationAlertsOAuth({
      url,
      applications: new Map(applications.map(({ clientId, clientSecret }) => [clientId, clientSecret])),
      request,
    })

    const budget = createBudget({
      budgets: createPlatformBudgets(db),
      clock,
      random,
      metrics,
      signal: life.signal,
      ...(tuning.budgetSpacingMs === undefined ? {} : { spacingMs: tuning.budgetSpacingMs }),
      ...(tuning.rateWindowMs === undefined ? {} : { rateWindowMs: tuning.rateWindowMs }),
    })
    const payForDonations = <T>(application: string, job: () => Promise<T>) => budget.spend(application, 'refresh', job)
    const keeper = createTokenKeeper({
      accounts,
      providers: { twitch, donationalerts: donationAlertsOAuth },
      payFor: { donationalerts: payForDonations },
      clock,
      logger,
      nodeId: config.nodeId,
      onRevived: ({ userId, provider }) => provider === 'donationalerts' && void donations.lookAgain(userId),
      signal: life.signal,
    })

    const assignments = composeAssignments({
      config,
      version: packageJson.version,
      db: db.vital,
      cluster,
      overlays: () => overlays.audience.count(),
      chat: () => chat.nodeFigures(),
      clock,
      random,
      logger,
      metrics,
    })
    const watched = createWatchedChannels(db)
    const overlays = composeOverlays({
      rows: watched,
      alerts,
      channels,
      bus,
      keys: cluster.keys,
      sharesKeys: config.redis !== null,
      session: assignments.node,
      previewsShowAll: config.demo,
      tuning,
      clock,
      logger,
      metrics,
    })
    const chat = composeChat({
      config,
      db,
      platform: createTwitchChat({ ...config.twitch, request, clock, random, logger, metrics }),
      channels,
      stages: overlays.stages,
      ownStages: overlays.own,
      ask: overlays.ask,
      ownerOf: async (channelId) => (await watched.look([channelId]))[0]?.owner ?? null,
      isWatched: overlays.audience.isWatched,
      bus,
      assignments,
      clock,
      random,
      logger,
      metrics,
    })
    const donations = composeDonations({
      config,
      tuning,
      db,
      box,
      accounts,
      source: createDonationAlerts({ url, socketUrl, request, clock, random, logger }),
      oauth: donationAlertsOAuth,
      budget,
      keeper,
      session: assignments.node,
      watchedElsewhere: overlays.presence.live,
      isLiveHere: (channelId) => overlays.audience.isLive(channelId) || chat.bots.isStreamLive(channelId),
      bus,
      clock,
      random,
      logger,
      metrics,
    })
    for (const runner of donations.runners) assignments.register(runner)
    const http = await composeHttp({
      config,
      tuning,
      version: packageJson.version,
      isServing: life.isServing,
      db,
      box,
      alerts,
      channels,
      sessions,
      health,
      twitch,
      helix,
      cluster,
      overlays,
      chat,
      donations,
      clock,
      random,
      logger,
      metrics,
    })
    life.began({ name: 'http', end: http.close, withinMs: HTTP_ENDS_WITHIN_MS })
    overlays.start()
    life.began({ name: 'overlays', end: overlays.stop })
    if (life.signal.aborted) return
    await http.listen()
    life.serves(overlays.drain)

    life.began({ name: 'chat bots', end: chat.stop, withinMs: END_WITHIN_MS })
    life.began({ name: 'donation streams', end: donations.stop, withinMs: END_STREAMS_WITHIN_MS })
    donations.start()
    life.began({ name: 'assignments', end: assignments.leave, withinMs: LEAVE_WITHIN_MS })
    await assignments.start()
    life.takesPart(assignments.leave)
    const validating = validateTwitchTokens({
      accounts,
      sessions,
      keeper,
      validate: (accessToken) => twitch.validate(accessToken, life.signal),
      clock,
      logger,
      signal: life.signal,
    })
    void resealOverlayKeys(channels, logger)
    life.began({ name: 'token validation', end: () => validating, withinMs: END_WITHIN_MS })
    logger.info(
      { host: config.host, port: config.port, baseUrl: config.baseUrl, version: packageJson.version },
      'ready',
    )
  }
}
