import { WebSocket } from 'ws'
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/logger.ts'
import { END_BY_US, endOfClose, END_OF_SILENCE, endOfUnreachable, type SocketEnd } from './eventsub-end.ts'
import { readEventSubMessage, type EventSubMessage } from './eventsub-wire.ts'

/** From dialling to the welcome. */
const WELCOME_WITHIN_MS = 10_000

/** A keepalive that was sent in time may be on its way for so long. */
const SILENCE_GRACE_MS = 2_000

/** An orderly goodbye may take this long before the connection is cut. */
const CLOSE_WITHIN_MS = 2_000

/** A notification is about 1.6 KB. */
const MAX_MESSAGE_BYTES = 4 * 1024 * 1024

export interface EventSubSocketOptions {
  url: string
  clock: Clock
  logger: Logger
  /** `receivedAtMs`: by the monotonic clock, when the message was handed over by the network. */
  onMessage: (message: EventSubMessage, receivedAtMs: number) => void
}

/** One WebSocket of EventSub, from dial to close. Twitch talks, we listen: whoever sends anything is closed with 4001. */
export interface EventSubSocket {
  /** Resolves once, when it has ended for whatever reason; never rejects. */
  readonly closed: Promise<SocketEnd>
  /** From here on nothing is delivered. */
  close(): void
  /** Says goodbye, and still delivers what was on its way to us. */
  retire(): void
}

export function openEventSubSocket({ url, clock, logger, onMessage }: EventSubSocketOptions): EventSubSocket {
  const { promise: closed, resolve: resolveClosed } = Promise.withResolvers<SocketEnd>()
  const socket = new WebSocket(url, {
    maxPayload: MAX_MESSAGE_BYTES,
    perMessageDeflate: false,
    // One message with broken UTF-8 must not end the connection of a thousand channels.
    skipUTF8Validation: true,
  })

  let end: SocketEnd | null = null
  let muted = false
  let detail = ''
  let opened = false
  let lastHeardMs = 0
  let cancelTimer = clock.after(WELCOME_WITHIN_MS, () => finish(endOfUnreachable('no-welcome')))

  const finish = (reason: SocketEnd) => {
    if (end) return
    end = reason
    cancelTimer()
    if (!opened || reason.why !== 'closed-by-us') return socket.terminate()
    socket.close(1000)
    cancelTimer = clock.after(CLOSE_WITHIN_MS, () => socket.terminate())
  }

  /**
   * One timer that looks at a time, and not one that is wound up anew by each of thousands of messages. It looks twice
   * before it ends the connection: a process that stood still must first read what waits for it.
   */
  const listen = (keepaliveMs: number) => {
    const leftMs = () => lastHeardMs + keepaliveMs + SILENCE_GRACE_MS - clock.monotonic()
    const look = () => {
      const waitMs = leftMs()
      cancelTimer = waitMs > 0 ? clock.after(waitMs, look) : clock.after(0, lookAgain)
    }
    const lookAgain = () => (leftMs() > 0 ? look() : finish(END_OF_SILENCE))
    cancelTimer()
    look()
  }

  socket.on('open', () => {
    opened = true
  })
  // Pings are answered by the library and are no sign of life here: Twitch pings what it delivers nothing to.
  socket.on('message', (data: Buffer) => {
    lastHeardMs = clock.monotonic()
    if (muted) return
    try {
      const message = readEventSubMessage(data.toString('utf8'))
      if (message.kind === 'welcome' && !end) listen(message.keepaliveMs)
      onMessage(message, lastHeardMs)
    } catch (cause) {
      // Whoever is to be told promised not to throw. One event is lost with it, and no connection.
      logger.error({ err: cause }, 'what came from Twitch could not be handled')
    }
  })
  socket.on('unexpected-response', (_request, response) => {
    finish(endOfUnreachable(`status-${response.statusCode ?? 0}`))
  })
  socket.on('error', (error: NodeJS.ErrnoException) => {
    detail = error.code ?? 'failed'
    if (opened) finish({ code: 1006, why: 'protocol', detail })
  })
  socket.on('close', (code) => {
    end ??= opened ? endOfClose(code) : endOfUnreachable(detail)
    cancelTimer()
    resolveClosed(end)
  })

  return {
    closed,
    close() {
      muted = true
      finish(END_BY_US)
    },
    retire: () => finish(END_BY_US),
  }
}
