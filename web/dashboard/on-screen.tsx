import { Icon } from '../ui/icons.tsx'
import { useFormat, useTexts } from '../ui/language.tsx'
import { useChannel } from './session.ts'

/** Who is on the screen right now. */
export function OnScreen() {
  const texts = useTexts()
  const format = useFormat()
  const { current, queued } = useChannel().alerts
  return (
    <div class="on-screen">
      <span class="light-title">{texts.preview.now}</span>
      {current ? (
        <p class="on-screen-who">
          <Icon name="donations" size={18} />
          <span class="ellipsis">{current.donor ?? texts.common.anonymous}</span>
          <span class="money">{format.money(current)}</span>
          {current.test && <span class="badge violet">{texts.preview.test}</span>}
        </p>
      ) : (
        <p class="muted">{texts.preview.nobody}</p>
      )}
      <p class="muted small">{texts.preview.queued(queued)}</p>
    </div>
  )
}
