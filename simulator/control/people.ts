import { APPLICATIONS } from '../applications.ts'
import { isRecord, json } from '../http.ts'
import type { Person } from '../people.ts'
import type { ControlOptions, ControlRoute } from './route.ts'
import { scopesField } from './chatters.ts'
import { BadRequest, flag, id, integer, oneOf, optional, pattern, readFields, text } from './fields.ts'

const login = pattern(/^[a-z0-9_]{1,25}$/, 'a login of 1 to 25 small letters, digits and _')

const STREAMERS_MAX = 20_000

export function peopleRoutes({ people, twitchGrants, daGrants, twitch, switches }: ControlOptions): ControlRoute[] {
  /** Many at once, each of whom has already allowed an application what a load test needs; with tokens if asked. */
  const addMany = (body: unknown) => {
    const fields = readFields(body, {
      count: integer(1, STREAMERS_MAX),
      prefix: optional(login),
      scopes: optional(scopesField),
      client: optional(text(100, 1)),
      tokens: optional(flag),
    })
    const { count, prefix = 'streamer', client = APPLICATIONS.twitch, tokens = false } = fields
    const scopes = (fields.scopes ?? '').split(' ').filter(Boolean)
    const named = Array.from({ length: count }, (_, index) => `${prefix}${index + 1}`)
    const taken = named.find((name) => people.find(name)?.login === name)
    if (taken !== undefined) throw new BadRequest([{ path: 'prefix', message: `makes ${taken}, who is there already` }])
    return named.map((name) => {
      const person = people.add({ login: name, name }) as Person
      twitch.authorizations.allow(person.twitchId, client, scopes)
      if (!tokens) return person
      const ttlS = switches.twitchAccessTokenTtlS
      const { accessToken, refreshToken } = twitchGrants.issue({ user: person.twitchId, client, scopes, ttlS })
      return { ...person, accessToken, refreshToken }
    })
  }
  return [
    {
      method: 'POST',
      path: '/control/streamers',
      run(body) {
        if (isRecord(body) && 'count' in body) return json(201, { streamers: addMany(body) })
        const fields = readFields(body, {
          twitchId: optional(id),
          login,
          name: text(100, 1),
          daId: optional(id),
          daName: optional(text(100, 1)),
        })
        const { twitchId, daId, daName, ...named } = fields
        const person = people.add({
          ...named,
          ...(twitchId === undefined ? {} : { twitchId }),
          ...(daId === undefined ? {} : { daId }),
          ...(daName === undefined ? {} : { daName }),
        })
        if ('taken' in person) throw new BadRequest([{ path: person.taken, message: 'belongs to another streamer' }])
        return json(201, person)
      },
    },
    { method: 'GET', path: '/control/streamers', run: () => json(200, { streamers: people.all() }) },
    {
      method: 'POST',
      path: '/control/tokens',
      run(body) {
        const { platform, userId, kill } = readFields(body, {
          platform: oneOf('da', 'twitch'),
          userId: id,
          kill: oneOf('access', 'refresh', 'both'),
        })
        const known = platform === 'da' ? people.byDaId(userId) : people.byTwitchId(userId)
        if (!known) throw new BadRequest([{ path: 'userId', message: `is nobody's at ${platform}` }])
        const grants = platform === 'da' ? daGrants : twitchGrants
        grants.kill(userId, kill)
        return json(200, { killed: kill })
      },
    },
  ]
}
