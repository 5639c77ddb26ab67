import { useSignal } from '@preact/signals'
import { useId } from 'preact/hooks'
import { SETTING_LIMITS } from '../../src/domain/settings.ts'
import { Icon } from '../ui/icons.tsx'
import { useTexts } from '../ui/language.tsx'

const { count, length } = SETTING_LIMITS.blockedWords

/** Words that are covered on screen. Several may be pasted at once, by commas or lines. */
export function BlockedWords({ words, onChange }: { words: string[]; onChange(words: string[]): void }) {
  const texts = useTexts().settings
  const id = useId()
  const draft = useSignal('')
  const fault = useSignal<string | null>(null)

  const add = () => {
    const known = new Set(words.map((word) => word.toLowerCase()))
    const fresh = draft.value
      .split(/[,;\n]/)
      .map((word) => word.trim())
      .filter((word) => word !== '' && !known.has(word.toLowerCase()))
    if (fresh.some((word) => word.length > length)) fault.value = texts.wordTooLong(length)
    else if (words.length + fresh.length > count) fault.value = texts.tooManyWords(count)
    else {
      fault.value = null
      draft.value = ''
      if (fresh.length > 0) onChange([...words, ...new Set(fresh)])
    }
  }
  return (
    <div class="blocked">
      <label class="field-label" for={id}>
        {texts.blockedWords}
      </label>
      <p class="muted small">{texts.blockedWordsNote}</p>
      <form
        class="blocked-add"
        onSubmit={(event) => {
          event.preventDefault()
          add()
        }}
      >
        <input
          id={id}
          class="input"
          autocomplete="off"
          placeholder={texts.addWord}
          value={draft.value}
          aria-invalid={fault.value !== null}
          aria-describedby={`${id}-fault`}
          onInput={(event) => (draft.value = event.currentTarget.value)}
        />
        <button type="submit" class="button" disabled={draft.value.trim() === ''}>
          {texts.add}
        </button>
      </form>
      <p id={`${id}-fault`} class="field-error" role="alert" hidden={fault.value === null}>
        {fault.value}
      </p>
      {words.length === 0 ? (
        <p class="muted small">{texts.noWords}</p>
      ) : (
        <ul class="chips">
          {words.map((word) => (
            <li key={word} class="chip word">
              <span>{word}</span>
              <button
                type="button"
                aria-label={texts.removeWord(word)}
                onClick={() => onChange(words.filter((other) => other !== word))}
              >
                <Icon name="close" size={14} />
              </button>
            </li>
          ))}
        </ul>
      )}
    </div>
  )
}
