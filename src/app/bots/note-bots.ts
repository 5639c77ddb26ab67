import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/logger.ts'
import type { Assignments } from '../../persistence/assignments.ts'
import type { NodeSession } from '../assignments/assignment-runner.ts'
import type { Bot, BotRegister } from './bot.ts'
import type { DueQueue } from '../due-queue.ts'
import { createNoteAssignments } from '../assignments/note-assignments.ts'

export interface NoteBotsOptions {
  register: Pick<BotRegister, 'byChannel'>
  due: Pick<DueQueue<Bot>, 'dueAt'>
  assignments: Pick<Assignments, 'note'>
  session: Pick<NodeSession, 'session'>
  /** What the bot did, for its streamer, fit for JSON. */
  figuresOf?: ((channelId: string) => unknown) | undefined
  /** The row says that it is not ours, or not under this epoch. */
  onLost: (channelId: string, epoch: number) => void
  clock: Clock
  logger: Logger
}

/** A busy chat is a row in so long. */
const FIGURES_EVERY_MS = 5_000

/** Our bots as their rows are to have them. */
export function createNoteBots(options: NoteBotsOptions) {
  const { register, due, figuresOf, clock } = options
  const notes = createNoteAssignments({ ...options, kind: 'bot', describe })
  /** Bots that did something lately. */
  const active = new Set<string>()
  let cancelFigures: (() => void) | null = null
  let stopped = false

  return {
    changed: (bot: Bot) => notes.changed(bot.channelId, { soon: bot.awaited }),
    /** What it did is to be written down anew, at leisure. */
    figuresChanged(channelId: string): void {
      if (stopped) return
      active.add(channelId)
      cancelFigures ??= clock.after(FIGURES_EVERY_MS, () => {
        cancelFigures = null
        for (const one of active) if (register.byChannel(one)) notes.changed(one)
        active.clear()
      })
    },
    /** Writes what waits, and nothing more. */
    async stop(): Promise<void> {
      stopped = true
      cancelFigures?.()
      await notes.flush()
      await notes.stop()
    },
  }

  function describe(channelId: string) {
    const bot = register.byChannel(channelId)
    if (!bot) return undefined
    const { epoch, state, since, failures, lastError, streamLive } = bot
    const dueAt = due.dueAt(bot)
    const ago = (at: number) => Math.max(0, clock.now() - at)
    return {
      epoch,
      state,
      sinceAgoMs: ago(since),
      failures,
      retryInMs: dueAt === null ? null : Math.max(0, dueAt - clock.monotonic()),
      error: lastError && { code: lastError.code, agoMs: ago(lastError.at) },
      live: streamLive,
      detail: { streamLive, figures: figuresOf?.(channelId) ?? null },
    }
  }
}
