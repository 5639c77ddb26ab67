import { effect, signal, type ReadonlySignal } from '@preact/signals'
import type { Api, Problem } from '../ui/api.ts'
import type { List, RowChoice } from './choice.ts'
import type { BotRow, NodeView, Overview, ParkedPayload, StreamRow } from './views.ts'

/** `refused`: the server wants a token, or another one. */
export type FeedPhase = 'loading' | 'failed' | 'refused' | 'ready'

/** A page of a list. `path`: the question it answers, which may no longer be the one that is asked. */
export interface Rows<Row> {
  path: string
  page: number
  items: Row[]
  total: number
}

/** How the whole service does, asked for again and again while somebody looks. */
export interface AdminFeed {
  phase: ReadonlySignal<FeedPhase>
  overview: ReadonlySignal<Overview | null>
  nodes: ReadonlySignal<NodeView[]>
  bots: ReadonlySignal<Rows<BotRow> | null>
  streams: ReadonlySignal<Rows<StreamRow> | null>
  parked: ReadonlySignal<ParkedPayload[] | null>
  /** Why the last question was not answered; `null` while answers come. */
  trouble: ReadonlySignal<Problem | null>
  /** When all was last known, and since when it is not. */
  seenAt: ReadonlySignal<number | null>
  downSince: ReadonlySignal<number | null>
  /** How far the server's clock is ahead of this one. */
  aheadMs: ReadonlySignal<number>
  refresh(): Promise<void>
  start(): void
}

export interface AdminFeedOptions {
  api: Api
  list: ReadonlySignal<List>
  choices: { bots: RowChoice; streams: RowChoice }
}

const EVERY_MS = 2_500
/** Somebody types or chooses: the question waits until they are done. */
const CHOOSING_MS = 200
const LONGEST_BACKOFF_MS = 15_000
/** The latest that could not be read; more of them are not read one by one. */
export const PARKED_SHOWN = 50

export function createAdminFeed({ api, list, choices }: AdminFeedOptions): AdminFeed {
  const phase = signal<FeedPhase>('loading')
  const overview = signal<Overview | null>(null)
  const nodes = signal<NodeView[]>([])
  const bots = signal<Rows<BotRow> | null>(null)
  const streams = signal<Rows<StreamRow> | null>(null)
  const parked = signal<ParkedPayload[] | null>(null)
  const trouble = signal<Problem | null>(null)
  const seenAt = signal<number | null>(null)
  const downSince = signal<number | null>(null)
  const aheadMs = signal(0)
  let failures = 0
  let timer: ReturnType<typeof setTimeout> | undefined
  let asking: Promise<void> | undefined
  let askAgain = false

  async function ask(): Promise<void> {
    const glance = api.get<Overview>('/api/admin/overview')
    if (phase.value !== 'ready') {
      // One refusal is enough: each is a line in the browser's console and in the server's log.
      const answer = await glance
      if (!answer.ok) return fail(answer.problem)
    }
    const [summary, living, rows] = await Promise.all([glance, api.get<NodeView[]>('/api/admin/nodes'), askList()])
    const failed = [summary, living, rows].find((answer) => answer !== null && !answer.ok)
    if (failed && !failed.ok) return fail(failed.problem)
    if (!summary.ok || !living.ok) return
    failures = 0
    trouble.value = null
    downSince.value = null
    seenAt.value = Date.now()
    aheadMs.value = Date.parse(summary.value.at) - Date.now()
    overview.value = summary.value
    nodes.value = living.value
    phase.value = 'ready'
  }

  /** Only what is looked at is asked for. */
  async function askList() {
    if (list.value === 'bots') return askRows(choices.bots, bots)
    if (list.value === 'streams') return askRows(choices.streams, streams)
    if (list.value !== 'parked') return null
    const answer = await api.get<ParkedPayload[]>(`/api/admin/parked?limit=${PARKED_SHOWN}`)
    if (answer.ok) parked.value = answer.value
    return answer
  }

  async function askRows<Row>(choice: RowChoice, rows: { value: Rows<Row> | null }) {
    const path = choice.path.value
    const page = choice.page.value
    const answer = await api.get<Row[]>(path)
    // Meanwhile somebody may have asked for others.
    if (answer.ok && path === choice.path.value)
      rows.value = { path, page, items: answer.value, total: answer.total ?? answer.value.length }
    return answer
  }

  function fail(problem: Problem): void {
    if (problem.code === 'forbidden') {
      trouble.value = null
      phase.value = 'refused'
      return
    }
    failures++
    trouble.value = problem
    downSince.value ??= Date.now()
    if (phase.value === 'loading') phase.value = 'failed'
  }

  /** One round at a time; whoever asks during one gets another right after it. */
  function refresh(): Promise<void> {
    if (asking) {
      askAgain = true
      return asking
    }
    clearTimeout(timer)
    asking = ask().finally(() => {
      asking = undefined
      const again = askAgain
      askAgain = false
      if (again) void refresh()
      else plan(Math.min(LONGEST_BACKOFF_MS, EVERY_MS * 2 ** Math.min(failures, 4)))
    })
    return asking
  }

  function plan(ms: number): void {
    clearTimeout(timer)
    // Nobody looks, or nobody may.
    if (document.hidden || phase.value === 'refused') return
    timer = setTimeout(() => void refresh(), ms)
  }

  return {
    phase,
    overview,
    nodes,
    bots,
    streams,
    parked,
    trouble,
    seenAt,
    downSince,
    aheadMs,
    refresh,
    start() {
      document.addEventListener('visibilitychange', () => {
        if (document.hidden) clearTimeout(timer)
        else if (phase.value !== 'refused') void refresh()
      })
      addEventListener('online', () => phase.value !== 'refused' && void refresh())
      void refresh()
      let first = true
      effect(() => {
        // Another list, other filters, another page: not in two seconds, but now.
        void [list.value, choices.bots.path.value, choices.streams.path.value]
        if (!first && phase.peek() !== 'refused') {
          if (asking) askAgain = true
          else plan(CHOOSING_MS)
        }
        first = false
      })
    },
  }
}
