import type { ComponentChildren } from 'preact'
import type { Problem } from './api.ts'
import { Character } from './character.tsx'
import { Icon, type IconName } from './icons.tsx'
import { useTexts } from './language.tsx'
import type { Texts } from './texts.ts'

export interface NoticeProps {
  tone: 'plain' | 'good' | 'bad'
  icon?: IconName
  title: string
  children?: ComponentChildren
  onClose?: () => void
}

export function Notice({ tone, icon = tone === 'bad' ? 'warn' : 'info', title, children, onClose }: NoticeProps) {
  const texts = useTexts()
  return (
    <div class={`notice ${tone}`} role={tone === 'bad' ? 'alert' : undefined}>
      <Icon name={icon} />
      <div class="notice-body">
        <strong>{title}</strong>
        {children}
      </div>
      {onClose && (
        <button type="button" class="icon-button" aria-label={texts.common.close} onClick={onClose}>
          <Icon name="close" size={18} />
        </button>
      )}
    </div>
  )
}

/** What a problem means and what to do, in the person's words. */
export function wordsOf(problem: Problem, texts: Texts): string {
  const { title: _, ...words } = texts.problem
  return words[problem.code as keyof typeof words] ?? (problem.status >= 500 ? words.internal : words['bad-request'])
}

export function ProblemNotice({ problem, title, onRetry }: { problem: Problem; title?: string; onRetry?: () => void }) {
  const texts = useTexts()
  return (
    <Notice tone="bad" title={title ?? texts.problem.title}>
      <p>{wordsOf(problem, texts)}</p>
      {onRetry && (
        <button type="button" class="button small" onClick={onRetry}>
          {texts.common.retry}
        </button>
      )}
    </Notice>
  )
}

/** A page with nothing on it yet: a character, a sentence, one button. */
export function Empty(props: { seed: number; title: string; body: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <Character seed={props.seed} action="wave" height={150} />
      <h3>{props.title}</h3>
      <p>{props.body}</p>
      {props.children}
    </div>
  )
}

export function Skeleton({ width, height }: { width: string; height: number }) {
  return <span class="skeleton" style={{ width, height: `${height}px` }} aria-hidden="true" />
}
