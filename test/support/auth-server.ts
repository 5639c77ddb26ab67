import type { TestContext } from 'node:test'
import { createChatPermissions } from '../../src/app/bots/chat-permissions.ts'
import { createConnectDonations, type ConnectDonationsOptions } from '../../src/app/donations/connect-donations.ts'
import { createOAuthStates } from '../../src/app/oauth-state.ts'
import { createSignIn } from '../../src/app/sign-in.ts'
import { systemClock, type Clock } from '../../src/base/clock.ts'
import type { Logger } from '../../src/base/logger.ts'
import type { SecretBox } from '../../src/base/secret-box.ts'
import { createReadCaller } from '../../src/http/access.ts'
import { authRoutes } from '../../src/http/auth.ts'
import { createServer, type ServerOptions } from '../../src/http/server.ts'
import { createSessionCookie } from '../../src/http/session.ts'
import { createAccounts } from '../../src/persistence/accounts.ts'
import { createDonationConnections } from '../../src/persistence/donation-connections.ts'
import type { Database } from '../../src/persistence/database.ts'
import { createSessions } from '../../src/persistence/sessions.ts'
import { createUsedKeys } from '../../src/persistence/used-keys.ts'
import { createFakePlatform, type FakePlatform } from './fake-platform.ts'
import { silentLogger } from './logger.ts'

export const BASE_URL = 'https://chatfolk.test'

export interface AuthServerOptions extends Partial<Omit<ServerOptions, 'sessions' | 'cookie'>> {
  db: Database
  box: SecretBox
  twitch?: FakePlatform
  donationAlerts?: FakePlatform
  clock?: Clock
  logger?: Logger
  donations?: Partial<ConnectDonationsOptions>
  botUserId?: string | null
}

/** A node's HTTP side with sign-in, between a real database and platforms in memory. Several may share them. */
export async function startAuthServer(t: TestContext, options: AuthServerOptions) {
  const { db, box, clock = systemClock, logger = silentLogger, baseUrl = BASE_URL, botUserId = null } = options
  const { twitch = createFakePlatform(), donationAlerts = createFakePlatform(), donations = {}, ...server } = options
  const sessions = createSessions(db)
  const accounts = createAccounts(db, box)
  const cookie = createSessionCookie({ secure: baseUrl.startsWith('https:') })
  const changed: string[] = []
  const allowed: string[] = []
  const connectDonations = createConnectDonations({
    accounts,
    connections: createDonationConnections(db, box),
    provider: donationAlerts.provider,
    source: {
      async profile(accessToken) {
        const { id, name } = await donationAlerts.whoIs(accessToken)
        return { accountId: id, name, socketToken: 'socket' }
      },
    },
    applications: ['da-1', 'da-2'],
    payFor: (_application, request) => request(),
    onChanged: (channelId) => void changed.push(channelId),
    random: () => 0,
    ...donations,
  })
  const app = await createServer({
    adminToken: null,
    trustedProxies: [],
    rateLimits: { auth: 100_000, other: 100_000 },
    ...server,
    baseUrl,
    logger,
    sessions,
    cookie,
    routes: [
      authRoutes({
        signIn: createSignIn({
          db,
          box,
          provider: twitch.provider,
          identify: twitch.whoIs,
          application: 'tw-1',
          onAllowed: (twitchUserId) => void allowed.push(twitchUserId),
        }),
        connectDonations,
        chatPermissions: createChatPermissions(botUserId),
        clock,
        states: createOAuthStates({ box, usedKeys: createUsedKeys(db), clock }),
        sessions,
        cookie,
        readCaller: createReadCaller(sessions, cookie),
        baseUrl,
      }),
      ...(server.routes ?? []),
    ],
  })
  t.after(() => app.close())
  return { app, sessions, accounts, twitch, donationAlerts, connectDonations, changed, allowed }
}
