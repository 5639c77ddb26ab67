import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { ChatPermissions } from '../app/bots/chat-permissions.ts'
import type { ConnectDonations } from '../app/donations/connect-donations.ts'
import { OAUTH_STATE_TTL_MS, type OAuthStates } from '../app/oauth-state.ts'
import type { SignIn } from '../app/sign-in.ts'
import type { Clock } from '../base/clock.ts'
import { AppError, type ErrorCode } from '../base/errors.ts'
import { newSecret } from '../base/secret-box.ts'
import type { Provider } from '../persistence/accounts.ts'
import type { Sessions } from '../persistence/sessions.ts'
import { callerOf, streamerOf, type Caller, type ReadCaller } from './access.ts'
import type { App, Routes } from './app.ts'
import { safeReturnPath, withParameters } from './return-path.ts'
import { secretIn, type SessionCookie } from './session.ts'

export interface AuthRoutesOptions {
  signIn: SignIn
  connectDonations: ConnectDonations
  chatPermissions: Pick<ChatPermissions, 'askFrom'>
  states: OAuthStates
  sessions: Pick<Sessions, 'end'>
  cookie: SessionCookie
  readCaller: ReadCaller
  baseUrl: string
  clock: Clock
}

/**
 * A connection waits for its place among the platform's 60 requests a minute. After this long the person goes back to
 * the dashboard, which shows when it came about; proxies would cut them off soon after.
 */
const PERSON_WAITS_MS = 15_000

/** What platforms and bookmarks may put into our addresses. Unfit values count as absent: a person stands before it. */
const parameter = (longest: number) => z.string().max(longest).optional().catch(undefined)
const loginQuery = z.object({ return: parameter(2_048), moved: parameter(1) })
const twitchLoginQuery = loginQuery.extend({ permissions: z.literal('chat').optional().catch(undefined) })
const callbackQuery = z.object({ state: parameter(4_096), code: parameter(4_096), error: parameter(256) })

const meReply = z.object({
  user: z.object({ id: z.string(), login: z.string(), name: z.string() }),
  channel: z.object({ id: z.string(), login: z.string() }).nullable(),
})

