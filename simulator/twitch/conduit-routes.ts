import type { Grant } from '../grants.ts'
import { isRecord, json, parseJson, type Exchange, type Reply, type Route } from '../http.ts'
import type { Switches } from '../switches.ts'
import { CONDUITS_MAX, shardView, SHARDS_MAX, type Conduit, type Conduits } from './conduits.ts'
import type { EventSubSockets } from './eventsub-socket.ts'
import { needsAppToken, noContent, refusal, type HelixCall } from './helix-call.ts'

export interface ConduitRoutesOptions {
  call: HelixCall
  conduits: Conduits
  sockets: Pick<EventSubSockets, 'get'>
  switches: Switches
}

const PATH = '/helix/eventsub/conduits'

/** `/helix/eventsub/conduits` and their shards: for an application by itself. */
export function conduitRoutes({ call, conduits, sockets, switches }: ConduitRoutesOptions): Route[] {
  const own = (id: string | undefined, client: string): Conduit | undefined => {
    const conduit = conduits.get(id ?? '')
    return conduit?.client === client ? conduit : undefined
  }
  const appOnly = (work: (client: string, exchange: Exchange) => Reply) => (caller: Grant, exchange: Exchange) =>
    caller.user === null ? work(caller.client, exchange) : needsAppToken()

  const create = (client: string, exchange: Exchange): Reply => {
    const count = shardCountOf(fieldsOf(exchange))
    if (count === null) return invalidCount()
    const conduit = conduits.create(client, count)
    return conduit ? json(200, { data: [viewOf(conduit)] }) : refusal(429, `conduit limit of ${CONDUITS_MAX} reached`)
  }
  const update = (client: string, exchange: Exchange): Reply => {
    const fields = fieldsOf(exchange)
    const count = shardCountOf(fields)
    if (count === null) return invalidCount()
    const conduit = own(fields['id'], client)
    if (!conduit) return refusal(404, 'conduit not found')
    conduits.resize(conduit, count)
    return json(200, { data: [viewOf(conduit)] })
  }
  const remove = (client: string, exchange: Exchange): Reply => {
    const { id } = fieldsOf(exchange)
    if (id === undefined) return refusal(400, 'missing required parameter "id"')
    const conduit = own(id, client)
    if (!conduit) return refusal(404, 'conduit not found')
    conduits.remove(conduit)
    return noContent()
  }

  const shards = (client: string, { url }: Exchange): Reply => {
    const conduit = own(url.searchParams.get('conduit_id') ?? undefined, client)
    if (!conduit) return refusal(404, 'conduit not found')
    const status = url.searchParams.get('status')
    const from = Number(url.searchParams.get('after') ?? 0)
    if (!Number.isInteger(from)) return refusal(400, 'invalid cursor')
    const listed = [...conduit.shards.values()]
      .filter((shard) => Number(shard.id) >= from && (status ?? shard.status) === shard.status)
      .sort((one, other) => Number(one.id) - Number(other.id))
    const page = listed.slice(0, switches.shardPageSize)
    const next = listed[page.length]
    return json(200, { data: page.map(shardView), pagination: next ? { cursor: next.id } : {} })
  }
  const assign = (client: string, { body }: Exchange): Reply => {
    const asked = parseJson(body)
    const { conduit_id: id, shards: given } = isRecord(asked) ? asked : {}
    if (!Array.isArray(given) || given.length === 0) return refusal(400, 'missing required parameter "shards"')
    if (given.length > switches.shardBatchMax) return refusal(400, `too many shards: at most ${switches.shardBatchMax}`)
    const conduit = own(typeof id === 'string' ? id : undefined, client)
    if (!conduit) return refusal(404, 'conduit not found')
    const data: unknown[] = []
    const errors: unknown[] = []
    for (const shard of given as unknown[]) {
      const outcome = assignOne(conduit, shard)
      if ('code' in outcome) errors.push(outcome)
      else data.push(outcome)
    }
    return json(202, { data, errors })
  }
  const assignOne = (conduit: Conduit, given: unknown) => {
    const { id, transport } = isRecord(given) ? given : {}
    const { method, session_id: sessionId } = isRecord(transport) ? transport : {}
    const wrong = (message: string) => ({
      id: typeof id === 'string' ? id : '',
      message,
      code: 'invalid_parameter',
    })
    if (typeof id !== 'string' || !/^\d{1,5}$/.test(id)) return wrong('The shard id is not a number')
    if (Number(id) >= conduit.shardCount) return wrong("The shard id is outside the conduit's range")
    if (method !== 'websocket') return wrong('The simulator knows no other transport than websocket')
    const session = typeof sessionId === 'string' ? sockets.get(sessionId) : undefined
    if (!session) return wrong('The websocket session does not exist or has been disconnected')
    return shardView(conduits.assign(conduit, Number(id), session))
  }

  return [
    {
      method: 'GET',
      path: PATH,
      handle: call(
        'twitch.conduits',
        'api',
        appOnly((client) => json(200, { data: conduits.of(client).map(viewOf) })),
      ),
    },
    { method: 'POST', path: PATH, handle: call('twitch.conduits', 'api', appOnly(create)) },
    { method: 'PATCH', path: PATH, handle: call('twitch.conduits', 'api', appOnly(update)) },
    { method: 'DELETE', path: PATH, handle: call('twitch.conduits', 'api', appOnly(remove)) },
    { method: 'GET', path: `${PATH}/shards`, handle: call('twitch.shards', 'api', appOnly(shards)) },
    { method: 'PATCH', path: `${PATH}/shards`, handle: call('twitch.shards', 'api', appOnly(assign)) },
  ]
}

const viewOf = ({ id, shardCount }: Conduit) => ({ id, shard_count: shardCount })
const invalidCount = () => refusal(400, `shard_count must be a whole number from 1 to ${SHARDS_MAX}`)

/** From the body or the query: clients are known to do either. */
function fieldsOf({ url, body }: Exchange): Record<string, string> {
  const given = parseJson(body)
  const fields = Object.fromEntries(url.searchParams)
  for (const [name, is] of Object.entries(isRecord(given) ? given : {}))
    if (typeof is === 'string' || typeof is === 'number') fields[name] = String(is)
  return fields
}

function shardCountOf({ shard_count: text = '' }: Record<string, string>): number | null {
  const count = Number(text)
  return /^\d+$/.test(text) && count >= 1 && count <= SHARDS_MAX ? count : null
}
