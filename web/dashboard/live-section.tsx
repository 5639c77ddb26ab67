import { Character } from '../ui/character.tsx'
import { useTexts } from '../ui/language.tsx'
import { Icon } from '../ui/icons.tsx'
import { ConnectLink } from './connect-link.tsx'
import { LedgerList } from './ledger-list.tsx'
import { Lights } from './lights.tsx'
import { Preview } from './preview.tsx'
import { useChannel, useSession } from './session.ts'
import { SetupChecklist } from './setup-checklist.tsx'
import { setupSteps } from './setup-steps.ts'
import { standingOf, type Standing } from './status.ts'
import { TestDonation } from './test-donation.tsx'

/** Rows of the latest donations that fit beside everything else. */
const RECENT = 5

/** The first thing a streamer sees: does it work, and what is there to do. */
export function LiveSection() {
  const texts = useTexts()
  const { feed, ledger, narrow } = useSession()
  const channel = useChannel()
  const steps = setupSteps(channel, ledger.items.value)
  const current = steps.find((step) => !step.done)?.step
  const stepsLeft = steps.filter((step) => !step.done).length
  const standing = feed.trouble.value ? 'unknown' : standingOf(channel, stepsLeft)
  return (
    <div class="stack">
      <h1 class="visually-hidden">{texts.live.title}</h1>
      <Headline standing={standing} stepsLeft={stepsLeft} />
      <Lights />
      {stepsLeft > 0 && <SetupChecklist steps={steps} current={current} />}
      {narrow.value && <Preview />}
      <TestDonation primary={standing !== 'needsYou' && (current === undefined || current === 'test')} />
      {(ledger.items.value?.length ?? 0) > 0 && (
        <section class="card flush">
          <div class="card-head">
            <h2>{texts.live.recent}</h2>
            <a class="button quiet small" href="#donations">
              {texts.live.allDonations}
              <Icon name="chevron" size={16} />
            </a>
          </div>
          <LedgerList limit={RECENT} />
        </section>
      )}
    </div>
  )
}

const MOODS = {
  allGood: 'cheer',
  hidden: 'idle',
  waiting: 'wave',
  setUp: 'wave',
  needsYou: 'sit',
  working: 'run',
  paused: 'sit',
  unknown: 'sit',
} as const

function Headline({ standing, stepsLeft }: { standing: Standing; stepsLeft: number }) {
  const { live, donations } = useTexts()
  const { demo } = useChannel()
  const body =
    standing === 'waiting' && demo
      ? live.waitingBodyDemo
      : standing === 'needsYou'
        ? donations.state.needs_reauth
        : live[`${standing}Body`]
  const title = standing === 'setUp' ? live.setUp(stepsLeft) : live[standing]
  return (
    <section class={`headline ${standing}`} aria-live="polite">
      <Character seed={83} action={MOODS[standing]} height={144} />
      <div>
        <p class="headline-title">{title}</p>
        <p class="muted">{body}</p>
        {standing === 'needsYou' && (
          <ConnectLink look="button primary">
            <Icon name="plug" />
            {donations.reconnect}
          </ConnectLink>
        )}
      </div>
    </section>
  )
}
