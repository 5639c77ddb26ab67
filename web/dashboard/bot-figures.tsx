import type { ComponentChildren } from 'preact'
import { useFormat, useTexts } from '../ui/language.tsx'
import { useChannel, useSession } from './session.ts'

/** Who is on stage, what the bot said, and what it left out and why. */
export function BotFigures() {
  const words = useTexts().chat.figures
  const format = useFormat()
  const { now } = useSession()
  const { viewers, replies } = useChannel().bot
  const { lastDropped } = replies
  return (
    <dl class="lights figures" aria-label={words.title}>
      <Figure name={words.viewers} value={format.number(viewers)} />
      <Figure name={words.sent} value={format.number(replies.sent)} />
      <Figure name={words.dropped} value={format.number(replies.dropped)}>
        {lastDropped &&
          words.last(
            words.why[lastDropped.why as keyof typeof words.why] ?? words.why.other,
            format.relative(lastDropped.at, now.value),
          )}
      </Figure>
    </dl>
  )
}

function Figure({ name, value, children }: { name: string; value: string; children?: ComponentChildren }) {
  return (
    <div class="light">
      <dt class="light-title">{name}</dt>
      <dd class="figure-value number">{value}</dd>
      {children && <dd class="light-detail">{children}</dd>}
    </div>
  )
}
