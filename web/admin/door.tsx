import { useSignal } from '@preact/signals'
import { Doorway } from '../ui/doorway.tsx'
import { useTexts } from '../ui/language.tsx'
import { wordsOf } from '../ui/notice.tsx'
import { useDesk } from './desk.ts'
import { useAdminTexts } from './texts.ts'

/** Asks for the token, and says what to do where there is none. */
export function Door() {
  const all = useTexts()
  const texts = useAdminTexts().door
  const { access, feed } = useDesk()
  const given = useSignal('')
  const asking = useSignal(false)
  const wasRefused = access.token.value !== null
  const trouble = feed.trouble.value

  const enter = async (event: Event) => {
    event.preventDefault()
    const token = given.value.trim()
    if (token === '' || asking.value) return
    access.keep(token)
    asking.value = true
    await feed.refresh()
    asking.value = false
  }
  const fault = trouble ? wordsOf(trouble, all) : wasRefused && !asking.value ? texts.wrong : null
  return (
    <Doorway>
      <h1>{texts.title}</h1>
      <p class="muted">{texts.body}</p>
      <form class="door-form" onSubmit={(event) => void enter(event)}>
        <label class="field">
          <span class="field-label">{texts.label}</span>
          <input
            class="input"
            type="password"
            name="token"
            autocomplete="current-password"
            autofocus
            value={given.value}
            aria-invalid={fault !== null}
            aria-describedby={fault === null ? undefined : 'door-fault'}
            onInput={(event) => (given.value = event.currentTarget.value)}
          />
        </label>
        {fault !== null && (
          <p id="door-fault" class="field-error" role="alert">
            {fault}
          </p>
        )}
        <button type="submit" class="button primary large" disabled={given.value.trim() === '' || asking.value}>
          {asking.value ? texts.entering : texts.enter}
        </button>
      </form>
      <details class="door-without">
        <summary>{texts.without}</summary>
        <p>{texts.withoutBody}</p>
        <pre>
          <code>{texts.tunnel}</code>
        </pre>
        <p>{texts.orSet}</p>
      </details>
    </Doorway>
  )
}
