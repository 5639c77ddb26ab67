import { useTexts } from '../ui/language.tsx'
import { useSession } from './session.ts'

/** Leads to the channel's one word list, which holds for bubbles too. */
export function ScreenWords() {
  const { chat, settings } = useTexts()
  const { saver } = useSession()
  const { length } = saver.settings.value.alerts.blockedWords
  return (
    <section class="card settings">
      <h2>{chat.screen.title}</h2>
      <div class="setting">
        <div>
          <p class="field-label">{settings.blockedWords}</p>
          <p class="muted small">
            {chat.screen.note} {length === 0 ? chat.screen.empty : chat.screen.words(length)}
          </p>
        </div>
        <div class="setting-control wide">
          <a class="button small" href="#settings">
            {chat.screen.change}
          </a>
        </div>
      </div>
    </section>
  )
}
