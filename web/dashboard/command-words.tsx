import { CHAT_COMMANDS, type ChatCommand } from '../../src/domain/chat-command.ts'
import { SETTING_LIMITS, type ChannelSettings } from '../../src/domain/settings.ts'
import { useTexts } from '../ui/language.tsx'
import type { Texts } from '../ui/texts.ts'
import { WordList } from './word-list.tsx'

const { count, length } = SETTING_LIMITS.commandWords

export interface CommandWordsProps {
  command: ChatCommand
  commands: ChannelSettings['chat']['commands']
  onChange(words: string[]): void
}

/** What viewers write for a command. A word belongs to one command only. */
export function CommandWords({ command, commands, onChange }: CommandWordsProps) {
  const { words } = commands[command]
  const texts = useTexts().chat.commands
  return (
    <WordList
      label={texts.wordsLabel}
      note={texts.wordsNote(count)}
      words={words}
      placeholder={texts.newWord}
      empty=""
      lastWord={texts.lastWord}
      normalise={(word) => word.trim().toLowerCase()}
      faultIn={(fresh) => faultInWords(fresh, command, commands, texts)}
      onChange={onChange}
    />
  )
}

function faultInWords(
  fresh: string[],
  command: ChatCommand,
  commands: ChannelSettings['chat']['commands'],
  texts: Texts['chat']['commands'],
): string | null {
  for (const word of fresh) {
    if (/\s/.test(word)) return texts.wordSpaces
    if (word.length > length) return texts.wordLength(length)
    const owner = CHAT_COMMANDS.find(
      (other) => other !== command && commands[other].words.some((taken) => taken.toLowerCase() === word),
    )
    if (owner) return texts.wordTaken(word, texts.names[owner])
  }
  return commands[command].words.length + fresh.length > count ? texts.wordCount(count) : null
}
