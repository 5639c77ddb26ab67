import type { Clock } from './clock.ts'

export const TARGETS = [
  'da.authorize',
  'da.token',
  'da.user',
  'da.rest',
  'da.subscribe',
  'da.socket',
  'twitch.authorize',
  'twitch.token',
  'twitch.validate',
  'twitch.revoke',
  'twitch.users',
  'twitch.subscriptions',
  'twitch.conduits',
  'twitch.shards',
  'twitch.chat',
  'twitch.socket',
] as const
export type Target = (typeof TARGETS)[number]

/** Beside single targets: a whole platform. */
export const FAULT_TARGETS = [...TARGETS, 'da', 'twitch'] as const
export type FaultTarget = (typeof FAULT_TARGETS)[number]

export const FAULT_KINDS = ['429', '500', '502', 'html', 'empty', 'slow', 'hang', 'reset', 'reply-lost'] as const
export type FaultKind = (typeof FAULT_KINDS)[number]

export interface FaultFields {
  target: FaultTarget
  kind: FaultKind
  /** Ends after this time … */
  durationMs?: number | undefined
  /** … or after this many requests; with neither, after one. */
  times?: number | undefined
  /** How late `slow` is. */
  delayMs?: number | undefined
  /** Whether a 429 says how long to wait. */
  retryAfter?: boolean | undefined
  /** The words of a refusal. */
  message?: string | undefined
  /** When a 429 of Twitch says that points are back; negative: in the past. */
  resetInS?: number | undefined
}

export interface Fault {
  id: number
  target: FaultTarget
  kind: FaultKind
  until: number
  timesLeft: number
  delayMs: number
  retryAfter: boolean
  message: string | null
  resetInS: number | null
}

export interface Faults {
  add(fields: FaultFields): Fault
  /** The fault that this request meets, if any; newest first. It is counted as met. */
  meet(target: Target): Fault | undefined
  active(): Fault[]
  clear(): void
}

/** Longer than the ten seconds that a patient client waits. */
const SLOW_MS = 15_000

export function createFaults(clock: Clock): Faults {
  let faults: Fault[] = []
  let serial = 0
  const active = () => {
    faults = faults.filter((fault) => fault.timesLeft > 0 && fault.until > clock.monotonic())
    return faults
  }
  return {
    add({ target, kind, durationMs, times, delayMs = SLOW_MS, retryAfter = true, message, resetInS }) {
      const fault: Fault = {
        id: ++serial,
        target,
        kind,
        until: durationMs === undefined ? Infinity : clock.monotonic() + durationMs,
        timesLeft: times ?? (durationMs === undefined ? 1 : Infinity),
        delayMs,
        retryAfter,
        message: message ?? null,
        resetInS: resetInS ?? null,
      }
      faults.push(fault)
      return fault
    },
    meet(target) {
      const fault = active().findLast((fault) => fault.target === target || fault.target === target.split('.')[0])
      if (fault) fault.timesLeft--
      return fault
    },
    active,
    clear: () => void (faults = []),
  }
}
