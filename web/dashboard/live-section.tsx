import { Character } from '../ui/character.tsx'
import { useTexts } from '../ui/language.tsx'
import { Icon } from '../ui/icons.tsx'
import { botStatus, type BotStatus } from './bot-status.ts'
import { ConnectLink } from './connect-link.tsx'
import { LedgerList } from './ledger-list.tsx'
import { Lights } from './lights.tsx'
import { Preview } from './preview.tsx'
import { useChannel, useSession } from './session.ts'
import { SetupChecklist } from './setup-checklist.tsx'
import { setupSteps, stepsAhead } from './setup-steps.ts'
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
  const stepsLeft = stepsAhead(steps)
  const standing = feed.trouble.value ? 'unknown' : standingOf(channel, stepsLeft)
  const urgent = standing === 'needsYou' || standing === 'chatNeedsYou'
  return (
    <div class="stack">
      <h1 class="visually-hidden">{texts.live.title}</h1>
      <Headline standing={standing} stepsLeft={stepsLeft} />
      <Lights />
      {stepsLeft > 0 && <SetupChecklist steps={steps} current={current} />}
      {narrow.value && <Preview />}
      <TestDonation primary={!urgent && (stepsLeft === 0 || current === 'test')} />
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
  chatNeedsYou: 'sit',
  working: 'run',
  chatWorking: 'run',
  paused: 'sit',
  unknown: 'sit',
} as const

function Headline({ standing, stepsLeft }: { standing: Standing; stepsLeft: number }) {
  const { chat, donations } = useTexts()
  const bot = botStatus(useChannel())
  const invites = bot === 'off' && (standing === 'allGood' || standing === 'waiting')
  return (
    <section class={`headline ${standing === 'chatNeedsYou' ? 'needsYou' : standing}`} aria-live="polite">
      <Character seed={83} action={MOODS[standing]} height={144} />
      <div>
        <HeadlineWords standing={standing} stepsLeft={stepsLeft} bot={bot} />
        {standing === 'needsYou' && (
          <ConnectLink look="button primary">
            <Icon name="plug" />
            {donations.reconnect}
          </ConnectLink>
        )}
        {standing === 'chatNeedsYou' && (
          <a class="button primary" href="#chat">
            <Icon name="chat" />
            {chat.toBot}
          </a>
        )}
        {invites && (
          <>
            <p class="headline-invite">{chat.invite}</p>
            <a class="button" href="#chat">
              <Icon name="chat" />
              {chat.turnOn}
            </a>
          </>
        )}
      </div>
    </section>
  )
}

function HeadlineWords(props: { standing: Standing; stepsLeft: number; bot: BotStatus }) {
  const { chat, live, donations } = useTexts()
  const { demo } = useChannel()
  const [title, body] = say()
  return (
    <>
      <p class="headline-title">{title}</p>
      <p class="muted">{body}</p>
    </>
  )

  function say(): [title: string, body: string] {
    switch (props.standing) {
      case 'needsYou':
        return [live.needsYou, donations.state.needs_reauth]
      case 'chatNeedsYou':
        return [live.needsYou, chat.status[props.bot].body]
      case 'chatWorking':
        return [live.working, chat.working]
      case 'setUp':
        return [live.setUp(props.stepsLeft), live.setUpBody]
      case 'waiting':
        return [live.waiting, demo ? live.waitingBodyDemo : live.waitingBody]
      default:
        return [live[props.standing], live[`${props.standing}Body`]]
    }
  }
}
