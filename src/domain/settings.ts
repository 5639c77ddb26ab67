/** What a streamer may choose. Every value has a default, so that a new channel needs no setting up. */
export interface ChannelSettings {
  locale: 'ru' | 'en'
  alerts: {
    /** Time on screen, entrance and exit included. */
    durationS: number
    sound: boolean
    /** 0 to 100. */
    volume: number
    /** A donation that waited longer than this counts as missed instead of shown; `null`: it waits for ever. */
    maxAgeMinutes: number | null
    /** Addresses in a donor's words are cut before they reach the screen. */
    hideLinks: boolean
    /** Replaced by asterisks on screen, whatever their case; the ledger keeps the words as written. */
    blockedWords: string[]
  }
}

export const DEFAULT_SETTINGS: ChannelSettings = {
  locale: 'ru',
  alerts: { durationS: 8, sound: true, volume: 60, maxAgeMinutes: null, hideLinks: true, blockedWords: [] },
}

/** Bounds that the HTTP schema and the dashboard's fields both use. */
export const SETTING_LIMITS = {
  durationS: { min: 3, max: 30 },
  volume: { min: 0, max: 100 },
  maxAgeMinutes: { min: 1, max: 10_080 },
  blockedWords: { count: 200, length: 50 },
} as const

/** A change to some settings; what it leaves out stays. */
export type SettingsPatch = Partial<Omit<ChannelSettings, 'alerts'>> & { alerts?: Partial<ChannelSettings['alerts']> }

/** Stored settings are patches too: what an older version did not know takes its default. */
export function applySettings(base: ChannelSettings, patch: SettingsPatch): ChannelSettings {
  return { ...base, ...patch, alerts: { ...base.alerts, ...patch.alerts } }
}
