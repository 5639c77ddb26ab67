import { join } from 'node:path'
import { createCountForMetrics } from './app/count-for-metrics.ts'
import { createOAuthStates } from './app/oauth-state.ts'
import { createSignIn } from './app/sign-in.ts'
import { createUseOnce } from './app/use-once.ts'
import type { Clock } from './base/clock.ts'
import type { Logger } from './base/logger.ts'
import type { Metrics } from './base/metrics.ts'
import type { SecretBox } from './base/secret-box.ts'
import type { composeChat } from './compose-chat.ts'
import type { Cluster } from './compose-cluster.ts'
import type { composeDonations } from './compose-donations.ts'
import type { composeOverlays } from './compose-overlays.ts'
import type { Config } from './config.ts'
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
import { createAdminViews } from './persistence/admin-views.ts'
import type { Alerts } from './persistence/alerts.ts'
import type { Channels } from './persistence/channels.ts'
import type { Database } from './persistence/database.ts'
import { createLedger } from './persistence/ledger.ts'
import type { Sessions } from './persistence/sessions.ts'
import { createUsedKeys } from './persistence/used-keys.ts'
import type { OAuthProvider } from './platforms/oauth-provider.ts'
import { type watchPlatformHealth, worst } from './platforms/platform-health.ts'
import type { Helix } from './platforms/twitch/helix.ts'

export interface HttpParts {
  config: Config
  /** What tests change. */
  tuning: { rateLimits?: Parameters<typeof createServer>[0]['rateLimits'] }
  version: string
  isServing: () => boolean
  db: Database
  box: SecretBox
  alerts: Alerts
  channels: Channels
  sessions: Sessions
  health: ReturnType<typeof watchPlatformHealth>
  twitch: OAuthProvider
  helix: Helix
  cluster: Pick<Cluster, 'bus' | 'keys' | 'redisState'>
  overlays: ReturnType<typeof composeOverlays>
  chat: ReturnType<typeof composeChat>
  donations: ReturnType<typeof composeDonations>
  clock: Clock
  random: () => number
  logger: Logger
  metrics: Metrics
}

const PAGES = join(import.meta.dirname, '..', 'dist')

/** Whoever does not hang up by himself is not waited for longer. */
const HANG_UP_WITHIN_MS = 2_000

/** Everything that is asked over HTTP, wired: pages and their API where this node serves them, operators' questions on every node. */
export async function composeHttp(parts: HttpParts) {
  const { config, tuning, db, box, alerts, channels, sessions, health, twitch, helix, cluster } = parts
  const { overlays, chat, donations, clock, random, logger, metrics } = parts
  const { bus } = cluster
  const { audience, showAlert } = overlays
  const describeBot = createDescribeBot({ bots: chat.control, chatFigures: chat.figures })

  const views = createAdminViews(db)
  const countForMetrics = createCountForMetrics({
    views,
    showing: () => audience.channels().filter((channelId) => audience.stageFor(channelId)?.preview === false),
    clock,
    metrics,
  })

  const cookie = createSessionCookie({ secure: config.secure })
  const tickets = createOverlayTickets(box, clock)
  const donationsConfigured = config.donationAlerts.applications.length > 0
  const isWeb = config.roles.has('web')
  const everyNodesRoutes = [
    pageRoutes({ directory: PAGES, web: isWeb }),
    assetRoutes({ directory: PAGES }),
    healthRoutes({
      isServing: parts.isServing,
      database: db.ping,
      redis: cluster.redisState,
      twitch: () => worst(health.of('twitch'), chat.health()),
      donationAlerts: () => health.of('donationalerts'),
      demo: config.demo,
      donationsConfigured,
      version: parts.version,
    }),
    metricsRoutes({
      metrics,
      countNow: async () => void (await Promise.all([showAlert.countOpen(), countForMetrics()])),
      clock,
    }),
    adminApiRoutes({
      views,
      parked: donations.parked,
      nodeId: config.nodeId,
      now: clock.now,
    }),
  ]
  const webRoutes = [
    authRoutes({
      signIn: createSignIn({
        db,
        box,
        provider: twitch,
        identify: (accessToken) => helix.me(accessToken),
        application: config.twitch.clientId,
        onAllowed: chat.control.permissionGranted,
      }),
      chatPermissions: chat.permissions,
      connectDonations: donations.connect,
      states: createOAuthStates({
        box,
        usedKeys: createUseOnce({ sharedKeys: cluster.keys, usedKeys: createUsedKeys(db) }),
        clock,
      }),
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
      presence: overlays.presence,
      donationStatus: donations.status,
      connectDonations: donations.connect,
      describeBot,
      bus,
      now: clock.now,
      baseUrl: config.baseUrl,
      donationsConfigured,
      demo: config.demo,
    }),
    testApiRoutes({ channels, receiveDonation: donations.receive, testChat: chat.testChat, now: clock.now }),
    botApiRoutes({ bots: chat.control, describeBot }),
    lookApiRoutes({ looks: chat.looks, onLookChanged: chat.lookChanged }),
    ledgerRoutes({ ledger: createLedger(db) }),
    overlaySessionRoutes({ channels, audience, showAlert, readSnapshot: overlays.readSnapshot, tickets, clock }),
    overlayStreamRoutes({
      channels,
      audience,
      presence: overlays.presence,
      showAlert,
      readSnapshot: overlays.readSnapshot,
      tickets,
      build: overlayBuild(PAGES),
      clock,
      random,
      logger,
      metrics,
    }),
  ]
  const app = await createServer({
    baseUrl: config.baseUrl,
    adminToken: config.adminToken,
    trustedProxies: config.trustedProxies,
    sessions,
    cookie,
    logger,
    ...(tuning.rateLimits ? { rateLimits: tuning.rateLimits } : {}),
    routes: isWeb ? [...everyNodesRoutes, ...webRoutes] : everyNodesRoutes,
  })
  return {
    /** Resolves when requests are taken. */
    listen: () => listen(app, config),
    /** Ends what is open, and resolves when no request is under way. */
    async close(): Promise<void> {
      audience.endAll('shutdown')
      // Whoever does not hang up by himself is not waited for.
      const cancel = clock.after(HANG_UP_WITHIN_MS, () => app.server.closeAllConnections())
      await app.close()
      cancel()
      await showAlert.settled()
    },
  }
}
