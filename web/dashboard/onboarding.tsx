import { useEffect, useState } from 'preact/hooks'
import type { Problem } from '../ui/api.ts'
import type { ChannelView, ServerStatus } from '../ui/channel-view.ts'
import { Doorway } from '../ui/doorway.tsx'
import { Icon } from '../ui/icons.tsx'
import { useLanguage, useTexts } from '../ui/language.tsx'
import { ProblemNotice } from '../ui/notice.tsx'
import { FailedSignIn } from './failed-sign-in.tsx'
import { useSession } from './session.ts'

/** Signed in, but no streamer yet: one button. */
export function Onboarding() {
  const language = useLanguage()
  const texts = language.texts.value
  const { api, feed } = useSession()
  const [working, setWorking] = useState(false)
  const [problem, setProblem] = useState<Problem | null>(null)

  const create = async () => {
    setWorking(true)
    setProblem(null)
    const answer = await api.send<ChannelView>('POST', '/api/channel')
    if (answer.ok) {
      await speak(answer.value)
      await feed.refresh()
    } else setProblem(answer.problem)
    setWorking(false)
  }
  /** The server guesses the language on stream from the browser; whoever chose another one here meant it. */
  const speak = async ({ settings }: ChannelView) => {
    const locale = language.current.value
    if (settings.locale !== locale) await api.send('PATCH', '/api/channel', { locale })
  }
  return (
    <Doorway>
      <h1>{texts.onboarding.title}</h1>
      <p class="muted">{texts.onboarding.body(feed.me.value?.user.name ?? '')}</p>
      {problem && <ProblemNotice problem={problem} title={texts.onboarding.failed} />}
      <button type="button" class="button primary large" disabled={working} onClick={() => void create()}>
        {working ? texts.onboarding.working : texts.onboarding.button}
      </button>
    </Doorway>
  )
}

/** The demo's own link leads here: it greets, where another server tells of a session that is over. */
export function SignedOut() {
  const { signedOut, landing } = useTexts()
  const { api } = useSession()
  const [demo, setDemo] = useState(false)
  useEffect(() => {
    void api.get<ServerStatus>('/api/status').then((answer) => answer.ok && setDemo(answer.value.demo))
  }, [api])
  return (
    <Doorway>
      <FailedSignIn />
      <h1>{demo ? signedOut.demoTitle : signedOut.title}</h1>
      <p class="muted">{demo ? landing.demoNote : signedOut.body}</p>
      <a class="button primary large" href={`/auth/twitch/login?return=${encodeURIComponent('/dashboard')}`}>
        <Icon name={demo ? 'play' : 'twitch'} size={24} />
        {demo ? landing.signInDemo : landing.signIn}
      </a>
      <a href="/">{landing.toLanding}</a>
    </Doorway>
  )
}
