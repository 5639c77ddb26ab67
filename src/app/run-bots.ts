import { backoffMs } from '../base/backoff.ts'
import type { Clock } from '../base/clock.ts'
import { AppError } from '../base/errors.ts'
import type { Logger } from '../base/logger.ts'
import type { Metrics } from '../base/metrics.ts'
import type { ChatEvent } from '../domain/chat-message.ts'
import type { Assignments, BotAssignment } from '../persistence/assignments.ts'
import type { ChatSubscriptions } from '../persistence/chat-subscriptions.ts'
import type { Grants } from '../persistence/grants.ts'
import type { ChatPlatform, ChatStream, EndedSubscription, SubscriptionType } from '../platforms/chat.ts'
import { bitOf, botOf, CHAT_BIT, createBotRegister, type Bot, type RunningBot } from './bot.ts'
import { statusOf, statusOfResting, type BotStatus } from './bot-status.ts'
import { allows, type ChatPermissions } from './chat-permissions.ts'
import { createDueQueue } from './due-queue.ts'
import { createBotAttempts } from './bot-attempts.ts'
import { createBackground } from './in-background.ts'
import { createKeepChatStream, type LookTimes } from './keep-chat-stream.ts'
import { createMakeSubscriptions, type Refusal } from './make-subscriptions.ts'

export interface RunBotsOptions {
  chat: Pick<ChatPlatform, 'open'>
  assignments: Assignments
  subscriptions: ChatSubscriptions
  grants: Grants
  permissions: ChatPermissions
  /** Whatever happens in the chat of a bot that is turned on. */
  onEvent: (bot: RunningBot, event: ChatEvent, receivedAtMs: number) => void
  /** The bot runs no more: nothing of its channel's chat is of interest. */
  onOff: (channelId: string) => void
  lookEvery?: LookTimes
  clock: Clock
  random: () => number
  logger: Logger
  metrics: Pick<Metrics, 'bots' | 'botRestarts'>
}

export interface RunBots {
  /** Brings all bots back. Resolves when each has begun, which says nothing of the platform. */
  start(): Promise<void>
  stop(): Promise<void>
  /** Turns a channel's bot on or off. On again while it waits or is refused: it tries at once. */
  setDesired(channelId: string, desired: boolean): Promise<void>
  /** @throws AppError `no-channel` */
  status(channelId: string): Promise<BotStatus>
  /** All bots that were ever turned on. */
  all(): Promise<BotStatus[]>
  /** The connections that deliver all bots' chat; `null` while no bot needs one. */
  connection(): ReturnType<ChatStream['state']> | null
  /** Bots that are turned on, here. */
  count(): number
  /** A person allowed what they were asked for: whatever waited for it begins. By their id at the platform. */
  permissionGranted(userId: string): void
  /** The bot of the channel with this id at the platform, while it is turned on. */
  byChannelUserId(channelUserId: string): RunningBot | undefined
  isActive(channelId: string): boolean
  /** It is turned on and waits for no person: what is said in its channel is heard. */
  isOn(channelId: string): boolean
  /** The platform said that the channel is on air. */
  isStreamLive(channelId: string): boolean
}

const RESTART_REASONS = [
  'node-start',
  'backoff',
  'permission',
  'subscription-ended',
  'subscription-missing',
  'home-lost',
] as const

/** Where the reader may not be in a chat, or the platform does not know it: nobody will change that within minutes. */
const LONG_BACKOFF_MS = 60 * 60_000

/**
 * Who took a permission back that two accounts share is told apart by what follows: the news of the account itself, or
 * a refusal.
 */
const WHO_REVOKED_MS = 2_000

/**
 * The life of all bots: turned on and off, subscribed, put off after failures, taken back by their people. A bot is what
 * the platform delivers to us: there is nothing to run for a channel in which nobody talks.
 */
