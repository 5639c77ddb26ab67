import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/logger.ts'
import { createSeldom } from '../../base/seldom.ts'
import type { SharedKeys } from '../../coordination/shared-keys.ts'
import type { AssignmentKind } from '../../domain/assignment-kind.ts'
import type { NodeLife } from './keep-node-session.ts'

const BATCH = 500

export interface MirrorOwnersOptions {
  node: Pick<NodeLife, 'session'>
  nodeId: string
  keys: SharedKeys
  watchdogEveryMs: number
  clock: Clock
  logger: Logger
}

export interface Mirrored {
  /** Missing before: the store was emptied, or never had them. */
  rebuilt: number
  /** Of an owner that is one no more. */
  overwritten: number
  /** Of a later epoch than ours: whoever wrote that may know better. */
  later: Array<{ kind: AssignmentKind; key: string }>
}

/**
 * Who runs what, for whoever looks into the shared store: `owner:<kind>:<key>` is `<epoch> <session> <node>`. Nothing is
 * decided by it. It ends by itself where nobody renews it, and is never deleted but by the owner whose epoch it holds.
 */
export interface MirrorOwners {
  begun(kind: AssignmentKind, owned: ReadonlyArray<{ key: string; epoch: number }>): void
  ended(kind: AssignmentKind, ended: ReadonlyArray<{ key: string; epoch: number }>): void
  /**
   * Writes what has begun and ended since. What cannot be written is forgotten: `compare` finds it.
   * @returns whether the store has been emptied since the last time.
   */
  flush(): Promise<boolean>
  /** Compares all that runs with what is written, and writes it anew. */
  compare(kind: AssignmentKind, owned: ReadonlyMap<string, { epoch: number }>): Promise<Mirrored>
}

export function createMirrorOwners(options: MirrorOwnersOptions): MirrorOwners {
  const { node, nodeId, keys, clock, logger } = options
  const ttlMs = 3 * options.watchdogEveryMs
  const seldom = createSeldom(clock)
  const fresh = new Map<string, string>()
  const over = new Map<string, string>()
  /** The session whose mark stands in the store. */
  let marked: number | null = null

  const keyOf = (kind: AssignmentKind, key: string) => `owner:${kind}:${key}`

  return {
    begun(kind, owned) {
      const session = node.session()
      for (const { key, epoch } of owned) {
        over.delete(keyOf(kind, key))
        fresh.set(keyOf(kind, key), `${epoch} ${session} ${nodeId}`)
      }
    },
    ended(kind, ended) {
      for (const { key, epoch } of ended) {
        fresh.delete(keyOf(kind, key))
        over.set(keyOf(kind, key), `${epoch} `)
      }
    },
    async flush() {
      const entries = [...fresh].map(([key, value]) => ({ key, value, ttlMs }))
      const gone = [...over].map(([key, prefix]) => ({ key, prefix }))
      fresh.clear()
      over.clear()
      if (!keys.isUp()) return false
      try {
        for (const batch of batches(entries)) await keys.set(batch)
        for (const batch of batches(gone)) await keys.deleteIf(batch)
        return await isEmptied()
      } catch (error) {
        seldom('flush', (unlogged) =>
          logger.warn({ err: error, unlogged }, 'the mirror of owners could not be written'),
        )
        return false
      }
    },
    async compare(kind, owned) {
      const session = node.session()
      const found: Mirrored = { rebuilt: 0, overwritten: 0, later: [] }
      for (const batch of batches([...owned])) {
        const values = await keys.get(batch.map(([key]) => keyOf(kind, key)))
        const entries = batch.flatMap(([key, { epoch }], at) => {
          const [theirEpoch, theirSession] = values[at]?.split(' ') ?? []
          if (theirEpoch === undefined) found.rebuilt++
          else if (Number(theirEpoch) > epoch) {
            found.later.push({ kind, key })
            return []
          } else if (Number(theirEpoch) < epoch || theirSession !== String(session)) found.overwritten++
          return { key: keyOf(kind, key), value: `${epoch} ${session} ${nodeId}`, ttlMs }
        })
        if (entries.length > 0) await keys.set(entries)
      }
      return found
    },
  }

  /** Who finds its own mark gone knows that the rest is gone too, long before the next round would find it. */
  async function isEmptied(): Promise<boolean> {
    const session = node.session()
    if (session === null) return false
    const key = `node:${session}`
    const [mark] = await keys.get([key])
    await keys.set([{ key, value: nodeId, ttlMs }])
    const wasMarked = marked === session
    marked = session
    return wasMarked && mark === null
  }
}

function* batches<T>(items: readonly T[]): Generator<T[]> {
  for (let at = 0; at < items.length; at += BATCH) yield items.slice(at, at + BATCH)
}
