import type { SettingsPatch } from '../../src/domain/settings.ts'
import { useTexts } from '../ui/language.tsx'
import { wordsOf } from '../ui/notice.tsx'
import { useSession } from './session.ts'

/** Saves a change at once; the toast that says so can take it back. */
export function useSave() {
  const texts = useTexts()
  const { saver, toasts } = useSession()
  const words = texts.settings

  return (patch: SettingsPatch, what: string, value?: string) => {
    void saver.change(patch).then((answer) => {
      if (!answer.ok) {
        toasts.show({ about: what, text: `${words.failed(what)}. ${wordsOf(answer.problem, texts)}`, bad: true })
        return
      }
      toasts.show({
        about: what,
        text: value === undefined ? words.saved(what) : words.savedValue(what, value),
        undo: () => {
          void saver.change(answer.undo).then((undone) => {
            toasts.show({
              about: what,
              ...(undone.ok ? { text: texts.common.undone } : { text: words.failed(what), bad: true }),
            })
          })
        },
      })
    })
  }
}
