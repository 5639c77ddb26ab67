import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/logger.ts'
import { END_BY_US, type SocketEnd } from './eventsub-end.ts'
import { openEventSubSocket, type EventSubSocket } from './eventsub-socket.ts'
import type { EventSubMessage, Notification, Revocation } from './eventsub-wire.ts'

/** Twitch leaves 30 s to move to another socket: time enough to knock a second time where the first was not heard. */
const KNOCK_AGAIN_AFTER_MS = 1_000

export interface EventSubSessionOptions {
  /** `wss://eventsub.wss.twitch.tv/ws` */
  url: string
  clock: Clock
  logger: Logger
  /**
   * A socket was welcomed and delivers as soon as something is assigned to this session, which must happen within
   * 10 s. `moved`: it takes the place of the former session, and inherits what was assigned to that one.
   */
  onSession: (sessionId: string, how: { moved: boolean }) => void
  /** The same may come twice, and does while two sockets deliver. */
  onMessage: (message: Notification | Revocation, receivedAtMs: number) => void
}

/** One session's life over as many sockets as Twitch moves it to (facts §5.3). Coming back after its end is the caller's. */
export interface EventSubSession {
  /** Resolves once, when nothing delivers any more; never rejects. After {@link close} once every socket is gone. */
  readonly closed: Promise<SocketEnd>
  close(): void
}

export function openEventSubSession(options: EventSubSessionOptions): EventSubSession {
  const { url, clock, logger } = options
  const { promise: closed, resolve: resolveClosed } = Promise.withResolvers<SocketEnd>()
  const sockets = new Set<EventSubSocket>()
  let current = dial(url)
  let currentEnd: SocketEnd | null = null
  let welcomed = false
  /** The socket that Twitch sent us to; the current one delivers until that one is welcomed. */
  let next: EventSubSocket | null = null
  let nextUrl = ''
  let cancelKnock = () => {}
  let ended = false
  let unreadable = 0

  return { closed, close: () => finish(END_BY_US) }

  function dial(to: string): EventSubSocket {
    const socket = openEventSubSocket({
      url: to,
      clock,
      logger,
      onMessage: (message, receivedAtMs) => onMessage(socket, message, receivedAtMs),
    })
    sockets.add(socket)
    void socket.closed.then((end) => onEnd(socket, end))
    return socket
  }

  function onMessage(from: EventSubSocket, message: EventSubMessage, receivedAtMs: number): void {
    switch (message.kind) {
      case 'notification':
      case 'revocation':
        return options.onMessage(message, receivedAtMs)
      case 'welcome':
        return onWelcome(from, message.sessionId)
      case 'reconnect':
        return onReconnect(from, message.url)
      case 'unreadable':
        unreadable += 1
        // The 1st, 2nd, 4th, 8th …: a server gone mad must not fill the log as well.
        if (Number.isInteger(Math.log2(unreadable)))
          logger.warn({ unreadable }, 'a message of Twitch could not be read')
        return
      case 'keepalive':
      case 'ignored':
    }
  }

  function onWelcome(from: EventSubSocket, sessionId: string): void {
    if (ended) return
    if (from === next) {
      const former = current
      current = next
      currentEnd = null
      next = null
      former.retire()
      logger.info('Twitch moved a chat connection to another server')
      options.onSession(sessionId, { moved: true })
    } else if (from === current && !welcomed) {
      welcomed = true
      options.onSession(sessionId, { moved: false })
    }
  }

  function onReconnect(from: EventSubSocket, reconnectUrl: string): void {
    if (ended || from !== current) return
    nextUrl = reconnectUrl
    next ??= dial(nextUrl)
  }

  function onEnd(socket: EventSubSocket, end: SocketEnd): void {
    sockets.delete(socket)
    if (ended) {
      if (sockets.size === 0) resolveClosed(END_BY_US)
      return
    }
    if (socket === next) {
      next = null
      if (currentEnd) return finish(currentEnd)
      logger.warn({ ...end }, 'the server that Twitch sent us to cannot be reached')
      cancelKnock = clock.after(KNOCK_AGAIN_AFTER_MS, () => {
        next ??= dial(nextUrl)
      })
    } else if (socket === current) {
      currentEnd = end
      if (!next) finish(end)
    }
  }

  function finish(end: SocketEnd): void {
    if (ended) return
    ended = true
    cancelKnock()
    if (end.why !== 'closed-by-us') return resolveClosed(end)
    for (const socket of sockets) socket.close()
    if (sockets.size === 0) resolveClosed(end)
  }
}
