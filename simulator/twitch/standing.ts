import type { Clock } from '../clock.ts'

/** What somebody is in a channel, and whether they may talk there. */
export interface Standing {
  moderator: boolean
  vip: boolean
  /** 0: no subscriber. */
  subscriberMonths: number
}

export interface Standings {
  of(channel: string, user: string): Readonly<Standing>
  set(channel: string, user: string, standing: Partial<Standing>): void
  /** Broadcasters, moderators and VIPs are spared some limits. */
  isPrivileged(channel: string, user: string): boolean
  /** `null`: for good. */
  ban(channel: string, user: string, forS: number | null): void
  unban(channel: string, user: string): void
  exclusion(channel: string, user: string): 'banned' | 'timed-out' | null
  clear(): void
}

const NOBODY: Readonly<Standing> = { moderator: false, vip: false, subscriberMonths: 0 }

export function createStandings(clock: Clock): Standings {
  const standings = new Map<string, Standing>()
  /** Until when, on the monotonic clock. */
  const bans = new Map<string, number>()
  const key = (channel: string, user: string) => `${channel} ${user}`
  const of = (channel: string, user: string) => standings.get(key(channel, user)) ?? NOBODY
  return {
    of,
    set(channel, user, standing) {
      standings.set(key(channel, user), { ...of(channel, user), ...standing })
    },
    isPrivileged(channel, user) {
      const { moderator, vip } = of(channel, user)
      return channel === user || moderator || vip
    },
    ban(channel, user, forS) {
      bans.set(key(channel, user), forS === null ? Infinity : clock.monotonic() + forS * 1_000)
    },
    unban: (channel, user) => void bans.delete(key(channel, user)),
    exclusion(channel, user) {
      const until = bans.get(key(channel, user)) ?? 0
      if (until === Infinity) return 'banned'
      return until > clock.monotonic() ? 'timed-out' : null
    },
    clear() {
      standings.clear()
      bans.clear()
    },
  }
}
