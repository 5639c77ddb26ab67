import { useTexts } from '../ui/language.tsx'
import { OverlayLink } from './overlay-link-card.tsx'
import { OverlaySources } from './overlay-sources.tsx'
import { RotateKey } from './rotate-key.tsx'

export function OverlaySection() {
  const texts = useTexts().overlay
  return (
    <div class="stack">
      <h1>{texts.title}</h1>
      <OverlayLink />
      <OverlaySources />
      <RotateKey />
    </div>
  )
}
