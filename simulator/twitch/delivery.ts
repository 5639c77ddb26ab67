import { randomBytes } from 'node:crypto'
import type { Random } from '../random.ts'
import type { Switches } from '../switches.ts'
import type { Conduit, Conduits, Shard } from './conduits.ts'
import type { EventSubSockets } from './eventsub-socket.ts'
import type { ChatRecord, Fate, Ledger } from './ledger.ts'
import type { Stamp } from './stamps.ts'
import type { Subscription, Subscriptions } from './subscriptions.ts'

/**
 * How often a subscription hears of one event. `same-id`: the same notification twice; `two-ids`: two notifications of
 * one event. Both happen at Twitch: delivery is at least once.
 */
export const REPEATS = ['once', 'same-id', 'two-ids'] as const
export type Repeat = (typeof REPEATS)[number]

export interface Announcement {
  /** Whom it is about. */
  subject: string
  /** The event, as JSON. */
  event: string
  repeat?: Repeat | undefined
  /** How old it claims to be. */
  ageMs?: number | undefined
  /** Only for subscriptions whose condition names this conduit, or none. */
  concerns?: string
  /** The chat message that it is: keeps what becomes of it. */
  record?: ChatRecord
}

export interface Delivery {
  /** Tells everybody who subscribed to the type. Returns to how many subscriptions it went, whatever became of it. */
  announce(type: string, announcement: Announcement): number
  /** Tells the owner of a subscription that it has ended. */
  revocation(subscription: Subscription): void
}

export interface DeliveryOptions {
  subscriptions: Subscriptions
  conduits: Conduits
  sockets: Pick<EventSubSockets, 'overlapOf'>
  ledger: Ledger
  stamp: Stamp
  switches: Switches
  random: Random
}

export function createDelivery(options: DeliveryOptions): Delivery {
  const { subscriptions, conduits, sockets, ledger, stamp, switches, random } = options

  /** The other shard that is tried once when the first one is disabled; which one nobody outside knows. */
  const otherThan = (index: number, { shardCount }: Conduit) =>
    switches.retryShard === 'next'
      ? (index + 1) % shardCount
      : (index + 1 + Math.floor(random() * (shardCount - 1))) % shardCount
  const enabled = (conduit: Conduit, index: number): Shard | undefined => {
    const shard = conduit.shards.get(index)
    return shard?.status === 'enabled' ? shard : undefined
  }

  /** One message to where it belongs: nothing is queued, and nothing comes again later. */
  const route = (subscription: Subscription, message: string) => {
    const conduit = conduits.get(subscription.conduitId)
    if (!conduit) return { fate: 'dropped' as Fate, shard: '', session: null, retried: false }
    const own = shardOf(subscription.subject, conduit.shardCount)
    const first = enabled(conduit, own)
    const retried = !first && conduit.shardCount > 1
    const other = retried ? otherThan(own, conduit) : own
    const shard = first ?? enabled(conduit, other)
    if (!shard) return { fate: 'dropped' as Fate, shard: String(other), session: null, retried }
    const { session } = shard
    const fate: Fate = session.send(message) ? 'delivered' : 'lost'
    sockets.overlapOf(session)?.send(message)
    return { fate, shard: shard.id, session: session.id, retried }
  }

  const notify = (subscription: Subscription, { event, record, ageMs }: Announcement, times: number) => {
    const messageId = `${randomBytes(32).toString('base64url')}=`
    const { type, version, json } = subscription
    const message = `{"metadata":{"message_id":"${messageId}","message_type":"notification","message_timestamp":"${stamp(ageMs)}","subscription_type":"${type}","subscription_version":"${version}"},"payload":{"subscription":${json},"event":${event}}}`
    for (let time = 0; time < times; time++) {
      const way = route(subscription, message)
      ledger.add({ messageId, subscription: subscription.id, ...way }, record)
    }
  }

  return {
    announce(type, announcement) {
      const { subject, repeat = 'once', concerns } = announcement
      const listening = subscriptions.about(type, subject)
      for (const subscription of listening) {
        const named = subscription.condition['conduit_id'] ?? concerns
        if (concerns !== undefined && named !== concerns) continue
        notify(subscription, announcement, repeat === 'same-id' ? 2 : 1)
        if (repeat === 'two-ids') notify(subscription, announcement, 1)
      }
      return listening.length
    },
    revocation(subscription) {
      const metadata = {
        message_id: `${randomBytes(32).toString('base64url')}=`,
        message_type: 'revocation',
        message_timestamp: stamp(),
        subscription_type: subscription.type,
        subscription_version: subscription.version,
      }
      route(subscription, `{"metadata":${JSON.stringify(metadata)},"payload":{"subscription":${subscription.json}}}`)
    },
  }
}

/** FNV-1a over the id: all that is about one channel goes to one shard, for as long as the count stays. */
export function shardOf(subject: string, shardCount: number): number {
  let hash = 0x811c9dc5
  for (let place = 0; place < subject.length; place++) hash = Math.imul(hash ^ subject.charCodeAt(place), 0x01000193)
  // The low bits of neighbouring numbers go in step; mixed, they spread.
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d)
  return ((hash ^ (hash >>> 13)) >>> 0) % shardCount
}
