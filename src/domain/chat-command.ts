import type { ChatRole } from './chat-message.ts'
import { foldText } from './fold-text.ts'

/** What the bot answers or does when told so. The games bring their own. */
export const CHAT_COMMANDS = ['join', 'leave', 'look', 'ping', 'help'] as const
export type ChatCommand = (typeof CHAT_COMMANDS)[number]

/** From the lowest to the highest. */
export const COMMAND_PERMISSIONS = ['everyone', 'subscriber', 'vip', 'moderator', 'streamer'] as const
/** Who may use a command: the named role and every higher one. */
export type CommandPermission = (typeof COMMAND_PERMISSIONS)[number]

/** What a streamer may change about a command. */
export interface CommandSettings {
  enabled: boolean
  /** Each with its sign: `!join`. Compared case-folded with a message's first word. */
  words: string[]
  /** Between two uses by the same viewer. */
  cooldownS: number
  permission: CommandPermission
}

const everyone = (words: string[]): CommandSettings => ({
  enabled: true,
  words,
  cooldownS: 5,
  permission: 'everyone',
})

export const DEFAULT_COMMANDS: Readonly<Record<ChatCommand, CommandSettings>> = {
  join: everyone(['!start', '!join', '!старт']),
  leave: everyone(['!leave', '!уйти']),
  look: everyone(['!look', '!наряд']),
  ping: everyone(['!ping']),
  help: everyone(['!help', '!команды']),
}

/** What each word means in a channel, folded. Made once per change of the settings, read for every message. */
export type CommandBook = ReadonlyMap<string, ChatCommand>

/** Of two commands with the same word the first in `CHAT_COMMANDS` has it. */
export function compileCommands(settings: Readonly<Record<ChatCommand, CommandSettings>>): CommandBook {
  const book = new Map<string, ChatCommand>()
  for (const command of CHAT_COMMANDS) {
    if (!settings[command].enabled) continue
    for (const word of settings[command].words.map(foldText)) {
      if (word !== '' && !book.has(word)) book.set(word, command)
    }
  }
  return book
}

/** What ends a word in a sentence: `!ping!` and `!join, please` are meant as the command. */
const ENDS_WORD = new Set('.,!?…;:)')

/** The command that a message's first word is; what follows the word does not matter. */
export function readCommand(text: string, book: CommandBook): ChatCommand | null {
  const [word = ''] = foldText(text).split(/\s/u, 1)
  const exact = book.get(word)
  if (exact) return exact
  let end = word.length
  while (end > 0 && ENDS_WORD.has(word.charAt(end - 1))) end--
  return book.get(word.slice(0, end)) ?? null
}

/** Whether a word can call a command: something to see, one word, and not what Twitch keeps for its own (`/me`, `.me`). */
export function isCommandWord(word: string): boolean {
  const folded = foldText(word)
  return folded !== '' && !/\s|^[/.@]/u.test(folded)
}

export function mayUse(roles: ReadonlySet<ChatRole>, permission: CommandPermission): boolean {
  const enough = COMMAND_PERMISSIONS.slice(COMMAND_PERMISSIONS.indexOf(permission))
  return enough.some((role) => role === 'everyone' || roles.has(role))
}
