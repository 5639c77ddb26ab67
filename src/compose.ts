import { join } from 'node:path'
import packageJson from '../package.json' with { type: 'json' }
import { createTokenKeeper } from './app/keep-token-fresh.ts'
import { createOAuthStates } from './app/oauth-state.ts'
import { createOverlayAudience } from './app/overlay-audience.ts'
import { createPublishStage } from './app/publish-stage.ts'
import { createShowAlert } from './app/show-alert.ts'
import { createSignIn } from './app/sign-in.ts'
import { createBudget } from './app/spend-budget.ts'
import { validateTwitchTokens } from './app/validate-twitch-tokens.ts'
import { systemClock } from './base/clock.ts'
import { AppError } from './base/errors.ts'
import type { Logger } from './base/logger.ts'
import { createMetrics } from './base/metrics.ts'
import { createSecretBox } from './base/secret-box.ts'
import { composeChat } from './compose-chat.ts'
import { composeDonations } from './compose-donations.ts'
import type { Config } from './config.ts'
import { createMemoryBus } from './coordination/bus.memory.ts'
import { createReadCaller } from './http/access.ts'
import { adminApiRoutes } from './http/admin-api.ts'
import { assetRoutes } from './http/assets.ts'
import { authRoutes } from './http/auth.ts'
import { botApiRoutes, createDescribeBot } from './http/bot-api.ts'
import { channelApiRoutes } from './http/channel-api.ts'
import { healthRoutes } from './http/health.ts'
import { ledgerRoutes } from './http/ledger-api.ts'
import { listen } from './http/listen.ts'
import { lookApiRoutes } from './http/look-api.ts'
import { metricsRoutes } from './http/metrics.ts'
import { overlaySessionRoutes } from './http/overlay-session.ts'
import { overlayStreamRoutes } from './http/overlay-stream.ts'
import { createOverlayTickets } from './http/overlay-ticket.ts'
import { overlayBuild, pageRoutes } from './http/pages.ts'
import { createServer } from './http/server.ts'
import { createSessionCookie } from './http/session.ts'
import { testApiRoutes } from './http/test-api.ts'
import { createAccounts } from './persistence/accounts.ts'
import { createAlerts } from './persistence/alerts.ts'
import { createChannels, type Channels } from './persistence/channels.ts'
import { openDatabase } from './persistence/open-database.ts'
import { createLedger } from './persistence/ledger.ts'
import { createPlatformBudgets } from './persistence/platform-budgets.ts'
import { createSessions } from './persistence/sessions.ts'
import { createUsedKeys } from './persistence/used-keys.ts'
import { createDonationAlerts } from './platforms/donationalerts/donation-alerts.ts'
import { createDonationAlertsOAuth } from './platforms/donationalerts/oauth.ts'
import { watchPlatformHealth, worst } from './platforms/platform-health.ts'
import { createPlatformRequest } from './platforms/request.ts'
import { createHelix } from './platforms/twitch/helix.ts'
import { createTwitchOAuth } from './platforms/twitch/oauth.ts'
import { createTwitchChat } from './platforms/twitch/twitch-chat.ts'

/** Times that tests shorten; operators never need to. */
export interface Tuning {
  budgetSpacingMs?: number
  rateWindowMs?: number
  sweepEveryMs?: { live: number; idle: number }
  socketStableAfterMs?: number
  checkAlertsEveryMs?: number
  rateLimits?: Parameters<typeof createServer>[0]['rateLimits']
}

/** One node: everything wired together, nothing begun. */
export interface Service {
  /** Opens the database, migrates it, listens, and brings all streams back. */
  start(): Promise<void>
  /** Ends everything in the order in which it depends on each other. Safe to call more than once, also while starting. */
  stop(): Promise<void>
}

/** What a part may take to end before the next is ended all the same: together less than `main.ts` gives to all. */
const END_WITHIN_MS = 2_000
/** A token that is being refreshed at this moment would be lost with its answer. */
const END_STREAMS_WITHIN_MS = 4_000
/** A start that is told to stop goes no further than the step it is at. */
const START_ENDS_WITHIN_MS = 4_000

