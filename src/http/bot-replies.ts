import { z } from 'zod'
import { BOT_STATES } from '../app/bots/bot.ts'
import type { BotStatus } from '../app/bots/bot-status.ts'

const instant = z.iso.datetime()
const count = z.int().min(0)
const problem = z.object({ code: z.string(), at: instant })

/** What a channel's bot did since it began. */
export interface ChatFigures {
  /** Characters on stage. */
  viewers: number
  replies: {
    sent: number
    dropped: number
    lastDropped: { why: string; at: number } | null
  }
}

export const NO_FIGURES: ChatFigures = { viewers: 0, replies: { sent: 0, dropped: 0, lastDropped: null } }

const chatFigures = z.object({
  viewers: count,
  replies: z.object({
    sent: count,
    dropped: count,
    lastDropped: z.object({ why: z.string(), at: z.number() }).nullable(),
  }),
})

/** A bot as its streamer sees it. */
export const botReply = z.object({
  desired: z.boolean(),
  state: z.enum(BOT_STATES),
  /** The node it runs on. */
  owner: z.string().nullable(),
  since: instant.nullable(),
  lastError: problem.nullable(),
  /** Who speaks. `own`: the streamer's own account. */
  speaker: z.object({ login: z.string(), own: z.boolean() }).nullable(),
  permission: z.enum(['granted', 'missing']),
  streamLive: z.boolean().nullable(),
  viewers: count,
  replies: z.object({
    sent: count,
    dropped: count,
    lastDropped: z.object({ why: z.string(), at: instant }).nullable(),
  }),
  retryAt: instant.nullable(),
})
export type BotReply = z.infer<typeof botReply>

export function toBotReply(status: BotStatus, figures: ChatFigures): BotReply {
  const { desired, state, owner, since, lastError, speaker, permitted, streamLive, retryAt } = status
  const { lastDropped } = figures.replies
  return {
    desired,
    state,
    owner,
    since: iso(since),
    lastError: lastError && { code: lastError.code, at: new Date(lastError.at).toISOString() },
    speaker,
    permission: permitted ? 'granted' : 'missing',
    streamLive,
    viewers: figures.viewers,
    replies: {
      ...figures.replies,
      lastDropped: lastDropped && { why: lastDropped.why, at: new Date(lastDropped.at).toISOString() },
    },
    retryAt: iso(retryAt),
  }
}

/** As the bot's owner wrote them down; where it did not, or as another version of this service would: none. */
export function readFigures(told: unknown): ChatFigures {
  return chatFigures.safeParse(told).data ?? NO_FIGURES
}

const iso = (at: number | null) => (at === null ? null : new Date(at).toISOString())
