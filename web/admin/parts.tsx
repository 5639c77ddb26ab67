import type { ComponentChildren } from 'preact'
import { useFormat } from '../ui/language.tsx'
import { useDesk } from './desk.ts'
import type { Tone } from './matters.ts'
import type { Trouble } from './views.ts'

/** A light beside its word. */
export function State({ tone, word, children }: { tone: Tone; word: string; children?: ComponentChildren }) {
  return (
    <span class="state">
      <span class={`lamp ${tone}`} aria-hidden="true" />
      <span>
        {word}
        {children && <span class="state-detail">{children}</span>}
      </span>
    </span>
  )
}

/** A moment as a distance from now; the moment itself where one points at it. */
export function When({ at, none = '—' }: { at: string | null; none?: string }) {
  const format = useFormat()
  const { now } = useDesk()
  if (at === null) return <span class="muted">{none}</span>
  return (
    <time dateTime={at} title={`${format.moment(at, now.value)} (${at})`}>
      {format.relative(at, now.value)}
    </time>
  )
}

/** What is due at a moment: how long it takes until then, second by second. */
export function Due({ at, dueNow }: { at: string | null; dueNow: string }) {
  const format = useFormat()
  const { now } = useDesk()
  if (at === null) return <span class="muted">—</span>
  return (
    <time class="number" dateTime={at} title={at}>
      {Date.parse(at) <= now.value ? dueNow : format.relative(at, now.value)}
    </time>
  )
}

/** The node that runs it. */
export function Owner({ id, nobody }: { id: string | null; nobody: string }) {
  return id === null ? <span class="muted">{nobody}</span> : <span class="node-id">{id}</span>
}

/** What went wrong, in words where there are some. Its code is what to look for in the logs. */
export function LastError({ error, words }: { error: Trouble | null; words: Record<string, string> }) {
  const format = useFormat()
  const { now } = useDesk()
  if (error === null) return <span class="muted">—</span>
  return (
    <span class="last-error" title={error.code}>
      {words[error.code] ?? <code>{error.code}</code>}
      <span class="muted"> {format.relative(error.at, now.value)}</span>
    </span>
  )
}

/** A cell that brings the name of its column along, for screens too narrow for columns. */
export function Cell({
  name,
  number = false,
  children,
}: {
  name: string
  number?: boolean
  children: ComponentChildren
}) {
  return (
    <td data-name={name} class={number ? 'number right' : undefined}>
      {children}
    </td>
  )
}
