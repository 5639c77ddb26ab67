import { COMMON_BOTS, SETTING_LIMITS } from '../../src/domain/settings.ts'
import { Icon } from '../ui/icons.tsx'
import { useTexts } from '../ui/language.tsx'
import { useSession } from './session.ts'
import { useSave } from './use-save.ts'
import { WordList } from './word-list.tsx'

const { count, length } = SETTING_LIMITS.ignored

/** What Twitch lets a login be made of. */
const LOGIN = /^[a-z0-9_]+$/

/** Accounts that the bot does not notice, as they are called in Twitch's addresses. */
export function IgnoredAccounts() {
  const texts = useTexts().chat.ignored
  const { saver } = useSession()
  const save = useSave()
  const { ignored } = saver.settings.value.chat
  const known = new Set(ignored)
  const change = (names: string[]) => save({ chat: { ignored: names } }, texts.label)
  return (
    <section class="card settings">
      <h2>{texts.title}</h2>
      <WordList
        label={texts.label}
        note={texts.note}
        words={ignored}
        placeholder={texts.add}
        empty={texts.empty}
        normalise={(name) => name.trim().replace(/^@/, '').toLowerCase()}
        faultIn={(fresh) => {
          if (fresh.some((name) => name.length > length || !LOGIN.test(name))) return texts.badName(length)
          return ignored.length + fresh.length > count ? texts.tooMany(count) : null
        }}
        onChange={change}
      >
        {COMMON_BOTS.some((bot) => !known.has(bot)) && (
          <button
            type="button"
            class="button quiet small"
            // Names that the streamer added stay.
            onClick={() => change([...new Set([...ignored, ...COMMON_BOTS])].slice(0, count))}
          >
            <Icon name="replay" size={16} />
            {texts.reset}
          </button>
        )}
      </WordList>
    </section>
  )
}
