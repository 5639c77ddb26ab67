export interface Reloader {
  /** The server has a newer page. */
  asked(build: string): void
}

/** Every overlay hears of a new build at the same moment; they must not all come for it at once. */
const SPREAD_MS = 10_000
const BUSY_RETRY_MS = 1_000
const PLACE = 'chatfolk.build'

/** Reloads between alerts, once for a build: a page that stays old behind some cache must not go round in circles. */
export function createReloader(parts: {
  storage: Pick<Storage, 'getItem' | 'setItem'> | undefined
  after(delayMs: number, run: () => void): () => void
  random(): number
  idle(): boolean
  reload(): void
}): Reloader {
  let waiting = false
  return {
    asked(build) {
      if (waiting || parts.storage?.getItem(PLACE) === build) return
      waiting = true
      const reload = () => {
        if (!parts.idle()) return void parts.after(BUSY_RETRY_MS, reload)
        parts.storage?.setItem(PLACE, build)
        parts.reload()
      }
      parts.after(parts.random() * SPREAD_MS, reload)
    },
  }
}
