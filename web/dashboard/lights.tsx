import type { ComponentChildren } from 'preact'
import { useFormat, useTexts } from '../ui/language.tsx'
import { BOT_TONES, botNeedsYou, botStatus } from './bot-status.ts'
import { useChannel, useSession } from './session.ts'
import {
  DONATION_TONES,
  donationsStatus,
  overlayStatus,
  overlayTone,
  QUEUE_TONES,
  queueStatus,
  sourcesOf,
  type Tone,
} from './status.ts'

/** Four lights, each beside its word. While the server cannot be reached they say that nobody knows. */
export function Lights() {
  const texts = useTexts()
  return (
    <section class="lights" aria-label={texts.live.lights}>
      <DonationsLight />
      <ChatLight />
      <OverlayLight />
      <QueueLight />
    </section>
  )
}

function DonationsLight() {
  const texts = useTexts()
  const format = useFormat()
  const { now, ledger } = useSession()
  const channel = useChannel()
  const status = donationsStatus(channel)
  const latest = ledger.items.value?.find((item) => !item.test && !item.history)?.made
  const lastAt = [channel.donations.lastDonationAt, latest]
    .filter((at) => at !== null && at !== undefined)
    .sort()
    .at(-1)
  return (
    <Light
      title={texts.live.donations}
      section="donations"
      tone={DONATION_TONES[status]}
      word={texts.light.donations[status]}
    >
      {lastAt ? texts.live.lastDonation(format.relative(lastAt, now.value)) : texts.live.noDonationYet}
    </Light>
  )
}

function ChatLight() {
  const { chat, live } = useTexts()
  const channel = useChannel()
  const status = botStatus(channel)
  const { viewers } = channel.bot
  const onStage = viewers === 0 ? chat.light.nobody : chat.light.onStage(viewers)
  const detail = status === 'off' ? chat.light.off : botNeedsYou(status) ? chat.light.seeMore : onStage
  return (
    <Light title={live.chat} section="chat" tone={BOT_TONES[status]} word={chat.status[status].word}>
      {detail}
    </Light>
  )
}

function OverlayLight() {
  const texts = useTexts().light.overlay
  const { live } = useTexts()
  const format = useFormat()
  const { now } = useSession()
  const channel = useChannel()
  const status = overlayStatus(channel)
  const sources = sourcesOf(channel)
  return (
    <Light title={live.overlay} section="overlay" tone={overlayTone(channel)} word={texts[status]}>
      {sources.length > 0
        ? texts.sources(sources.length)
        : channel.overlayLastSeenAt && texts.lastSeen(format.relative(channel.overlayLastSeenAt, now.value))}
    </Light>
  )
}

function QueueLight() {
  const texts = useTexts()
  const channel = useChannel()
  const status = queueStatus(channel)
  const { queued } = channel.alerts
  const { queue } = texts.light
  return (
    <Light
      title={texts.live.queue}
      tone={QUEUE_TONES[status]}
      word={status === 'waiting' ? queue.waiting(queued) : queue[status]}
    >
      {status !== 'waiting' && texts.preview.queued(queued)}
    </Light>
  )
}

interface LightProps {
  title: string
  tone: Tone
  word: string
  /** Where more about it stands. */
  section?: string
  children?: ComponentChildren
}

function Light({ title, tone, word, section, children }: LightProps) {
  const texts = useTexts()
  const unreachable = useSession().feed.trouble.value !== null
  const body = (
    <>
      <span class="light-title">{title}</span>
      <span class="light-word">
        <span class={`lamp ${unreachable ? 'idle' : tone}`} aria-hidden="true" />
        {unreachable ? texts.light.unknown : word}
      </span>
      <span class="light-detail">{unreachable ? texts.light.unknownDetail : children}</span>
    </>
  )
  if (section === undefined) return <div class="light">{body}</div>
  return (
    <a class="light" href={`#${section}`}>
      {body}
    </a>
  )
}
