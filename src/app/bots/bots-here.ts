import type { Clock } from '../../base/clock.ts'
import type { Bot, BotRegister, BotState, RunningBot } from './bot.ts'
import { statusOf, type OwnedBotStatus } from './bot-status.ts'
import type { DueQueue } from '../due-queue.ts'
import type { RouteChat } from './route-chat.ts'

/** What the rest of the node asks about the bots that run here. */
export interface BotsHere {
  /** How a bot stands that is ours; `undefined` of any other. */
  describe(channelId: string): OwnedBotStatus | undefined
  /** Bots that are turned on, here. */
  count(): number
  /** The same by state, as people see them. */
  figures(): Record<BotState, number>
  /** The bot of the channel with this id at the platform, while it runs here. */
  byChannelUserId(channelUserId: string): RunningBot | undefined
  /** It runs here and waits for no person: what is said in its channel is heard. */
  isOn(channelId: string): boolean
  /** It runs here, or did until it was handed over a moment ago: what was claimed by then is said here. */
  maySpeak(channel: { channelId: string; channelUserId: string }): boolean
  /** The platform said that the channel is on air. */
  isStreamLive(channelId: string): boolean
}

export interface BotsHereOptions {
  register: BotRegister
  due: Pick<DueQueue<Bot>, 'dueAt'>
  wasOurs: RouteChat['wasOurs']
  clock: Clock
}

export function createBotsHere({ register, due, wasOurs, clock }: BotsHereOptions): BotsHere {
  return {
    describe(channelId) {
      const bot = register.byChannel(channelId)
      return bot && statusOf(bot, { register, retryAt: retryAtOf(bot) })
    },
    count: register.size,
    figures: register.figures,
    byChannelUserId: register.byUser,
    isOn(channelId) {
      const bot = register.byChannel(channelId)
      return bot !== undefined && bot.state !== 'inactive'
    },
    maySpeak({ channelId, channelUserId }) {
      const bot = register.byChannel(channelId)
      return bot ? bot.state !== 'inactive' : wasOurs(channelUserId)
    },
    isStreamLive: (channelId) => register.byChannel(channelId)?.streamLive === true,
  }

  function retryAtOf(bot: Bot): number | null {
    const dueAt = due.dueAt(bot)
    return dueAt === null ? null : Math.round(clock.now() + dueAt - clock.monotonic())
  }
}
