import type { Clock } from '../../base/clock.ts'
import type { Bus } from '../../coordination/bus.ts'
import { ROLE_FOR } from '../../domain/assignment-kind.ts'
import type { LivingNode } from '../../persistence/nodes.ts'
import type { Ownership } from '../../persistence/ownership.ts'

/** A node that is deployed anew is back by then: its shard is adopted meanwhile, and no conduit is resized twice. */
const TRIM_AFTER_MS = 5 * 60_000
/** Where one connection drops, the other still hears its half. */
const AT_LEAST = 2

export interface KeepShardsOptions {
  ownership: Pick<Ownership, 'ensureShards' | 'trimShards'>
  bus: Pick<Bus, 'publish'>
  clock: Clock
}

/** As many shards as there are nodes for bots. More at once, fewer after a while. Any node may say so; they agree. */
export function createKeepShards({ ownership, bus, clock }: KeepShardsOptions) {
  let ensured = 0
  let fewerSince: number | null = null

  return {
    /** Fewer are needed, and have been for long enough. */
    isDue: () => fewerSince !== null && clock.monotonic() - fewerSince >= TRIM_AFTER_MS,

    /** @returns whether there are new ones to be had. */
    async keep(members: readonly LivingNode[]): Promise<boolean> {
      const count = members.filter(({ roles, draining }) => roles.includes(ROLE_FOR.shard) && !draining).length
      const needed = Math.max(AT_LEAST, count)
      if (needed < ensured) {
        fewerSince ??= clock.monotonic()
        if (clock.monotonic() - fewerSince < TRIM_AFTER_MS) return false
        const trimmed = await ownership.trimShards(needed)
        ensured = needed
        if (trimmed.length > 0) bus.publish('cluster', { type: 'assignments-changed', kind: 'shard', keys: trimmed })
      }
      fewerSince = null
      const fresh = await ownership.ensureShards(needed)
      ensured = needed
      return fresh > 0
    },
  }
}
