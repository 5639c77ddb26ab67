import { effect, signal, type ReadonlySignal } from '@preact/signals'
import { render } from 'preact'
import { createApi } from '../ui/api.ts'
import { takeAuthFailure } from '../ui/auth-error.tsx'
import { createLanguageChoice, LanguageProvider } from '../ui/language.tsx'
import { createToasts, ToastList } from '../ui/toasts.tsx'
import { createChannelFeed } from './channel-feed.ts'
import { Dashboard } from './dashboard.tsx'
import { createLedger } from './ledger.ts'
import { createSectionChoice } from './section.ts'
import { SessionProvider, type DashboardSession } from './session.ts'
import { createSettingsSaver } from './settings-saver.ts'
import { showPageIcon } from '../ui/page-icon.ts'
import { keepSignedInHint } from '../ui/signed-in-hint.ts'
import '../ui/theme.css'
import '../ui/controls.css'
import '../ui/surfaces.css'
import '../ui/doorway.css'
import './frame.css'
import './cards.css'
import './preview.css'
import './live.css'
import './test-donation.css'
import './donations.css'
import './overlay.css'
import './chat.css'
import './settings.css'

const api = createApi()
const feed = createChannelFeed(api)
const now = signal(Date.now())
const session: DashboardSession = {
  api,
  feed,
  ledger: createLedger(api),
  saver: createSettingsSaver(api, feed),
  toasts: createToasts(),
  section: createSectionChoice(),
  narrow: mediaFlag('(max-width: 1179px)'),
  now,
  authFailure: signal(takeAuthFailure()),
}
feed.start()
session.ledger.follow(feed)
effect(() => {
  const phase = feed.phase.value
  if (phase !== 'loading' && phase !== 'failed') keepSignedInHint(phase !== 'signed-out')
})
setInterval(() => (now.value = Date.now()), 1_000)

showPageIcon()
const page = document.querySelector('#page')
if (page) {
  render(
    <LanguageProvider value={createLanguageChoice()}>
      <SessionProvider value={session}>
        <Dashboard />
        <ToastList toasts={session.toasts} />
      </SessionProvider>
    </LanguageProvider>,
    page,
  )
}

function mediaFlag(query: string): ReadonlySignal<boolean> {
  const media = window.matchMedia(query)
  const flag = signal(media.matches)
  media.addEventListener('change', () => (flag.value = media.matches))
  return flag
}
