import { useEffect, useState } from 'preact/hooks'
import type { Api } from '../ui/api.ts'
import { AuthErrorNotice, type AuthFailure } from '../ui/auth-error.tsx'
import type { Me, ServerStatus } from '../ui/channel-view.ts'
import { Head } from '../ui/character.tsx'
import { Icon } from '../ui/icons.tsx'
import { LanguageSwitch, useTexts } from '../ui/language.tsx'
import { Logo } from '../ui/logo.tsx'
import { hasSignedInHint, keepSignedInHint } from '../ui/signed-in-hint.ts'
import { StreamPicture } from './stream-picture.tsx'

/** Whose heads stand beside the facts. */
const FACT_SEEDS = [24, 38, 36]

/** What Chatfolk is, on one screen, and one button. */
export function Landing({ api, failure }: { api: Api; failure: AuthFailure | null }) {
  const texts = useTexts().landing
  const [shownFailure, setShownFailure] = useState(failure)
  useEffect(() => {
    document.title = texts.title
  }, [texts])

  return (
    <div class="landing">
      <header>
        <span class="brand">
          <Logo height={40} />
          Chatfolk
        </span>
        <LanguageSwitch />
      </header>
      <main>
        {shownFailure && <AuthErrorNotice failure={shownFailure} onClose={() => setShownFailure(null)} />}
        <div class="hero">
          <div class="hero-words">
            <h1>{texts.headline}</h1>
            <p class="hero-lead">{texts.lead}</p>
            <Entrance api={api} expected={failure !== null || hasSignedInHint()} />
          </div>
          <StreamPicture />
        </div>
        <ul class="facts">
          {texts.facts.map((fact, index) => (
            <li key={fact.title}>
              <Head seed={FACT_SEEDS[index] ?? 0} size={56} />
              <div>
                <h2>{fact.title}</h2>
                <p class="muted">{fact.body}</p>
              </div>
            </li>
          ))}
        </ul>
      </main>
      <footer class="muted small">{texts.footer}</footer>
    </div>
  )
}

/**
 * The one button. It is there at once; what the server says only changes its words. Who is here is asked only where
 * somebody is `expected`: signed in before, or back from a failed connection.
 */
function Entrance({ api, expected }: { api: Api; expected: boolean }) {
  const texts = useTexts().landing
  const [me, setMe] = useState<Me | null>(null)
  const [demo, setDemo] = useState(false)

  useEffect(() => {
    void api.get<ServerStatus>('/api/status').then((answer) => answer.ok && setDemo(answer.value.demo))
    if (!expected) return
    void api.get<Me>('/api/me').then((answer) => {
      if (answer.ok) setMe(answer.value)
      if (answer.ok || answer.problem.status === 401) keepSignedInHint(answer.ok)
    })
  }, [api, expected])

  if (me) {
    return (
      <div class="entrance">
        <a class="button primary large" href="/dashboard">
          {texts.openDashboard}
        </a>
        <p class="muted small">{texts.signedInAs(me.user.name)}</p>
      </div>
    )
  }
  return (
    <div class="entrance">
      <a class="button primary large" href={`/auth/twitch/login?return=${encodeURIComponent('/dashboard')}`}>
        <Icon name={demo ? 'play' : 'twitch'} size={24} />
        {demo ? texts.signInDemo : texts.signIn}
      </a>
      <p class="muted small">{demo ? texts.demoNote : texts.signInNote}</p>
    </div>
  )
}
