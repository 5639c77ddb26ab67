import { json } from '../http.ts'
import type { ControlOptions, ControlRoute } from './route.ts'
import { BadRequest, id, oneOf, optional, pattern, readFields, text } from './fields.ts'

const login = pattern(/^[a-z0-9_]{1,25}$/, 'a login of 1 to 25 small letters, digits and _')

export function peopleRoutes({ people, twitchGrants, daGrants }: ControlOptions): ControlRoute[] {
  return [
    {
      method: 'POST',
      path: '/control/streamers',
      run(body) {
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
