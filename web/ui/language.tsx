import { computed, effect, signal, type ReadonlySignal, type Signal } from '@preact/signals'
import { createContext } from 'preact'
import { useContext } from 'preact/hooks'
import { createFormat, type Format } from './format.ts'
import { en } from './texts.en.ts'
import { ru } from './texts.ru.ts'
import type { Language, Texts } from './texts.ts'

/** The person's language: remembered in this browser, else the browser's own first known one. */
export interface LanguageChoice {
  current: Signal<Language>
  texts: ReadonlySignal<Texts>
  format: ReadonlySignal<Format>
}

const STORAGE_KEY = 'chatfolk.language'

export function createLanguageChoice(): LanguageChoice {
  const current = signal(remembered() ?? preferred())
  const texts = computed<Texts>(() => (current.value === 'ru' ? ru : en))
  const format = computed(() => createFormat(current.value, texts.value.common.justNow))
  effect(() => {
    document.documentElement.lang = current.value
    remember(current.value)
  })
  return { current, texts, format }
}

const LanguageContext = createContext<LanguageChoice | null>(null)
export const LanguageProvider = LanguageContext.Provider

export function useLanguage(): LanguageChoice {
  const choice = useContext(LanguageContext)
  if (!choice) throw new Error('No language was provided to this part of the page')
  return choice
}

export function useTexts(): Texts {
  return useLanguage().texts.value
}

export function useFormat(): Format {
  return useLanguage().format.value
}

/** Two buttons, each named in its own language. */
export function LanguageSwitch() {
  const { current, texts } = useLanguage()
  return (
    <div class="language-switch" role="group" aria-label={texts.value.language.label}>
      {(['ru', 'en'] as const).map((language) => (
        <button
          key={language}
          type="button"
          lang={language}
          title={texts.value.language[language]}
          aria-label={texts.value.language[language]}
          aria-pressed={current.value === language}
          onClick={() => (current.value = language)}
        >
          {language.toUpperCase()}
        </button>
      ))}
    </div>
  )
}

// Storage may be refused (private windows, OBS docks): then the choice lasts as long as the page.
function remembered(): Language | undefined {
  try {
    const value = localStorage.getItem(STORAGE_KEY)
    return value === 'ru' || value === 'en' ? value : undefined
  } catch {
    return undefined
  }
}

function remember(language: Language): void {
  try {
    localStorage.setItem(STORAGE_KEY, language)
  } catch {
    // Nothing depends on it.
  }
}

function preferred(): Language {
  for (const tag of navigator.languages) {
    if (tag.toLowerCase().startsWith('ru')) return 'ru'
    if (tag.toLowerCase().startsWith('en')) return 'en'
  }
  return 'en'
}
