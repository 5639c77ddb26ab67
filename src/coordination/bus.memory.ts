import type { Bus } from './bus.ts'

/** The bus of a node that is alone: handlers run in the same turn as the publisher, each on its own. */
export function createMemoryBus({ onError }: { onError(error: unknown): void }): Bus {
  const handlers = new Set<Parameters<Bus['subscribe']>[0]>()
  return {
    publish(channelId, event) {
      for (const handler of handlers) {
        try {
          handler(channelId, event)
        } catch (error) {
          onError(error)
        }
      }
    },
    subscribe(handler) {
      handlers.add(handler)
      return () => handlers.delete(handler)
    },
  }
}
