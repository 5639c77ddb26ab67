import type { OverlayEvent } from '../../src/domain/overlay-protocol.ts'
import type { OpenEventStream } from './overlay-link.ts'

/** A browser hands over named events only to who asked for them by name; `Record` keeps the list whole. */
const EVENTS: Record<OverlayEvent, true> = {
  snapshot: true,
  'avatar.join': true,
  'avatar.leave': true,
  'avatar.look': true,
  'avatar.act': true,
  'avatar.say': true,
  'avatar.emote': true,
  'alert.offer': true,
  'alert.cancel': true,
  settings: true,
  reload: true,
  role: true,
  ping: true,
}

/** Reads the server's event stream. Breaks are told once; reconnecting needs a new ticket and is the link's business. */
export const openEventSource: OpenEventStream = (url, listener) => {
  const source = new EventSource(url)
  for (const type of Object.keys(EVENTS)) {
    source.addEventListener(type, (event: MessageEvent<string>) => listener.event(type, event.data, event.lastEventId))
  }
  source.addEventListener('error', () => {
    source.close()
    listener.broken()
  })
  return { close: () => source.close() }
}
