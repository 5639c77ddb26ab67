import type { Clock } from '../base/clock.ts'
import type { Metrics } from '../base/metrics.ts'
import { channelOf, topicOf } from './bus-channel.ts'
import { isMessageFor } from './bus-shapes.ts'
import { createMemoryBus } from './bus.memory.ts'
import type { Bus, Topic } from './bus.ts'

/** Messages sent and not yet taken by Redis. Beyond it something is wrong that waiting in memory would make worse. */
const MAX_UNDERWAY = 10_000
/** A hundred crowded stages. Nobody here says more at once, and reading it would keep everybody waiting. */
const MOST_HEARD = 16 * 2 ** 20
/** What a node says last (that it goes) is to arrive. */
const LAST_WORDS_MS = 500

/** What a bus needs of Redis; subscribed channels stay so until they are given up, over every loss of connection. */
export interface BusConnection {
  publish(channel: string, payload: string): Promise<unknown>
  subscribe(channel: string): void
  unsubscribe(channel: string): void
  onMessage(handler: (channel: string, payload: string) => void): void
  /** All subscribed channels are, and messages can be sent. */
  isUp(): boolean
  onUp(handler: () => void): () => void
  close(): void
}

export interface RedisBusOptions {
  connection: BusConnection
  /** This process and no other, ever. */
  origin: string
  clock: Pick<Clock, 'after'>
  metrics: Pick<Metrics, 'busMessages'>
  onError(error: unknown): void
}

/** `[version, origin, message]`: what other versions say is left to them. */
const VERSION = 1

export function createRedisBus({ connection, origin, clock, metrics, onError }: RedisBusOptions): Bus {
  const local = createMemoryBus({ onError })
  const listeners = new Map<string, number>()
  const count = (direction: 'in' | 'out', result: string) => metrics.busMessages.labels(direction, result)
  const counts = {
    sent: count('out', 'sent'),
    away: count('out', 'dropped-away'),
    full: count('out', 'dropped-full'),
    failed: count('out', 'failed'),
    unsendable: count('out', 'unsendable'),
    heard: count('in', 'heard'),
    own: count('in', 'own'),
    malformed: count('in', 'malformed'),
  }
  let underway = 0
  let onIdle = () => {}

  connection.onMessage((channel, payload) => {
    const topic = topicOf(channel)
    const read = topic === null ? null : readWire(payload)
    if (!read || topic === null) counts.malformed.inc()
    else if (read.origin === origin) counts.own.inc()
    else if (!isMessageFor(topic, read.message)) counts.malformed.inc()
    else {
      counts.heard.inc()
      local.publish(topic as Topic, read.message as never)
    }
  })

  const send = (topic: string, message: unknown) => {
    if (!connection.isUp()) return counts.away.inc()
    if (underway >= MAX_UNDERWAY) return counts.full.inc()
    let payload: string
    try {
      payload = JSON.stringify([VERSION, origin, message])
    } catch (error) {
      onError(error)
      return counts.unsendable.inc()
    }
    underway++
    connection
      .publish(channelOf(topic), payload)
      .then(
        () => counts.sent.inc(),
        () => counts.failed.inc(),
      )
      .finally(() => {
        if (--underway === 0) onIdle()
      })
  }

  return {
    publish(topic, message) {
      local.publish(topic, message)
      send(topic, message)
    },
    subscribe(topic, handler) {
      const stop = local.subscribe(topic, handler)
      const others = listeners.get(topic) ?? 0
      listeners.set(topic, others + 1)
      if (others === 0) connection.subscribe(channelOf(topic))
      let stopped = false
      return () => {
        stop()
        if (stopped) return
        stopped = true
        const left = (listeners.get(topic) ?? 1) - 1
        if (left > 0) return void listeners.set(topic, left)
        listeners.delete(topic)
        connection.unsubscribe(channelOf(topic))
      }
    },
    onNews: local.onNews,
    isUp: connection.isUp,
    onUp: (handler) =>
      connection.onUp(() => {
        try {
          handler()
        } catch (error) {
          onError(error)
        }
      }),
    close: () =>
      new Promise((resolve) => {
        const cancel = clock.after(LAST_WORDS_MS, end)
        function end() {
          cancel()
          connection.close()
          resolve()
        }
        if (underway === 0) end()
        else onIdle = end
      }),
  }
}

/** A field of this name, written so or with escapes, would become the prototype of whatever it is copied to. */
const MAY_NAME_PROTOTYPE = /__proto__|\\u00/

function readWire(payload: string): { origin: string; message: unknown } | null {
  if (payload.length > MOST_HEARD) return null
  try {
    const wire: unknown = MAY_NAME_PROTOTYPE.test(payload) ? JSON.parse(payload, withoutPrototype) : JSON.parse(payload)
    if (!Array.isArray(wire) || wire.length !== 3) return null
    const [version, origin, message] = wire as unknown[]
    if (version !== VERSION || typeof origin !== 'string' || typeof message !== 'object' || message === null)
      return null
    return { origin, message }
  } catch {
    return null
  }
}

const withoutPrototype = (name: string, value: unknown) => (name === '__proto__' ? undefined : value)
