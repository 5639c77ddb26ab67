import type { Clock } from '../../base/clock.ts'
import { AppError } from '../../base/errors.ts'
import type { Logger } from '../../base/logger.ts'
import type { Metrics } from '../../base/metrics.ts'
import type { Bus, UnansweredChat } from '../../coordination/bus.ts'
import type { ChatEvent } from '../../domain/chat-message.ts'
import type { Assignments } from '../../persistence/assignments.ts'
import type { ChatSubscriptions } from '../../persistence/chat-subscriptions.ts'
import type { Grants } from '../../persistence/grants.ts'
import type { ChatPlatform, ChatStream, DisabledChatShard } from '../../platforms/chat.ts'
import type { AssignmentRunner, EndReason, NodeSession } from '../assignments/assignment-runner.ts'
import { createBeginBots } from './begin-bots.ts'
import { createBotAttempts } from './bot-attempts.ts'
import { legacyOf } from './bot-legacy.ts'
import { createBotNews } from './bot-news.ts'
import { createBotPermits } from './bot-permits.ts'
import { createBotRegister, type Bot, type RunningBot } from './bot.ts'
import { createBotsHere, type BotsHere } from './bots-here.ts'
import type { ChatPermissions } from './chat-permissions.ts'
import { createDueQueue } from '../due-queue.ts'
import { createBackground } from '../in-background.ts'
import { inTime } from '../in-time.ts'
import { createKeepChatStream } from './keep-chat-stream.ts'
import { createMakeSubscriptions } from './make-subscriptions.ts'
import { createNoteBots } from './note-bots.ts'
import { createRevocations } from './revocations.ts'
import { createRouteChat } from './route-chat.ts'

export interface RunBotsOptions {
  chat: Pick<ChatPlatform, 'open'>
  assignments: Assignments
  subscriptions: ChatSubscriptions
  grants: Grants
  permissions: ChatPermissions
  session: NodeSession
  bus: Bus
  /** Whatever happens in the chat of a bot that is ours. */
  onEvent: (bot: RunningBot, event: ChatEvent, receivedAtMs: number) => void
  /** What its former owner understood, and could not answer any more. */
  onUnanswered?: (bot: RunningBot, answer: UnansweredChat['answer'], receivedAtMs: number) => void
  /** The bot runs no more: nothing of its channel's chat is of interest. */
  onOff: (channelId: string) => void
  /** Its channel's stage is ours from now on. What its former owner passed on of it, and of the bot's own words. */
  onBegin?: (owned: { channelId: string; epoch: number }, stage: unknown, own: unknown) => void
  /** Its channel's stage is another's, nobody's for a while, or no bot's any more; nobody leaves it for that. */
  onGone?: (channelId: string, why: EndReason) => void
  /** What the next owner should know of the channel's stage, fit for JSON. */
  stageOf?: (channelId: string) => unknown
  /** And of what the bot said a moment ago. */
  ownOf?: (channelId: string) => unknown
  /** What the bot did, for its streamer, fit for JSON. */
  figuresOf?: (channelId: string) => unknown
  /** How chat is delivered to the nodes together, where `here` is what this one sees of it. */
  standing?: (here: ReturnType<ChatStream['state']>) => ReturnType<ChatStream['state']>
  onConnections?: (stream: ChatStream) => void
  /** It is this node's task to end what nobody needs. */
  tidiesUp?: () => boolean
  /** These were refused by their rows. */
  onRefused?: (channelIds: string[]) => void
  clock: Clock
  random: () => number
  logger: Logger
  metrics: Pick<Metrics, 'bots' | 'botRestarts' | 'botTakeover' | 'chatMessages'>
}

export interface RunBots extends AssignmentRunner, BotsHere {
  stop(): Promise<void>
  /** The stream of all chats, which is opened where it is not; `null` at the end. */
  stream(): ChatStream | null
  /** How chat is delivered to the nodes together may have changed. */
  standingChanged(): void
  /** The connections that deliver all bots' chat; `null` while no bot here needs one. */
  connection(): ReturnType<ChatStream['state']> | null
  /** What could not be answered any more is its new owner's to answer. */
  passOn(answer: UnansweredChat['answer'], receivedAtMs: number): void
  /** What it did is to be written down anew, at leisure. */
  figuresChanged(channelId: string): void
  sweep(): void
}

