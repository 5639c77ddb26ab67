import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/logger.ts'
import { createSeldom } from '../../base/seldom.ts'

/** Which channels are live: an overlay of theirs is connected to some node, or their stream is on air. */
export interface LiveChannels {
  isLive(channelId: string): boolean
  /**
   * Learns of these, and of what changes from now on. Resolves when as much is known as can be; never rejects.
   * @param wasLive What to believe until all have answered.
   */
  follow(channelIds: readonly string[], wasLive?: (channelId: string) => boolean): Promise<void>
  forget(channelId: string): void
  stop(): void
}

/** Which of these are live, as far as other nodes say. */
export type ReadLive = (channelIds: readonly string[]) => Promise<Iterable<string>>

export interface LiveChannelsOptions {
  /** What this node sees itself. */
  isLiveHere(channelId: string): boolean
  /** Where others say what they see. Each is asked by itself: one that does not answer takes nothing from the others. */
  elsewhere: readonly ReadLive[]
  /** Calls back when another node may have seen a change. Returns the way to stop. */
  listen(channelId: string, onNews: () => void): () => void
  /** What nobody told us of is found after so long. */
  everyMs: number
  clock: Clock
  logger: Logger
}

/** What is told of at the same time is read together. */
const GATHER_MS = 200

/** Keeps in memory which of the followed channels are live: asked for each request's place, and told by others only. */
export function createLiveChannels(options: LiveChannelsOptions): LiveChannels {
  const { isLiveHere, listen, everyMs, clock, logger } = options
  const sources = options.elsewhere.map((read) => ({ read, live: new Set<string>() }))
  const followed = new Map<string, () => void>()
  const believed = new Set<string>()
  const seldom = createSeldom(clock)
  let stopped = false
  let told = new Set<string>()
  let cancelGather: (() => void) | null = null
  /** From the first channel on. */
  let cancelRound: (() => void) | null = null

  return {
    isLive: (channelId) =>
      isLiveHere(channelId) || believed.has(channelId) || sources.some(({ live }) => live.has(channelId)),
    async follow(channelIds, wasLive = () => false) {
      if (stopped) return
      cancelRound ??= clock.after(everyMs, round)
      for (const channelId of channelIds) {
        if (wasLive(channelId)) believed.add(channelId)
        if (!followed.has(channelId))
          followed.set(
            channelId,
            listen(channelId, () => gather(channelId)),
          )
      }
      await read(channelIds)
    },
    forget(channelId) {
      followed.get(channelId)?.()
      followed.delete(channelId)
      told.delete(channelId)
      believed.delete(channelId)
      for (const { live } of sources) live.delete(channelId)
    },
    stop() {
      stopped = true
      cancelRound?.()
      cancelGather?.()
      for (const unlisten of followed.values()) unlisten()
      followed.clear()
    },
  }

  function round() {
    cancelRound = clock.after(everyMs, round)
    void read([...followed.keys()])
  }

  function gather(channelId: string) {
    told.add(channelId)
    cancelGather ??= clock.after(GATHER_MS, () => {
      cancelGather = null
      const channelIds = [...told]
      told = new Set()
      void read(channelIds)
    })
  }

  async function read(channelIds: readonly string[]): Promise<void> {
    if (channelIds.length === 0) return
    const answered = await Promise.all(
      sources.map(async (source) => {
        try {
          const live = new Set(await source.read(channelIds))
          for (const channelId of channelIds) {
            if (live.has(channelId) && followed.has(channelId)) source.live.add(channelId)
            else source.live.delete(channelId)
          }
          return true
        } catch (error) {
          // What was known stays: whoever was live a moment ago most probably is.
          seldom('read', (unlogged) => logger.warn({ err: error, unlogged }, 'which channels are live cannot be read'))
          return false
        }
      }),
    )
    if (answered.every(Boolean)) for (const channelId of channelIds) believed.delete(channelId)
  }
}
