import type { Clock } from '../../base/clock.ts'
import { hasCode } from '../../base/errors.ts'
import type { Logger } from '../../base/logger.ts'
import type { ChatSubscriptions } from '../../persistence/chat-subscriptions.ts'
import type { ChatStream, SubscribeOutcome, SubscriptionType } from '../../platforms/chat.ts'
import { bitOf, CHAT_BIT, isOurType, nextType, readsAs, type Bot, type BotRegister } from './bot.ts'

export interface MakeSubscriptionsOptions {
  register: Pick<BotRegister, 'byChannel' | 'byUser' | 'has'>
  subscriptions: Pick<ChatSubscriptions, 'ofChannel' | 'add' | 'forget'>
  /** The stream with its home, while requests make sense: connected, and what is known of the home was read. */
  ready: () => { stream: ChatStream; home: string } | null
  /** Bots that wait for a later attempt are not asked for. */
  isWaiting: (bot: Bot) => boolean
  /** The look at the platform's list that is under way. */
  look: () => number
  onSubscribed: (bot: Bot, type: SubscriptionType) => void
  onRefused: (bot: Bot, type: SubscriptionType, reason: Refusal) => void
  onFailed: (bot: Bot, error: unknown) => void
  /** The channel's bot is on, wherever it runs. By the channel's id, or by its id at the platform. */
  isWanted: (channel: { channelId: string } | { channelUserId: string }) => Promise<boolean>
  mayAct: () => boolean
  clock: Clock
  logger: Logger
  signal: AbortSignal
}

export type Refusal = Extract<SubscribeOutcome, { ok: false }>['reason']

export interface MakeSubscriptions {
  /** Subscribes what a bot still lacks, one request after the other. */
  want(bot: Bot): void
  /** Compares what is known of a channel with what it needs: learns it, or ends it where the bot is off. Resolves when done. */
  tidy(channelId: string): Promise<void>
  /** Ends one subscription that nobody needs, unless the bot of this channel is turned on before its turn comes. */
  end(subscriptionId: string, unlessOn: string | null): void
  /** Goes on, when something changed. */
  pump(): void
  /** Resolves when no request for this bot is under way, and what the last one brought is known. */
  settledFor(bot: Bot): Promise<void>
  /** Resolves when no request is under way. */
  settled(): Promise<void>
}

/** Requests under way at once. The adapter's budget sets the pace; this hides the time an answer takes. */
const CONCURRENCY = 4

/** Where the platform asks us to wait and does not say how long. */
const PAUSE_MS = 5_000
const LEAST_PAUSE_MS = 250

/**
 * All requests for subscriptions, in the order in which they matter: a streamer who is waiting, then everybody's chat,
 * then everybody's other events, then what is left over.
 */