/** Both platforms' sign-ins, the way out, and who one is. */
export function authRoutes(options: AuthRoutesOptions): Routes {
  const { signIn, connectDonations, chatPermissions, states, sessions, cookie, readCaller, baseUrl, clock } = options
  const redirectUri = (provider: Provider) => `${baseUrl}/auth/${provider}/callback`
  const bindings = createBindings(baseUrl.startsWith('https:'))

  return (app) => {
    app.get(
      '/auth/twitch/login',
      { config: { access: 'public', pace: 'auth' }, schema: { querystring: twitchLoginQuery }, exposeHeadRoute: false },
      async (request, reply) => {
        // Cookies made at 127.0.0.1 are not there when Twitch sends the browser to localhost. Asked for once only: a
        // proxy may tell us another name than the browser sees.
        if (request.host !== new URL(baseUrl).host && request.query.moved === undefined) {
          return reply.redirect(baseUrl + withParameters(request.url, { moved: '1' }))
        }
        const forChat = request.query.permissions === 'chat'
        const scopes = forChat ? chatPermissions.askFrom(await readCaller(request, reply)) : []
        const binding = bindings.keep('twitch', request, reply)
        const journey = {
          returnTo: safeReturnPath(request.query.return),
          application: signIn.application,
          userId: null,
          scopes,
        }
        const state = states.issue('twitch', binding, journey)
        return reply.redirect(signIn.authorizeUrl({ redirectUri: redirectUri('twitch'), state, scopes }))
      },
    )

    callback(app, 'twitch', async (request, reply, { code, scopes }) => {
      const formerSessionId = cookie.read(request)
      const arrived = await signIn.finish({ code, redirectUri: redirectUri('twitch'), formerSessionId, scopes })
      cookie.write(reply, arrived.sessionId)
      return arrived.allowed ? null : 'missing-scope'
    })

    app.get(
      '/auth/donationalerts/login',
      { config: { access: 'streamer', pace: 'auth' }, schema: { querystring: loginQuery }, exposeHeadRoute: false },
      async (request, reply) => {
        const { userId } = streamerOf(request)
        const application = await connectDonations.chooseApplication(userId)
        const binding = bindings.keep('donationalerts', request, reply)
        const journey = { returnTo: safeReturnPath(request.query.return), application, userId, scopes: [] }
        const state = states.issue('donationalerts', binding, journey)
        return reply.redirect(
          connectDonations.authorizeUrl({ application, redirectUri: redirectUri('donationalerts'), state }),
        )
      },
    )

    callback(app, 'donationalerts', async (request, reply, { code, application, userId }) => {
      const caller = await readCaller(request, reply)
      if (!caller) return 'not-signed-in'
      // Somebody else signed in here meanwhile: the donations would land on the wrong channel.
      if (caller.userId !== userId) return 'oauth-state-invalid'
      const { channelId } = caller
      if (channelId === null) return 'no-channel'
      const owner = { userId: caller.userId, channelId }
      const connecting = connectDonations.finish({
        ...owner,
        application,
        code,
        redirectUri: redirectUri('donationalerts'),
      })
      const patience = new AbortController()
      const connected = await Promise.race([
        connecting,
        clock.sleep(PERSON_WAITS_MS, patience.signal).then(() => 'later' as const),
      ]).finally(() => patience.abort())
      if (connected === 'later') {
        const tell = (reason: unknown) =>
          request.log.warn({ reason, channelId }, 'a connection that took long has failed in the end')
        connecting.then((late) => {
          if (!late.ok) tell(late.reason)
        }, tell)
        return null
      }
      return connected.ok ? null : connected.reason
    })

    app.post('/auth/logout', { config: { access: 'session', pace: 'auth' } }, async (request, reply) => {
      const id = cookie.read(request)
      if (id !== null) await sessions.end(id)
      cookie.clear(reply)
      return reply.code(204).send()
    })

    app.get('/api/me', { config: { access: 'session' }, schema: { response: { 200: meReply } } }, (request) =>
      Promise.resolve(describeCaller(callerOf(request))),
    )
  }

  interface Arrival {
    code: string
    application: string
    userId: string | null
    scopes: readonly string[]
  }

  /** A person comes back from a platform: whatever happens, they end on a page that can say it in words. */
  function callback(
    app: App,
    provider: Provider,
    finish: (request: FastifyRequest, reply: FastifyReply, arrival: Arrival) => Promise<ErrorCode | null>,
  ): void {
    app.get(
      `/auth/${provider}/callback`,
      { config: { access: 'public', pace: 'auth' }, schema: { querystring: callbackQuery }, exposeHeadRoute: false },
      async (request, reply) => {
        const { state, code, error } = request.query
        const redeemed = await states.redeem(provider, bindings.read(provider, request), state ?? '')
        const end = (failure: ErrorCode | null) => {
          const returnTo = redeemed.returnTo ?? '/'
          if (failure === null) return reply.redirect(returnTo)
          const told = redeemed.returnTo === null ? { auth_error: failure } : { auth_error: failure, provider }
          return reply.redirect(withParameters(returnTo, told))
        }
        if (!redeemed.ok) {
          request.log.info({ provider, why: redeemed.why }, 'a sign-in came back with a state that is not good')
          return end('oauth-state-invalid')
        }
        if (error !== undefined) return end(error === 'access_denied' ? 'oauth-denied' : 'oauth-failed')
        if (code === undefined) return end('oauth-failed')
        try {
          return end(await finish(request, reply, { ...redeemed, code }))
        } catch (failure) {
          const name = failure instanceof AppError ? failure.code : 'internal'
          request.log[name === 'internal' ? 'error' : 'warn']({ err: failure, provider }, 'a sign-in failed')
          return end(name)
        }
      },
    )
  }
}

function describeCaller({ userId, login, name, channelId }: Caller): z.infer<typeof meReply> {
  return { user: { id: userId, login, name }, channel: channelId === null ? null : { id: channelId, login } }
}

/** The cookie that ties a sign-in to the browser that began it. Tabs share it, so that each of them may finish. */
function createBindings(secure: boolean) {
  const nameOf = (provider: Provider) => `${secure ? '__Host-' : ''}chatfolk_oauth_${provider}`
  const read = (provider: Provider, request: FastifyRequest) => secretIn(request, nameOf(provider))
  return {
    read,
    keep(provider: Provider, request: FastifyRequest, reply: FastifyReply): string {
      const binding = read(provider, request) ?? newSecret()
      reply.setCookie(nameOf(provider), binding, {
        path: '/',
        httpOnly: true,
        secure,
        sameSite: 'lax',
        maxAge: OAUTH_STATE_TTL_MS / 1_000,
      })
      return binding
    },
  }
}
