import { join } from 'node:path'
import packageJson from '../package.json' with { type: 'json' }
import { createConnectDonations } from './app/connect-donations.ts'
import { createTokenKeeper } from './app/keep-token-fresh.ts'
import { createOAuthStates } from './app/oauth-state.ts'
import { createOverlayAudience } from './app/overlay-audience.ts'
import { createReceiveDonation } from './app/receive-donation.ts'
import { createShowAlert } from './app/show-alert.ts'
import { createSignIn } from './app/sign-in.ts'
import { createBudget } from './app/spend-budget.ts'
import { validateTwitchTokens } from './app/validate-twitch-tokens.ts'
import { createWatchDonations } from './app/watch-donations.ts'
import { systemClock } from './base/clock.ts'
import { AppError, StartError } from './base/errors.ts'
import type { Logger } from './base/logger.ts'
import { createMetrics } from './base/metrics.ts'
import { createSecretBox } from './base/secret-box.ts'
import type { Config } from './config.ts'
import { createMemoryBus } from './coordination/bus.memory.ts'
import { createReadCaller } from './http/access.ts'
import type { App } from './http/app.ts'
import { adminApiRoutes } from './http/admin-api.ts'
import { assetRoutes } from './http/assets.ts'
import { authRoutes } from './http/auth.ts'
import { channelApiRoutes } from './http/channel-api.ts'
import { healthRoutes } from './http/health.ts'
import { ledgerRoutes } from './http/ledger-api.ts'
import { metricsRoutes } from './http/metrics.ts'
import { overlaySessionRoutes } from './http/overlay-session.ts'
import { overlayStreamRoutes } from './http/overlay-stream.ts'
import { createOverlayTickets } from './http/overlay-ticket.ts'
import { overlayBuild, pageRoutes } from './http/pages.ts'
import { createServer } from './http/server.ts'
import { createSessionCookie } from './http/session.ts'
import { createAccounts } from './persistence/accounts.ts'
import { createAlerts } from './persistence/alerts.ts'
import { createChannels, type Channels } from './persistence/channels.ts'
import { openDatabase } from './persistence/open-database.ts'
import { createDonationAccounts } from './persistence/donation-accounts.ts'
import { createDonationPositions } from './persistence/donation-positions.ts'
import { createDonations } from './persistence/donations.ts'
import { createLedger } from './persistence/ledger.ts'
import { createParkedPayloads } from './persistence/parked-payloads.ts'
import { createPlatformBudgets } from './persistence/platform-budgets.ts'
import { createSessions } from './persistence/sessions.ts'
import { createUsedKeys } from './persistence/used-keys.ts'
import { createDonationAlerts } from './platforms/donationalerts/donation-alerts.ts'
import { createDonationAlertsOAuth } from './platforms/donationalerts/oauth.ts'
import { watchPlatformHealth } from './platforms/platform-health.ts'
import { createPlatformRequest } from './platforms/request.ts'
import { createHelix } from './platforms/twitch/helix.ts'
import { createTwitchOAuth } from './platforms/twitch/oauth.ts'

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
    const donationAccounts = createDonationAccounts(db)
    const donations = createDonations(db)
    const parked = createParkedPayloads(db)
    const positions = createDonationPositions(db, box)
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
    const donationAlerts = createDonationAlerts({ url, socketUrl, request, clock, random, logger })

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
    const showAlert = createShowAlert({
      alerts,
      channels,
      audience,
      bus,
      clock,
      logger,
      metrics,
      previewsShowAll: config.demo,
      ...(tuning.checkAlertsEveryMs === undefined ? {} : { checkEveryMs: tuning.checkAlertsEveryMs }),
    })
    const receiveDonation = createReceiveDonation({ donations, parked, bus, metrics, clock, logger })
    const watchDonations = createWatchDonations({
      accounts: donationAccounts,
      source: donationAlerts,
      budget,
      positions,
      donations,
      receive: receiveDonation,
      withToken: (account, use) => keeper.withToken(account.id, use),
      isLive: audience.isLive,
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
    const connectDonations = createConnectDonations({
      accounts,
      provider: donationAlertsOAuth,
      source: donationAlerts,
      applications: applications.map(({ clientId }) => clientId),
      // Live streamers go first, also before a person who waits for the first connection.
      payFor: (application, job) => budget.spend(application, 'onboarding', job),
      onDonationsConnected: (channelId, socketToken) =>
        later(watchDonations.connected(channelId, socketToken), 'a connected account could not be watched'),
      onDonationsDisconnected: (channelId) =>
        later(watchDonations.disconnected(channelId), 'a disconnected account could not be let go'),
    })

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
          twitch: () => health.of('twitch'),
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
          }),
          connectDonations,
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
          accounts: donationAccounts,
          donations,
          audience,
          watchDonations,
          connectDonations,
          receiveDonation,
          bus,
          now: clock.now,
          baseUrl: config.baseUrl,
          donationsConfigured,
          demo: config.demo,
        }),
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
        adminApiRoutes({ watchDonations, parked, audience, nodeId: config.nodeId, startedAt, now: clock.now }),
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
      },
    })
    showAlert.start()
    ends.push({ name: 'alerts', end: showAlert.stop })
    if (life.signal.aborted) return
    await listen(app, config)
    serving = true

    ends.push({ name: 'donation streams', end: watchDonations.stop, withinMs: END_STREAMS_WITHIN_MS })
    await watchDonations.start()
    const validating = validateTwitchTokens({
      accounts,
      sessions,
      keeper,
      validate: (accessToken) => twitch.validate(accessToken, life.signal),
      clock,
      logger,
      signal: life.signal,
    })
    later(resealOverlayKeys(channels, logger), 'overlay keys could not be sealed anew')
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

async function listen(app: App, { host, port }: Config): Promise<void> {
  try {
    await app.listen({ host, port, listenTextResolver: (address) => `listening at ${address}` })
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'EADDRINUSE') {
      throw new StartError(
        69,
        [`PORT ${port} on ${host} is taken by another program. Stop it, or set PORT to another number.`],
        { cause },
      )
    }
    if (code === 'EACCES' || code === 'EADDRNOTAVAIL') {
      throw new StartError(78, [`HOST ${host} with PORT ${port} cannot be listened on here (${code}).`], { cause })
    }
    throw cause
  }
}
