import { DEFAULT_COMMANDS, type ChatCommand, type CommandSettings } from './chat-command.ts'

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
    /**
     * The channel's word list. Replaced by asterisks on screen, in donations and in bubbles, whatever their case; the
     * ledger keeps the words as written.
     */
    blockedWords: string[]
  }
  chat: {
    /** Any words bring their viewer on stage; otherwise only `!join` does. */
    joinByTalking: boolean
    /** A viewer who is silent this long walks off; tired at half of it. */
    inactivityS: number
    /** Characters on stage at the same time; the longest idle makes room for a newcomer. */
    crowdLimit: number
    /** Show what viewers say above their characters. */
    bubbles: boolean
    /** Logins that never get a character and are never answered: other bots. */
    ignored: string[]
    commands: Record<ChatCommand, CommandSettings>
  }
}

/** Bots that many channels have. They talk, and are no viewers. */
export const COMMON_BOTS: readonly string[] = [
  'nightbot',
  'streamelements',
  'streamlabs',
  'moobot',
  'fossabot',
  'wizebot',
  'soundalerts',
  'sery_bot',
  'botrixoficial',
  'commanderroot',
  'streamstickers',
  'kofistreambot',
  'own3d',
  'pretzelrocks',
  'tangiabot',
  'blerp',
  'restreambot',
  'coebot',
  'phantombot',
  'deepbot',
  'mirrobot',
  'creatisbot',
]

export const DEFAULT_SETTINGS: ChannelSettings = {
  locale: 'ru',
  alerts: { durationS: 8, sound: true, volume: 60, maxAgeMinutes: null, hideLinks: true, blockedWords: [] },
  chat: {
    joinByTalking: true,
    inactivityS: 300,
    crowdLimit: 50,
    bubbles: true,
    ignored: [...COMMON_BOTS],
    commands: DEFAULT_COMMANDS,
  },
}

/** Bounds that the HTTP schema and the dashboard's fields both use. */
export const SETTING_LIMITS = {
  durationS: { min: 3, max: 30 },
  volume: { min: 0, max: 100 },
  maxAgeMinutes: { min: 1, max: 10_080 },
  blockedWords: { count: 200, length: 50 },
  inactivityS: { min: 5, max: 3_600 },
  crowdLimit: { min: 1, max: 200 },
  ignored: { count: 200, length: 25 },
  commandWords: { count: 10, length: 25 },
  cooldownS: { min: 0, max: 3_600 },
} as const

/** A change to some settings; what it leaves out stays. A command's settings change one by one, its words as a whole. */
export type SettingsPatch = Partial<Omit<ChannelSettings, 'alerts' | 'chat'>> & {
  alerts?: Partial<ChannelSettings['alerts']>
  chat?: ChatPatch
}

type ChatPatch = Partial<Omit<ChannelSettings['chat'], 'commands'>> & {
  commands?: Partial<Record<ChatCommand, Partial<CommandSettings>>>
}

/** Stored settings are patches too: what an older version did not know takes its default. */
export function applySettings(base: ChannelSettings, patch: SettingsPatch): ChannelSettings {
  return {
    ...base,
    ...patch,
    alerts: { ...base.alerts, ...patch.alerts },
    chat: applyChat(base.chat, patch.chat ?? {}),
  }
}

function applyChat(base: ChannelSettings['chat'], { commands = {}, ...patch }: ChatPatch): ChannelSettings['chat'] {
  const names = Object.keys(base.commands) as ChatCommand[]
  return {
    ...base,
    ...patch,
    commands: Object.fromEntries(
      names.map((name) => [name, { ...base.commands[name], ...commands[name] }]),
    ) as ChannelSettings['chat']['commands'],
  }
}
