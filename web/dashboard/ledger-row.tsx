import { useSignal } from '@preact/signals'
import { useId } from 'preact/hooks'
import type { LedgerItem } from '../ui/channel-view.ts'
import { Head } from '../ui/character.tsx'
import { Icon } from '../ui/icons.tsx'
import { useFormat, useTexts } from '../ui/language.tsx'
import { wordsOf } from '../ui/notice.tsx'
import { DonationWay } from './donation-way.tsx'
import { useSession } from './session.ts'
import type { Tone } from './status.ts'

const TONES: Record<LedgerItem['state'], Tone> = {
  history: 'idle',
  queued: 'busy',
  offered: 'busy',
  started: 'good',
  shown: 'good',
  skipped: 'idle',
  missed: 'bad',
  interrupted: 'bad',
}

/** One donation: who, how much, what words, how far it came; its whole way unfolds. */
export function LedgerRow({ item }: { item: LedgerItem }) {
  const texts = useTexts()
  const format = useFormat()
  // Peeked at: a list of hundreds of rows is not drawn anew each second for the sake of a date.
  const { now } = useSession()
  const open = useSignal(false)
  const wayId = useId()
  const words = texts.donations
  const name = item.donor ?? texts.common.anonymous
  return (
    <li class="ledger-row">
      <Head seed={item.seed} size={44} />
      <div class="ledger-main">
        <p class="ledger-who">
          <strong class={item.donor === null ? 'ledger-name muted' : 'ledger-name'}>{name}</strong>
          <span class="money">{format.money(item)}</span>
          {item.test && <span class="badge violet">{words.badgeTest}</span>}
          {item.replay && <span class="badge">{words.badgeReplay}</span>}
          {item.history && <span class="badge">{words.badgeHistory}</span>}
        </p>
        <Words item={item} />
        <p class="ledger-state small">
          <span class={`lamp ${TONES[item.state]}`} aria-hidden="true" />
          <span>{words.status[item.state]}</span>
          <button
            type="button"
            class="way-button"
            aria-expanded={open.value}
            aria-controls={wayId}
            aria-label={words.detailsOf(name)}
            onClick={() => (open.value = !open.value)}
          >
            <Journey item={item} />
            <Icon name="chevron" size={16} />
          </button>
        </p>
      </div>
      <div class="ledger-side">
        {item.made && (
          <time class="muted small number" dateTime={item.made}>
            {format.moment(item.made, now.peek())}
          </time>
        )}
        <Replay item={item} name={name} />
      </div>
      <div id={wayId} class="ledger-way" hidden={!open.value}>
        {open.value && <DonationWay item={item} />}
      </div>
    </li>
  )
}

/** Always as text: what a stranger typed. */
function Words({ item }: { item: LedgerItem }) {
  const texts = useTexts().donations
  if (item.messageKind === 'audio') return <p class="ledger-words muted">{texts.audio}</p>
  if (item.message.trim() === '') return null
  return (
    <p class="ledger-words" dir="auto">
      {item.message}
    </p>
  )
}

/** How long it took from us to the screen, the figure that a donor feels. */
function Journey({ item }: { item: LedgerItem }) {
  const texts = useTexts().donations
  const format = useFormat()
  const from = item.replay ? item.queued : item.received
  if (!from || !item.started) return <span>{texts.details}</span>
  return <span class="number">{texts.took(format.span(Math.max(0, Date.parse(item.started) - Date.parse(from))))}</span>
}

function Replay({ item, name }: { item: LedgerItem; name: string }) {
  const texts = useTexts()
  const { api, feed, ledger, toasts } = useSession()
  const working = useSignal(false)
  const waiting = item.state === 'queued' || item.state === 'offered' || item.state === 'started'

  const replay = async () => {
    working.value = true
    const answer = await api.send('POST', `/api/channel/alerts/${encodeURIComponent(item.alertId ?? item.id)}/replay`)
    working.value = false
    toasts.show(
      answer.ok ? { text: texts.donations.replayed(name) } : { text: wordsOf(answer.problem, texts), bad: true },
    )
    void ledger.refresh()
    void feed.refresh()
  }
  return (
    <button
      type="button"
      class="button small quiet"
      disabled={working.value || waiting}
      aria-label={texts.donations.replayOf(name)}
      onClick={() => void replay()}
    >
      <Icon name="replay" size={16} />
      {texts.donations.replay}
    </button>
  )
}
