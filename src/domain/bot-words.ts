import { CHAT_COMMANDS, type ChatCommand, type CommandSettings } from './chat-command.ts'
import { cleanText } from './clean-text.ts'
import type { ChannelSettings } from './settings.ts'

export interface ReplyContext {
  /** The channel's. */
  locale: ChannelSettings['locale']
  /** Where a viewer dresses his character. */
  link: string
  /** The channel's. */
  commands: Readonly<Record<ChatCommand, CommandSettings>>
}

const WORDS = {
  ru: {
    help: (words: string) => `Меня слушаются: ${words} 🙂`,
    noHelp: 'Сегодня без команд. Просто болтаем 🙂',
    look: (link: string) => `Гардероб открыт, заходи: ${link} 👕`,
  },
  en: {
    help: (words: string) => `I listen to: ${words} 🙂`,
    noHelp: 'No commands today. Let’s just talk 🙂',
    look: (link: string) => `The wardrobe is open, come in: ${link} 👕`,
  },
}

/** What the bot says to a command, in the channel's language; `null`: what it does is seen on stage, and that is enough. */
export function reply(command: ChatCommand, { locale, link, commands }: ReplyContext): string | null {
  const words = WORDS[locale]
  switch (command) {
    case 'ping':
      return 'pong'
    case 'look':
      return words.look(link)
    case 'help': {
      const open = CHAT_COMMANDS.map((name) => commands[name]).filter(
        ({ enabled, permission }) => enabled && permission === 'everyone',
      )
      const list = open.flatMap((settings) => settings.words.slice(0, 1)).join(', ')
      return list === '' ? words.noHelp : words.help(list)
    }
    case 'join':
    case 'leave':
      return null
  }
}

/** Twitch refuses longer messages (Send Chat Message: at most 500 characters). */
const MAX_CODE_POINTS = 500

/**
 * Text that is safe to send whoever had a part in it: one line, and never a command to Twitch, which takes `/` and `.`
 * at the start for one. Empty where nothing is left.
 */
export function safeChatText(text: string): string {
  const line = cleanText(text)
    .replaceAll(/[\n ]+/g, ' ')
    .replace(/^[\s/.\p{M}\u200c\u200d]+/u, '')
  return Array.from(line).slice(0, MAX_CODE_POINTS).join('').trimEnd()
}
