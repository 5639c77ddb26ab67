import type { LedgerItem } from '../ui/channel-view.ts'
import { useFormat, useTexts } from '../ui/language.tsx'

const STEPS = ['made', 'received', 'queued', 'offered', 'started', 'shown', 'skipped', 'missed', 'interrupted'] as const
/** Steps that every donation hopes for; the others are told only where they happened. */
const HOPED_FOR = new Set<string>(['made', 'received', 'queued', 'offered', 'started', 'shown'])
const BAD_ENDS = new Set<string>(['missed', 'interrupted'])

/** Every step of a donation with its second. */
export function DonationWay({ item }: { item: LedgerItem }) {
  const texts = useTexts().donations
  const format = useFormat()
  const ended = item.skipped ?? item.missed ?? item.interrupted
  const steps = STEPS.filter((step) => item[step] !== null || (HOPED_FOR.has(step) && ended === null && !item.history))
  return (
    <>
      <ol class="way">
        {steps.map((step) => {
          const at = item[step]
          return (
            <li key={step} class={`${at === null ? 'ahead' : 'behind'} ${BAD_ENDS.has(step) ? 'bad' : ''}`}>
              <span class="way-step">{texts.way[step]}</span>
              <span class="way-time number">{at === null ? '—' : format.time(at)}</span>
            </li>
          )
        })}
      </ol>
      <dl class="way-facts small">
        <div>
          <dt>{texts.sourceLabel}</dt>
          <dd>{item.test ? texts.source.test : texts.source[item.source]}</dd>
        </div>
        {item.overlay !== null && (
          <div>
            <dt>{texts.overlayLabel}</dt>
            <dd>{texts.overlay(item.overlay.slice(0, 8))}</dd>
          </div>
        )}
      </dl>
    </>
  )
}
