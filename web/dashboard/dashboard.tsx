import { useEffect } from 'preact/hooks'
import { useTexts } from '../ui/language.tsx'
import { ProblemNotice } from '../ui/notice.tsx'
import { ChatSection } from './chat-section.tsx'
import { DonationsSection } from './donations-section.tsx'
import { FailedSignIn } from './failed-sign-in.tsx'
import { Frame } from './frame.tsx'
import { LiveSection } from './live-section.tsx'
import { LoadingSection } from './loading-section.tsx'
import { Onboarding, SignedOut } from './onboarding.tsx'
import { OverlaySection } from './overlay-section.tsx'
import { Preview } from './preview.tsx'
import type { Section } from './section.ts'
import { useSession } from './session.ts'
import { SettingsSection } from './settings-section.tsx'

/** The page as a whole: signed out, without a channel, or the sections beside their preview. */
export function Dashboard() {
  const { feed, narrow, section } = useSession()
  const texts = useTexts()
  const phase = feed.phase.value

  useEffect(() => {
    document.title = phase === 'ready' ? `${texts.nav[section.value]} · Chatfolk` : 'Chatfolk'
  }, [phase, section.value, texts])

  if (phase === 'signed-out') return <SignedOut />
  if (phase === 'no-channel') return <Onboarding />
  return (
    <Frame>
      <div class="section">
        <FailedSignIn />
        {phase === 'loading' && <LoadingSection />}
        {phase === 'failed' && feed.trouble.value && (
          <ProblemNotice problem={feed.trouble.value} onRetry={() => void feed.refresh()} />
        )}
        {phase === 'ready' && <CurrentSection section={section.value} />}
      </div>
      {phase === 'ready' && !narrow.value && <Preview />}
    </Frame>
  )
}

function CurrentSection({ section }: { section: Section }) {
  switch (section) {
    case 'live':
      return <LiveSection />
    case 'chat':
      return <ChatSection />
    case 'donations':
      return <DonationsSection />
    case 'overlay':
      return <OverlaySection />
    case 'settings':
      return <SettingsSection />
  }
}
