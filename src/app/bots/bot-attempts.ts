import { backoffMs } from '../../base/backoff.ts'
import type { Clock } from '../../base/clock.ts'
import { AppError } from '../../base/errors.ts'
import type { Logger } from '../../base/logger.ts'
import { createSeldom } from '../../base/seldom.ts'
import type { Bot, BotRegister } from './bot.ts'
import type { DueQueue } from '../due-queue.ts'

/** What comes of trying to get a bot into its chat: for the register now, in the row for the next owner. */
export interface BotAttempts {
  /** Nothing of earlier failures is left. */
  succeeded(bot: Bot): void
  /** By itself it may pass: tried again on the ladder of {@link backoffMs}. */
  failed(bot: Bot, error: unknown): void
  /** Tried again after so long. An active bot stays what it is: only something beside its chat is missing. */
  putOff(bot: Bot, code: string, delayMs: number): void
  /**
   * Only a person can help. The bot stays wanted: it begins by itself when they did. `retryInMs`: where nobody may come
   * to tell us.
   */
  halt(bot: Bot, code: string, retryInMs?: number | null): void
}

export interface BotAttemptsOptions {
  register: Pick<BotRegister, 'change'>
  due: DueQueue<Bot>
  /** To be written down. */
  onChange: (bot: Bot) => void
  onOff: (channelId: string) => void
  clock: Clock
  random: () => number
  logger: Logger
}

export function createBotAttempts(options: BotAttemptsOptions): BotAttempts {
  const { register, due, onChange, onOff, clock, random, logger } = options
  const seldom = createSeldom(clock)

  return {
    succeeded(bot) {
      if (bot.failures === 0 && bot.lastError === null) return
      bot.failures = 0
      bot.lastError = null
      due.drop(bot)
      onChange(bot)
    },
    failed(bot, error) {
      const code = error instanceof AppError ? error.code : 'internal'
      seldom(code, (unlogged) => {
        const line = { code, channelId: bot.channelId, failures: bot.failures + 1, unlogged }
        if (code === 'internal') logger.error({ err: error, ...line }, 'a bot is put off')
        else logger.warn(line, 'a bot is put off')
      })
      putOff(bot, code, backoffMs(bot.failures + 1, random))
    },
    putOff,
    halt(bot, code, retryInMs = null) {
      bot.lastError = { code, at: clock.now() }
      due.drop(bot)
      if (retryInMs !== null) due.put(bot, retryInMs)
      register.change(bot, 'inactive')
      onChange(bot)
      onOff(bot.channelId)
    },
  }

  function putOff(bot: Bot, code: string, delayMs: number): void {
    bot.failures++
    bot.lastError = { code, at: clock.now() }
    if (bot.state !== 'active') register.change(bot, 'backoff')
    due.put(bot, delayMs)
    onChange(bot)
  }
}
