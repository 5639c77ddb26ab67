import type { Switches } from '../switches.ts'

/** What a channel remembers and tells. */
export interface ChannelSettings {
  joinLeave: boolean
  /** Publications kept; 0: no history, and no numbers either. */
  historySize: number
  historyTtlMs: number
  recovery: boolean
}

const LIFETIME_MS = 300_000
const NO_HISTORY = { historySize: 0, historyTtlMs: 0, recovery: false }

/** The namespaces that the recorded frames were made with. */
const NAMESPACES: Readonly<Record<string, ChannelSettings>> = {
  alerts: { joinLeave: true, historySize: 100, historyTtlMs: LIFETIME_MS, recovery: true },
  goals: { joinLeave: true, historySize: 10, historyTtlMs: LIFETIME_MS, recovery: true },
  polls: { joinLeave: true, historySize: 10, historyTtlMs: LIFETIME_MS, recovery: true },
  histonly: { joinLeave: false, historySize: 10, historyTtlMs: LIFETIME_MS, recovery: false },
  nohist: { joinLeave: true, ...NO_HISTORY },
}

/** Channels outside any namespace. */
const PLAIN: ChannelSettings = { joinLeave: false, ...NO_HISTORY }

/** `null` for a namespace that is not there. A leading `$` makes a channel private, it is not part of the name. */
export function channelSettings(channel: string, switches: Switches): ChannelSettings | null {
  const [, namespace] = /^\$?([^:]*):/.exec(channel) ?? []
  if (namespace === undefined) return PLAIN
  const settings = Object.hasOwn(NAMESPACES, namespace) ? NAMESPACES[namespace] : undefined
  if (!settings || settings.historySize === 0) return settings ?? null
  const historySize = switches.historySize ?? settings.historySize
  return {
    ...settings,
    historySize,
    historyTtlMs: switches.historyTtlMs ?? settings.historyTtlMs,
    recovery: settings.recovery && switches.recovery && historySize > 0,
  }
}
