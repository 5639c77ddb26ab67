import { computed, signal, type ReadonlySignal } from '@preact/signals'
import { lookFromSeed, type AvatarLook } from '../../src/domain/avatar-look.ts'
import type { Api, Problem } from '../ui/api.ts'
import type { LookView } from '../ui/channel-view.ts'

export type LookPhase = 'loading' | 'failed' | 'signed-out' | 'ready'

/** A viewer's look that saves itself: shown at once, sent one after another, only the newest of a quick hand. */
export interface LookKeeper {
  phase: ReadonlySignal<LookPhase>
  /** As it is on the page; only in the phase `ready`. */
  look: ReadonlySignal<AvatarLook>
  /** Chosen, and not what the viewer was born with. */
  own: ReadonlySignal<boolean>
  saving: ReadonlySignal<'saved' | 'saving' | 'failed'>
  problem: ReadonlySignal<Problem | null>
  canUndo: ReadonlySignal<boolean>
  load(): Promise<void>
  wear(change: Partial<AvatarLook>): void
  /** Somebody else altogether. */
  roll(): void
  undo(): void
  /** Back to the look that one has without choosing. */
  reset(): void
  /** Sends again what could not be saved. */
  retry(): void
}

interface Worn {
  look: AvatarLook
  own: boolean
}

/** More steps than anybody wants to go back. */
const MOST_UNDONE = 100

/** @param random a whole number of 32 bits */
export function createLookKeeper(api: Api, random: () => number): LookKeeper {
  const phase = signal<LookPhase>('loading')
  const worn = signal<Worn>({ look: lookFromSeed(0), own: false })
  const seed = signal(0)
  const history = signal<Worn[]>([])
  const saving = signal<'saved' | 'saving' | 'failed'>('saved')
  const problem = signal<Problem | null>(null)
  /** What is worn, while the server does not know it yet. */
  let unsaved: Worn | null = null
  let sending = false

  function fail(found: Problem): void {
    problem.value = found
    if (found.status === 401) phase.value = 'signed-out'
  }

  function change(next: Worn): void {
    history.value = [...history.value, worn.value].slice(-MOST_UNDONE)
    show(next)
  }

  function show(next: Worn): void {
    worn.value = next
    unsaved = next
    void save()
  }

  async function save(): Promise<void> {
    if (sending) return
    sending = true
    saving.value = 'saving'
    problem.value = null
    while (unsaved !== null) {
      const wish: Worn = unsaved
      const answer = wish.own
        ? await api.send<LookView>('PUT', '/api/me/look', { look: wish.look })
        : await api.send<LookView>('DELETE', '/api/me/look')
      if (!answer.ok) {
        fail(answer.problem)
        break
      }
      if (unsaved === wish) unsaved = null
    }
    sending = false
    saving.value = unsaved === null ? 'saved' : 'failed'
  }

  return {
    phase,
    look: computed(() => worn.value.look),
    own: computed(() => worn.value.own),
    saving,
    problem,
    canUndo: computed(() => history.value.length > 0),
    async load() {
      phase.value = 'loading'
      problem.value = null
      const answer = await api.get<LookView>('/api/me/look')
      if (!answer.ok) {
        phase.value = 'failed'
        return fail(answer.problem)
      }
      worn.value = { look: answer.value.look, own: answer.value.own }
      seed.value = answer.value.seed
      phase.value = 'ready'
    },
    wear: (part) => change({ look: { ...worn.value.look, ...part }, own: true }),
    roll: () => change({ look: lookFromSeed(random()), own: true }),
    undo() {
      const before = history.value.at(-1)
      if (!before) return
      history.value = history.value.slice(0, -1)
      show(before)
    },
    reset: () => change({ look: lookFromSeed(seed.value), own: false }),
    retry: () => void save(),
  }
}
