import { useEffect, useId, useRef } from 'preact/hooks'
import { useTexts } from './language.tsx'

export interface ConfirmDialogProps {
  open: boolean
  title: string
  body: string
  confirm: string
  busy?: boolean
  onConfirm(): void
  onCancel(): void
}

/** Asks before something that cannot be taken back. Escape and a click beside it cancel. */
export function ConfirmDialog({ open, title, body, confirm, busy = false, onConfirm, onCancel }: ConfirmDialogProps) {
  const texts = useTexts()
  const dialog = useRef<HTMLDialogElement>(null)
  const [titleId, bodyId] = [useId(), useId()]

  useEffect(() => {
    if (open && !dialog.current?.open) dialog.current?.showModal()
    if (!open && dialog.current?.open) dialog.current.close()
  }, [open])

  return (
    <dialog
      ref={dialog}
      class="dialog"
      aria-labelledby={titleId}
      aria-describedby={bodyId}
      onCancel={(event) => {
        event.preventDefault()
        onCancel()
      }}
      onClick={(event) => event.target === dialog.current && onCancel()}
    >
      <h2 id={titleId}>{title}</h2>
      <p id={bodyId}>{body}</p>
      <div class="dialog-actions">
        <button type="button" class="button" onClick={onCancel}>
          {texts.common.cancel}
        </button>
        <button type="button" class="button danger" disabled={busy} onClick={onConfirm}>
          {confirm}
        </button>
      </div>
    </dialog>
  )
}
