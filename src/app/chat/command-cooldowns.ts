import type { Clock } from '../../base/clock.ts'
import type { Cooldowns } from './handle-chat-message.ts'

/** Cooldowns of all channels, by the monotonic clock. Nothing is kept of one that has passed longer than a sweep ago. */
export function createCooldowns(clock: Pick<Clock, 'monotonic'>): Cooldowns & { sweep(): void } {
  const until = new Map<string, number>()
  return {
    begin(channelId, viewerId, command, cooldownS) {
      if (cooldownS === 0) return true
      const key = `${channelId} ${viewerId} ${command}`
      const now = clock.monotonic()
      if ((until.get(key) ?? 0) > now) return false
      until.set(key, now + cooldownS * 1_000)
      return true
    },
    sweep() {
      const now = clock.monotonic()
      for (const [key, end] of until) if (end <= now) until.delete(key)
    },
  }
}
