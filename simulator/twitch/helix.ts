import { bearerOf, json, type Exchange, type Reply, type Route } from '../http.ts'
import type { Grant } from '../grants.ts'
import type { Person } from '../people.ts'
import type { TwitchOptions } from './oauth.ts'
import type { Points } from './points.ts'

/** Helix takes up to this many ids and logins together. */
const ASKED_MAX = 100

/** api.twitch.tv: who somebody is. */
export function helixRoutes({ people, grants, gateway, points }: TwitchOptions & { points: Points }): Route[] {
  const users = (exchange: Exchange): Reply => {
    const token = bearerOf(exchange)
    if (token === null) return unauthorized('OAuth token is missing')
    const grant = grants.read(token, 'access')
    if (!grant) return unauthorized('Invalid OAuth token')
    const client = exchange.request.headers['client-id']
    if (client === undefined) return unauthorized('Client ID is missing')
    if (client !== grant.client) return unauthorized('Client ID and OAuth token do not match')

    const ids = exchange.url.searchParams.getAll('id')
    const logins = exchange.url.searchParams.getAll('login')
    if (ids.length + logins.length > ASKED_MAX)
      return badRequest('The number of id and login query parameters exceeds 100')
    const asked = ids.length + logins.length > 0
    if (!asked && grant.user === null) return badRequest('Must provide an ID, Login or OAuth Token')
    const found = asked
      ? [...ids.map((id) => people.byTwitchId(id)), ...logins.map((login) => people.find(login))]
      : [people.byTwitchId(grant.user ?? '')]
    const unique = new Set(found.filter((person) => person !== undefined))
    return json(200, { data: [...unique].map(userOf) })
  }
  const limit = (grant: Grant | null) => () => {
    if (!grant) return { refusal: null, headers: {} }
    const { left, headers } = points.take(`${grant.client} ${grant.user ?? ''}`)
    const refusal = left ? null : json(429, { error: 'Too Many Requests', status: 429, message: 'too many requests' })
    return { refusal, headers }
  }
  return [
    {
      method: 'GET',
      path: '/helix/users',
      handle: (exchange) => {
        const grant = grants.inspect(bearerOf(exchange) ?? '', 'access')
        const { client = null, user = null } = grant ?? {}
        return gateway(exchange, {
          target: 'twitch.users',
          application: client,
          user,
          limit: limit(grant),
          work: () => users(exchange),
        })
      },
    },
  ]
}

function userOf({ twitchId, login, name }: Person) {
  return {
    id: twitchId,
    login,
    display_name: name,
    type: '',
    broadcaster_type: 'affiliate',
    description: '',
    profile_image_url: `https://static-cdn.jtvnw.net/jtv_user_pictures/${twitchId}-profile_image-300x300.png`,
    offline_image_url: '',
    view_count: 0,
    created_at: '2019-05-04T10:00:00Z',
  }
}

const unauthorized = (message: string) => json(401, { error: 'Unauthorized', status: 401, message })
const badRequest = (message: string) => json(400, { error: 'Bad Request', status: 400, message })
