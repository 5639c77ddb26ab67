import type { Clock } from '../../base/clock.ts'
import type { Bus } from '../../coordination/bus.ts'
import type { Assignments } from '../../persistence/assignments.ts'
import type { Grants } from '../../persistence/grants.ts'
import type { Background } from '../in-background.ts'

export interface RevocationsOptions {
  assignments: Pick<Assignments, 'turnOff'>
  grants: Pick<Grants, 'withdraw'>
  bus: Pick<Bus, 'publish'>
  insist: Background['insist']
  clock: Pick<Clock, 'monotonic'>
}

/**
 * What people take back is written down until it is done, by whichever node hears of it; and whatever they allow or turn
 * on again after the moment it was heard stays.
 */
export interface Revocations {
  /** The platform says that this person, by their id there, took everything back. */
  heard(userId: string): void
  /** The platform refuses what we believed to be allowed. */
  withdraw(userId: string): void
  /** Its bot is off, because the streamer took something back or is gone. */
  turnOff(channelUserId: string, why: 'permission-revoked' | 'account-gone'): void
}

export function createRevocations({ assignments, grants, bus, insist, clock }: RevocationsOptions): Revocations {
  return {
    heard(userId) {
      bus.publish('cluster', { type: 'access-revoked', userId })
      // Its owner does the same, unless it cannot be told.
      turnOff(userId, 'permission-revoked')
    },
    withdraw,
    turnOff,
  }

  function withdraw(userId: string): void {
    const heardAt = clock.monotonic()
    insist('a revocation waits', async () => {
      await grants.withdraw(userId, { agoMs: clock.monotonic() - heardAt })
    })
  }

  function turnOff(channelUserId: string, why: 'permission-revoked' | 'account-gone'): void {
    const heardAt = clock.monotonic()
    insist('a bot that was turned off waits', async () => {
      const heard = { agoMs: clock.monotonic() - heardAt }
      if (why === 'permission-revoked') await grants.withdraw(channelUserId, heard)
      const channelId = await assignments.turnOff(channelUserId, why, heard)
      if (channelId !== undefined)
        bus.publish('cluster', { type: 'assignments-changed', kind: 'bot', keys: [channelId] })
    })
  }
}
