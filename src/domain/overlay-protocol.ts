import type { AvatarLook } from './avatar-look.ts'
import type { ChannelSettings } from './settings.ts'
import type { Motion } from './stage-motion.ts'

/** Version 1 of what a server says to an overlay. In words: docs/overlay-protocol.md. */
export interface OverlayFrame<Type extends OverlayEvent = OverlayEvent> {
  v: 1
  /** Server time, milliseconds since 1970. */
  at: number
  d: OverlayEvents[Type]
}

export type OverlayRole = 'primary' | 'mirror'

export type OverlayEvent = keyof OverlayEvents

/** What a viewer's character does when told so. `emote` is held up on a sign. */
export type AvatarAct = 'walk' | 'wave' | 'laugh' | 'jump' | 'sit' | 'sign'

/** How a character comes: by words, by a command, or with the dashboard's test. */
export type JoinedBy = 'chat' | 'command' | 'test'

/** `banned` is at once, without an exit. */
export type LeftWhy = 'command' | 'inactive' | 'crowd' | 'banned' | 'bot-off' | 'offline'

/** Something that stands above a character until `until` (server time). */
export interface Shown {
  parts: TextPart[]
  at: number
  until: number
}

/** A character on stage as a snapshot tells it. With its motion the same picture follows on every overlay. */
export interface StageAvatar {
  /** The viewer's id, opaque to the page. */
  id: string
  name: string
  /** `#rrggbb` */
  color: string
  look: AvatarLook
  /** Decides entrance, wandering, row. An unsigned 32-bit number. */
  seed: number
  by: JoinedBy
  /** What it does until `until`; after that it wanders about. `leave`: on its way out. */
  state: Motion['act']
  /** Server time at which the state ends. */
  until: number
  motion: Motion
  /** Why it leaves, where it does. */
  why: LeftWhy | null
  say: Shown | null
  sign: Shown | null
}

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
    avatars: StageAvatar[]
    alert: { current: CurrentAlert | null; queued: number }
    game: null
  }
  /** Comes to `x` within `dur`, in the manner that its seed decides (`from` is where a run begins). */
  'avatar.join': {
    id: string
    name: string
    color: string
    look: AvatarLook
    seed: number
    by: JoinedBy
    from: number
    to: number
    dur: number
  }
  /** Runs off to `to` within `dur`; with `dur` 0 it is gone at once. */
  'avatar.leave': { id: string; why: LeftWhy; from: number; to: number; dur: number }
  'avatar.look': { id: string; look: AvatarLook }
  /** `from` and `to` are places on stage (see stage-motion.ts), the same where it stands. */
  'avatar.act': { id: string; act: Exclude<AvatarAct, 'sign'>; dur: number; from: number; to: number }
  /** Replaces the bubble; no parts and `dur` 0 take it away. */
  'avatar.say': { id: string; dur: number; parts: TextPart[] }
  /** Holds a sign with the one part, standing at `x`; no parts and `dur` 0 take it away. */
  'avatar.emote': { id: string; dur: number; parts: TextPart[]; x: number }
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
