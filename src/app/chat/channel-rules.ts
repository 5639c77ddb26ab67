import type { Clock } from '../../base/clock.ts'
import { AppError } from '../../base/errors.ts'
import type { Logger } from '../../base/logger.ts'
import { createSeldom } from '../../base/seldom.ts'
import { compileBlockedWords, type BlockedWords } from '../../domain/blocked-words.ts'
import { compileIgnored, type IgnoreList } from '../../domain/ignore-list.ts'
import { compileCommands, type CommandBook } from '../../domain/chat-command.ts'
import type { ChannelSettings } from '../../domain/settings.ts'
import type { StageRules } from '../../domain/stage.ts'
import type { Channels } from '../../persistence/channels.ts'

/** A channel's settings as its chat is read by: everything that can be made ready beforehand is. */
export interface ChannelRules {
  locale: ChannelSettings['locale']
  chat: ChannelSettings['chat']
  commands: CommandBook
  blockedWords: BlockedWords
  ignored: IgnoreList
  stage: StageRules
}

export interface ChannelRulesCache {
  /** Runs `use` with the rules: at once where they are known, else when they were read. In order, a channel's own. */
  with(channelId: string, use: (rules: ChannelRules) => void): void
  /** Somebody waits for a channel's rules. */
  isAwaited(channelId: string): boolean
  /** @throws AppError `no-channel`, or `unavailable` where they cannot be read now. */
  read(channelId: string): Promise<ChannelRules>
  /** Reads them anew, where they are in use; whoever asks meanwhile waits for that, a moment. */
  changed(channelId: string): void
  /** News may have got lost: they are read anew when they are needed next. All of them, or a channel's. */
  mistrust(channelId?: string): void
  /** Forgets what nobody has needed for a while. */
  sweep(): void
}

export interface ChannelRulesOptions {
  channels: Pick<Channels, 'byId'>
  clock: Pick<Clock, 'monotonic' | 'after'>
  logger: Logger
  /** Rules were read that may be others than before. */
  onChanged(channelId: string, rules: ChannelRules): void
}

interface Waiting {
  use(rules: ChannelRules): void
  fail?(error: unknown): void
}

/** A quiet channel's rules cost a question to the database once they are needed again. */
const KEEP_MS = 10 * 60 * 1_000
/** While the rules are read, chat goes on: so many messages of a channel wait, the oldest go first. */
const MOST_WAITING = 500
/** What is said after a change meets it, where reading it takes no longer than this. */
const HOLD_MS = 1_000
/** Where changed settings could not be read, the old ones hold for so long, and are asked for again with the next message. */
const AGAIN_AFTER_MS = 2_000

export function createChannelRules({ channels, clock, logger, onChanged }: ChannelRulesOptions): ChannelRulesCache {
  const known = new Map<string, { rules: ChannelRules; usedAt: number }>()
  const waiting = new Map<string, Waiting[]>()
  /** Grows with each change, so that a reading that began before it does not count. */
  const changes = new Map<string, number>()
  /** Known, but not as they were changed last; until when nobody asks again. */
  const outdated = new Map<string, number>()
  const seldom = createSeldom(clock)

  return {
    with: (channelId, use) => ask(channelId, { use }),
    read: (channelId) => new Promise((use, fail) => ask(channelId, { use, fail })),
    isAwaited: (channelId) => waiting.has(channelId),
    changed(channelId) {
      if (!known.has(channelId) && !waiting.has(channelId)) return
      changes.set(channelId, (changes.get(channelId) ?? 0) + 1)
      if (waiting.has(channelId)) return
      waiting.set(channelId, [])
      const cancel = clock.after(HOLD_MS, () => useOld(channelId))
      void load(channelId).finally(cancel)
    },
    mistrust(channelId) {
      const mistrusted = channelId === undefined ? known.keys() : known.has(channelId) ? [channelId] : []
      for (const each of mistrusted) outdated.set(each, clock.monotonic())
    },
    sweep() {
      const oldest = clock.monotonic() - KEEP_MS
      for (const [channelId, { usedAt }] of known) {
        if (usedAt > oldest) {
          readOutdated(channelId)
          continue
        }
        known.delete(channelId)
        changes.delete(channelId)
        outdated.delete(channelId)
      }
    },
  }

  function ask(channelId: string, one: Waiting): void {
    const entry = known.get(channelId)
    const line = waiting.get(channelId)
    if (entry && !line) {
      entry.usedAt = clock.monotonic()
      readOutdated(channelId)
      one.use(entry.rules)
      return
    }
    if (!line) {
      waiting.set(channelId, [one])
      void load(channelId)
      return
    }
    if (line.length >= MOST_WAITING) line.shift()?.fail?.(new AppError('unavailable'))
    line.push(one)
  }

  function readOutdated(channelId: string): void {
    const againAt = outdated.get(channelId)
    if (againAt === undefined || clock.monotonic() < againAt) return
    outdated.delete(channelId)
    void load(channelId)
  }

  async function load(channelId: string): Promise<void> {
    const before = changes.get(channelId) ?? 0
    try {
      const channel = await channels.byId(channelId)
      if ((changes.get(channelId) ?? 0) !== before) return await load(channelId)
      if (!channel) throw new AppError('no-channel')
      const rules = compileRules(channel.settings)
      const was = known.get(channelId)
      known.set(channelId, { rules, usedAt: was?.usedAt ?? clock.monotonic() })
      outdated.delete(channelId)
      // A stage may have outlived what was known here.
      onChanged(channelId, rules)
      letOn(channelId, rules)
    } catch (error) {
      if (known.has(channelId)) outdated.set(channelId, clock.monotonic() + AGAIN_AFTER_MS)
      seldom('unread', (unlogged) =>
        logger.warn(
          { err: error, channelId, unlogged },
          'a channel’s settings could not be read; its chat waits for the next message',
        ),
      )
      useOld(channelId)
      for (const { fail } of takeLine(channelId)) fail?.(error)
    }
  }

  /** The new ones take too long, or cannot be had. */
  function useOld(channelId: string): void {
    const entry = known.get(channelId)
    if (entry) letOn(channelId, entry.rules)
  }

  function letOn(channelId: string, rules: ChannelRules): void {
    for (const { use } of takeLine(channelId)) {
      try {
        use(rules)
      } catch (error) {
        logger.error({ err: error, channelId }, 'what waited for a channel’s settings was not handled')
      }
    }
  }

  function takeLine(channelId: string): Waiting[] {
    const line = waiting.get(channelId) ?? []
    waiting.delete(channelId)
    return line
  }
}

function compileRules({ locale, chat, alerts }: ChannelSettings): ChannelRules {
  return {
    locale,
    chat,
    commands: compileCommands(chat.commands),
    blockedWords: compileBlockedWords(alerts.blockedWords),
    ignored: compileIgnored(chat.ignored),
    stage: { inactivityMs: chat.inactivityS * 1_000, crowdLimit: chat.crowdLimit },
  }
}
