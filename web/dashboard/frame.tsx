import type { ComponentChildren } from 'preact'
import { Icon } from '../ui/icons.tsx'
import { LanguageSwitch, useFormat, useTexts } from '../ui/language.tsx'
import { Logo } from '../ui/logo.tsx'
import { keepSignedInHint } from '../ui/signed-in-hint.ts'
import { SECTIONS } from './section.ts'
import { useSession } from './session.ts'

/** Navigation on the left (below on phones), the rest beside it. */
export function Frame({ children }: { children: ComponentChildren }) {
  const texts = useTexts()
  const { feed } = useSession()
  return (
    <div class="frame">
      <a class="skip-link" href="#content" onClick={focusContent}>
        {texts.common.skipToContent}
      </a>
      <header class="side">
        <div class="side-top">
          <a class="brand" href="/">
            <Logo height={34} />
            Chatfolk
          </a>
        </div>
        <Navigation />
        <div class="side-end">
          <div class="side-choices">
            <LanguageSwitch />
            {feed.channel.value?.demo && (
              <span class="badge gold" title={texts.nav.demoHint}>
                {texts.nav.demo}
              </span>
            )}
          </div>
          <Account />
        </div>
      </header>
      <main id="content" class="content" tabIndex={-1}>
        <OfflineBanner />
        <div class="columns">{children}</div>
      </main>
    </div>
  )
}

// The address's fragment names the section, so the skip link moves the focus itself.
function focusContent(event: Event): void {
  event.preventDefault()
  document.querySelector<HTMLElement>('#content')?.focus()
}

function Navigation() {
  const texts = useTexts()
  const { section } = useSession()
  return (
    <nav class="nav" aria-label={texts.nav.label}>
      {SECTIONS.map((name) => (
        <a key={name} href={`#${name}`} aria-current={section.value === name ? 'page' : undefined}>
          <Icon name={name} size={22} />
          <span>{texts.nav[name]}</span>
        </a>
      ))}
    </nav>
  )
}

function Account() {
  const texts = useTexts()
  const { api, feed, toasts } = useSession()
  const user = feed.me.value?.user
  if (!user) return null
  const signOut = async () => {
    const answer = await api.send('POST', '/auth/logout')
    if (answer.ok) {
      keepSignedInHint(false)
      location.assign('/')
    } else toasts.show({ text: texts.nav.signOutFailed, bad: true })
  }
  return (
    <div class="account">
      <span class="account-name" title={user.login}>
        {user.name}
      </span>
      <button
        type="button"
        class="icon-button"
        aria-label={texts.nav.signOut}
        title={texts.nav.signOut}
        onClick={() => void signOut()}
      >
        <Icon name="signOut" />
      </button>
    </div>
  )
}

/** Old facts are said to be old. */
function OfflineBanner() {
  const texts = useTexts()
  const format = useFormat()
  const { feed } = useSession()
  const trouble = feed.trouble.value
  if (!trouble || feed.phase.value !== 'ready') return null
  const at = format.clock(feed.seenAt.value ?? Date.now())
  const outOfReach = trouble.code === 'unreachable'
  return (
    <div class="offline" role="alert">
      <Icon name={outOfReach ? 'offline' : 'warn'} />
      <p>
        <strong>{outOfReach ? texts.offline.title : texts.offline.serverTitle}</strong>{' '}
        {outOfReach ? texts.offline.body(at) : texts.offline.serverBody(at)}
      </p>
      <button type="button" class="button small" onClick={() => void feed.refresh()}>
        {texts.common.retry}
      </button>
    </div>
  )
}
