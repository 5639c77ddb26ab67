import { useTexts } from './language.tsx'
import { Notice } from './notice.tsx'

export interface AuthFailure {
  code: string
  provider: string | null
  /** It was the chat bot's permission that was asked for: the way back leads to its section. */
  forChat: boolean
}

/**
 * A refused or broken sign-in, as its redirect tells it in the query (`?auth_error=<code>&provider=<provider>`).
 * Read once and removed from the address, so that a reload does not tell it again.
 */
export function takeAuthFailure(): AuthFailure | null {
  const url = new URL(location.href)
  const code = url.searchParams.get('auth_error')
  if (code === null) return null
  const provider = url.searchParams.get('provider')
  url.searchParams.delete('auth_error')
  url.searchParams.delete('provider')
  history.replaceState(null, '', url)
  // Whoever makes up an address may put any text here; it is shown as text, and short.
  return { code: code.slice(0, 40), provider, forChat: provider === 'twitch' && url.hash === '#chat' }
}

/** What happened, what it means, what to do. */
export function AuthErrorNotice({ failure, onClose }: { failure: AuthFailure; onClose: () => void }) {
  const texts = useTexts().authError
  const { code, provider, forChat } = failure
  // From Twitch alone: signing in itself asks for no permission that could be missing.
  const unticked = code === 'missing-scope' && provider === 'twitch'
  const words = unticked ? texts['missing-chat-scope'] : wordsFor(code)
  return (
    <Notice
      tone="bad"
      title={
        unticked || forChat
          ? texts.titleChat
          : provider === 'donationalerts'
            ? texts.titleDonations
            : texts.title('Twitch')
      }
      onClose={onClose}
    >
      <p>
        {words.what} {words.todo}
      </p>
      {words === texts.unknown && <p class="small muted">{texts.code(code)}</p>}
    </Notice>
  )

  function wordsFor(name: string): { what: string; todo: string } {
    switch (name) {
      case 'oauth-denied':
      case 'oauth-failed':
      case 'oauth-state-invalid':
      case 'missing-scope':
      case 'account-taken':
        return texts[name]
      default:
        return name.startsWith('platform-') ? texts.platform : texts.unknown
    }
  }
}
