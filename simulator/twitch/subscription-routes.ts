import type { Grant } from '../grants.ts'
import { isRecord, json, parseJson, type Exchange, type Reply, type Route } from '../http.ts'
import type { Switches } from '../switches.ts'
import type { Authorizations } from './authorizations.ts'
import type { Chatters } from './chatters.ts'
import type { Conduits } from './conduits.ts'
import { needsAppToken, noContent, refusal, type HelixCall } from './helix-call.ts'
import type { Permissions } from './permissions.ts'
import { readCondition, SUBSCRIPTION_TYPES, type Condition, type SubscriptionType } from './subscription-types.ts'
import { MAX_TOTAL_COST, type Subscription, type Subscriptions } from './subscriptions.ts'

export interface SubscriptionRoutesOptions {
  call: HelixCall
  subscriptions: Subscriptions
  conduits: Conduits
  permissions: Permissions
  authorizations: Authorizations
  chatters: Chatters
  switches: Switches
}

const PATH = '/helix/eventsub/subscriptions'

/** `/helix/eventsub/subscriptions`: for conduits alone; webhooks and single sockets are another way that nobody here goes. */
export function subscriptionRoutes(options: SubscriptionRoutesOptions): Route[] {
  const { call, subscriptions, conduits, permissions, authorizations, chatters, switches } = options

  const totals = (client: string) => {
    const { count, cost } = subscriptions.totals(client)
    return { total: count, total_cost: cost, max_total_cost: MAX_TOTAL_COST }
  }
  /** Public events cost, unless the person has allowed the application anything. */
  const costOf = ({ need }: SubscriptionType, condition: Condition, client: string) => {
    if (need !== 'nothing') return 0
    return Object.values(condition).some((user) => authorizations.knows(user, client)) ? 0 : 1
  }
  /** Accounts in a condition that are nobody's. */
  const stranger = (condition: Condition) =>
    Object.entries(condition).find(([name, id]) => name.endsWith('user_id') && !chatters.byId(id))

  const create = ({ client, user }: Grant, { body }: Exchange): Reply => {
    const asked = parseJson(body)
    if (!isRecord(asked)) return refusal(400, 'the body is not a JSON object')
    const { type: name, version, transport } = asked
    const type = SUBSCRIPTION_TYPES.get(String(name))
    if (!type) return refusal(400, `invalid subscription type "${String(name)}"`)
    if (typeof version !== 'string' || version === '') return refusal(400, 'missing required parameter "version"')
    // Numbers below the present one have been; others never were.
    if (version !== type.version)
      return Number(version) >= 1 && Number(version) < Number(type.version)
        ? refusal(410, `version ${version} of ${String(name)} is no longer available`)
        : refusal(400, `invalid version "${version}" of ${String(name)}`)
    const read = readCondition(type, asked['condition'])
    if ('wrong' in read) return refusal(400, read.wrong)
    const condition = read.is

    const { method, conduit_id: conduitId } = isRecord(transport) ? transport : {}
    if (method === 'websocket' || method === 'webhook')
      return refusal(400, `the simulator has no transport "${method}": subscribe through a conduit`)
    if (method !== 'conduit' || typeof conduitId !== 'string') return refusal(400, 'invalid transport')
    if (user !== null) return needsAppToken()
    const conduit = conduits.get(conduitId)
    if (conduit?.client !== client) return refusal(400, 'invalid transport: conduit not found')

    const unknown = stranger(condition)
    if (unknown) return refusal(400, `${unknown[0]} ${unknown[1]} does not exist`)
    const obstacle = permissions.obstacle(client, type.need, condition)
    if (obstacle) return refusal(403, obstacle.message)

    const cost = costOf(type, condition, client)
    const creation = subscriptions.create({ client, type: String(name), version, condition, conduitId, cost })
    if ('exists' in creation) return refusal(409, 'subscription already exists', { id: creation.exists.id })
    if ('quota' in creation)
      return refusal(
        429,
        creation.quota === 'condition'
          ? 'maximum subscriptions with type and condition exceeded'
          : 'the request exceeds the maximum total cost of subscriptions',
      )
    return json(202, { data: [viewOf(creation.made)], ...totals(client) })
  }

  const list = ({ client, user }: Grant, { url }: Exchange): Reply => {
    if (user !== null) return needsAppToken()
    const { searchParams } = url
    const [status, type, about] = ['status', 'type', 'user_id'].map((name) => searchParams.get(name))
    if ([status, type, about].filter((filter) => filter !== null).length > 1)
      return refusal(400, 'only one of status, type and user_id may be given')
    const first = Number(searchParams.get('first') ?? switches.subscriptionPageSize)
    if (!Number.isInteger(first) || first < 1 || first > 100) return refusal(400, 'first must be from 1 to 100')
    const cursor = searchParams.get('after') ?? ''
    const after = cursor === '' ? 0 : serialOf(cursor)
    if (after === null) return refusal(400, 'invalid cursor')
    const { subscriptions: page, more } = subscriptions.page({
      client,
      first: Math.min(first, switches.subscriptionPageSize),
      after,
      fits: (subscription) =>
        (status ?? subscription.status) === subscription.status &&
        (type ?? subscription.type) === subscription.type &&
        (typeof about !== 'string' || Object.values(subscription.condition).includes(about)),
    })
    const last = page.at(-1)
    const pagination = more && last ? { cursor: cursorOf(last) } : {}
    return json(200, { data: page.map(viewOf), ...totals(client), pagination })
  }

  const remove = ({ client, user }: Grant, { url }: Exchange): Reply => {
    if (user !== null) return needsAppToken()
    const id = url.searchParams.get('id') ?? ''
    if (id === '') return refusal(400, 'missing required parameter "id"')
    const subscription = subscriptions.get(id)
    if (subscription?.client !== client) return refusal(404, 'subscription not found')
    subscriptions.remove(subscription)
    return noContent()
  }

  return [
    { method: 'POST', path: PATH, handle: call('twitch.subscriptions', 'api', create) },
    { method: 'GET', path: PATH, handle: call('twitch.subscriptions', 'api', list) },
    { method: 'DELETE', path: PATH, handle: call('twitch.subscriptions', 'api', remove) },
  ]
}

/** A subscription as the API lists it. */
export function viewOf({ json }: Subscription): unknown {
  return JSON.parse(json)
}

function cursorOf({ serial }: Subscription): string {
  return Buffer.from(`after ${serial}`).toString('base64url')
}

function serialOf(cursor: string): number | null {
  const serial = /^after (\d+)$/.exec(Buffer.from(cursor, 'base64url').toString('utf8'))?.[1]
  return serial === undefined ? null : Number(serial)
}
