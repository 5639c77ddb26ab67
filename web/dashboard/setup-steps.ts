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
  return [
    { step: 'donations', done: channel.donations.state !== 'off' },
    { step: 'overlay', done: sourcesOf(channel).length > 0 || channel.overlayLastSeenAt !== null },
    // A real donation on the screen proves more than a test.
    { step: 'test', done: ledger?.some(shown) ?? true },
  ]
}

/** The step to take next: the first open one that this server makes possible. */
export function currentStep(steps: StepState[], { donations }: ChannelView): SetupStep | undefined {
  return steps.find(({ step, done }) => !done && (step !== 'donations' || donations.configured))?.step
}
