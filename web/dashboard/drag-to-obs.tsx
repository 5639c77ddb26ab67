import { useRef } from 'preact/hooks'
import { Character } from '../ui/character.tsx'
import { Icon } from '../ui/icons.tsx'
import { useTexts } from '../ui/language.tsx'
import { dropUrl } from './overlay-link.ts'
import { useChannel, useSession } from './session.ts'

/**
 * Dropped on OBS's window it becomes a browser source. The link is put into the drag only when one begins: an `href`
 * would show the secret in the browser's status line at the touch of the mouse, and in the picture under the pointer.
 */
export function DragToObs() {
  const texts = useTexts().overlay
  const { toasts } = useSession()
  const { overlayUrl } = useChannel()
  const card = useRef<HTMLAnchorElement>(null)

  const begin = (event: DragEvent) => {
    const drag = event.dataTransfer
    if (!drag) return
    const url = dropUrl(overlayUrl)
    drag.clearData()
    drag.setData('text/uri-list', url)
    drag.setData('text/plain', url)
    drag.effectAllowed = 'copyLink'
    if (card.current) drag.setDragImage(card.current, 40, 40)
  }
  return (
    <a
      ref={card}
      class="drag-card"
      draggable
      onDragStart={begin}
      onClick={() => toasts.show({ text: texts.dragClick })}
    >
      <Icon name="grip" size={24} />
      <Character seed={83} action="idle" height={84} />
      <span class="drag-words">
        <strong>{texts.drag}</strong>
        <span class="muted small">{texts.dragHint}</span>
      </span>
    </a>
  )
}
