import { useLanguage } from '../ui/language.tsx'
import type { Words } from '../ui/texts.ts'
import { adminEn } from './texts.en.ts'
import { adminRu } from './texts.ru.ts'

/** The shape that every language fills. Apart from the other pages' words: nobody else needs to load them. */
export type AdminTexts = Words<typeof adminEn>

export function useAdminTexts(): AdminTexts {
  return useLanguage().current.value === 'ru' ? adminRu : adminEn
}
