import type { Money } from './money.ts'

/** Where a donation comes from. `test` is the streamer's own test button, which takes the same way as money. */
export type DonationProvider = 'donationalerts' | 'test'

/** The way by which a donation reached us. One is enough; all three may bring the same one. */
export type DonationArrival = 'push' | 'recovery' | 'sweep'

/** A donation that a platform told us of, already understood. */
export interface Donation {
  provider: DonationProvider
  /** The receiving account at the platform. */
  accountId: string
  /** The platform's own id: with provider and account the only key that survives reconnects. */
  externalId: string
  /** `null` for an anonymous donor. Free text: never an identity. */
  donor: string | null
  money: Money
  message: string
  /** Audio donations carry the address of a recording in `message`. */
  messageKind: 'text' | 'audio'
  /** When the platform says it was made, milliseconds since 1970. */
  createdAt: number
  /** What the platform sent, as JSON text, kept for whoever must find out what went wrong. */
  raw: string
}

/** Either a donation, or what arrived in its place and why it could not be read. Neither is ever dropped. */
export type ParsedDonation = { ok: true; donation: Donation } | { ok: false; raw: string; reason: string }

/** A place in a platform's stream of one account. Meaningless without its epoch. */
export interface StreamPosition {
  epoch: string
  seq: number
}
