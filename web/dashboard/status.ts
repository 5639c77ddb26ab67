import type { ChannelView, OverlaySource } from '../ui/channel-view.ts'
import { botNeedsYou, botStatus } from './bot-status.ts'

/** How a light shines: always beside a word, never instead of one. */
export type Tone = 'good' | 'busy' | 'bad' | 'idle'

export type DonationsStatus = ChannelView['donations']['state'] | 'unconfigured'
/** `browser`: somebody sees it, but it is not OBS that shows it. `closed`: the demo's, whose viewers need no OBS. */
export type OverlayStatus = 'visible' | 'browser' | 'hidden' | 'gone' | 'closed' | 'never'
export type QueueStatus = 'paused' | 'playing' | 'held' | 'waiting' | 'empty'

/** What the page says about the channel as a whole, the most urgent first. */
export type Standing =
  | 'unknown'
  | 'needsYou'
  | 'chatNeedsYou'
  | 'setUp'
  | 'paused'
  | 'working'
  | 'chatWorking'
  | 'hidden'
  | 'waiting'
  | 'allGood'

/** The streamer's own sources: the dashboard's preview is none. */
export function sourcesOf(channel: ChannelView): OverlaySource[] {
  return channel.overlays.filter((overlay) => !overlay.preview)
}

export function donationsStatus({ donations }: ChannelView): DonationsStatus {
  return donations.configured ? donations.state : 'unconfigured'
}

export function overlayStatus(channel: ChannelView): OverlayStatus {
  const sources = sourcesOf(channel)
  if (sources.some((source) => source.visible && source.obs)) return 'visible'
  if (sources.some((source) => source.visible)) return 'browser'
  if (sources.length > 0) return 'hidden'
  if (channel.overlayLastSeenAt === null) return 'never'
  return channel.demo ? 'closed' : 'gone'
}

export function queueStatus(channel: ChannelView): QueueStatus {
  const { paused, queued, current } = channel.alerts
  if (paused) return 'paused'
  if (current) return 'playing'
  if (queued === 0) return 'empty'
  // In the demo the preview shows all there is.
  const isShown =
    isOnScreen(overlayStatus(channel)) || (channel.demo && channel.overlays.some(({ visible }) => visible))
  return isShown ? 'waiting' : 'held'
}

export const DONATION_TONES: Record<DonationsStatus, Tone> = {
  live: 'good',
  connecting: 'busy',
  catching_up: 'busy',
  backoff: 'busy',
  needs_reauth: 'bad',
  off: 'idle',
  unconfigured: 'idle',
}

function isOnScreen(status: OverlayStatus): boolean {
  return status === 'visible' || status === 'browser'
}

/** OBS is closed most of the day, and nothing is wrong then: only somebody who waits for it makes it a fault. */
export function overlayTone(channel: ChannelView): Tone {
  switch (overlayStatus(channel)) {
    case 'visible':
    case 'browser':
      return 'good'
    case 'hidden':
      return 'busy'
    case 'gone':
      return channel.alerts.queued > 0 ? 'bad' : 'idle'
    case 'closed':
    case 'never':
      return 'idle'
  }
}

export const QUEUE_TONES: Record<QueueStatus, Tone> = {
  paused: 'busy',
  playing: 'good',
  held: 'busy',
  waiting: 'good',
  empty: 'good',
}

/** A bot that is off is no fault: many want donations alone. */
export function standingOf(channel: ChannelView, stepsLeft: number): Standing {
  const donations = donationsStatus(channel)
  const overlay = overlayStatus(channel)
  const bot = botStatus(channel)
  if (donations === 'needs_reauth') return 'needsYou'
  if (botNeedsYou(bot)) return 'chatNeedsYou'
  if (stepsLeft > 0) return 'setUp'
  if (channel.alerts.paused) return 'paused'
  if (DONATION_TONES[donations] === 'busy') return 'working'
  // A bot that starts is none to speak of: it has just been turned on.
  if (bot === 'backoff') return 'chatWorking'
  if (isOnScreen(overlay)) return 'allGood'
  return overlay === 'hidden' ? 'hidden' : 'waiting'
}