export function createMakeSubscriptions(options: MakeSubscriptionsOptions): MakeSubscriptions {
  const { register, subscriptions, ready, isWaiting, clock, logger, signal } = options
  const channels = new Map<string, PromiseWithResolvers<void>>()
  const tidying = new Set<string>()
  const chat = new Set<Bot>()
  const others = new Set<Bot>()
  /** Each with the channel's id at the platform whose bot would need it after all. */
  const leftovers = new Map<string, string | null>()
  const busy = new Map<Bot, Promise<void>>()
  const working = new Set<Promise<void>>()
  let paused = false

  return {
    want,
    tidy,
    end,
    pump,
    settledFor: async (bot) => busy.get(bot),
    settled: async () => void (await Promise.all(working)),
  }

  function want(bot: Bot): void {
    // Until it is known what is there, nothing is asked for.
    if (!runs(bot) || isWaiting(bot) || bot.knownAt === null) return
    // Whoever is at it asks again at its end.
    if (busy.has(bot) || channels.has(bot.channelId) || tidying.has(bot.channelId)) return
    const type = nextType(bot)
    if (type === undefined) return
    ;(bitOf(type) === CHAT_BIT ? chat : others).add(bot)
    pump()
  }

  function tidy(channelId: string): Promise<void> {
    const done = channels.get(channelId) ?? Promise.withResolvers<void>()
    channels.set(channelId, done)
    pump()
    return done.promise
  }

  function end(subscriptionId: string, unlessOn: string | null): void {
    leftovers.set(subscriptionId, unlessOn)
    pump()
  }

  function pump(): void {
    while (mayBegin()) {
      const job = nextJob()
      if (!job) return
      const work = job()
        .catch((error: unknown) => {
          if (!signal.aborted) logger.warn({ err: error }, 'subscriptions could not be seen to')
        })
        .finally(() => {
          working.delete(work)
          pump()
        })
      working.add(work)
    }
  }

  function mayBegin(): boolean {
    if (working.size >= CONCURRENCY || paused || signal.aborted || ready() === null) return false
    if (options.mayAct()) return true
    // What another node may do by now is not ours; mostly this passes.
    if (channels.size + chat.size + others.size + leftovers.size > 0) pause(PAUSE_MS)
    return false
  }

  function runs(bot: Bot): boolean {
    return register.has(bot) && bot.state !== 'inactive'
  }

  function nextJob(): (() => Promise<void>) | undefined {
    const now = ready()
    if (!now) return undefined
    for (const [channelId, done] of channels) {
      if (tidying.has(channelId)) continue
      channels.delete(channelId)
      return () => tidyChannel(now, channelId).finally(done.resolve)
    }
    const bot = takeFirst(chat) ?? takeFirst(others)
    if (bot) return () => subscribeNext(now, bot)
    for (const [subscriptionId, unlessOn] of leftovers) {
      leftovers.delete(subscriptionId)
      const bot = unlessOn === null ? undefined : register.byUser(unlessOn)
      if (!bot || bot.state === 'inactive') return () => endLeftover(now.stream, subscriptionId, bot ? null : unlessOn)
    }
    return undefined
  }

  async function endLeftover(stream: ChatStream, subscriptionId: string, unlessOn: string | null): Promise<void> {
    // Its turn comes late where there is much to do: another node may need it by now.
    if (unlessOn !== null && (await options.isWanted({ channelUserId: unlessOn }))) return
    await unsubscribe(stream, subscriptionId)
  }

  async function subscribeNext({ stream, home }: { stream: ChatStream; home: string }, bot: Bot): Promise<void> {
    const { channelId, channelUserId, speakerUserId } = bot
    const type = nextType(bot)
    if (type === undefined || busy.has(bot) || !runs(bot)) return
    const { promise, resolve: done } = Promise.withResolvers<void>()
    busy.set(bot, promise)
    try {
      const outcome = await stream.subscribe({ type, channelUserId, readerUserId: speakerUserId, signal })
      if (outcome.ok) {
        const row = { channelId, type, readerUserId: speakerUserId, subscriptionId: outcome.id }
        await subscriptions.add(home, [row])
        // Turned off or taken back meanwhile: what was made is known, and so it is ended too. Whoever has it now needs it.
        if (!runs(bot)) void tidy(channelId)
        else if (ready()?.home === home) {
          bot.known |= bitOf(type)
          bot.changedInLook = options.look()
          options.onSubscribed(bot, type)
        }
      } else if (register.has(bot)) options.onRefused(bot, type, outcome.reason)
    } catch (error) {
      if (!pauseIfAsked(error) && !signal.aborted && register.has(bot)) options.onFailed(bot, error)
    } finally {
      busy.delete(bot)
      done()
    }
    want(bot)
  }

  async function tidyChannel({ stream, home }: { stream: ChatStream; home: string }, channelId: string): Promise<void> {
    tidying.add(channelId)
    const running = () => {
      const bot = register.byChannel(channelId)
      return bot && bot.state !== 'inactive' ? bot : undefined
    }
    try {
      const rows = await subscriptions.ofChannel(home, channelId)
      const bot = running()
      if (!bot && !register.byChannel(channelId) && rows.length > 0 && (await options.isWanted({ channelId }))) return
      if (bot && ready()?.home === home) {
        bot.knownAt = home
        for (const { type, readerUserId } of rows) {
          if (isOurType(type) && (!readsAs(type) || readerUserId === bot.speakerUserId)) bot.known |= bitOf(type)
        }
        if (bot.known & CHAT_BIT) options.onSubscribed(bot, 'channel.chat.message')
      }
      for (const { type, subscriptionId } of rows) {
        // Turned on (again) meanwhile: what is still there stays.
        if (running()) break
        // First the row: nothing may be believed to be there that is not.
        await subscriptions.forget(home, [{ channelId, type }])
        if (subscriptionId !== null) await unsubscribe(stream, subscriptionId)
      }
    } catch (error) {
      // A bot that was turned on waits for this, and nobody else comes by before the next look at the platform's list.
      const waiting = running()
      if (waiting && !signal.aborted) options.onFailed(waiting, error)
      throw error
    } finally {
      tidying.delete(channelId)
    }
    const bot = running()
    if (bot) want(bot)
  }

  /** What fails here is found again at the next look at the platform's list. */
  async function unsubscribe(stream: ChatStream, subscriptionId: string): Promise<void> {
    try {
      await stream.unsubscribe(subscriptionId, signal)
    } catch (error) {
      if (pauseIfAsked(error)) leftovers.set(subscriptionId, null)
      else if (!signal.aborted) logger.info({ err: error }, 'a subscription could not be ended now')
    }
  }

  /** Being asked to wait is nobody's failure: everything waits, and nothing is lost. */
  function pauseIfAsked(error: unknown): boolean {
    if (!hasCode(error, 'platform-rate-limit')) return false
    const asked = error.details['retryAfterMs']
    pause(typeof asked === 'number' ? Math.max(asked, LEAST_PAUSE_MS) : PAUSE_MS)
    return true
  }

  function pause(forMs: number): void {
    if (paused) return
    paused = true
    clock.sleep(forMs, signal).then(
      () => {
        paused = false
        pump()
      },
      () => undefined,
    )
  }
}

function takeFirst<Item>(queue: Set<Item>): Item | undefined {
  for (const first of queue) {
    queue.delete(first)
    return first
  }
  return undefined
}
