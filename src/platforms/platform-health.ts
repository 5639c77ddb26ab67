import { hasCode } from '../base/errors.ts'
import type { Platform, RequestPlatform } from './request.ts'

/** A platform that failed this often in a row is taken for down until it answers again. */
const DOWN_AFTER = 3

export type PlatformHealth = 'ok' | 'degraded' | 'down'

const FROM_BEST: readonly PlatformHealth[] = ['ok', 'degraded', 'down']

/** A platform of several parts is as well as the worst of them. */
export function worst(...parts: PlatformHealth[]): PlatformHealth {
  return FROM_BEST.findLast((health) => parts.includes(health)) ?? 'ok'
}

/** Watches the answers that go by anyway: no request is sent only to ask how a platform does. */
export function watchPlatformHealth(send: RequestPlatform): {
  request: RequestPlatform
  of(platform: Platform): PlatformHealth
} {
  const failures = new Map<Platform, number>()
  return {
    async request(request) {
      try {
        const reply = await send(request)
        failures.set(request.platform, 0)
        return reply
      } catch (error) {
        const failed = hasCode(error, 'platform-network', 'platform-server', 'platform-rate-limit', 'platform-invalid')
        // A refusal is an answer: the platform is there.
        failures.set(request.platform, failed ? (failures.get(request.platform) ?? 0) + 1 : 0)
        throw error
      }
    },
    of(platform) {
      const count = failures.get(platform) ?? 0
      if (count === 0) return 'ok'
      return count < DOWN_AFTER ? 'degraded' : 'down'
    },
  }
}
