import { signal, type ReadonlySignal } from '@preact/signals'
import type { Api, Problem } from '../ui/api.ts'
import type { ChannelView, Me } from '../ui/channel-view.ts'

/** What the whole page shows. `ready` stays when the server goes out of reach: old facts, said to be old, beat none. */
export type FeedPhase = 'loading' | 'failed' | 'signed-out' | 'no-channel' | 'ready'

/** How the streamer's channel does, asked for again and again while the page is open. */
export interface ChannelFeed {
  phase: ReadonlySignal<FeedPhase>
  me: ReadonlySignal<Me | null>
  channel: ReadonlySignal<ChannelView | null>
  /** Why the last question was not answered; `null` while answers come. */
  trouble: ReadonlySignal<Problem | null>
  /** When the facts on the page were true, milliseconds since 1970. */
  seenAt: ReadonlySignal<number | null>
  refresh(): Promise<void>
  /** Takes over what another answer told, so that the page need not wait for the next poll. */
  accept(part: Partial<ChannelView>): void
  /** Begins asking. @returns a function that ends it. */
  start(): () => void
}

/** Nothing changes here by itself; coming back to the page asks again. */
const RESTING: ReadonlySet<FeedPhase> = new Set(['signed-out', 'no-channel'])

/** While somebody is on stage or on the way to it, the page's words keep up with the preview beside them. */
const LIVELY_MS = 1_000
const VISIBLE_MS = 3_000
const HIDDEN_MS = 15_000
const LONGEST_BACKOFF_MS = 30_000

export function createChannelFeed(api: Api): ChannelFeed {
  const phase = signal<FeedPhase>('loading')
  const me = signal<Me | null>(null)
  const channel = signal<ChannelView | null>(null)
  const trouble = signal<Problem | null>(null)
  const seenAt = signal<number | null>(null)
  /** Who one is stays; whether one has a channel is asked anew, for it may be made in another tab. */
  let channelMissing = false
  let failures = 0
  let timer: ReturnType<typeof setTimeout> | undefined
  let running = false
  let asking: Promise<void> | undefined
  let askAgain = false
  /** Grows with `accept`: an answer to an older question must not undo what a newer one told. */
  let accepted = 0

  async function ask(): Promise<void> {
    if (!me.value || channelMissing) {
      const answer = await api.get<Me>('/api/me')
      if (!answer.ok) return fail(answer.problem)
      me.value = answer.value
      channelMissing = answer.value.channel === null
    }
    // Not even asked for: a browser writes every 404 into its console.
    if (channelMissing) return fail({ code: 'no-channel', status: 404 })
    const acceptedBefore = accepted
    const answer = await api.get<ChannelView>('/api/channel')
    if (!answer.ok) return fail(answer.problem)
    failures = 0
    trouble.value = null
    seenAt.value = Date.now()
    if (acceptedBefore === accepted || channel.value === null) channel.value = keepNewerSettings(answer.value)
    phase.value = 'ready'
  }

  function fail(problem: Problem): void {
    if (problem.status === 401) {
      me.value = null
      channel.value = null
      trouble.value = null
      phase.value = 'signed-out'
      return
    }
    if (problem.code === 'no-channel') {
      channelMissing = true
      trouble.value = null
      phase.value = 'no-channel'
      return
    }
    failures++
    trouble.value = problem
    if (phase.value === 'loading') phase.value = 'failed'
  }

  function keepNewerSettings(answer: ChannelView): ChannelView {
    const known = channel.value
    if (!known || known.settingsRev <= answer.settingsRev) return answer
    return { ...answer, settings: known.settings, settingsRev: known.settingsRev }
  }

  /** Whoever asks while a question is under way gets another one after it: the answer may be older than the wish. */
  async function refresh(): Promise<void> {
    clearTimeout(timer)
    askAgain = asking !== undefined
    asking ??= askUntilCurrent().finally(() => {
      asking = undefined
      if (running && !RESTING.has(phase.value)) timer = setTimeout(() => void refresh(), nextIn())
    })
    await asking
  }

  async function askUntilCurrent(): Promise<void> {
    do {
      askAgain = false
      await ask()
    } while (askAgain)
  }

  function nextIn(): number {
    const base = document.hidden ? HIDDEN_MS : isLively() ? LIVELY_MS : VISIBLE_MS
    // A crowd of pages must not come back in step after an outage.
    const spread = failures === 0 ? 1 : 0.75 + Math.random() / 2
    return Math.min(base * 2 ** Math.min(failures, 5), Math.max(base, LONGEST_BACKOFF_MS)) * spread
  }

  function isLively(): boolean {
    if (!channel.value) return false
    const { alerts, overlays, demo } = channel.value
    if (alerts.current !== null) return true
    // What waits for OBS or for the end of a pause does not move.
    return alerts.queued > 0 && !alerts.paused && overlays.some(({ visible, preview }) => visible && (demo || !preview))
  }

  return {
    phase,
    me,
    channel,
    trouble,
    seenAt,
    refresh,
    accept(part) {
      accepted++
      if (channel.value) channel.value = { ...channel.value, ...part }
    },
    start() {
      running = true
      const onVisible = () => {
        if (!document.hidden) void refresh()
      }
      const onOnline = () => void refresh()
      document.addEventListener('visibilitychange', onVisible)
      window.addEventListener('online', onOnline)
      void refresh()
      return () => {
        running = false
        clearTimeout(timer)
        document.removeEventListener('visibilitychange', onVisible)
        window.removeEventListener('online', onOnline)
      }
    },
  }
}
