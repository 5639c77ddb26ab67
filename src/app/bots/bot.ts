import type { Clock } from '../../base/clock.ts'
import type { Metrics } from '../../base/metrics.ts'
import type { BotAssignment } from '../../persistence/assignments.ts'
import { SUBSCRIPTION_TYPES, type SubscriptionType } from '../../platforms/chat.ts'

export const BOT_STATES = ['active', 'starting', 'backoff', 'inactive'] as const
/**
 * `active`: chat reaches us. `starting`: it is being subscribed. `backoff`: that failed and is tried again by itself.
 * `inactive`: it needs a person, or is off.
 */
export type BotState = (typeof BOT_STATES)[number]

/** What answers and stages need to know of a bot. */
export interface RunningBot {
  readonly channelId: string
  readonly login: string
  /** The channel's id at the platform. */
  readonly channelUserId: string
  /** The account that reads and speaks there. */
  readonly speakerUserId: string
  /** `null`: nobody has said so yet. */
  readonly streamLive: boolean | null
  /** Under which it is this node's. */
  readonly epoch: number
}

/** A bot that is turned on. Ten thousand of them lie in memory: a few words each, no timers, no closures. */
export interface Bot extends RunningBot {
  /** The person may be renamed. */
  login: string
  state: BotState
  since: number
  /** Subscriptions known to be there: {@link bitOf} each. */
  known: number
  /** The home of which `known` speaks; `null` while nothing was read of it. */
  knownAt: string | null
  /** Subscriptions the platform will not give; not asked for again before the next look at its list. */
  refused: number
  /** Subscriptions found in the platform's list while it is gone through. */
  listed: number
  /** The look at the list during which something was subscribed: that look knows nothing of it. */
  changedInLook: number
  failures: number
  lastError: BotError | null
  /** The streamer has allowed what is needed. */
  permitted: boolean
  streamLive: boolean | null
  /** Taken from a node that was lost: for how long it had been silent, and when that was. Until chat reaches us. */
  takenOver: { orphanedForMs: number; at: number } | null
  /** Somebody has just turned it on, and looks. */
  awaited: boolean
}

export interface BotError {
  code: string
  at: number
}

type BotRow = Pick<
  BotAssignment,
  'channelId' | 'login' | 'channelUserId' | 'failures' | 'lastError' | 'lastErrorAt' | 'retryInMs' | 'permitted'
>

/** A bot as it begins; `known` says nothing yet. */
export function botOf(
  row: BotRow,
  { speakerUserId, epoch, now }: { speakerUserId: string; epoch: number; now: number },
): Bot {
  const { channelId, login, channelUserId, failures, lastError, lastErrorAt, retryInMs, permitted } = row
  return {
    channelId,
    login,
    channelUserId,
    speakerUserId,
    epoch,
    state: retryInMs === null ? 'starting' : 'backoff',
    since: now,
    known: 0,
    knownAt: null,
    refused: 0,
    listed: 0,
    changedInLook: 0,
    failures,
    lastError: lastError === null ? null : { code: lastError, at: lastErrorAt?.getTime() ?? now },
    permitted,
    streamLive: null,
    takenOver: null,
    awaited: false,
  }
}

export const bitOf = (type: SubscriptionType): number => 1 << SUBSCRIPTION_TYPES.indexOf(type)
export const CHAT_BIT = bitOf('channel.chat.message')
const ALL_BITS = 2 ** SUBSCRIPTION_TYPES.length - 1

/** What to subscribe next: chat first. `undefined` where all is there that can be had. */
export function nextType(bot: Bot): SubscriptionType | undefined {
  const open = ALL_BITS & ~bot.known & ~bot.refused
  return open === 0 ? undefined : SUBSCRIPTION_TYPES.find((type) => open & bitOf(type))
}

export function isOurType(type: string): type is SubscriptionType {
  return (SUBSCRIPTION_TYPES as readonly string[]).includes(type)
}

/** Chat is read with somebody's permission; whether a channel is live is told to anybody. */
export const readsAs = (type: SubscriptionType): boolean => type.startsWith('channel.chat.')

/** The connection that all bots share: never open yet, open, or lost. */
export type Standing = 'opening' | 'open' | 'lost'

export type BotRegister = ReturnType<typeof createBotRegister>

/** The bots of this node that are turned on, found by either id, and counted by what people see of them. */
export function createBotRegister({ clock, metrics }: { clock: Clock; metrics: Pick<Metrics, 'bots'> }) {
  const byChannel = new Map<string, Bot>()
  const byUser = new Map<string, Bot>()
  const counts: Record<BotState, number> = { active: 0, starting: 0, backoff: 0, inactive: 0 }
  let standing: { is: Standing; since: number } = { is: 'opening', since: clock.now() }

  const withoutChat = (): BotState => (standing.is === 'lost' ? 'backoff' : 'starting')

  /** Walks over no bot: what a lost connection means for all of them is one sum. */
  const shown = () => {
    const seen = { ...counts }
    if (standing.is !== 'open') {
      seen.active = 0
      seen[withoutChat()] += counts.active
    }
    return seen
  }
  const show = () => {
    const seen = shown()
    for (const state of BOT_STATES) metrics.bots.set({ state }, seen[state])
  }
  show()

  return {
    byChannel: (channelId: string) => byChannel.get(channelId),
    byUser: (channelUserId: string) => byUser.get(channelUserId),
    all: () => byChannel.values(),
    size: () => byChannel.size,
    /** This very bot is still turned on, and not another one of its channel. */
    has: (bot: Bot) => byChannel.get(bot.channelId) === bot,
    active: () => counts.active,
    /** As people see them. */
    figures: shown,

    add(bot: Bot): void {
      byChannel.set(bot.channelId, bot)
      byUser.set(bot.channelUserId, bot)
      counts[bot.state]++
      show()
    },
    remove(bot: Bot): void {
      if (byChannel.get(bot.channelId) !== bot) return
      byChannel.delete(bot.channelId)
      byUser.delete(bot.channelUserId)
      counts[bot.state]--
      show()
    },
    change(bot: Bot, state: BotState): void {
      if (bot.state === state) return
      if (byChannel.get(bot.channelId) === bot) {
        counts[bot.state]--
        counts[state]++
      }
      bot.state = state
      bot.since = clock.now()
      show()
    },
    setStanding(is: Standing): void {
      if (standing.is === is) return
      standing = { is, since: clock.now() }
      show()
    },
    /** A bot's state as people see it: none is active without the connection. */
    seen(bot: Bot): { state: BotState; since: number; lastError: BotError | null } {
      if (bot.state !== 'active' || standing.is === 'open') {
        const since = bot.state === 'active' ? Math.max(bot.since, standing.since) : bot.since
        return { state: bot.state, since, lastError: bot.lastError }
      }
      const lost = standing.is === 'lost' ? { code: 'chat-connection-lost', at: standing.since } : null
      return { state: withoutChat(), since: standing.since, lastError: lost ?? bot.lastError }
    },
  }
}
