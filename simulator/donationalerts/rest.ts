import { bearerOf, isRecord, json, parseJson, type Exchange, type Reply, type Route } from '../http.ts'
import type { Grant } from '../grants.ts'
import type { Person } from '../people.ts'
import type { Target } from '../faults.ts'
import { listedItem } from './donation-item.ts'
import type { Donations } from './donations.ts'
import type { SCOPES } from './oauth.ts'
import type { DonationAlertsOptions } from './options.ts'
import type { SocketTokens } from './socket-tokens.ts'

type Scope = (typeof SCOPES)[number]

export interface RestOptions extends DonationAlertsOptions {
  donations: Donations
  socketTokens: SocketTokens
  /** Who opened the socket of this client, if it is open. */
  userOfClient: (client: string) => string | undefined
}

interface Caller {
  grant: Grant
  person: Person
  scopes: ReadonlySet<string>
}

const PER_PAGE = 30

/** donationalerts.com/api/v1. */
export function restRoutes(options: RestOptions): Route[] {
  const { people, grants, switches, gateway, rateWindow, donations, socketTokens, userOfClient } = options

  /** Every call: counted by its token's application, refused without a good token, then without the scope. */
  const call =
    (target: Target, scope: Scope | null, work: (caller: Caller, exchange: Exchange) => Reply) =>
    (exchange: Exchange) => {
      const token = bearerOf(exchange) ?? ''
      const { client = null, user = null } = grants.inspect(token, 'access') ?? {}
      return gateway(exchange, {
        target,
        application: client,
        user,
        limit: () => rateWindow.count(client, user),
        work() {
          const grant = grants.read(token, 'access')
          const person = grant?.user ? people.byDaId(grant.user) : undefined
          if (!grant || !person) return json(401, { message: 'Unauthenticated.' })
          const scopes = new Set(grant.scopes)
          if (scope !== null && !scopes.has(scope)) return missingScope()
          return work({ grant, person, scopes }, exchange)
        },
      })
    }
  const missingScope = () => json(switches.missingScopeStatus, { message: 'Invalid scope(s) provided.' })

  const profile = ({ person }: Caller): Reply =>
    json(200, {
      data: {
        id: Number(person.daId),
        code: person.login,
        name: person.daName,
        avatar: `https://static.donationalerts.ru/uploads/users/${person.daId}.jpg`,
        email: `${person.login}@example.com`,
        language: 'ru_RU',
        is_active: 1,
        socket_connection_token: socketTokens.connect({ user: person.daId, ttlS: switches.socketTokenTtlS }),
      },
    })

  const subscribe = ({ person, scopes }: Caller, { body }: Exchange): Reply => {
    const asked = readSubscribe(body)
    if ('errors' in asked) return json(422, { message: 'The given data was invalid.', errors: asked.errors })
    if (switches.subscribeReply === 'refused') return json(200, { success: false, message: 'Unable to subscribe' })
    const opener = userOfClient(asked.client)
    const foreign = opener !== undefined && opener !== person.daId
    if (switches.subscribeReply === 'empty' || (foreign && !switches.multiplexing)) return json(200, { channels: [] })

    const own = asked.channels.flatMap((channel) => {
      const [, kind, id] = CHANNEL.exec(channel) ?? []
      // Whoever asks for another's channel is not told so: it is just not in the reply.
      return kind !== undefined && id === person.daId ? [{ channel, scope: CHANNEL_SCOPES[kind] as Scope }] : []
    })
    const granted = own.filter(({ scope }) => scopes.has(scope))
    if (own.length > 0 && granted.length === 0) return missingScope()
    const ttlS = switches.subscribeTokenTtlS
    return json(200, {
      channels: granted.map(({ channel }) => ({
        channel,
        token: socketTokens.subscribe({ client: asked.client, channel, ttlS }),
      })),
    })
  }

  const list = ({ person }: Caller, { url, request }: Exchange): Reply => {
    // Laravel takes everything that is no page number for the first page. `limit` and `since` mean nothing to it.
    const asked = Number(url.searchParams.get('page') ?? '1')
    const page = Number.isSafeInteger(asked) && asked >= 1 ? asked : 1
    const offset = (page - 1) * PER_PAGE
    const { items, total } = donations.page(person.daId, offset, PER_PAGE)
    const last = Math.max(1, Math.ceil(total / PER_PAGE))
    const path = `http://${request.headers.host ?? url.host}${url.pathname}`
    const link = (to: number) => `${path}?page=${to}`
    return json(200, {
      data: items.map(listedItem),
      links: {
        first: link(1),
        last: link(last),
        prev: page > 1 ? link(page - 1) : null,
        next: page < last ? link(page + 1) : null,
      },
      meta: {
        current_page: page,
        from: items.length > 0 ? offset + 1 : null,
        last_page: last,
        path,
        per_page: PER_PAGE,
        to: items.length > 0 ? offset + items.length : null,
        total,
      },
    })
  }

  return [
    { method: 'GET', path: '/api/v1/user/oauth', handle: call('da.user', 'oauth-user-show', profile) },
    { method: 'GET', path: '/api/v1/alerts/donations', handle: call('da.rest', 'oauth-donation-index', list) },
    { method: 'POST', path: '/api/v1/centrifuge/subscribe', handle: call('da.subscribe', null, subscribe) },
  ]
}

const CHANNEL = /^\$(alerts:donation|goals:goal|polls:poll)_(\d+)$/

const CHANNEL_SCOPES: Record<string, Scope> = {
  'alerts:donation': 'oauth-donation-subscribe',
  'goals:goal': 'oauth-goal-subscribe',
  'polls:poll': 'oauth-poll-subscribe',
}

function readSubscribe(body: string): { channels: string[]; client: string } | { errors: Record<string, string[]> } {
  const parsed = parseJson(body)
  const { channels, client } = isRecord(parsed) ? parsed : {}
  const errors: Record<string, string[]> = {}
  const isList = Array.isArray(channels) && channels.every((channel) => typeof channel === 'string')
  if (!isList || channels.length === 0) errors['channels'] = ['The channels field is required.']
  if (typeof client !== 'string' || client === '') errors['client'] = ['The client field is required.']
  if (Object.keys(errors).length > 0) return { errors }
  return { channels: channels as string[], client: client as string }
}
