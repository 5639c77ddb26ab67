import type { Grant } from '../grants.ts'
import { json, type Exchange, type Reply, type Route } from '../http.ts'
import type { Chatter, Chatters } from './chatters.ts'
import { refusal, type HelixCall } from './helix-call.ts'

/** Helix takes up to this many ids and logins together. */
const ASKED_MAX = 100

/** api.twitch.tv: who somebody is. */
export function helixRoutes({ call, chatters }: { call: HelixCall; chatters: Chatters }): Route[] {
  const users = ({ user }: Grant, { url }: Exchange): Reply => {
    const ids = url.searchParams.getAll('id')
    const logins = url.searchParams.getAll('login')
    if (ids.length + logins.length > ASKED_MAX)
      return refusal(400, 'The number of id and login query parameters exceeds 100')
    const asked = ids.length + logins.length > 0
    if (!asked && user === null) return refusal(400, 'Must provide an ID, Login or OAuth Token')
    const found = asked
      ? [...ids.map((id) => chatters.byId(id)), ...logins.map((login) => chatters.find(login))]
      : [chatters.byId(user ?? '')]
    const unique = new Set(found.filter((chatter) => chatter !== undefined))
    return json(200, { data: [...unique].map(userOf) })
  }
  return [{ method: 'GET', path: '/helix/users', handle: call('twitch.users', 'api', users) }]
}

function userOf({ id, login, name }: Chatter) {
  return {
    id,
    login,
    display_name: name,
    type: '',
    broadcaster_type: 'affiliate',
    description: '',
    profile_image_url: `https://static-cdn.jtvnw.net/jtv_user_pictures/${id}-profile_image-300x300.png`,
    offline_image_url: '',
    view_count: 0,
    created_at: '2019-05-04T10:00:00Z',
  }
}
