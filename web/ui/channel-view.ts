import type { AlertState } from '../../src/domain/alert.ts'
import type { AvatarLook } from '../../src/domain/avatar-look.ts'
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

/** `GET /api/me/look`; `PUT` and `DELETE` answer with the same. */
export interface LookView {
  look: AvatarLook
  /** Of the look that a viewer has who never chose one. */
  seed: number
  /** Chosen, and not the seed's. */
  own: boolean
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

export type BotState = 'active' | 'starting' | 'backoff' | 'inactive'

/** `GET /api/channel`, `bot`; `POST /api/channel/bot` answers with the same. */
export interface BotView {
  /** What the streamer wants. */
  desired: boolean
  /** What is. */
  state: BotState
  owner: string | null
  /** When the state began. */
  since: Instant | null
  lastError: { code: string; at: Instant } | null
  /** Whose account talks. `own`: the streamer's. `null`: nobody's yet. */
  speaker: { login: string; own: boolean } | null
  permission: 'granted' | 'missing'
  /** `null`: nobody knows yet. */
  streamLive: boolean | null
  /** Characters on stage. */
  viewers: number
  replies: { sent: number; dropped: number; lastDropped: { why: string; at: Instant } | null }
  retryAt: Instant | null
}

/** `POST /api/channel/test` of the kind `chat` */
export interface ChatTestAnswer {
  messageId: string
  /** What the bot would have said; a test is never sent to Twitch. */
  reply: string | null
  understood: {
    command: string | null
    reaction: 'wave' | 'laugh' | 'sign' | null
    /** Whether a viewer without any role may use the command. */
    permitted: boolean
    /** The account is on the ignore list. */
    ignored: boolean
  }
  /** It brought its viewer on stage. */
  joined: boolean
  /** Its viewer is there afterwards. */
  onStage: boolean
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
  bot: BotView
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