const PAGES = join(import.meta.dirname, '..', 'dist')

export function compose(config: Config, logger: Logger, tuning: Tuning = {}): Service {
  const clock = systemClock
  const random = Math.random
  const startedAt = clock.now()
  const life = new AbortController()
  /** What has begun, to be ended in reverse. */
  const ends: Array<{ name: string; end: () => unknown; withinMs?: number }> = []
  let starting: Promise<void> | undefined
  let serving = false
  let stopping: Promise<void> | undefined

  return {
    start() {
      starting ??= start()
      return starting
    },
    stop() {
      stopping ??= stop()
      return stopping
    },
  }

  async function stop() {
    serving = false
    life.abort(new AppError('shutting-down'))
    // What it is opening at this moment would be left open; how it fails is its caller's affair.
    await inTime(
      starting?.catch(() => undefined),
      START_ENDS_WITHIN_MS,
    )
    for (let last = ends.pop(); last; last = ends.pop()) {
      const { name, end, withinMs } = last
      try {
        if (!(await inTime(end(), withinMs))) logger.warn({ part: name, withinMs }, 'a part did not end in time')
      } catch (error) {
        logger.error({ err: error, part: name }, 'a part did not end well')
      }
    }
  }

  async function inTime(work: unknown, withinMs: number | undefined): Promise<boolean> {
    const patience = new AbortController()
    const late = withinMs === undefined ? null : clock.sleep(withinMs, patience.signal).then(() => false)
    const done = Promise.resolve(work).then(() => true)
    try {
      return await (late === null ? done : Promise.race([done, late.catch(() => false)]))
    } finally {
      patience.abort()
    }
  }

  async function start() {
    const metrics = createMetrics()
    const box = createSecretBox(config.secretKeys)
    const db = await openDatabase({ url: config.databaseUrl, dataDir: config.dataDir, clock, logger, metrics })
    // Without a limit of its own: an embedded server is to write down what it has.
    ends.push({ name: 'database', end: db.close })
    if (life.signal.aborted) return

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

    const bus = createMemoryBus({ onError: (error) => logger.error({ err: error }, 'a listener of the bus failed') })
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
      signal: life.signal,
    })

    const audience = createOverlayAudience({
      clock,
      metrics,
      epoch: clock.now(),
      onChange: (channelId) => showAlert.audienceChanged(channelId),
    })
    const stages = createPublishStage({ audience, clock, metrics })
    const chat = composeChat({
      config,
      db,
      platform: createTwitchChat({ ...config.twitch, request, clock, random, logger, metrics }),
      channels,
      stages,
      isWatched: audience.isWatched,
      bus,
      clock,
      random,
      logger,
      metrics,
    })
    const showAlert = createShowAlert({
      alerts,
      channels,
      audience,
      stages,
      bus,
      clock,
      logger,
      metrics,
      previewsShowAll: config.demo,
      ...(tuning.checkAlertsEveryMs === undefined ? {} : { checkEveryMs: tuning.checkAlertsEveryMs }),
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
      isLive: (channelId) => audience.isLive(channelId) || chat.bots.isStreamLive(channelId),
      bus,
      clock,
      random,
      logger,
      metrics,
    })
    const describeBot = createDescribeBot({ bots: chat.bots, chatFigures: chat.figures, nodeId: config.nodeId })

    const cookie = createSessionCookie({ secure: config.secure })
    const tickets = createOverlayTickets(box, clock)
    const donationsConfigured = applications.length > 0
    const app = await createServer({
      baseUrl: config.baseUrl,
      adminToken: config.adminToken,
      trustedProxies: config.trustedProxies,
      sessions,
      cookie,
      logger,
      ...(tuning.rateLimits ? { rateLimits: tuning.rateLimits } : {}),
      routes: [
        pageRoutes({ directory: PAGES }),
        assetRoutes({ directory: PAGES }),
        healthRoutes({
          isServing: () => serving,
          database: db.ping,
          twitch: () => worst(health.of('twitch'), chat.health()),
          donationAlerts: () => health.of('donationalerts'),
          demo: config.demo,
          donationsConfigured,
          version: packageJson.version,
        }),
        metricsRoutes({ metrics, countNow: showAlert.countOpen, clock }),
        authRoutes({
          signIn: createSignIn({
            db,
            box,
            provider: twitch,
            identify: (accessToken) => helix.me(accessToken),
            application: config.twitch.clientId,
            onAllowed: chat.bots.permissionGranted,
          }),
          chatPermissions: chat.permissions,
          connectDonations: donations.connect,
          states: createOAuthStates({ box, usedKeys: createUsedKeys(db), clock }),
          sessions,
          cookie,
          readCaller: createReadCaller(sessions, cookie),
          baseUrl: config.baseUrl,
          clock,
        }),
        channelApiRoutes({
          channels,
          alerts,
          accounts: donations.accounts,
          donations: donations.donations,
          audience,
          watchDonations: donations.watch,
          connectDonations: donations.connect,
          describeBot,
          bus,
          now: clock.now,
          baseUrl: config.baseUrl,
          donationsConfigured,
          demo: config.demo,
        }),
        testApiRoutes({ channels, receiveDonation: donations.receive, testChat: chat.testChat, now: clock.now }),
        botApiRoutes({ bots: chat.bots, describeBot }),
        lookApiRoutes({ looks: chat.looks, onLookChanged: chat.lookChanged }),
        ledgerRoutes({ ledger: createLedger(db) }),
        overlaySessionRoutes({ channels, audience, showAlert, tickets, clock }),
        overlayStreamRoutes({
          channels,
          audience,
          showAlert,
          tickets,
          build: overlayBuild(PAGES),
          clock,
          random,
          logger,
          metrics,
        }),
        adminApiRoutes({
          watchDonations: donations.watch,
          bots: chat.bots,
          parked: donations.parked,
          audience,
          nodeId: config.nodeId,
          startedAt,
          now: clock.now,
        }),
      ],
    })
    ends.push({
      name: 'http',
      withinMs: 2 * END_WITHIN_MS,
      end: async () => {
        audience.endAll('shutdown')
        // Whoever does not hang up by himself is not waited for.
        const cancel = clock.after(END_WITHIN_MS, () => app.server.closeAllConnections())
        await app.close()
        cancel()
        await showAlert.settled()
      },
    })
    showAlert.start()
    ends.push({ name: 'alerts', end: showAlert.stop })
    if (life.signal.aborted) return
    await listen(app, config)
    serving = true

    ends.push({ name: 'chat bots', end: chat.stop, withinMs: END_WITHIN_MS })
    await chat.bots.start()
    ends.push({ name: 'donation streams', end: donations.watch.stop, withinMs: END_STREAMS_WITHIN_MS })
    await donations.watch.start()
    const validating = validateTwitchTokens({
      accounts,
      sessions,
      keeper,
      validate: (accessToken) => twitch.validate(accessToken, life.signal),
      clock,
      logger,
      signal: life.signal,
    })
    resealOverlayKeys(channels, logger).catch((error: unknown) => {
      logger.error({ err: error }, 'overlay keys could not be sealed anew')
    })
    ends.push({ name: 'token validation', end: () => validating, withinMs: END_WITHIN_MS })
    logger.info(
      { host: config.host, port: config.port, baseUrl: config.baseUrl, version: packageJson.version },
      'ready',
    )
  }
}

/** After a change of SECRET_KEYS: from here on the older keys are needed no more. */
async function resealOverlayKeys(channels: Channels, logger: Logger): Promise<void> {
  const { resealed, unreadable } = await channels.resealOverlayKeys()
  if (resealed > 0) logger.info({ resealed }, 'overlay keys were sealed with the new secret key')
  if (unreadable > 0) {
    logger.error({ unreadable }, 'overlay keys cannot be opened: add the key they were sealed with to SECRET_KEYS')
  }
}
