import { SETTING_LIMITS } from '../../src/domain/settings.ts'
import { useTexts } from '../ui/language.tsx'
import { WordList } from './word-list.tsx'

const { count, length } = SETTING_LIMITS.blockedWords

/** Words that are covered on screen. */
export function BlockedWords({ words, onChange }: { words: string[]; onChange(words: string[]): void }) {
  const texts = useTexts().settings
  return (
    <WordList
      label={texts.blockedWords}
      note={texts.blockedWordsNote}
      words={words}
      placeholder={texts.addWord}
      empty={texts.noWords}
      normalise={(word) => word.trim()}
      faultIn={(fresh) => {
        if (fresh.some((word) => word.length > length)) return texts.wordTooLong(length)
        return words.length + fresh.length > count ? texts.tooManyWords(count) : null
      }}
      onChange={onChange}
    />
  )
}
