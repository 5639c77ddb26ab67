import type { AlertState } from '../../src/domain/alert.ts'
import type { DonationArrival, DonationProvider } from '../../src/domain/donation.ts'
import type { ChannelSettings } from '../../src/domain/settings.ts'

/** Times are ISO 8601 text, as the server sends them. */
type Instant = string

/** `GET /api/status` */
export interface ServerStatus {
  demo: boolean
  donations: boolean
  version: string
}

/** `GET /api/me` */
export interface Me {
  user: { id: string; login: string; name: string }
  channel: { id: string; login: string } | null
}

export type DonationStreamState = 'off' | 'connecting' | 'catching_up' | 'live' | 'backoff' | 'needs_reauth'

export interface AlertOnScreen {
  id: string
  donor: string | null
  amount: string
  currency: string
  test: boolean
  state: AlertState
  startedAt: Instant | null
}

export interface OverlaySource {
  instance: string
  visible: boolean
  fps: number | null
  tier: string | null
  since: Instant
  role: 'primary' | 'mirror'
  obs: boolean
  /** The dashboard's own frame: no source of the streamer's. */
  preview: boolean
}

/** `GET /api/channel` */
export interface ChannelView {
  id: string
  login: string
  overlayUrl: string
  settings: ChannelSettings
  settingsRev: number
  alerts: { paused: boolean; queued: number; current: AlertOnScreen | null }
  donations: {
    configured: boolean
    state: DonationStreamState
    account: string | null
    lastDonationAt: Instant | null
    lastError: { code: string; at: Instant; detail?: string } | null
    backoffUntil: Instant | null
  }
  overlays: OverlaySource[]
  overlayLastSeenAt: Instant | null
  demo: boolean
}

/** One row of `GET /api/channel/donations`. */
export interface LedgerItem {
  id: string
  alertId: string | null
  provider: DonationProvider
  source: DonationArrival
  /** Of the character that comes out with it. */
  seed: number
  donor: string | null
  amount: string
  currency: string
  message: string
  messageKind: 'text' | 'audio'
  test: boolean
  history: boolean
  replay: boolean
  state: AlertState | 'history'
  made: Instant | null
  received: Instant | null
  queued: Instant | null
  offered: Instant | null
  started: Instant | null
  shown: Instant | null
  skipped: Instant | null
  missed: Instant | null
  interrupted: Instant | null
  overlay: string | null
}

export interface LedgerPage {
  items: LedgerItem[]
  next: string | null
  totals: { currency: string; amount: string; count: number }[]
}
