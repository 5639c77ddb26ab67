import { CHAT_BIT, type Bot } from './bot.ts'

/** What the next owner of a bot needs to go on at once: it asks neither the database nor the platform first. */
export interface BotLegacy {
  login: string
  channelUserId: string
  /** Subscriptions that are there, and where. */
  known: number
  home: string
  streamLive: boolean | null
}

/** `null` of a bot that is not active: its next owner begins with its row. */
export function legacyOf(bot: Bot | undefined): BotLegacy | null {
  if (bot?.state !== 'active' || bot.knownAt === null) return null
  const { login, channelUserId, known, knownAt, streamLive } = bot
  return { login, channelUserId, known, home: knownAt, streamLive }
}

/** `null` where it is none, or of another version of this service. */
export function readLegacy(legacy: unknown): BotLegacy | null {
  if (typeof legacy !== 'object' || legacy === null) return null
  const { login, channelUserId, known, home, streamLive } = legacy as Record<string, unknown>
  if (typeof login !== 'string' || typeof channelUserId !== 'string' || typeof home !== 'string') return null
  if (typeof known !== 'number' || !(known & CHAT_BIT)) return null
  return { login, channelUserId, known, home, streamLive: typeof streamLive === 'boolean' ? streamLive : null }
}
