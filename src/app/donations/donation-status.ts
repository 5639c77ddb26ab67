import type { DonationStreams } from '../../persistence/donation-streams.ts'
import { STREAM_STATES, type DonationStreamState, type DonationStreamStatus } from './donation-stream-status.ts'

/** What a streamer is told of their stream. */
export type StreamerStatus = Pick<DonationStreamStatus, 'state' | 'lastError' | 'backoffUntil'>

/**
 * How a channel's stream does, whichever node runs it: where it is this one, at this moment; else as its owner last wrote
 * it down.
 */
export function createReadDonationStatus(
  rows: Pick<DonationStreams, 'ofChannel'>,
  here: (channelId: string) => DonationStreamStatus | undefined,
) {
  return async (channelId: string): Promise<StreamerStatus> => {
    const row = await rows.ofChannel(channelId)
    if (!row) return { state: 'off', lastError: null, backoffUntil: null }
    const now = here(channelId)
    if (now) return { state: now.state, lastError: now.lastError, backoffUntil: now.backoffUntil }
    const detail = row.detail as Partial<DonationStreamStatus>
    const said = STREAM_STATES.find((state) => state === row.state)
    const state: DonationStreamState = said ?? (row.refused ? 'needs_reauth' : 'connecting')
    return {
      state,
      lastError: detail.lastError ?? null,
      backoffUntil: state === 'backoff' ? (detail.backoffUntil ?? null) : null,
    }
  }
}
export type ReadDonationStatus = ReturnType<typeof createReadDonationStatus>
