import type { ChannelView, LedgerItem } from '../ui/channel-view.ts'
import { sourcesOf } from './status.ts'

export type SetupStep = 'donations' | 'overlay' | 'test'

export interface StepState {
  step: SetupStep
  done: boolean
}

/** The way from a new channel to its first stream, and which steps of it are behind. */
export function setupSteps(channel: ChannelView, ledger: LedgerItem[] | null): StepState[] {
  const shown = (item: LedgerItem) => item.shown !== null || item.started !== null
  // Where the operator connected no platform, there is nothing that a streamer could do about it.
  const { configured, state } = channel.donations
  return [
    ...(configured ? [{ step: 'donations' as const, done: state !== 'off' }] : []),
    { step: 'overlay', done: sourcesOf(channel).length > 0 || channel.overlayLastSeenAt !== null },
    // A real donation on the screen proves more than a test.
    { step: 'test', done: ledger?.some(shown) ?? true },
  ]
}
