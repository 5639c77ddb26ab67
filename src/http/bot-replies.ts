import { z } from 'zod'
import { BOT_STATES } from '../app/bot.ts'
import type { BotStatus } from '../app/bot-status.ts'

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

export function toBotReply(status: BotStatus, figures: ChatFigures, nodeId: string): BotReply {
  const { desired, state, since, lastError, speaker, permitted, streamLive, retryAt } = status
  const { lastDropped } = figures.replies
  return {
    desired,
    state,
    owner: state === 'inactive' ? null : nodeId,
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

/** A bot as an operator sees it. */
export const adminBotReply = z.object({
  channelId: z.string(),
  login: z.string(),
  desired: z.boolean(),
  state: z.enum(BOT_STATES),
  owner: z.string().nullable(),
  /** Grows with each change of its owner. */
  epoch: count,
  since: instant.nullable(),
  failures: count,
  nextAttemptAt: instant.nullable(),
  lastError: problem.nullable(),
})

export function toAdminBotReply(status: BotStatus, nodeId: string): z.infer<typeof adminBotReply> {
  const { channelId, login, desired, state, since, failures, retryAt, lastError } = status
  return {
    channelId,
    login,
    desired,
    state,
    owner: state === 'inactive' ? null : nodeId,
    epoch: 0,
    since: iso(since),
    failures,
    nextAttemptAt: iso(retryAt),
    lastError: lastError && { code: lastError.code, at: new Date(lastError.at).toISOString() },
  }
}

const iso = (at: number | null) => (at === null ? null : new Date(at).toISOString())
