import { signal, type ReadonlySignal } from '@preact/signals'
import { Icon } from './icons.tsx'
import { useTexts } from './language.tsx'

export interface Toast {
  text: string
  bad?: boolean
  /** What it tells of: news of the same thing replaces the old, whose Undo would undo the wrong thing. */
  about?: string
  /** Takes back what the toast tells of. */
  undo?: () => void
}

interface ShownToast extends Toast {
  id: number
}

export interface Toasts {
  shown: ReadonlySignal<ShownToast[]>
  show(toast: Toast): void
  dismiss(id: number): void
  /** While a pointer or the focus rests on them, none goes away. */
  hold(held: boolean): void
}

/** Long enough to read a line and reach for Undo. */
const LIFE_MS = 7_000
const MOST = 3

export function createToasts(): Toasts {
  const shown = signal<ShownToast[]>([])
  let lastId = 0
  let held = false

  const dismiss = (id: number) => (shown.value = shown.value.filter((toast) => toast.id !== id))
  const expire = (id: number) => {
    setTimeout(() => (held ? expire(id) : dismiss(id)), LIFE_MS)
  }
  return {
    shown,
    dismiss,
    hold: (now) => (held = now),
    show(toast) {
      const id = ++lastId
      const others = shown.value.filter(({ about }) => about === undefined || about !== toast.about)
      shown.value = [...others, { ...toast, id }].slice(-MOST)
      expire(id)
    },
  }
}

/** Polite for screen readers; the list stays in the page so that they notice what is added. */
export function ToastList({ toasts }: { toasts: Toasts }) {
  const texts = useTexts()
  return (
    <div
      class="toasts"
      role="status"
      aria-live="polite"
      onPointerEnter={() => toasts.hold(true)}
      onPointerLeave={() => toasts.hold(false)}
      onFocusIn={() => toasts.hold(true)}
      onFocusOut={() => toasts.hold(false)}
    >
      {toasts.shown.value.map(({ id, text, bad, undo }) => (
        <div key={id} class={bad ? 'toast bad' : 'toast'}>
          <span>{text}</span>
          {undo && (
            <button
              type="button"
              onClick={() => {
                toasts.dismiss(id)
                undo()
              }}
            >
              {texts.common.undo}
            </button>
          )}
          <button type="button" class="icon-button" aria-label={texts.common.close} onClick={() => toasts.dismiss(id)}>
            <Icon name="close" size={18} />
          </button>
        </div>
      ))}
    </div>
  )
}
