import type { BotAssignment } from '../../persistence/assignments.ts'
import { BOT_STATES, type Bot, type BotError, type BotRegister, type BotState } from './bot.ts'

/** Where a channel's bot stands, for people. Times are milliseconds since 1970. */
export interface BotStatus {
  channelId: string
  login: string
  desired: boolean
  state: BotState
  /** The node that runs it; `null`: nobody does. */
  owner: string | null
  /** Grows with each owner. */
  epoch: number
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
  /** What it did, as its owner wrote it down; `null` where nobody did. */
  figures: unknown
}

/** What its owner knows better than its row. */
export type OwnedBotStatus = Omit<BotStatus, 'speaker' | 'owner' | 'figures'>

/** Of a bot that runs here. */
export function statusOf(
  bot: Bot,
  { register, retryAt }: { register: BotRegister; retryAt: number | null },
): OwnedBotStatus {
  const { channelId, login, failures, permitted, streamLive, epoch } = bot
  const { state, since, lastError } = register.seen(bot)
  return {
    channelId,
    login,
    desired: true,
    state,
    epoch,
    since,
    failures,
    lastError,
    retryAt,
    permitted: permitted && lastError?.code !== 'missing-scope',
    streamLive,
  }
}

/**
 * Of any bot, as its owner wrote it down, and for one that is off or nobody's.
 * @param lacking Why it cannot even be tried, by what its people have allowed.
 */
export function statusOfRow(
  row: BotAssignment,
  { speaker, lacking, now }: { speaker: BotStatus['speaker']; lacking: string | null; now: number },
): BotStatus {
  const { channelId, login, desired, owner, epoch, failures, permitted, since, lastError, streamLive } = row
  // Its owner may not have come to it yet, and will say the same.
  const waits = desired && lacking !== null && row.state !== 'active'
  const state = waits ? 'inactive' : stateOf(row)
  const runs = state !== 'inactive' && owner !== null
  return {
    channelId,
    login,
    desired,
    state,
    owner: desired ? owner : null,
    epoch,
    since: (desired ? (row.stateSince ?? since) : since)?.getTime() ?? null,
    failures,
    lastError: errorOf(row) ?? (waits ? { code: lacking, at: since?.getTime() ?? now } : null),
    retryAt: desired && row.retryInMs !== null ? now + Math.round(row.retryInMs) : null,
    speaker,
    permitted: permitted && lastError !== 'missing-scope',
    streamLive: runs ? streamLive : null,
    figures: runs ? row.figures : null,
  }
}

function errorOf({ lastError, lastErrorAt }: BotAssignment): BotError | null {
  return lastError === null ? null : { code: lastError, at: lastErrorAt?.getTime() ?? 0 }
}

function stateOf({ desired, owner, state, chatDelivered }: BotAssignment): BotState {
  if (!desired) return 'inactive'
  const known = BOT_STATES.find((one) => one === state) ?? 'starting'
  if (known === 'inactive') return 'inactive'
  // What was active a moment ago waits for its next owner.
  if (owner === null) return 'starting'
  return known === 'active' && !chatDelivered ? 'backoff' : known
}