const RESTART_REASONS = [
  'takeover',
  'hand-over',
  'backoff',
  'permission',
  'subscription-ended',
  'subscription-missing',
  'home-lost',
] as const

/** A platform that is slow holds nobody up. */
const ENDED_WITHIN_MS = 1_000

/**
 * The life of the bots that are this node's: subscribed, put off after failures, taken back by their people. A bot is
 * what the platform delivers to us: there is nothing to run for a channel in which nobody talks.
 */
export function createRunBots(options: RunBotsOptions): RunBots {
  const { assignments, grants, permissions, session, bus, onOff, clock, random, logger, metrics } = options
  const life = new AbortController()
  const { signal } = life
  const register = createBotRegister(options)
  const due = createDueQueue<Bot>({ clock, onDue: tryAgain })
  const background = createBackground({ clock, random, logger, signal })
  const { insist } = background
  /** Whatever the register says: some wait for their rows, others were taken back a moment ago. */
  const ours = new Map<string, number>()
  /** Ways to stop hearing of their channels' news. */
  const news = new Map<string, () => void>()

  for (const reason of RESTART_REASONS) metrics.botRestarts.inc({ reason }, 0)

  const notes = createNoteBots({
    ...options,
    register,
    due,
    onLost(channelId, epoch) {
      if (ours.get(channelId) !== epoch) return
      logger.warn({ channelId, epoch }, 'a bot is another node’s by now')
      void end([channelId], 'lost')
      options.onRefused?.([channelId])
    },
  })
  const attempts = createBotAttempts({ ...options, register, due, onChange: notes.changed })
  const route = createRouteChat({
    bus,
    isOurs: (channelUserId) => register.byUser(channelUserId) !== undefined,
    onEvent: (event, receivedAtMs) => platformNews.event(event, receivedAtMs),
    onSubscriptionEnded: (ended) => insist('an ended subscription waits', () => platformNews.subscriptionEnded(ended)),
    onUnanswered(answer, receivedAtMs) {
      const bot = register.byUser(answer.channelUserId)
      if (bot && bot.state !== 'inactive') options.onUnanswered?.(bot, answer, receivedAtMs)
    },
    clock,
    metrics,
  })
  const revocations = createRevocations({ assignments, grants, bus, insist, clock })
  const permits = createBotPermits({
    ...options,
    register,
    begin: goOn,
    refresh: (channelIds) => beginning.refresh(channelIds),
    insist,
    signal,
  })
  const parts = {
    ...options,
    register,
    ours,
    due,
    attempts,
    permits,
    streams: () => streams,
    make: () => make,
    changed: notes.changed,
    leave: (bot: Bot) => leave(bot),
    listen,
    insist,
  }
  const platformNews = createBotNews({ ...parts, revocations })
  const beginning = createBeginBots(parts)
  const streams = createKeepChatStream({
    ...options,
    register,
    make: () => make,
    mayAct: session.mayAct,
    standing: options.standing ?? ((here) => here),
    onConnections: (stream) => options.onConnections?.(stream),
    tidiesUp: options.tidiesUp ?? (() => true),
    wanted: assignments.wanted,
    onEvent: route.heard,
    onSubscriptionEnded: route.ended,
    onAccessRevoked: revocations.heard,
    onShardDisabled: (news: DisabledChatShard) => bus.publish('cluster', { type: 'shard-disabled', ...news }),
    onChatKnown: (bot) => platformNews.subscribed(bot, 'channel.chat.message'),
    onChange: notes.changed,
    insist,
    signal,
  })
  const make = createMakeSubscriptions({
    ...options,
    register,
    ready: streams.ready,
    isWaiting: (bot) => due.dueAt(bot) !== null,
    look: streams.look,
    onSubscribed: platformNews.subscribed,
    onRefused: platformNews.refused,
    onFailed: attempts.failed,
    isWanted: async (channel) =>
      'channelUserId' in channel
        ? (await assignments.wanted([channel.channelUserId])).size > 0
        : (await assignments.bot(channel.channelId, permissions.ofChannel))?.desired === true,
    mayAct: session.mayAct,
    signal,
  })
  const unsubscribe = bus.subscribe('cluster', (event) => {
    if (event.type === 'permission-granted') permits.granted(event.userId)
    if (event.type === 'access-revoked') platformNews.accessRevoked(event.userId)
    if (event.type === 'shard-disabled' && register.size() > 0) streams.open()?.shardDisabled(event)
  })

  return {
    kind: 'bot',
    begin(owned) {
      beginning.begin(owned)
      for (const { key: channelId, epoch, legacy } of owned) {
        const { stage = null, own = null } = (legacy ?? {}) as { stage?: unknown; own?: unknown }
        options.onBegin?.({ channelId, epoch }, stage, own)
      }
    },
    end,
    refresh: beginning.refresh,
    running: () => ours,
    async inspect() {
      // Off when its row was read, or when its person took something back; on again by now, maybe, and nobody told us.
      beginning.refresh([...ours.keys()].filter((channelId) => !register.byChannel(channelId)))
      return 0
    },
    legacy: (channelId) => ({
      bot: legacyOf(register.byChannel(channelId)),
      stage: options.stageOf?.(channelId) ?? null,
      own: options.ownOf?.(channelId) ?? null,
    }),
    async stop() {
      unsubscribe()
      const noted = notes.stop()
      life.abort(new AppError('shutting-down'))
      due.end()
      route.stop()
      await streams.close()
      await Promise.all([noted, make.settled(), background.settled()])
    },
    ...createBotsHere({ register, due, wasOurs: route.wasOurs, clock }),
    stream: streams.open,
    standingChanged: streams.notice,
    connection: streams.connection,
    passOn: route.unanswered,
    figuresChanged: notes.figuresChanged,
    sweep: route.sweep,
  }

  function listen(bot: Bot): void {
    route.listen(bot.channelUserId)
    // Whatever node its settings are changed on.
    if (!news.has(bot.channelId))
      news.set(
        bot.channelId,
        bus.subscribe(`news:${bot.channelId}`, () => {}),
      )
  }

  /** The bot is no more in memory; what it means for others is the caller's business. */
  function leave(bot: Bot, { handedOver = false } = {}): void {
    register.remove(bot)
    due.drop(bot)
    route.unlisten(bot.channelUserId, { handedOver })
    news.get(bot.channelId)?.()
    news.delete(bot.channelId)
  }

  async function end(channelIds: readonly string[], why: EndReason): Promise<void> {
    const underWay: Promise<void>[] = []
    for (const channelId of channelIds) {
      ours.delete(channelId)
      const bot = register.byChannel(channelId)
      if (bot) {
        leave(bot, { handedOver: why === 'handed-over' })
        underWay.push(make.settledFor(bot))
        if (why === 'unwanted') onOff(channelId)
      }
      options.onGone?.(channelId, why)
      if (why !== 'unwanted') continue
      // Who is given it next must not find what is about to be ended.
      const tidied = make.tidy(channelId)
      if (streams.ready()) underWay.push(tidied)
    }
    if (underWay.length > 0) await inTime(clock, Promise.all(underWay), ENDED_WITHIN_MS)
  }

  function tryAgain(bot: Bot): void {
    if (!register.has(bot)) return
    if (bot.state === 'inactive') return permits.revive(bot)
    if (bot.state !== 'active') metrics.botRestarts.inc({ reason: 'backoff' })
    make.want(bot)
  }

  /** Nothing keeps it any more. */
  function goOn(bot: Bot): void {
    due.drop(bot)
    bot.awaited = true
    register.change(bot, 'starting')
    attempts.succeeded(bot)
    notes.changed(bot)
    streams.open()
    void make.tidy(bot.channelId)
  }
}
