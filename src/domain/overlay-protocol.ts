import type { AvatarLook } from './avatar-look.ts'
import type { ChannelSettings } from './settings.ts'

/** Version 1 of what a server says to an overlay. In words: docs/overlay-protocol.md. */
export interface OverlayFrame<Type extends OverlayEvent = OverlayEvent> {
  v: 1
  /** Server time, milliseconds since 1970. */
  at: number
  d: OverlayEvents[Type]
}

export type OverlayRole = 'primary' | 'mirror'

export type OverlayEvent = keyof OverlayEvents

/** What the overlay needs to know of the channel's settings, and no more. */
export type OverlaySettings = Pick<ChannelSettings, 'locale' | 'alerts'>

/** A piece of what a donor wrote: text, or a picture from a listed emote host. */
export type TextPart = { text: string } | { emote: string; src: string }

export interface AlertOffer {
  id: string
  kind: 'donation'
  /** `null` for an anonymous donor; the overlay says so in its language. */
  donor: string | null
  /** Plain decimal text, `500.00`. */
  amount: string
  currency: string
  parts: TextPart[]
  /** The donor's character. */
  avatar: { seed: number; look: AvatarLook }
  /** `volume` from 0 to 1, where the channel's setting counts to 100. */
  sound: { name: 'chime'; volume: number } | null
  tts: null
  /** Length on screen, entrance and exit included, milliseconds. */
  dur: number
  /** 1 for the first offer; an overlay that drew this id before ignores later ones. */
  attempt: number
  /** Proves that this offer reached this overlay; needed for start and done. */
  token: string
  test: boolean
}

/** The alert in flight, as a snapshot tells it: without its token, which only an offer carries. */
export type CurrentAlert = Omit<AlertOffer, 'token'> & { state: 'offered' | 'started'; startedAt: number | null }

export interface OverlayEvents {
  snapshot: {
    seq: number
    settings: OverlaySettings & { rev: number }
    avatars: never[]
    alert: { current: CurrentAlert | null; queued: number }
    game: null
  }
  'alert.offer': AlertOffer
  'alert.cancel': { id: string; why: 'skipped' | 'expired' | 'interrupted' }
  settings: { rev: number; patch: OverlaySettings }
  reload: { build: string }
  role: { role: OverlayRole }
  ping: { seq: number }
}

/** `POST /api/overlay/session` */
export interface OverlaySessionRequest {
  key: string
  /** A random id that the page keeps for its life. */
  instance: string
  /** Runs inside OBS. */
  obs: boolean
  w: number
  h: number
  ver: string
  /** Seen on the stream right now; taken as yes where it is not said. */
  visible?: boolean
  /** The dashboard's own preview: never shows real donations in OBS's place. */
  preview?: boolean
}

export interface OverlaySession {
  ticket: string
  streamUrl: string
  epoch: number
  seq: number
  serverNow: number
  role: OverlayRole
}

/** `POST /api/overlay/state` */
export interface OverlayStateReport {
  ticket: string
  visible: boolean
  active: boolean
  fps: number
  tier: string
}
