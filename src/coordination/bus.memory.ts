import type { Bus, ChannelEvent } from './bus.ts'

/** The bus of a node that is alone: handlers run in the same turn as the publisher, each on its own. */
export function createMemoryBus({ onError }: { onError(error: unknown): void }): Bus {
  const handlers = new Map<string, Set<(message: never) => void>>()
  const news = new Set<(channelId: string, event: ChannelEvent) => void>()

  const attempt = (run: () => void) => {
    try {
      run()
    } catch (error) {
      onError(error)
    }
  }
  return {
    publish(topic, message) {
      for (const handler of handlers.get(topic) ?? []) attempt(() => handler(message as never))
      if (topic.startsWith('news:')) {
        for (const handler of news) attempt(() => handler(topic.slice(5), message as ChannelEvent))
      }
    },
    subscribe(topic, handler) {
      const listening = handlers.get(topic) ?? new Set()
      handlers.set(topic, listening.add(handler))
      return () => {
        if (listening.delete(handler) && listening.size === 0 && handlers.get(topic) === listening) {
          handlers.delete(topic)
        }
      }
    },
    onNews(handler) {
      news.add(handler)
      return () => news.delete(handler)
    },
    isUp: () => true,
    onUp: () => () => {},
    close: async () => {},
  }
}
