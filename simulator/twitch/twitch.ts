import type { Clock } from '../clock.ts'
import type { Faults } from '../faults.ts'
import type { Gateway } from '../gateway.ts'
import type { Grants } from '../grants.ts'
import type { Route } from '../http.ts'
import type { People } from '../people.ts'
import type { Random } from '../random.ts'
import type { RequestLog } from '../request-log.ts'
import type { Switches } from '../switches.ts'
import { createAuthorizations, type Authorizations } from './authorizations.ts'
import { createChatLimits } from './chat-limits.ts'
import { chatRoutes } from './chat-routes.ts'
import { createChat, type Chat } from './chat.ts'
import { createChatters, type Chatters } from './chatters.ts'
import { conduitRoutes } from './conduit-routes.ts'
import { createConduits, type Conduits } from './conduits.ts'
import { createDelivery, type Delivery } from './delivery.ts'
import { createEventSubSockets, type EventSubSockets } from './eventsub-socket.ts'
import { createHelixCall } from './helix-call.ts'
import { helixRoutes } from './helix.ts'
import { createLedger, type Ledger } from './ledger.ts'
import { twitchOAuthRoutes } from './oauth.ts'
import { createLoad, type Load } from './load.ts'
import { createOutbox, type Outbox } from './outbox.ts'
import { createPermissions } from './permissions.ts'
import { createPoints } from './points.ts'
import { createRevocations, type Revocations } from './revocations.ts'
import { createStamp } from './stamps.ts'
import { createStreams, type Streams } from './streams.ts'
import { createStandings, type Standings } from './standing.ts'
import { subscriptionRoutes } from './subscription-routes.ts'
import { createSubscriptions, type Subscriptions } from './subscriptions.ts'

export interface TwitchOptions {
  clock: Clock
  random: Random
  people: People
  grants: Grants
  switches: Switches
  faults: Faults
  log: RequestLog
  gateway: Gateway
}

/** All of Twitch that Chatfolk meets. */
export interface Twitch {
  routes: Route[]
  authorizations: Authorizations
  chatters: Chatters
  standings: Standings
  subscriptions: Subscriptions
  conduits: Conduits
  sockets: EventSubSockets
  delivery: Delivery
  revocations: Revocations
  chat: Chat
  streams: Streams
  load: Load
  ledger: Ledger
  outbox: Outbox
  clear(): void
}

export function createTwitch(options: TwitchOptions): Twitch {
  const { clock, random, people, grants, switches, faults, log, gateway } = options
  const stamp = createStamp(clock)
  const authorizations = createAuthorizations()
  const chatters = createChatters(people)
  const standings = createStandings(clock)
  const permissions = createPermissions(authorizations, standings)
  const subscriptions = createSubscriptions(stamp)
  const ledger = createLedger()
  const outbox = createOutbox()
  const points = createPoints(clock)
  const limits = createChatLimits(clock, switches)
  const conduits: Conduits = createConduits({
    clock,
    stamp,
    switches,
    onShardDisabled: (shard) => revocations.shardDisabled(shard),
    onRemoved: (conduit) => revocations.conduitRemoved(conduit),
  })
  const sockets = createEventSubSockets({ clock, stamp, switches, faults, log, conduits })
  const delivery = createDelivery({ subscriptions, conduits, sockets, ledger, stamp, switches, random })
  const access = { grants, authorizations, permissions, switches }
  const revocations = createRevocations({ ...access, clock, subscriptions, delivery })
  const chat = createChat({ clock, chatters, standings, delivery, ledger })
  const streams = createStreams(delivery, stamp)
  const load = createLoad(clock, chat)

  const call = createHelixCall({ ...access, gateway, points })
  const api = { ...access, call, clock, chatters, conduits, sockets, subscriptions, chat, limits, outbox, standings }
  return {
    routes: [
      ...twitchOAuthRoutes({ people, grants, switches, gateway, authorizations }),
      ...helixRoutes(api),
      ...subscriptionRoutes(api),
      ...conduitRoutes(api),
      ...chatRoutes(api),
    ],
    authorizations,
    chatters,
    standings,
    subscriptions,
    conduits,
    sockets,
    delivery,
    revocations,
    chat,
    streams,
    load,
    ledger,
    outbox,
    clear() {
      load.stop()
      chat.hush()
      // First what would tell others of its end.
      subscriptions.clear()
      conduits.clear()
      for (const part of [sockets, authorizations, chatters, standings, streams, ledger, outbox, points, limits])
        part.clear()
    },
  }
}
