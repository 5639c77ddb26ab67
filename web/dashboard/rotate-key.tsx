import { useSignal } from '@preact/signals'
import { ConfirmDialog } from '../ui/confirm-dialog.tsx'
import { useTexts } from '../ui/language.tsx'
import { wordsOf } from '../ui/notice.tsx'
import { useSession } from './session.ts'

/** For a link that was seen by somebody: a new one, after a question. */
export function RotateKey() {
  const texts = useTexts()
  const { api, feed, toasts } = useSession()
  const asking = useSignal(false)
  const working = useSignal(false)
  const words = texts.overlay

  const rotate = async () => {
    working.value = true
    const answer = await api.send<{ overlayUrl: string }>('POST', '/api/channel/overlay-key')
    working.value = false
    asking.value = false
    if (answer.ok) feed.accept(answer.value)
    toasts.show(answer.ok ? { text: words.rotated } : { text: wordsOf(answer.problem, texts), bad: true })
  }
  return (
    <section class="card row-card">
      <div>
        <h2>{words.rotate}</h2>
        <p class="muted">{words.rotateBody}</p>
      </div>
      <button type="button" class="button" onClick={() => (asking.value = true)}>
        {words.rotateButton}
      </button>
      <ConfirmDialog
        open={asking.value}
        title={words.rotateTitle}
        body={words.rotateWarning}
        confirm={words.rotateConfirm}
        busy={working.value}
        onConfirm={() => void rotate()}
        onCancel={() => (asking.value = false)}
      />
    </section>
  )
}
