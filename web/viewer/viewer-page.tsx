import { useSignal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import type { Action } from '../avatar/poses.ts'
import type { Api } from '../ui/api.ts'
import { AuthErrorNotice, type AuthFailure } from '../ui/auth-error.tsx'
import type { ServerStatus } from '../ui/channel-view.ts'
import { Figure } from '../ui/character.tsx'
import { Doorway } from '../ui/doorway.tsx'
import { Icon } from '../ui/icons.tsx'
import { useTexts } from '../ui/language.tsx'
import { PageTop } from '../ui/page-top.tsx'
import { ProblemNotice, Skeleton, wordsOf } from '../ui/notice.tsx'
import type { LookKeeper } from './look-keeper.ts'
import { PartPicker } from './part-picker.tsx'
import { SHELF_NAMES, SHELVES, type Shelf } from './wardrobe.ts'

export interface ViewerPageProps {
  api: Api
  keeper: LookKeeper
  failure: AuthFailure | null
}

/** Where a viewer dresses the character that comes out when he talks. */
export function ViewerPage({ api, keeper, failure }: ViewerPageProps) {
  const texts = useTexts()
  const phase = keeper.phase.value
  const [told, setTold] = useState(failure)
  useEffect(() => {
    document.title = `${texts.viewer.title} · Chatfolk`
  }, [texts])

  const notice = told && <AuthErrorNotice failure={told} onClose={() => setTold(null)} />
  if (phase === 'signed-out') return <SignedOut api={api}>{notice}</SignedOut>
  return (
    <div class="viewer">
      <PageTop />
      <main>
        {notice}
        {phase === 'loading' && <Loading />}
        {phase === 'failed' && keeper.problem.value && (
          <ProblemNotice problem={keeper.problem.value} onRetry={() => void keeper.load()} />
        )}
        {phase === 'ready' && <Editor keeper={keeper} />}
      </main>
    </div>
  )
}

function SignedOut({ api, children }: { api: Api; children: ComponentChildren }) {
  const { landing, viewer } = useTexts()
  const [demo, setDemo] = useState(false)
  useEffect(() => {
    void api.get<ServerStatus>('/api/status').then((answer) => answer.ok && setDemo(answer.value.demo))
  }, [api])
  return (
    <Doorway>
      {children}
      <h1>{viewer.signInTitle}</h1>
      <p class="muted">{demo ? landing.demoNote : viewer.signInBody}</p>
      <a class="button primary large" href={`/auth/twitch/login?return=${encodeURIComponent('/me')}`}>
        <Icon name={demo ? 'play' : 'twitch'} size={24} />
        {demo ? landing.signInDemo : landing.signIn}
      </a>
    </Doorway>
  )
}

function Loading() {
  const { common } = useTexts()
  return (
    <div class="editor" aria-busy="true">
      <span class="visually-hidden" role="status">
        {common.loading}
      </span>
      <Skeleton width="100%" height={420} />
      <Skeleton width="100%" height={420} />
    </div>
  )
}

function Editor({ keeper }: { keeper: LookKeeper }) {
  const texts = useTexts().viewer
  const shelf = useSignal<Shelf>('face')
  const look = keeper.look.value
  return (
    <div class="editor">
      <Mirror keeper={keeper} />
      <section class="card wardrobe" aria-label={texts.wardrobe}>
        <div class="segments" role="group" aria-label={texts.wardrobe}>
          {SHELF_NAMES.map((name) => (
            <button key={name} type="button" aria-pressed={shelf.value === name} onClick={() => (shelf.value = name)}>
              {texts.shelves[name]}
            </button>
          ))}
        </div>
        {SHELVES[shelf.value].map((part) => (
          <PartPicker key={part} part={part} look={look} onChoose={(change) => keeper.wear(change)} />
        ))}
      </section>
    </div>
  )
}

const ACTIONS = ['idle', 'walk', 'wave', 'laugh', 'jump'] as const satisfies readonly Action[]

/** The character large and moving, and what concerns it as a whole. */
function Mirror({ keeper }: { keeper: LookKeeper }) {
  const texts = useTexts().viewer
  const action = useSignal<(typeof ACTIONS)[number]>('idle')
  return (
    <section class="mirror" aria-label={texts.title}>
      <h1>{texts.title}</h1>
      <p class="muted">{texts.body}</p>
      <div class="mirror-stage">
        <Figure look={keeper.look.value} action={action.value} height={320} tireless />
      </div>
      <div class="chips" role="group" aria-label={texts.moves}>
        {ACTIONS.map((name) => (
          <button
            key={name}
            type="button"
            class="chip"
            aria-pressed={action.value === name}
            onClick={() => (action.value = name)}
          >
            {texts.actions[name]}
          </button>
        ))}
      </div>
      <div class="actions">
        <button type="button" class="button primary" onClick={() => keeper.roll()}>
          <Icon name="dice" />
          {texts.roll}
        </button>
        <button type="button" class="button" disabled={!keeper.canUndo.value} onClick={() => keeper.undo()}>
          <Icon name="undo" />
          {texts.undo}
        </button>
        {keeper.own.value && (
          <button type="button" class="button quiet" onClick={() => keeper.reset()}>
            <Icon name="replay" />
            {texts.reset}
          </button>
        )}
      </div>
      <SaveState keeper={keeper} />
    </section>
  )
}

function SaveState({ keeper }: { keeper: LookKeeper }) {
  const texts = useTexts()
  const state = keeper.saving.value
  const problem = keeper.problem.value
  const tones = { saved: 'good', saving: 'busy', failed: 'bad' } as const
  return (
    <div class="save-state" role="status">
      <p class="light-word">
        <span class={`lamp ${tones[state]}`} aria-hidden="true" />
        {texts.viewer.saving[state]}
      </p>
      {state === 'failed' && (
        <>
          <p class="muted small">{problem && wordsOf(problem, texts)}</p>
          <button type="button" class="button small" onClick={() => keeper.retry()}>
            {texts.common.retry}
          </button>
        </>
      )}
    </div>
  )
}
