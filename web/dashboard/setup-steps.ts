import type { ChannelView, LedgerItem } from '../ui/channel-view.ts'
import { sourcesOf } from './status.ts'

export type SetupStep = 'donations' | 'overlay' | 'test'

/** The way from a new channel to its first stream, and which steps of it are behind. */
export function setupSteps(channel: ChannelView, ledger: LedgerItem[] | null): { step: SetupStep; done: boolean }[] {
  const shown = (item: LedgerItem) => item.shown !== null || item.started !== null
  return [
    { step: 'donations', done: channel.donations.state !== 'off' },
    { step: 'overlay', done: sourcesOf(channel).length > 0 || channel.overlayLastSeenAt !== null },
    // A real donation on the screen proves more than a test.
    { step: 'test', done: ledger?.some(shown) ?? true },
  ]
}
