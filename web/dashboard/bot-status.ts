import type { BotView, ChannelView } from '../ui/channel-view.ts'
import type { Tone } from './status.ts'

/** How the bot does, in as many ways as there are things to do about it. */
export type BotStatus =
  | 'off'
  | 'active'
  | 'starting'
  | 'backoff'
  /** The permission was never given, or not all of it. */
  | 'permission'
  | 'revoked'
  | 'banned'
  | 'gone'
  | 'operator'
  | 'stopped'

/** What stops a bot until a person does something about it. */
const BLOCKERS: Partial<Record<string, BotStatus>> = {
  'missing-scope': 'permission',
  'permission-revoked': 'revoked',
  banned: 'banned',
  'account-gone': 'gone',
  'bot-account-missing': 'operator',
}

export const BOT_TONES: Record<BotStatus, Tone> = {
  off: 'idle',
  active: 'good',
  starting: 'busy',
  backoff: 'busy',
  permission: 'bad',
  revoked: 'bad',
  banned: 'bad',
  gone: 'bad',
  operator: 'bad',
  stopped: 'bad',
}

export function botStatus({ bot }: Pick<ChannelView, 'bot'>): BotStatus {
  // Taking back the permission turns the bot off: whoever did it by a new password must learn why it is silent.
  if (!bot.desired) return lostPermission(bot) ? 'revoked' : 'off'
  // We try again now and then, but the ban has to be lifted by somebody.
  if (bot.state === 'backoff' && bot.lastError?.code === 'banned') return 'banned'
  if (bot.state !== 'inactive') return bot.state
  const blocker = BLOCKERS[bot.lastError?.code ?? '']
  if (blocker) return blocker
  if (bot.permission === 'missing') return 'permission'
  // Wanted and without a fault: a node is about to take it.
  return bot.lastError === null ? 'starting' : 'stopped'
}

function lostPermission({ lastError, permission }: BotView): boolean {
  return lastError?.code === 'permission-revoked' && permission === 'missing'
}

/** Nothing goes on before the streamer, or the one who runs the server, has done something. */
export function botNeedsYou(status: BotStatus): boolean {
  return BOT_TONES[status] === 'bad'
}

/** Twitch's page helps, and the way there is a button. */
export function needsPermission(status: BotStatus): boolean {
  return status === 'permission' || status === 'revoked'
}
