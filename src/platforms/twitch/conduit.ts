import { backoffMs } from '../../base/backoff.ts'
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/logger.ts'
import type { ClusterChat } from '../chat.ts'
import type { ConduitApi } from './conduit-api.ts'
import type { Conduit } from './conduit-wire.ts'
import { reasonOf } from './failure.ts'

/**
 * The deployment's conduit: what all subscriptions are delivered through. There is one, found again after each restart,
 * because the subscriptions live in it (facts §6.2.5). One node at a time makes it and sets its size; the others wait.
 */
export interface ConduitHome {
  /** `null` while it is not known. */
  id(): string | null
  /** Finds it, or makes it where there is none and it is ours to keep; tries for ever. Rejects only with the signal's reason. */
  find(): Promise<string>
  /** Twitch does not know this conduit: another one is needed. */
  lost(id: string): void
  /** Looks again whether it has as many shards as it should. */
  recheck(): void
  /** What the nodes agree on. Looks again where that is news. Resolves when it is so; never rejects. */
  follow(cluster: ClusterChat): Promise<void>
}

export interface ConduitHomeOptions {
  api: ConduitApi
  mayAct: () => boolean
  clock: Clock
  random: () => number
  logger: Logger
  signal: AbortSignal
  /** It is another one than before, or none. */
  onChange: () => void
}

/** Whoever keeps the conduit makes it within moments: there is nothing to back off from. */
const LOOK_FOR_IT_EVERY_MS = 500

export function createConduitHome(options: ConduitHomeOptions): ConduitHome {
  const { api, mayAct, clock, random, logger, signal, onChange } = options
  let id: string | null = null
  let checked = false
  let finding: Promise<string> | null = null
  let cluster: ClusterChat = { keeps: null, home: null }
  let wake = () => {}

  const setId = (next: string | null) => {
    if (next === id) return
    id = next
    onChange()
  }

  return { id: () => id, find, lost, recheck, follow }

  async function find(): Promise<string> {
    if (id !== null && checked) return id
    finding ??= tryForEver().finally(() => {
      finding = null
    })
    return finding
  }

  function lost(gone: string): void {
    if (gone !== id) return
    checked = false
    logger.warn({ conduit: gone }, 'Twitch does not know our conduit any more')
    setId(null)
  }

  function recheck(): void {
    checked = false
  }

  async function follow(next: ClusterChat): Promise<void> {
    const news = next.keeps !== cluster.keeps || (next.home !== cluster.home && next.home !== id)
    cluster = next
    if (news) {
      checked = false
      wake()
    }
    await find().catch(() => {})
  }

  async function tryForEver(): Promise<string> {
    for (let failures = 0; ;) {
      signal.throwIfAborted()
      let waitMs = LOOK_FOR_IT_EVERY_MS
      try {
        const asked = cluster
        const conduit = await findOrCreate()
        // What we look for may have changed while we looked.
        if (typeof conduit !== 'string' && asked.keeps === cluster.keeps) {
          checked = true
          setId(conduit.id)
          return conduit.id
        }
        if (conduit !== 'nobody-made-one') waitMs = backoffMs(++failures, random)
      } catch (error) {
        signal.throwIfAborted()
        failures += 1
        waitMs = backoffMs(failures, random)
        logger.warn({ failures, ...reasonOf(error) }, 'the conduit could not be found')
      }
      await pause(waitMs)
    }
  }

  async function findOrCreate(): Promise<Conduit | 'gone' | 'nobody-made-one'> {
    const found = await api.list(signal)
    // Any rule will do if it says the same each time and everywhere: the subscriptions are in the one that was chosen.
    const [first, ...others] = found.toSorted((a, b) => (a.id < b.id ? -1 : 1))
    const conduit = found.find((one) => one.id === cluster.home) ?? first
    const shardCount = mayAct() ? cluster.keeps : null
    if (!conduit) {
      if (shardCount === null) return 'nobody-made-one'
      const made = await api.create(shardCount, signal)
      logger.info({ conduit: made.id, shards: shardCount }, 'made a conduit')
      return made
    }
    if (others.length > 0) {
      logger.warn({ conduit: conduit.id, conduits: found.length }, 'this Twitch application has more than one conduit')
    }
    if (shardCount === null || conduit.shardCount === shardCount) {
      if (conduit.id !== id) logger.info({ conduit: conduit.id, shards: conduit.shardCount }, 'found our conduit')
      return conduit
    }
    logger.info({ conduit: conduit.id, from: conduit.shardCount, to: shardCount }, 'setting the count of shards')
    return api.resize({ id: conduit.id, shardCount }, signal)
  }

  /** Ends early where what the nodes agree on changes: the task may be ours by now. */
  async function pause(waitMs: number): Promise<void> {
    const { promise: woken, resolve } = Promise.withResolvers<void>()
    const early = new AbortController()
    wake = () => {
      early.abort()
      resolve()
    }
    await Promise.race([woken, clock.sleep(waitMs, AbortSignal.any([signal, early.signal]))]).catch(() => {})
    wake = () => {}
    signal.throwIfAborted()
  }
}
