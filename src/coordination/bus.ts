/** What happens to a channel that other parts of the service, on this node or another, want to hear of at once. */
export type ChannelEvent =
  /** `receivedAt`: when the donation was handed to us, by this process's monotonic clock; `null` for a replay. */
  | { type: 'alert-queued'; receivedAt: number | null }
  | { type: 'queue-resumed' }
  | { type: 'alert-ended'; alertId: string; why: 'shown' | 'skipped' }
  | { type: 'settings-changed' }
  | { type: 'overlay-key-rotated'; rev: number }

/**
 * Doorbells between parts of the service. Delivery is best effort: whoever needs certainty asks the database, as the
 * 2 s check of waiting alerts does.
 */
export interface Bus {
  /** Never throws and never waits for handlers. */
  publish(channelId: string, event: ChannelEvent): void
  /** Hears the events of all channels. Returns the way to stop. */
  subscribe(handler: (channelId: string, event: ChannelEvent) => void): () => void
}
