import { json, parseJson, type Exchange, type Reply, type Route } from '../http.ts'
import { chatControlRoutes } from './chat.ts'
import { donationRoutes } from './donations.ts'
import { eventSubRoutes } from './eventsub.ts'
import { faultRoutes } from './faults.ts'
import { BadRequest } from './fields.ts'
import { loadRoutes } from './load.ts'
import { peopleRoutes } from './people.ts'
import type { ControlOptions } from './route.ts'
import { socketRoutes } from './sockets.ts'
import { stateRoutes } from './state.ts'
import { switchRoutes } from './switches.ts'
import { twitchRoutes } from './twitch.ts'

/** The strings that move the puppets. Not for the open network: whoever reaches it may do anything. */
export function createControl(options: ControlOptions): Route[] {
  const routes = [
    ...peopleRoutes(options),
    ...donationRoutes(options),
    ...socketRoutes(options),
    ...twitchRoutes(options),
    ...chatControlRoutes(options),
    ...eventSubRoutes(options),
    ...loadRoutes(options),
    ...faultRoutes(options),
    ...switchRoutes(options),
    ...stateRoutes(options),
  ]
  return routes.map(({ method, path, run }) => ({
    method,
    path,
    handle: async (exchange, params) => {
      if (isForeign(exchange)) return json(403, { message: 'pages of other sites may not control the simulator' })
      const body = exchange.body === '' ? {} : parseJson(exchange.body)
      if (body === undefined) return badRequest([{ path: '', message: 'is not JSON' }])
      try {
        return await run(body, exchange, params)
      } catch (error) {
        if (error instanceof BadRequest) return badRequest(error.errors)
        throw error
      }
    },
  }))
}

function badRequest(errors: BadRequest['errors']): Reply {
  const message = errors.map(({ path, message }) => `${path || 'the body'} ${message}`).join('; ')
  return json(400, { status: 400, message, errors })
}

/** A browser says for whom it asks; programs say nothing. */
function isForeign({ request }: Exchange): boolean {
  const { origin, host } = request.headers
  return origin !== undefined && URL.parse(origin)?.host !== host
}
