import { AppError } from '../../base/errors.ts'
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/logger.ts'
import type { Metrics } from '../../base/metrics.ts'
import type {
  ChatShardStatus,
  ChatStream,
  ChatStreamOptions,
  DisabledChatShard,
  ListedSubscription,
  SubscribeOutcome,
} from '../chat.ts'
import type { ConduitApi } from './conduit-api.ts'
import { createConduitHome } from './conduit.ts'
import { createEventIntake } from './event-intake.ts'
import { createHeldShards } from './held-shards.ts'
import { runLink } from './link.ts'
import { ensureOwnSubscriptions } from './own-subscriptions.ts'
import type { SubscriptionApi } from './subscription-api.ts'
import type { Subscription } from './subscription-wire.ts'

/**
 * Twitch tells of a lost shard only where another one is left to tell it. Once a minute somebody looks, which also
 * finds a conduit that was deleted elsewhere.
 */
const LOOK_EVERY_MS = 60_000

const SHARD_STATES: ReadonlyArray<ChatShardStatus['state']> = ['enabled', 'connecting', 'lost']

export interface ChatStreamSurroundings {
  clientId: string
  /** `wss://eventsub.wss.twitch.tv/ws` */
  eventSubUrl: string
  conduits: ConduitApi
  subscriptions: SubscriptionApi
  /** Connections at most. */
  connections: number
  clock: Clock
  random: () => number
  logger: Logger
  metrics: Pick<Metrics, 'chatMessages' | 'chatConnections'>
}

