import assert from 'node:assert/strict'
import { isMessageFor } from '../../src/coordination/bus-shapes.ts'
import { createMemoryBus } from '../../src/coordination/bus.memory.ts'
import type { Bus, MessageOf, Topic } from '../../src/coordination/bus.ts'

/** Buses of several nodes in this process, as a broker joins them: other nodes hear later, and what JSON made of it. */
export interface LinkedBuses {
  /** The bus of one more node. */
  add(): LinkedBus
  /** Everything that went from one node to others, in order. */
  readonly sent: Array<{ topic: Topic; message: unknown }>
  /** What returns true is lost on its way. */
  lose(decides: (topic: Topic, message: unknown) => boolean): void
}

export interface LinkedBus extends Bus {
  /** The node reaches nobody and nobody reaches it. */
  cut(): void
  heal(): void
}

export function linkBuses(): LinkedBuses {
  const nodes = new Set<{ hear(topic: Topic, text: string): void; isUp(): boolean }>()
  const sent: LinkedBuses['sent'] = []
  let isLost: (topic: Topic, message: unknown) => boolean = () => false

  return {
    sent,
    lose: (decides) => void (isLost = decides),
    add() {
      const here = createMemoryBus({
        onError(error) {
          throw error
        },
      })
      const subscribed = new Map<Topic, number>()
      const ups = new Set<() => void>()
      let up = true
      const node = {
        isUp: () => up,
        hear(topic: Topic, text: string) {
          if (up && subscribed.has(topic)) here.publish(topic, JSON.parse(text) as MessageOf<Topic>)
        },
      }
      nodes.add(node)
      return {
        publish(topic, message) {
          here.publish(topic, message)
          if (!up || isLost(topic, message)) return
          sent.push({ topic, message })
          const text = JSON.stringify(message)
          assert.ok(isMessageFor(topic, JSON.parse(text)), `another node would not know ${text} on ${topic}`)
          for (const other of nodes) if (other !== node) setImmediate(() => up && other.hear(topic, text))
        },
        subscribe(topic, handler) {
          subscribed.set(topic, (subscribed.get(topic) ?? 0) + 1)
          const stop = here.subscribe(topic, handler)
          let stopped = false
          return () => {
            if (stopped) return
            stopped = true
            stop()
            const left = (subscribed.get(topic) ?? 1) - 1
            if (left > 0) subscribed.set(topic, left)
            else subscribed.delete(topic)
          }
        },
        onNews: here.onNews,
        isUp: () => up,
        onUp(handler) {
          ups.add(handler)
          return () => ups.delete(handler)
        },
        async close() {
          nodes.delete(node)
        },
        cut: () => void (up = false),
        heal() {
          up = true
          for (const handler of ups) handler()
        },
      }
    },
  }
}
