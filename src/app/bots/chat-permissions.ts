/**
 * Reading chat, being there as a bot, and speaking, all with the application's own token: what the account that speaks
 * must have allowed. [dev.twitch.tv, "Send Chat Message", "channel.chat.message"]
 */
const SPEAKER_SCOPES = ['user:read:chat', 'user:bot', 'user:write:chat'] as const

/** A bot may be in this channel. [same] */
const CHANNEL_SCOPE = 'channel:bot'

/** Whose account reads and speaks, and what has to be allowed for it. */
export interface ChatPermissions {
  /** The account that reads and speaks in all channels; `null`: each streamer's own does. */
  readonly botUserId: string | null
  /** What a streamer must have allowed. */
  readonly ofChannel: readonly string[]
  /** What the shared account must have allowed. */
  readonly ofBotAccount: readonly string[]
  /** The account that reads and speaks in a channel. */
  speakerOf(channelUserId: string): string
  /** Why a bot cannot even be tried. @param botScopes What the shared account has allowed. */
  lackOf(permitted: boolean, botScopes: readonly string[]): 'bot-account-missing' | 'missing-scope' | null
  /** What a person is asked for. The shared account may be a streamer too. */
  askFrom(person: { twitchUserId: string; channelId: string | null } | null): readonly string[]
}

export function createChatPermissions(botUserId: string | null): ChatPermissions {
  const ofChannel = botUserId === null ? [...SPEAKER_SCOPES, CHANNEL_SCOPE] : [CHANNEL_SCOPE]
  return {
    botUserId,
    ofChannel,
    ofBotAccount: SPEAKER_SCOPES,
    speakerOf: (channelUserId) => botUserId ?? channelUserId,
    lackOf(permitted, botScopes) {
      if (botUserId !== null && !allows(botScopes, SPEAKER_SCOPES)) return 'bot-account-missing'
      return permitted ? null : 'missing-scope'
    },
    askFrom(person) {
      if (botUserId === null || person?.twitchUserId !== botUserId) return ofChannel
      return person.channelId === null ? SPEAKER_SCOPES : [...SPEAKER_SCOPES, CHANNEL_SCOPE]
    },
  }
}

/** Whether everything that is needed stands among what was granted. */
export const allows = (granted: readonly string[], needed: readonly string[]): boolean =>
  needed.every((scope) => granted.includes(scope))
