import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/logger.ts'
import { createSeldom } from '../../base/seldom.ts'
import type { AvatarLook } from '../../domain/avatar-look.ts'
import type { Looks } from '../../persistence/looks.ts'

/** The looks that viewers made for themselves; everybody else wears what their seed gives. */
export interface FindLooks {
  /** The look as far as it is known here; `undefined`: nobody has asked yet, and `onFound` will be told. */
  find(viewerId: string): AvatarLook | null | undefined
  changed(viewerId: string, look: AvatarLook | null): void
  stop(): void
}

export interface FindLooksOptions {
  looks: Pick<Looks, 'of'>
  clock: Pick<Clock, 'after' | 'monotonic'>
  logger: Logger
  /** A viewer turned out to have a look of their own. */
  onFound(viewerId: string, look: AvatarLook): void
}

/** A raid brings hundreds at once: they share a question. Shorter than a frame, so that nobody is seen to change. */
const ASK_AFTER_MS = 5
const ASK_AT_ONCE = 500
/** Where the database is away. Until it is back viewers wear what their seed gives. */
const ASK_AGAIN_AFTER_MS = 1_000
/** Whoever has none is remembered too: that is nearly everybody. */
const REMEMBERED = 50_000

export function createFindLooks({ looks, clock, logger, onFound }: FindLooksOptions): FindLooks {
  const known = new Map<string, AvatarLook | null>()
  /** Whose look nobody knows yet. */
  const asked = new Set<string>()
  const seldom = createSeldom(clock)
  let stopped = false
  let cancel: (() => void) | null = null

  return {
    find(viewerId) {
      const look = known.get(viewerId)
      if (look === undefined && asked.size < ASK_AT_ONCE * 10 && !stopped) {
        asked.add(viewerId)
        cancel ??= clock.after(ASK_AFTER_MS, () => void ask())
      }
      return look
    },
    changed(viewerId, look) {
      remember(viewerId, look)
    },
    stop() {
      stopped = true
      cancel?.()
    },
  }

  async function ask(): Promise<void> {
    const ids = [...asked].slice(0, ASK_AT_ONCE)
    let nextMs = ASK_AFTER_MS
    try {
      const found = await looks.of(ids)
      for (const id of ids) {
        asked.delete(id)
        const look = found.get(id) ?? null
        // Changed while we asked: that is newer.
        if (known.has(id)) continue
        remember(id, look)
        if (look) onFound(id, look)
      }
    } catch (error) {
      nextMs = ASK_AGAIN_AFTER_MS
      seldom('unread', (unlogged) =>
        logger.warn(
          { err: error, unlogged },
          'looks could not be read; until they are, viewers wear what their seed gives',
        ),
      )
    } finally {
      cancel = asked.size > 0 && !stopped ? clock.after(nextMs, () => void ask()) : null
    }
  }

  function remember(viewerId: string, look: AvatarLook | null): void {
    known.delete(viewerId)
    known.set(viewerId, look)
    if (known.size <= REMEMBERED) return
    const [oldest] = known.keys()
    if (oldest !== undefined) known.delete(oldest)
  }
}
