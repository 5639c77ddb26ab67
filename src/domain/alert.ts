/**
 * Where an alert stands on its way to the screen. Only forward, except `offered → queued` when a lease runs out.
 * `interrupted`: it was being drawn when its overlay went away for good; drawing it again is the streamer's choice.
 */
export type AlertState = 'queued' | 'offered' | 'started' | 'shown' | 'skipped' | 'missed' | 'interrupted'

/** An overlay has this long to answer an offer before the alert goes back to the queue. */
export const OFFER_LEASE_MS = 10_000

/** A started alert may take this much longer than its length (a slow machine, a reconnect) before it counts as interrupted. */
export const DRAW_GRACE_MS = 10_000
