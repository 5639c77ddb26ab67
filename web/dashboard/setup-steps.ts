import type { ChannelView, LedgerItem } from '../ui/channel-view.ts'
import { sourcesOf } from './status.ts'

export type SetupStep = 'donations' | 'overlay' | 'chat' | 'test'

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
    { step: 'chat', done: channel.bot.desired },
    // A real donation on the screen proves more than a test.
    { step: 'test', done: ledger?.some(shown) ?? true },
  ]
}

/** Steps ahead. A channel that wants no bot is set up all the same: the bot alone is an invitation, no step. */
export function stepsAhead(steps: readonly StepState[]): number {
  const ahead = steps.filter(({ done }) => !done)
  return ahead.some(({ step }) => step !== 'chat') ? ahead.length : 0
}