/** The conduit, its shards and what they deliver: from here on they look after themselves. */
export function openChatStream(surroundings: ChatStreamSurroundings, options: ChatStreamOptions): ChatStream {
  const { conduits, subscriptions, clock, logger, metrics } = surroundings
  const life = new AbortController()
  const { signal } = life
  const end = () => life.abort(options.signal.reason)
  if (options.signal.aborted) end()
  else options.signal.addEventListener('abort', end, { once: true })
  const { promise: opened, resolve: resolveOpened } = Promise.withResolvers<void>()
  /** The conduit whose own subscriptions were seen to. */
  let seenTo: string | null = null

  const home = createConduitHome({
    ...surroundings,
    api: conduits,
    mayAct: options.mayAct,
    signal,
    onChange() {
      // Each shard has its place in the new conduit to take, and finds it where it is not known.
      repair()
      options.onChange()
    },
  })
  const intake = createEventIntake({
    ...surroundings,
    ...options,
    onShardDisabled({ conduitId, shardId, status, sessionId }) {
      if (conduitId !== home.id()) return
      const news = { home: conduitId, shard: shardId, session: sessionId }
      if (!held.linkOf(shardId)) return options.onShardDisabled(news)
      logger.warn({ shard: shardId, status }, 'Twitch disabled a shard')
      shardDisabled(news)
    },
    onOwnSubscriptionEnded() {
      seenTo = null
      logger.warn('a subscription of the application itself ended')
    },
  })
  let linksSoFar = 0
  const held = createHeldShards({
    connections: surroundings.connections,
    open: (shards, { onWelcome }) =>
      runLink({
        ...surroundings,
        name: String(linksSoFar++),
        api: conduits,
        home,
        shards,
        mayAct: options.mayAct,
        signal,
        onMessage: intake.takeIn,
        onChange,
        onWelcome,
      }),
    clock,
    signal,
    onChange,
  })
  countShards()
  let cancelLook = signal.aborted ? () => {} : clock.after(LOOK_EVERY_MS, look)
  signal.addEventListener('abort', () => cancelLook(), { once: true })

  return {
    home: home.id,
    state,
    shards: held.shards,
    opened: () => opened,
    hold: held.hold,
    drop: held.drop,
    follow: home.follow,
    shardDisabled,
    inspect,
    async subscribe({ type, channelUserId, readerUserId, signal: ended }): Promise<SubscribeOutcome> {
      const conduitId = homeOrThrow()
      const readsChat = type.startsWith('channel.chat.')
      const condition = { broadcaster_user_id: channelUserId, ...(readsChat && { user_id: readerUserId }) }
      const outcome = await subscriptions.create({ type, condition, conduitId, signal: ended })
      switch (outcome.kind) {
        case 'there':
          return { ok: true, id: outcome.id }
        case 'refused':
          return { ok: false, reason: outcome.reason }
        case 'full':
          logger.warn({ type, quota: outcome.quota }, 'Twitch has no room for a subscription')
          return { ok: false, reason: 'invalid' }
        case 'no-conduit':
          home.lost(conduitId)
          throw notOpen()
      }
    },
    unsubscribe: subscriptions.remove,
    async *subscriptions(ended) {
      const conduitId = homeOrThrow()
      for await (const page of subscriptions.pages({}, ended)) {
        yield page.filter((entry) => entry.conduitId === conduitId).flatMap(listed)
      }
    },
    async close() {
      options.signal.removeEventListener('abort', end)
      life.abort(new AppError('shutting-down'))
      await held.ended()
    },
  }

  function countShards(): void {
    const states = held.shards().map(({ state }) => state)
    for (const state of SHARD_STATES) {
      metrics.chatConnections.set({ state }, states.filter((each) => each === state).length)
    }
  }

  function onChange(): void {
    countShards()
    if (state() !== 'closed') resolveOpened()
    seeToOwnSubscriptions()
    options.onChange()
  }

  function seeToOwnSubscriptions(): void {
    const conduitId = home.id()
    if (conduitId === null || conduitId === seenTo || state() === 'closed') return
    seenTo = conduitId
    void ensureOwnSubscriptions(conduitId, { ...surroundings, api: subscriptions, home, signal })
  }

  function state(): 'open' | 'degraded' | 'closed' {
    const shards = held.shards()
    const enabled = shards.filter((shard) => shard.state === 'enabled').length
    if (enabled === 0) return 'closed'
    return enabled === shards.length ? 'open' : 'degraded'
  }

  function homeOrThrow(): string {
    return home.id() ?? throwing(notOpen())
  }

  function repair(): void {
    for (const link of held.links()) link.repair()
  }

  /** As a rule we know it first, and another session has taken the place of this one. */
  function shardDisabled({ home: conduitId, shard, session }: DisabledChatShard): void {
    const link = held.linkOf(shard)
    if (conduitId === home.id() && link && session !== null && session === link.sessionId()) link.replace(session)
  }

  async function inspect(): Promise<{ held: number; idle: string[] }> {
    const conduitId = home.id()
    const shards = held.shards()
    if (conduitId === null || shards.length === 0) return { held: shards.length, idle: [] }
    const standing = await conduits.shards(conduitId, signal)
    if (standing === 'gone') home.lost(conduitId)
    const idle = shards
      .map(({ id }) => id)
      .filter((id) => {
        const shard = standing === 'gone' ? undefined : standing.find((one) => one.id === id)
        return shard?.status !== 'enabled' || shard.sessionId !== held.linkOf(id)?.sessionId()
      })
    for (const id of idle) held.linkOf(id)?.repair()
    return { held: shards.length, idle }
  }

  function look(): void {
    cancelLook = clock.after(LOOK_EVERY_MS, look)
    repair()
    seeToOwnSubscriptions()
    intake.sweep()
  }
}

/** Nothing was asked: the caller comes back, and by then there is a conduit again. */
function notOpen(): AppError {
  return new AppError('platform-network', { platform: 'twitch', endpoint: 'subscriptions', reason: 'no-conduit' })
}

function throwing(error: AppError): never {
  throw error
}

/** Those of the application itself belong to no channel and are nobody else's business. */
function listed({ id, type, status, condition }: Subscription): ListedSubscription[] {
  const { channelUserId, readerUserId } = condition
  return channelUserId === null ? [] : [{ id, type, channelUserId, readerUserId, enabled: status === 'enabled' }]
}
