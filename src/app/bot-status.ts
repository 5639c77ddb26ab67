import type { BotAssignment } from '../persistence/assignments.ts'
import type { Bot, BotError, BotRegister, BotState } from './bot.ts'

/** Where a channel's bot stands, for people. Times are milliseconds since 1970. */
export interface BotStatus {
  channelId: string
  login: string
  desired: boolean
  state: BotState
  /** `null`: it was never turned on. */
  since: number | null
  failures: number
  lastError: BotError | null
  /** When it tries again by itself. */
  retryAt: number | null
  /** Who speaks; `null` where the shared account has never signed in here. */
  speaker: { login: string; own: boolean } | null
  /** The streamer has allowed what is needed, as far as we know. */
  permitted: boolean
  streamLive: boolean | null
}

type Speaker = BotStatus['speaker']

/** Of a bot that is turned on. */
export function statusOf(
  bot: Bot,
  { register, speaker, retryAt }: { register: BotRegister; speaker: Speaker; retryAt: number | null },
): BotStatus {
  const { channelId, login, failures, permitted, streamLive } = bot
  const { state, since, lastError } = register.seen(bot)
  return {
    channelId,
    login,
    desired: true,
    state,
    since,
    failures,
    lastError,
    retryAt,
    speaker,
    permitted: permitted && lastError?.code !== 'missing-scope',
    streamLive,
  }
}

/** Of a bot that is not in memory: it is off, or the node has not come to it yet. */
export function statusOfResting(row: BotAssignment, speaker: Speaker): BotStatus {
  const { channelId, login, failures, permitted, since, lastError, lastErrorAt } = row
  return {
    channelId,
    login,
    desired: row.desired,
    state: row.desired ? 'starting' : 'inactive',
    since: since?.getTime() ?? null,
    failures,
    lastError: lastError === null ? null : { code: lastError, at: lastErrorAt?.getTime() ?? 0 },
    retryAt: null,
    speaker,
    permitted,
    streamLive: null,
  }
}
