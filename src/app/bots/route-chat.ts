import type { Clock } from '../../base/clock.ts'
import type { Metrics } from '../../base/metrics.ts'
import type { Bus, ChatDelivery, UnansweredChat } from '../../coordination/bus.ts'
import { packChatEvent, unpackChatEvent, type ChatEvent } from '../../domain/chat-message.ts'
import type { EndedSubscription, SubscriptionType } from '../../platforms/chat.ts'
import { createRecentIds } from '../../platforms/recent-ids.ts'
import { createDueQueue } from '../due-queue.ts'

export interface RouteChatOptions {
  bus: Pick<Bus, 'publish' | 'subscribe' | 'isUp'>
  /** The channel's bot, by the channel's id at the platform, runs here. */
  isOurs(channelUserId: string): boolean
  /** Of a channel that is ours, each once. */
  onEvent(event: ChatEvent, receivedAtMs: number): void
  onSubscriptionEnded(ended: EndedSubscription): void
  /** What its former owner understood, and could not answer any more. */
  onUnanswered(answer: UnansweredChat['answer'], receivedAtMs: number): void
  clock: Clock
  metrics: Pick<Metrics, 'chatMessages'>
}

/**
 * The platform tells whichever node holds the shard; who answers is the owner of the channel's bot. This brings the one
 * to the other.
 */
export interface RouteChat {
  /** From a connection of this node. */
  heard(event: ChatEvent, receivedAtMs: number): void
  ended(ended: EndedSubscription): void
  unanswered(answer: UnansweredChat['answer'], receivedAtMs: number): void
  /** It was ours until a moment ago. */
  wasOurs(channelUserId: string): boolean
  /** The channel is ours: what other nodes hear of it comes here. */
  listen(channelUserId: string): void
  /** `handedOver`: another node listens from now on, or in a moment; until it does, what comes here is passed on. */
  unlisten(channelUserId: string, how: { handedOver: boolean }): void
  sweep(): void
  stop(): void
}

/** For so long what comes to a former owner is passed on: far longer than anything is on its way. */
const FORMER_MS = 15_000
/** By then the new owner hears. */
const RELAY_AFTER_MS = 250
/** More waiting than this is not a hand-over but a flood. */
const MOST_RELAYED = 10_000
/** No message is on its way from node to node for longer: what looks older comes from a clock that is wrong. */
const MOST_TRAVEL_MS = 2_000

export function createRouteChat(options: RouteChatOptions): RouteChat {
  const { bus, isOurs, clock, metrics } = options
  const seen = createRecentIds({ clock })
  const listening = new Map<string, () => void>()
  const former = createDueQueue<string>({ clock, onDue: hangUp })
  let relays: Array<{ channelUserId: string; delivery: ChatDelivery; at: number }> = []
  let cancelRelay: (() => void) | null = null

  return {
    heard(event, receivedAtMs) {
      const channelUserId = channelOf(event)
      if (isOurs(channelUserId)) return take(event, receivedAtMs)
      send(channelUserId, packChatEvent(event), receivedAtMs)
    },
    ended(ended) {
      if (isOurs(ended.channelUserId)) return options.onSubscriptionEnded(ended)
      send(ended.channelUserId, { type: 'subscription-ended', ended }, clock.monotonic())
    },
    unanswered: (answer, receivedAtMs) => send(answer.channelUserId, { type: 'unanswered', answer }, receivedAtMs),
    wasOurs: (channelUserId) => former.dueAt(channelUserId) !== null,
    listen(channelUserId) {
      former.drop(channelUserId)
      if (listening.has(channelUserId)) return
      listening.set(
        channelUserId,
        bus.subscribe(`chat:${channelUserId}`, (delivery) => arrived(channelUserId, delivery)),
      )
    },
    unlisten(channelUserId, { handedOver }) {
      if (handedOver) former.put(channelUserId, FORMER_MS)
      else hangUp(channelUserId)
    },
    sweep: seen.sweep,
    stop() {
      cancelRelay?.()
      for (const { channelUserId, delivery } of relays) bus.publish(`chat:${channelUserId}`, delivery)
      relays = []
      former.end()
      for (const channelUserId of listening.keys()) hangUp(channelUserId)
    },
  }

  function hangUp(channelUserId: string): void {
    former.drop(channelUserId)
    listening.get(channelUserId)?.()
    listening.delete(channelUserId)
  }

  /** A former owner hears itself too, and passes it on once more: the new one may not have listened yet. */
  function send(channelUserId: string, what: ChatDelivery['what'], receivedAtMs: number): void {
    if (what.type !== 'unanswered') count(bus.isUp() ? 'forwarded' : 'unowned')
    const receivedAt = Math.round(clock.now() - (clock.monotonic() - receivedAtMs))
    bus.publish(`chat:${channelUserId}`, { id: crypto.randomUUID(), what, receivedAt, relayed: false })
  }

  function arrived(channelUserId: string, delivery: ChatDelivery): void {
    const { id, what, receivedAt, relayed } = delivery
    // Of one channel's chat nothing reaches another, whoever says so.
    if (channelIn(what) !== channelUserId) return
    if (!isOurs(channelUserId)) {
      if (relayed || former.dueAt(channelUserId) === null) return
      if (relays.length >= MOST_RELAYED) return count('unowned')
      relays.push({ channelUserId, delivery: { ...delivery, relayed: true }, at: clock.monotonic() + RELAY_AFTER_MS })
      cancelRelay ??= clock.after(RELAY_AFTER_MS, relay)
      return
    }
    if (what.type === 'subscription-ended') {
      const { ended } = what
      if (!seen.seen(id)) {
        options.onSubscriptionEnded({
          ...ended,
          type: ended.type as SubscriptionType,
          why: ended.why as EndedSubscription['why'],
        })
      }
      return
    }
    const travelledMs = Math.min(Math.max(0, clock.now() - receivedAt), MOST_TRAVEL_MS)
    if (what.type === 'unanswered') {
      if (!seen.seen(id)) options.onUnanswered(what.answer, clock.monotonic() - travelledMs)
      return
    }
    take(unpackChatEvent(what), clock.monotonic() - travelledMs, { id, relayed })
  }

  function relay(): void {
    const now = clock.monotonic()
    const later = relays.findIndex(({ at }) => at > now)
    const due = relays.splice(0, later === -1 ? relays.length : later)
    const [next] = relays
    cancelRelay = next ? clock.after(next.at - now, relay) : null
    for (const { channelUserId, delivery } of due) bus.publish(`chat:${channelUserId}`, delivery)
  }

  /** Two shards on two nodes may tell of one message, and a former owner passes on what we may have heard as well. */
  function take(event: ChatEvent, receivedAtMs: number, sent?: { id: string; relayed: boolean }): void {
    const id = event.type === 'message' ? `${event.message.channelUserId}/${event.message.id}` : sent?.id
    if (id !== undefined && seen.seen(id)) {
      // Our own doing, and no copy of the platform's.
      if (!sent?.relayed) count('duplicate')
      return
    }
    options.onEvent(event, receivedAtMs)
  }

  function count(result: string): void {
    metrics.chatMessages.inc({ result })
  }
}

function channelIn(what: ChatDelivery['what']): string {
  switch (what.type) {
    case 'message':
      return what.message.channelUserId
    case 'subscription-ended':
      return what.ended.channelUserId
    case 'unanswered':
      return what.answer.channelUserId
    default:
      return what.channelUserId
  }
}

const channelOf = (event: ChatEvent): string =>
  event.type === 'message' ? event.message.channelUserId : event.channelUserId
