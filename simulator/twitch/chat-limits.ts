import type { Clock } from '../clock.ts'
import type { Switches } from '../switches.ts'

/** How much an account may say, as the documentation of chat has it; whether it binds the Send API nobody has tried. */
export interface ChatLimits {
  /** Why the message is dropped, or `null`: it is counted and goes out. */
  take(sender: string, channel: string, isPrivileged: boolean): DropReason | null
  clear(): void
}

export interface DropReason {
  code: string
  message: string
}

const WINDOW_MS = 30_000
/** For an account in all channels together. */
const MESSAGES_MAX = 20
/** … as long as it is broadcaster, moderator or VIP where it speaks. */
const PRIVILEGED_MAX = 100
const PER_CHANNEL_MS = 1_000
/** Whoever says too much is not heard for an hour, except where it is privileged. */
const PENALTY_MS = 3_600_000

const TOO_MUCH: DropReason = {
  code: 'msg_ratelimit',
  message: 'Your message was not sent because you are sending messages too quickly.',
}

export function createChatLimits(clock: Clock, switches: Switches): ChatLimits {
  /** By account: when it spoke, oldest first. */
  const spoken = new Map<string, number[]>()
  /** By account and channel: when it spoke last. */
  const lastIn = new Map<string, number>()
  const silencedUntil = new Map<string, number>()
  return {
    take(sender, channel, isPrivileged) {
      const now = clock.monotonic()
      const recent = switches.globalSendCap ? (spoken.get(sender) ?? []).filter((at) => now - at < WINDOW_MS) : []
      const isOver = recent.length >= (isPrivileged ? PRIVILEGED_MAX : MESSAGES_MAX)
      const isSilenced = switches.globalSendCap && !isPrivileged && (silencedUntil.get(sender) ?? 0) > now
      if (isOver && !isPrivileged && !isSilenced) silencedUntil.set(sender, now + PENALTY_MS)
      if (isOver || isSilenced) return TOO_MUCH
      const place = `${sender} ${channel}`
      const isTooSoon = now - (lastIn.get(place) ?? -Infinity) < PER_CHANNEL_MS
      if (switches.channelSendCap && !isPrivileged && isTooSoon) return TOO_MUCH
      if (switches.globalSendCap) spoken.set(sender, [...recent, now])
      lastIn.set(place, now)
      return null
    },
    clear() {
      for (const memory of [spoken, lastIn, silencedUntil]) memory.clear()
    },
  }
}
