import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { Icon } from '../ui/icons.tsx'
import { useTexts } from '../ui/language.tsx'
import { copyText } from './clipboard.ts'
import { DragToObs } from './drag-to-obs.tsx'
import { maskedUrl } from './overlay-link.ts'
import { useChannel, useSession } from './session.ts'

/** A dashboard is often on the stream itself: the link is covered, and covers itself again. */
const SHOWN_S = 10

export function OverlayLink() {
  const texts = useTexts().overlay
  const { toasts } = useSession()
  const { overlayUrl } = useChannel()
  const secondsLeft = useSignal(0)
  const shown = secondsLeft.value > 0

  useEffect(() => {
    if (!shown) return
    const timer = setInterval(() => secondsLeft.value--, 1_000)
    // A page in the background counts slower; nobody needs the link there.
    const hide = () => (secondsLeft.value = 0)
    document.addEventListener('visibilitychange', hide)
    return () => {
      clearInterval(timer)
      document.removeEventListener('visibilitychange', hide)
    }
  }, [shown, secondsLeft])

  // A link is made anew because somebody saw the old one: the new one comes covered.
  useEffect(() => {
    secondsLeft.value = 0
  }, [overlayUrl, secondsLeft])

  const copy = async () => {
    const copied = await copyText(overlayUrl)
    toasts.show(copied ? { text: texts.copied } : { text: texts.copyFailed, bad: true })
  }
  return (
    <section class="card">
      <h2>{texts.link}</h2>
      <p class="muted">{texts.linkNote}</p>
      <div class="secret">
        <output class={shown ? 'secret-text shown' : 'secret-text'} aria-label={shown ? texts.link : texts.masked}>
          {shown ? overlayUrl : maskedUrl(overlayUrl)}
        </output>
        <button type="button" class="button" onClick={() => (secondsLeft.value = shown ? 0 : SHOWN_S)}>
          <Icon name={shown ? 'hide' : 'show'} />
          {shown ? texts.hide : texts.show}
        </button>
        <button type="button" class="button" onClick={() => void copy()}>
          <Icon name="copy" />
          {texts.copy}
        </button>
      </div>
      <p class="muted small secret-left number" aria-hidden={!shown}>
        {shown ? texts.hidesIn(secondsLeft.value) : '\u00a0'}
      </p>
      <DragToObs />
      <h3 class="steps-title">{texts.steps}</h3>
      <ol class="steps">
        {[texts.step1, texts.step2, texts.step3].map((step) => (
          <li key={step}>{step}</li>
        ))}
      </ol>
    </section>
  )
}
