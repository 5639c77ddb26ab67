import { backoffMs } from '../base/backoff.ts'
import type { Clock } from '../base/clock.ts'
import { AppError } from '../base/errors.ts'
import type { Logger } from '../base/logger.ts'
import { createSeldom } from '../base/seldom.ts'
import type { Assignments } from '../persistence/assignments.ts'
import type { Bot, BotRegister } from './bot.ts'
import type { DueQueue } from './due-queue.ts'
import type { Background } from './in-background.ts'

/** What comes of trying to get a bot into its chat: for the register now, in the row for the next start. */
export interface BotAttempts {
  /** Nothing of earlier failures is left. */
  succeeded(bot: Bot): void
  /** By itself it may pass: tried again on the ladder of {@link backoffMs}. */
  failed(bot: Bot, error: unknown): void
  /** Tried again after so long. An active bot stays what it is: only something beside its chat is missing. */
  putOff(bot: Bot, code: string, delayMs: number): void
  /** Only a person can help. The bot stays wanted: it begins by itself when they did. */
  halt(bot: Bot, code: string): void
  /** What kept it from running, also after a restart. `retryInMs`: where nobody may come to tell us. */
  noteHalt(bot: Bot, code: string, retryInMs: number | null): void
}

export interface BotAttemptsOptions {
  register: Pick<BotRegister, 'change' | 'has'>
  due: DueQueue<Bot>
  assignments: Pick<Assignments, 'noteFailure' | 'noteSuccess'>
  inTurn: Background['inTurn']
  onOff: (channelId: string) => void
  clock: Clock
  random: () => number
  logger: Logger
}

export function createBotAttempts(options: BotAttemptsOptions): BotAttempts {
  const { register, due, assignments, inTurn, onOff, clock, random, logger } = options
  const seldom = createSeldom(clock)

  return {
    succeeded(bot) {
      if (bot.failures === 0 && bot.lastError === null) return
      bot.failures = 0
      bot.lastError = null
      due.drop(bot)
      write(bot, () => assignments.noteSuccess(bot.channelId))
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
    halt(bot, code) {
      bot.lastError = { code, at: clock.now() }
      due.drop(bot)
      register.change(bot, 'inactive')
      onOff(bot.channelId)
    },
    noteHalt(bot, code, retryInMs) {
      if (retryInMs !== null) due.put(bot, retryInMs)
      write(bot, () => assignments.noteFailure(bot.channelId, { failures: bot.failures, error: code, retryInMs }))
    },
  }

  function putOff(bot: Bot, code: string, delayMs: number): void {
    bot.failures++
    bot.lastError = { code, at: clock.now() }
    if (bot.state !== 'active') register.change(bot, 'backoff')
    due.put(bot, delayMs)
    write(bot, () =>
      assignments.noteFailure(bot.channelId, { failures: bot.failures, error: code, retryInMs: delayMs }),
    )
  }

  /** For the next start only: the bot goes on where it fails. In turn with its switch, which has the last word. */
  function write(bot: Bot, note: () => Promise<void>): void {
    inTurn(bot.channelId, async () => {
      if (register.has(bot)) await note()
    }).catch((error: unknown) =>
      seldom('unwritten', (unlogged) =>
        logger.warn({ err: error, unlogged }, 'the state of a bot could not be written down'),
      ),
    )
  }
}
