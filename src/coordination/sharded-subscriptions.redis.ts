import type { Cluster, Redis } from 'ioredis'
import type { Clock } from '../base/clock.ts'
import type { RedisAddress } from './redis-config.ts'
import type { RedisHealth } from './redis-health.redis.ts'
import { keepSubscriptions, type Subscriptions } from './subscriptions.redis.ts'
import { SHARDS, shardOf, slotOfShard } from './bus-channel.ts'

/** While a part of the channels has no home the cluster is asked this often who is at home now. */
const LOOK_EVERY_MS = 500

export interface ShardedSubscriptionsOptions {
  cluster(): Cluster
  openNode(address: RedisAddress): Redis
  onMessage(channel: string, payload: string): void
  health: RedisHealth
  clock: Clock
  random: () => number
}

/**
 * Sharded pub/sub over all primaries of a cluster: a connection to each that has some of our shards, which follow when
 * their slots move. (The client library has the like, which neither says when it is done nor notices a server that
 * hangs, and adds every channel again with each attempt.)
 */
export function keepShardedSubscriptions(options: ShardedSubscriptionsOptions) {
  const { health, clock, random } = options
  /** Up while every shard has a home. */
  const part = health.part()
  const shards = Array.from({ length: SHARDS }, (_, shard) => ({
    slot: slotOfShard(shard),
    channels: new Set<string>(),
    home: null as string | null,
  }))
  const homes = new Map<string, Subscriptions>()
  const looking = new Set<string>()
  let cancelLook = () => {}
  let closed = false

  const open = (home: string): Subscriptions => {
    const colon = home.lastIndexOf(':')
    const address = { host: home.slice(0, colon), port: Number(home.slice(colon + 1)) }
    const subscriptions = keepSubscriptions({
      open: () => options.openNode(address),
      sharded: { slotOf: (channel) => shardOf(channel), onMoved: () => look(home) },
      onMessage: options.onMessage,
      part: health.part(),
      clock,
      random,
    })
    homes.set(home, subscriptions)
    return subscriptions
  }

  /** After each look of the client at the cluster: whose slots are whose. */
  function settle() {
    if (closed) return
    const { slots } = options.cluster()
    for (const shard of shards) {
      const home = slots[shard.slot]?.[0] ?? null
      if (home === shard.home) continue
      if (shard.home !== null) homes.get(shard.home)?.remove(shard.channels)
      shard.home = home
      if (home !== null) (homes.get(home) ?? open(home)).add(shard.channels)
    }
    for (const [home, subscriptions] of homes) {
      if (shards.some((shard) => shard.home === home)) continue
      subscriptions.close()
      homes.delete(home)
    }
    part.set(shards.every(({ home }) => home !== null))
  }

  /** A node sent us elsewhere, or took channels from us, once for each of them. */
  function look(home: string) {
    if (looking.has(home)) return
    looking.add(home)
    options.cluster().refreshSlotsCache(() => {
      looking.delete(home)
      if (closed) return
      settle()
      homes.get(home)?.renew()
    })
  }

  function lookWhileDown() {
    cancelLook = clock.after(LOOK_EVERY_MS, lookWhileDown)
    const cluster = options.cluster()
    if (!health.isUp() && cluster.status === 'ready') cluster.refreshSlotsCache(() => undefined)
  }
  lookWhileDown()

  return {
    settle,
    add(channel: string) {
      const shard = shards[shardOf(channel)]
      if (!shard) return
      shard.channels.add(channel)
      if (shard.home !== null) homes.get(shard.home)?.add([channel])
    },
    remove(channel: string) {
      const shard = shards[shardOf(channel)]
      if (!shard?.channels.delete(channel)) return
      if (shard.home !== null) homes.get(shard.home)?.remove([channel])
    },
    close() {
      closed = true
      cancelLook()
      for (const subscriptions of homes.values()) subscriptions.close()
      homes.clear()
      part.remove()
    },
  }
}
