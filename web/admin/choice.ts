import { computed, signal, type ReadonlySignal, type Signal } from '@preact/signals'

/** Which list is open. */
export const LISTS = ['bots', 'streams', 'shards', 'parked', 'watchdog'] as const
export type List = (typeof LISTS)[number]

export const BOT_FILTERS = ['active', 'starting', 'backoff', 'inactive', 'off'] as const
export type BotFilter = (typeof BOT_FILTERS)[number]

/** Which rows of a list are wanted, and which page of them. */
export interface RowChoice {
  /** Empty: all. */
  state: Signal<string>
  /** A node; `null`: all; empty: nobody's. */
  owner: Signal<string | null>
  search: Signal<string>
  /** The page's number, from 0. */
  page: ReadonlySignal<number>
  /** What to ask the server for. */
  path: ReadonlySignal<string>
  next(lastChannelId: string): void
  previous(): void
  reset(): void
}

/** What fits a few screens. Ten thousand rows in one table would make every refresh a pause. */
export const PAGE_SIZE = 50

export function createRowChoice(route: string): RowChoice {
  const state = signal('')
  const owner = signal<string | null>(null)
  const search = signal('')
  /** The last row of each page before this one; they hold for these filters only. */
  const trail = signal<{ of: string; after: string[] }>({ of: '', after: [] })
  const filters = computed(() => {
    const asked = new URLSearchParams()
    // “Off” and “needs a person” are one state to the service, and two to an operator.
    if (state.value === 'off') asked.set('desired', 'false')
    else if (state.value !== '') asked.set('state', state.value)
    if (state.value === 'inactive') asked.set('desired', 'true')
    if (owner.value !== null) asked.set('owner', owner.value)
    if (search.value.trim() !== '') asked.set('q', search.value.trim())
    return asked.toString()
  })
  const after = computed(() => (trail.value.of === filters.value ? trail.value.after : []))
  return {
    state,
    owner,
    search,
    page: computed(() => after.value.length),
    path: computed(() => {
      const asked = new URLSearchParams(filters.value)
      asked.set('limit', String(PAGE_SIZE))
      const last = after.value.at(-1)
      if (last !== undefined) asked.set('after', last)
      return `${route}?${asked.toString()}`
    }),
    next: (last) => (trail.value = { of: filters.value, after: [...after.value, last] }),
    previous: () => (trail.value = { of: filters.value, after: after.value.slice(0, -1) }),
    reset() {
      state.value = ''
      owner.value = null
      search.value = ''
    },
  }
}
