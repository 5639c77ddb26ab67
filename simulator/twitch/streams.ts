import { whoJson } from './chat-event.ts'
import type { Chatter } from './chatters.ts'
import type { Delivery } from './delivery.ts'
import type { Stamp } from './stamps.ts'

/** Which channels are on air. */
export interface Streams {
  /** `false` where nothing changed: nobody is told. */
  set(channel: Chatter, isLive: boolean): boolean
  /** The ids of channels on air. */
  live(): string[]
  clear(): void
}

export function createStreams(delivery: Delivery, stamp: Stamp): Streams {
  const live = new Set<string>()
  let serial = 40_000_000_000
  return {
    set(channel, isLive) {
      if (live.has(channel.id) === isLive) return false
      if (isLive) live.add(channel.id)
      else live.delete(channel.id)
      const who = whoJson('broadcaster', channel)
      const event = isLive ? `{"id":"${++serial}",${who},"type":"live","started_at":"${stamp()}"}` : `{${who}}`
      delivery.announce(isLive ? 'stream.online' : 'stream.offline', { subject: channel.id, event })
      return true
    },
    live: () => [...live],
    clear: () => live.clear(),
  }
}
