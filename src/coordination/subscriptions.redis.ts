import type { Redis } from 'ioredis'
import type { Clock } from '../base/clock.ts'
import { keepConnection } from './kept-connection.redis.ts'
import { reasonOf, retryMs } from './redis-client.redis.ts'
import type { HealthPart } from './redis-health.redis.ts'

/** Names in one command. Ten thousand channels are ten commands, and no command holds the server up. */
const CHUNK = 1_000

/** A set of channels that is kept subscribed on one connection, whatever becomes of it. */
export interface Subscriptions {
  add(channels: Iterable<string>): void
  remove(channels: Iterable<string>): void
  /** The server took channels away, or sends us elsewhere: all are asked for again. */
  renew(): void
  close(): void
}

export interface SubscriptionsOptions {
  open(): Redis
  /** Sharded pub/sub is that of a cluster: each node has its own channels, and a command names those of one slot only. */
  sharded: { slotOf(channel: string): number; onMoved(): void } | null
  onMessage(channel: string, payload: string): void
  /** Up while all that is wanted is subscribed. */
  part: HealthPart
  clock: Clock
  random: () => number
}

export function keepSubscriptions(options: SubscriptionsOptions): Subscriptions {
  const { sharded, part, clock, random } = options
  const wanted = new Set<string>()
  /** What this connection was last asked to subscribe. */
  const asked = new Set<string>()
  const changed = new Set<string>()
  let flushing = false
  let closed = false
  let failures = 0
  let cancelRenew = () => {}
  /** Grows with each beginning, so that what an older one was answered counts no more. */
  let beginning = 0

  const connection = keepConnection({
    open() {
      const client = options.open()
      client.on(sharded ? 'smessage' : 'message', options.onMessage)
      client.on('moved', () => sharded?.onMoved())
      return client
    },
    connectionsOf: (client) => [client],
    onReady() {
      asked.clear()
      begin()
    },
    onLost: () => part.set(false),
    onTrouble: part.failed,
    clock,
    random,
  })

  function begin() {
    const current = ++beginning
    changed.clear()
    giveUp([...asked].filter((channel) => !wanted.has(channel)))
    ask(wanted, true).then(
      () => {
        if (current !== beginning || closed || !connection.isReady()) return
        failures = 0
        part.set(true)
      },
      (error: unknown) => beginAgain(current, error),
    )
  }

  /** What was asked for and not given is asked for on a new connection. */
  function beginAgain(of: number, error: unknown) {
    if (of !== beginning || closed) return
    beginning++
    part.failed(reasonOf(error))
    part.set(false)
    if (sharded && reasonOf(error).startsWith('MOVED')) sharded.onMoved()
    cancelRenew()
    cancelRenew = clock.after(retryMs(++failures, random), connection.renew)
  }

  function ask(channels: Iterable<string>, subscribe: boolean): Promise<unknown> {
    const groups = new Map<number, string[]>()
    for (const channel of channels) {
      if (subscribe) asked.add(channel)
      else asked.delete(channel)
      const slot = sharded?.slotOf(channel) ?? 0
      const group = groups.get(slot)
      if (group) group.push(channel)
      else groups.set(slot, [channel])
    }
    const client = connection.client()
    const send = (names: string[]) => {
      if (sharded) return subscribe ? client.ssubscribe(...names) : client.sunsubscribe(...names)
      return subscribe ? client.subscribe(...names) : client.unsubscribe(...names)
    }
    return Promise.all([...groups.values()].flatMap((names) => chunksOf(names).map(send)))
  }

  /** One that cannot be given up is no loss: what it brings finds no listener. */
  function giveUp(channels: string[]) {
    if (channels.length > 0) ask(channels, false).catch(() => undefined)
  }

  /** All that changed within a turn of the loop is one command each way. */
  function flush() {
    flushing = false
    if (closed || !connection.isReady()) return
    const current = beginning
    const come = [...changed].filter((channel) => wanted.has(channel) && !asked.has(channel))
    const gone = [...changed].filter((channel) => !wanted.has(channel) && asked.has(channel))
    changed.clear()
    if (come.length > 0) ask(come, true).catch((error: unknown) => beginAgain(current, error))
    giveUp(gone)
  }

  const touch = (channel: string) => {
    changed.add(channel)
    if (flushing) return
    flushing = true
    setImmediate(flush)
  }

  return {
    add(channels) {
      for (const channel of channels) {
        wanted.add(channel)
        touch(channel)
      }
    },
    remove(channels) {
      for (const channel of channels) {
        wanted.delete(channel)
        touch(channel)
      }
    },
    renew() {
      part.set(false)
      if (connection.isReady()) begin()
    },
    close() {
      closed = true
      cancelRenew()
      part.remove()
      connection.close()
    },
  }
}

function chunksOf(names: string[]): string[][] {
  return Array.from({ length: Math.ceil(names.length / CHUNK) }, (_, index) =>
    names.slice(index * CHUNK, (index + 1) * CHUNK),
  )
}