export function createRunBots(options: RunBotsOptions): RunBots {
  const { assignments, subscriptions, grants, permissions, onOff, clock, random, logger, metrics } = options
  const life = new AbortController()
  const { signal } = life
  const register = createBotRegister(options)
  const due = createDueQueue<Bot>({ clock, onDue: tryAgain })
  // A channel's switch and its revocation follow each other.
  const background = createBackground({ clock, random, logger, signal })
  const { inTurn, insist } = background
  const attempts = createBotAttempts({ ...options, register, due, inTurn })
  let botAccount: { login: string; scopes: string[] } | undefined

  for (const reason of RESTART_REASONS) metrics.botRestarts.inc({ reason }, 0)

  const streams = createKeepChatStream({
    ...options,
    register,
    make: () => make,
    onEvent: pass,
    onSubscriptionEnded: (ended) => insist('an ended subscription waits', () => subscriptionEnded(ended)),
    onAccessRevoked: accessRevoked,
    onChatKnown: (bot) => subscribed(bot, 'channel.chat.message'),
    insist,
    signal,
  })
  const make = createMakeSubscriptions({
    ...options,
    register,
    ready: streams.ready,
    isWaiting: (bot) => due.dueAt(bot) !== null,
    look: streams.look,
    onSubscribed: subscribed,
    onRefused: refused,
    onFailed: attempts.failed,
    signal,
  })

  return {
    async start() {
      if (permissions.botUserId !== null) botAccount = await grants.of(permissions.botUserId)
      for (const row of await assignments.desiredBots(permissions.ofChannel)) {
        // Somebody may have been quicker with their switch.
        if (!register.byChannel(row.channelId)) enter(row)
      }
      metrics.botRestarts.inc({ reason: 'node-start' }, register.size())
      logger.info({ bots: register.size() }, 'chat bots begin')
    },
    async stop() {
      life.abort(new AppError('shutting-down'))
      due.end()
      await streams.close()
      await Promise.all([make.settled(), background.settled()])
    },
    setDesired: (channelId, desired) =>
      inTurn(channelId, async () => {
        const row = await assignments.bot(channelId, permissions.ofChannel)
        if (!row) throw new AppError('no-channel')
        const present = register.byChannel(channelId)
        if (desired ? present?.state === 'active' : !present && !row.desired) return
        await assignments.setDesired(channelId, desired)
        if (present) leave(present)
        if (!desired) {
          if (present) end(present)
          return
        }
        enter({ ...row, desired: true, failures: 0, retryInMs: null, lastError: null })
        make.tidy(channelId)
        // Allowed between the look at the row and now?
        if (!row.permitted) permissionGranted(row.channelUserId)
      }),
    async status(channelId) {
      const bot = register.byChannel(channelId)
      if (bot) return describe(bot)
      const row = await assignments.bot(channelId, permissions.ofChannel)
      if (!row) throw new AppError('no-channel')
      return statusOfResting(row, speakerOf(row))
    },
    async all() {
      const resting = await assignments.restingBots(permissions.ofChannel)
      const off = resting.filter(({ channelId }) => !register.byChannel(channelId))
      return [...[...register.all()].map(describe), ...off.map((row) => statusOfResting(row, speakerOf(row)))]
    },
    connection: streams.connection,
    count: register.size,
    permissionGranted,
    byChannelUserId: register.byUser,
    isStreamLive: (channelId) => register.byChannel(channelId)?.streamLive === true,
    isOn(channelId) {
      const bot = register.byChannel(channelId)
      return bot !== undefined && bot.state !== 'inactive'
    },
    isActive(channelId) {
      const bot = register.byChannel(channelId)
      return bot !== undefined && register.seen(bot).state === 'active'
    },
  }

  function enter(row: BotAssignment): void {
    const bot = botOf(row, permissions.speakerOf(row.channelUserId), clock.now())
    register.add(bot)
    const lacking = lackOf(bot)
    if (lacking !== null) {
      bot.lastError = { code: lacking, at: clock.now() }
      register.change(bot, 'inactive')
      return
    }
    if (row.retryInMs !== null) due.put(bot, row.retryInMs)
    streams.ensureOpen()
  }

  /** The bot is no more in memory; what it means for others is the caller's business. */
  function leave(bot: Bot): void {
    register.remove(bot)
    due.drop(bot)
  }

  /** What was subscribed for it is ended, and nothing of it stays on stage. */
  function end({ channelId }: Bot): void {
    make.tidy(channelId)
    onOff(channelId)
  }

  /** Why it cannot even be tried. */
  function lackOf(bot: Bot): 'bot-account-missing' | 'missing-scope' | null {
    if (permissions.botUserId !== null && !allows(botAccount?.scopes ?? [], permissions.ofBotAccount)) {
      return 'bot-account-missing'
    }
    return bot.permitted ? null : 'missing-scope'
  }

  function pass(event: ChatEvent, receivedAtMs: number): void {
    const bot = register.byUser(event.type === 'message' ? event.message.channelUserId : event.channelUserId)
    // Its subscription delivers, whatever we know of it so far; only a bot that was taken back hears nothing.
    if (!bot || bot.state === 'inactive') return
    if (event.type === 'stream-online') bot.streamLive = true
    if (event.type === 'stream-offline') bot.streamLive = false
    try {
      options.onEvent(bot, event, receivedAtMs)
    } catch (error) {
      logger.error({ err: error, channelId: bot.channelId, type: event.type }, 'an event of a chat was not handled')
    }
  }

  function subscribed(bot: Bot, type: SubscriptionType): void {
    if (bitOf(type) === CHAT_BIT) register.change(bot, 'active')
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
    const lacking = lackOf(bot) ?? 'missing-scope'
    if (permissions.botUserId === null) {
      // Twitch knows better than our memory what was allowed.
      bot.permitted = false
      insist('a refused permission waits', async () => {
        // Given anew before this was written down.
        if (!register.byUser(bot.channelUserId)?.permitted) await grants.withdraw(bot.channelUserId)
      })
    }
    attempts.halt(bot, lacking)
    bot.known = 0
    make.tidy(bot.channelId)
    logger.info({ channelId: bot.channelId, why: lacking }, 'a bot waits for a permission')
    // Which of the two accounts lacks something, the platform does not say: nobody may come to tell us.
    attempts.noteHalt(bot, lacking, permissions.botUserId === null ? null : LONG_BACKOFF_MS)
  }

  function tryAgain(bot: Bot): void {
    if (!register.has(bot)) return
    if (bot.state === 'inactive') return revive(bot)
    if (bot.state !== 'active') metrics.botRestarts.inc({ reason: 'backoff' })
    make.want(bot)
  }

  function revive(bot: Bot): void {
    if (lackOf(bot) !== null) return
    due.drop(bot)
    metrics.botRestarts.inc({ reason: 'permission' })
    register.change(bot, 'starting')
    attempts.succeeded(bot)
    streams.ensureOpen()
    make.tidy(bot.channelId)
  }

  function permissionGranted(userId: string): void {
    insist('a granted permission waits', async () => {
      const granted = await grants.of(userId)
      if (granted) permitted(userId, granted)
    })
  }

  function permitted(userId: string, granted: { login: string; scopes: string[] }): void {
    if (userId === permissions.botUserId) {
      botAccount = granted
      for (const bot of register.all()) if (bot.state === 'inactive') revive(bot)
    }
    const bot = register.byUser(userId)
    if (!bot || !allows(granted.scopes, permissions.ofChannel)) return
    bot.permitted = true
    if (bot.state === 'inactive') revive(bot)
  }

  function accessRevoked(userId: string): void {
    const bot = register.byUser(userId)
    if (userId === permissions.botUserId) {
      logger.error({ bots: register.size() }, 'the shared bot account took our access back: no bot can speak')
      if (botAccount) botAccount = { ...botAccount, scopes: [] }
      // What was subscribed ends at the platform by itself.
      for (const each of register.all()) if (each.state !== 'inactive') attempts.halt(each, 'bot-account-missing')
    }
    if (bot) turnOff(bot, 'permission-revoked')
    else insist('a revocation waits', async () => void (await grants.withdraw(userId)))
  }

  async function subscriptionEnded({ id, type, channelUserId, why }: EndedSubscription): Promise<void> {
    const bot = register.byUser(channelUserId)
    const home = streams.ready()?.home
    if (!bot || home === undefined) return
    // The news may be quicker than the answer that tells us of what has ended.
    await make.settledFor(bot)
    if (!(await subscriptions.ended(home, { channelId: bot.channelId, type, id })) || !register.has(bot)) return
    bot.known &= ~bitOf(type)
    bot.changedInLook = streams.look()
    if (bot.state === 'inactive') return
    if (why === 'gone') return turnOff(bot, 'account-gone')
    if (why === 'permission' && permissions.botUserId === null) return turnOff(bot, 'permission-revoked')
    const isChat = bitOf(type) === CHAT_BIT
    if (isChat) {
      metrics.botRestarts.inc({ reason: 'subscription-ended' })
      register.change(bot, 'starting')
    }
    if (why === 'banned' && isChat) attempts.putOff(bot, 'banned', LONG_BACKOFF_MS)
    else if (due.dueAt(bot) === null) due.put(bot, why === 'permission' ? WHO_REVOKED_MS : backoffMs(1, random))
  }

  /** Not by the streamer's switch: they are told why. */
  function turnOff(bot: Bot, why: 'permission-revoked' | 'account-gone'): void {
    if (!register.has(bot)) return
    leave(bot)
    end(bot)
    logger.info({ channelId: bot.channelId, why }, 'a bot was turned off')
    insist('a bot that was turned off waits', () =>
      inTurn(bot.channelId, async () => {
        // The streamer has allowed it again and turned it on, before this was written down. Where they have not allowed
        // it, Twitch refuses, and then it is withdrawn.
        if (register.byChannel(bot.channelId)) return
        if (why === 'permission-revoked') await grants.withdraw(bot.channelUserId)
        await assignments.setDesired(bot.channelId, false, why)
      }),
    )
  }

  function describe(bot: Bot): BotStatus {
    const dueAt = due.dueAt(bot)
    const retryAt = dueAt === null ? null : Math.round(clock.now() + dueAt - clock.monotonic())
    return statusOf(bot, { register, speaker: speakerOf(bot), retryAt })
  }

  function speakerOf({ login, channelUserId }: { login: string; channelUserId: string }): BotStatus['speaker'] {
    if (permissions.speakerOf(channelUserId) === channelUserId) return { login, own: true }
    return botAccount ? { login: botAccount.login, own: false } : null
  }
}
