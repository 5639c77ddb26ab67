import { useSignal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { useId } from 'preact/hooks'
import { Icon } from '../ui/icons.tsx'
import { useTexts } from '../ui/language.tsx'

export interface WordListProps {
  label: string
  note: string
  words: string[]
  /** What the empty field says. */
  placeholder: string
  /** What stands where no word is left. */
  empty: string
  /** Where it must not be empty: what is said instead of a way to remove the last word. */
  lastWord?: string
  /** A typed word as the list keeps it. */
  normalise(word: string): string
  /** What is wrong with these new words beside the old ones, in words. */
  faultIn(fresh: string[]): string | null
  onChange(words: string[]): void
  /** What else can be done with the list. */
  children?: ComponentChildren
}

/** Words that are added and removed one by one. Several may be pasted at once, by commas or lines. */
export function WordList(props: WordListProps) {
  const { label, note, words, lastWord, normalise, faultIn, onChange } = props
  const texts = useTexts().settings
  const id = useId()
  const draft = useSignal('')
  const fault = useSignal<string | null>(null)

  const add = () => {
    const known = new Set(words.map((word) => word.toLowerCase()))
    const typed = draft.value.split(/[,;\n]/).map(normalise)
    const fresh = [...new Set(typed)].filter((word) => word !== '' && !known.has(word.toLowerCase()))
    fault.value = faultIn(fresh)
    if (fault.value !== null) return
    draft.value = ''
    if (fresh.length > 0) onChange([...words, ...fresh])
  }
  return (
    <div class="blocked">
      <label class="field-label" for={id}>
        {label}
      </label>
      <p id={`${id}-note`} class="muted small">
        {note}
      </p>
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
          autocapitalize="off"
          placeholder={props.placeholder}
          value={draft.value}
          aria-invalid={fault.value !== null}
          aria-describedby={`${id}-note ${id}-fault`}
          onInput={(event) => {
            draft.value = event.currentTarget.value
            fault.value = null
          }}
        />
        <button type="submit" class="button" disabled={draft.value.trim() === ''}>
          {texts.add}
        </button>
      </form>
      <p id={`${id}-fault`} class="field-error" role="alert" hidden={fault.value === null}>
        {fault.value}
      </p>
      {words.length === 0 ? (
        <p class="muted small">{props.empty}</p>
      ) : (
        <ul class="chips">
          {words.map((word) => (
            <Word
              key={word}
              word={word}
              {...(lastWord !== undefined && words.length === 1
                ? {}
                : { onRemove: () => onChange(words.filter((other) => other !== word)) })}
            />
          ))}
        </ul>
      )}
      {lastWord !== undefined && words.length === 1 && <p class="muted small blocked-last">{lastWord}</p>}
      {props.children}
    </div>
  )
}

function Word({ word, onRemove }: { word: string; onRemove?: () => void }) {
  const texts = useTexts().settings
  return (
    <li class={onRemove ? 'chip word' : 'chip word kept'}>
      <span>{word}</span>
      {onRemove && (
        <button type="button" aria-label={texts.removeWord(word)} onClick={onRemove}>
          <Icon name="close" size={14} />
        </button>
      )}
    </li>
  )
}
