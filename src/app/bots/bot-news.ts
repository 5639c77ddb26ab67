import { backoffMs } from '../../base/backoff.ts'
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/logger.ts'
import type { Metrics } from '../../base/metrics.ts'
import type { ChatEvent } from '../../domain/chat-message.ts'
import type { ChatSubscriptions } from '../../persistence/chat-subscriptions.ts'
import type { EndedSubscription, SubscriptionType } from '../../platforms/chat.ts'
import { bitOf, CHAT_BIT, type Bot, type BotRegister, type RunningBot } from './bot.ts'
import type { BotAttempts } from './bot-attempts.ts'
import type { BotPermits } from './bot-permits.ts'
import type { ChatPermissions } from './chat-permissions.ts'
import type { DueQueue } from '../due-queue.ts'
import type { KeepChatStream } from './keep-chat-stream.ts'
import type { MakeSubscriptions, Refusal } from './make-subscriptions.ts'
import type { Revocations } from './revocations.ts'

export interface BotNewsOptions {
  register: BotRegister
  due: DueQueue<Bot>
  attempts: BotAttempts
  permits: BotPermits
  permissions: ChatPermissions
  revocations: Pick<Revocations, 'withdraw' | 'turnOff'>
  subscriptions: Pick<ChatSubscriptions, 'ended'>
  streams: () => Pick<KeepChatStream, 'ready' | 'look'>
  make: () => Pick<MakeSubscriptions, 'tidy' | 'settledFor'>
  /** To be written down. */
  changed: (bot: Bot) => void
  /** No more in memory. */
  leave: (bot: Bot) => void
  onEvent: (bot: RunningBot, event: ChatEvent, receivedAtMs: number) => void
  onOff: (channelId: string) => void
  clock: Clock
  random: () => number
  logger: Logger
  metrics: Pick<Metrics, 'botRestarts' | 'botTakeover'>
}

/** Where the reader may not be in a chat, or the platform does not know it: nobody will change that within minutes. */
const LONG_BACKOFF_MS = 60 * 60_000

/**
 * Who took a permission back that two accounts share is told apart by what follows: the news of the account itself, or
 * a refusal.
 */
const WHO_REVOKED_MS = 2_000

/** What the platform says of our bots, and what that makes of them. */
export function createBotNews(options: BotNewsOptions) {
  const { register, due, attempts, permits, permissions, revocations, subscriptions, streams, make, changed } = options
  const { clock, random, logger, metrics } = options
  return { event, subscribed, refused, accessRevoked, subscriptionEnded }

  function event(happened: ChatEvent, receivedAtMs: number): void {
    const bot = register.byUser(happened.type === 'message' ? happened.message.channelUserId : happened.channelUserId)
    // Its subscription delivers, whatever we know of it so far; only a bot that was taken back hears nothing.
    if (!bot || bot.state === 'inactive') return
    if (happened.type === 'stream-online' || happened.type === 'stream-offline') {
      bot.streamLive = happened.type === 'stream-online'
      changed(bot)
    }
    try {
      options.onEvent(bot, happened, receivedAtMs)
    } catch (error) {
      logger.error({ err: error, channelId: bot.channelId, type: happened.type }, 'an event of a chat was not handled')
    }
  }

  function subscribed(bot: Bot, type: SubscriptionType): void {
    if (bitOf(type) === CHAT_BIT && bot.state !== 'active') {
      register.change(bot, 'active')
      changed(bot)
      bot.awaited = false
      const { takenOver } = bot
      bot.takenOver = null
      if (takenOver) {
        metrics.botTakeover.observe((takenOver.orphanedForMs + clock.monotonic() - takenOver.at) / 1_000)
      }
    }
    attempts.succeeded(bot)
  }

  function refused(bot: Bot, type: SubscriptionType, reason: Refusal): void {
    if (bitOf(type) !== CHAT_BIT) {
      logger.info({ channelId: bot.channelId, type, reason }, 'the platform refuses a subscription beside the chat')
      bot.refused |= bitOf(type)
      return
    }
    if (reason !== 'permission') {
      return attempts.putOff(bot, reason === 'banned' ? 'banned' : 'channel-unknown', LONG_BACKOFF_MS)
    }
    const lacking = permits.lackOf(bot) ?? 'missing-scope'
    if (permissions.botUserId === null) {
      // Twitch knows better than our memory what was allowed.
      bot.permitted = false
      revocations.withdraw(bot.channelUserId)
    }
    bot.known = 0
    // Which of the two accounts lacks something, the platform does not say: nobody may come to tell us.
    attempts.halt(bot, lacking, permissions.botUserId === null ? null : LONG_BACKOFF_MS)
    void make().tidy(bot.channelId)
    logger.info({ channelId: bot.channelId, why: lacking }, 'a bot waits for a permission')
    permits.waits()
  }

  function accessRevoked(userId: string): void {
    const bot = register.byUser(userId)
    if (userId === permissions.botUserId) {
      logger.error({ bots: register.size() }, 'the shared bot account took our access back: no bot can speak')
      permits.lostAccount()
      // What was subscribed ends at the platform by itself.
      for (const each of register.all()) if (each.state !== 'inactive') attempts.halt(each, 'bot-account-missing')
    }
    if (bot) turnOff(bot, 'permission-revoked')
  }

  async function subscriptionEnded({ id, type, channelUserId, why }: EndedSubscription): Promise<void> {
    const bot = register.byUser(channelUserId)
    const home = streams().ready()?.home
    if (!bot || home === undefined) return
    // The news may be quicker than the answer that tells us of what has ended.
    await make().settledFor(bot)
    if (!(await subscriptions.ended(home, { channelId: bot.channelId, type, id })) || !register.has(bot)) return
    bot.known &= ~bitOf(type)
    bot.changedInLook = streams().look()
    if (bot.state === 'inactive') return
    if (why === 'gone') return turnOff(bot, 'account-gone')
    if (why === 'permission' && permissions.botUserId === null) return turnOff(bot, 'permission-revoked')
    const isChat = bitOf(type) === CHAT_BIT
    if (isChat) {
      metrics.botRestarts.inc({ reason: 'subscription-ended' })
      register.change(bot, 'starting')
      changed(bot)
    }
    if (why === 'banned' && isChat) attempts.putOff(bot, 'banned', LONG_BACKOFF_MS)
    else if (due.dueAt(bot) === null) due.put(bot, why === 'permission' ? WHO_REVOKED_MS : backoffMs(1, random))
  }

  /** Not by the streamer's switch: they are told why. It stays ours until the row says so too. */
  function turnOff(bot: Bot, why: 'permission-revoked' | 'account-gone'): void {
    if (!register.has(bot)) return
    options.leave(bot)
    void make().tidy(bot.channelId)
    options.onOff(bot.channelId)
    logger.info({ channelId: bot.channelId, why }, 'a bot was turned off')
    revocations.turnOff(bot.channelUserId, why)
  }
}
