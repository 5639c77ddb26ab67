import { backoffMs } from '../../base/backoff.ts'
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/logger.ts'
import type { ConduitApi } from './conduit-api.ts'
import type { Conduit } from './conduit-wire.ts'
import { reasonOf } from './failure.ts'

/**
 * The deployment's conduit: what all subscriptions are delivered through. There is one, found again after each restart,
 * because the subscriptions live in it (facts §6.2.5).
 */
export interface ConduitHome {
  /** `null` while it is not known. */
  id(): string | null
  /** Finds it, or makes it where there is none; tries for ever. Rejects only with the signal's reason. */
  find(): Promise<string>
  /** Twitch does not know this conduit: another one is needed. */
  lost(id: string): void
  /** Looks again whether it has as many shards as it should. */
  recheck(): void
}

export interface ConduitHomeOptions {
  api: ConduitApi
  shardCount: number
  clock: Clock
  random: () => number
  logger: Logger
  signal: AbortSignal
  /** It is another one than before, or none. */
  onChange: () => void
}

export function createConduitHome(options: ConduitHomeOptions): ConduitHome {
  const { api, shardCount, clock, random, logger, signal, onChange } = options
  let id: string | null = null
  let checked = false
  let finding: Promise<string> | null = null

  const setId = (next: string | null) => {
    if (next === id) return
    id = next
    onChange()
  }

  return {
    id: () => id,
    async find() {
      if (id !== null && checked) return id
      finding ??= tryForEver().finally(() => {
        finding = null
      })
      return finding
    },
    lost(gone) {
      if (gone !== id) return
      checked = false
      logger.warn({ conduit: gone }, 'Twitch does not know our conduit any more')
      setId(null)
    },
    recheck() {
      checked = false
    },
  }

  async function tryForEver(): Promise<string> {
    for (let failures = 0; ;) {
      signal.throwIfAborted()
      try {
        const conduit = await findOrCreate()
        if (conduit !== 'gone') {
          checked = true
          setId(conduit.id)
          return conduit.id
        }
      } catch (error) {
        signal.throwIfAborted()
        logger.warn({ failures: failures + 1, ...reasonOf(error) }, 'the conduit could not be found')
      }
      failures += 1
      await clock.sleep(backoffMs(failures, random), signal)
    }
  }

  async function findOrCreate(): Promise<Conduit | 'gone'> {
    const found = await api.list(signal)
    // Any rule will do if it says the same each time: the subscriptions are in the one that was chosen before.
    const [conduit, ...others] = found.toSorted((a, b) => (a.id < b.id ? -1 : 1))
    if (!conduit) {
      const made = await api.create(shardCount, signal)
      logger.info({ conduit: made.id, shards: shardCount }, 'made a conduit')
      return made
    }
    if (others.length > 0) {
      logger.warn({ conduit: conduit.id, conduits: found.length }, 'this Twitch application has more than one conduit')
    }
    if (conduit.shardCount === shardCount) {
      if (conduit.id !== id) logger.info({ conduit: conduit.id, shards: shardCount }, 'found our conduit')
      return conduit
    }
    logger.info({ conduit: conduit.id, from: conduit.shardCount, to: shardCount }, 'setting the count of shards')
    return api.resize({ id: conduit.id, shardCount }, signal)
  }
}
