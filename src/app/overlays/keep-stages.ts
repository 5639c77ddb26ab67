import type { Clock } from '../../base/clock.ts'
import type { SharedKeys } from '../../coordination/shared-keys.ts'
import type { FrameId } from '../../domain/overlay-frame.ts'
import { isMovedStage } from '../../domain/stage-shape.ts'
import type { NodeSession } from '../assignments/assignment-runner.ts'
import type { Stages, StageToMove } from './publish-stage.ts'

/** A stage as its owner left it with whoever may go on with it. */
export interface KeptStage extends StageToMove {
  /** Where its numbers stood. */
  at: FrameId
}

export interface KeepStages {
  start(): void
  stop(): void
  /** What was kept of these stages; nothing of those that cannot be read. */
  read(channelIds: readonly string[]): Promise<Map<string, KeptStage>>
}

export interface KeepStagesOptions {
  stages: Pick<Stages, 'takeChanged'>
  position(channelId: string): FrameId
  /** The stage is this node's. */
  owns(channelId: string): boolean
  keys: SharedKeys
  session: Pick<NodeSession, 'mayAct'>
  clock: Pick<Clock, 'after'>
  onUnavailable(error: unknown): void
}

const EVERY_MS = 5_000
/** Longer than any takeover takes; whoever was there has left after it anyhow. */
const KEEP_MS = 10 * 60_000
/** A turn of the event loop each: a thousand crowded stages are tens of megabytes of JSON. */
const AT_ONCE = 50
const READ_AT_ONCE = 200

/** Keeps a picture of each stage that changed where the next owner finds it, should this one be gone. */
export function createKeepStages(options: KeepStagesOptions): KeepStages {
  const { stages, position, owns, keys, session, clock, onUnavailable } = options
  let cancel = () => {}
  let running = false

  return {
    start() {
      running = true
      cancel = clock.after(EVERY_MS, () => void keep())
    },
    stop() {
      running = false
      cancel()
    },
    async read(channelIds) {
      const found = new Map<string, KeptStage>()
      for (let n = 0; n < channelIds.length; n += READ_AT_ONCE) {
        const asked = channelIds.slice(n, n + READ_AT_ONCE)
        try {
          const values = await keys.get(asked.map(keyOf))
          for (const [index, id] of asked.entries()) {
            const kept = readKept(values[index] ?? null)
            if (kept) found.set(id, kept)
          }
        } catch (error) {
          onUnavailable(error)
          break
        }
      }
      return found
    },
  }

  async function keep(): Promise<void> {
    try {
      for (;;) {
        const changed = session.mayAct() ? stages.takeChanged(AT_ONCE) : []
        if (changed.length === 0) break
        const mine = changed.filter(({ channelId }) => owns(channelId))
        await keys.set(
          mine.map(({ channelId, stage }) => ({
            key: keyOf(channelId),
            value: JSON.stringify({ ...stage, at: position(channelId) } satisfies KeptStage),
            ttlMs: KEEP_MS,
          })),
        )
        if (changed.length < AT_ONCE) break
      }
    } catch (error) {
      // What was not kept is kept with its next change.
      onUnavailable(error)
    }
    if (running) cancel = clock.after(EVERY_MS, () => void keep())
  }
}

const keyOf = (channelId: string) => `stage:${channelId}`

/** Another version of Chatfolk may have written it: what this one does not understand is as good as nothing. */
function readKept(text: string | null): KeptStage | undefined {
  try {
    const kept: unknown = JSON.parse(text ?? 'null')
    if (!isMovedStage(kept)) return undefined
    const { at } = kept as Partial<KeptStage>
    return Number.isSafeInteger(at?.epoch) && Number.isSafeInteger(at?.seq) ? (kept as KeptStage) : undefined
  } catch {
    return undefined
  }
}
