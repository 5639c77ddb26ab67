import { WebSocket } from 'ws'
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/logger.ts'
import type { SocketEnd } from '../donation-source.ts'
import { endOfClose, endOfNonsense, endOfSilence, endOfUnreachable } from './socket-end.ts'
import { pingCommand, readLines, type Command, type SocketLine } from './socket-wire.ts'

export type Reply = Extract<SocketLine, { kind: 'reply' }>
export type Push = Extract<SocketLine, { kind: 'publication' | 'unsubscribed' }>

/** From dialling to an open WebSocket, and from a command to its reply. */
const DIAL_WITHIN_MS = 10_000
const REPLY_WITHIN_MS = 10_000

/** The platform pings as often. Together with the reply's deadline a dead connection is noticed after at most 35 s. */
const PING_EVERY_MS = 25_000

/** An orderly goodbye may take this long before the connection is cut. */
const CLOSE_WITHIN_MS = 2_000

/**
 * A recovery reply holds all that was missed, about 1 KB a donation, and the length of the platform's history is
 * not known. A cap below one such reply would refuse the same reply at each reconnect for ever.
 */
const MAX_MESSAGE_BYTES = 4 * 1024 * 1024

export interface ConnectionOptions {
  /** `wss://centrifugo.donationalerts.com/connection/websocket` */
  socketUrl: string
  clock: Clock
  random: () => number
  logger: Logger
  onOpen: () => void
  onPush: (push: Push) => void
}

/** A conversation over one WebSocket: commands and their replies, pushes in between, and exactly one end. */
export interface Connection {
  /** Resolves once the WebSocket is gone; never rejects. */
  readonly closed: Promise<SocketEnd>
  isEnding(): boolean
  /** Sends a command. No reply in time ends the connection. */
  ask(what: string, command: Command, onReply: (reply: Reply) => void): void
  /** Begins to ask the platform at intervals whether it is still there. */
  keepAlive(): void
  /** A timer that ends with the connection. */
  after(delayMs: number, run: () => void): () => void
  /** Ends the connection for this reason; from here on nothing is delivered. Later reasons are ignored. */
  finish(end: SocketEnd): void
  /** Runs code of our owner: if it throws, the connection ends, and what was not stored is recovered by the next one. */
  guarded(run: () => void): void
}

export function openConnection(options: ConnectionOptions): Connection {
  const { socketUrl, clock, random, logger, onOpen, onPush } = options
  const { promise: closed, resolve: resolveClosed } = Promise.withResolvers<SocketEnd>()
  const socket = new WebSocket(socketUrl, {
    maxPayload: MAX_MESSAGE_BYTES,
    perMessageDeflate: false,
    // One donation with broken UTF-8 must not end the connection: recovery would bring it again and again.
    skipUTF8Validation: true,
  })

  let end: SocketEnd | null = null
  let dialFailure = ''
  let opened = false
  let lastId = 0
  let unreadableLines = 0
  const timers = new Set<() => void>()
  const repliesTo = new Map<number, (reply: Reply) => void>()

  const after = (delayMs: number, run: () => void) => {
    const cancelTimer = clock.after(delayMs, () => {
      timers.delete(cancel)
      run()
    })
    const cancel = () => {
      timers.delete(cancel)
      cancelTimer()
    }
    timers.add(cancel)
    return cancel
  }

  const releaseAll = () => {
    for (const cancel of timers) cancel()
    repliesTo.clear()
  }

  const finish = (reason: SocketEnd) => {
    if (end) return
    end = reason
    releaseAll()
    if (!opened || reason.why === 'silent') return socket.terminate()
    socket.close(1000)
    after(CLOSE_WITHIN_MS, () => socket.terminate())
  }

  const guarded = (run: () => void) => {
    try {
      run()
    } catch (cause) {
      logger.error({ err: cause }, 'the owner of a donation stream failed')
      finish({ code: 1000, why: 'closed-by-us', reconnect: true, dropSocketToken: false, cause })
    }
  }

  const ask: Connection['ask'] = (what, command, onReply) => {
    const id = ++lastId
    const cancelDeadline = after(REPLY_WITHIN_MS, () => finish(endOfSilence(what)))
    repliesTo.set(id, (reply) => {
      repliesTo.delete(id)
      cancelDeadline()
      onReply(reply)
    })
    socket.send(JSON.stringify({ ...command, id }))
  }

  const ping = () => {
    after(PING_EVERY_MS, ping)
    ask('ping', pingCommand, () => {})
  }

  const onLine = (line: SocketLine) => {
    if (end) return
    switch (line.kind) {
      case 'reply':
        return repliesTo.get(line.id)?.(line)
      case 'refused':
        return finish(endOfNonsense('command-refused', { reconnect: false, errorCode: line.errorCode }))
      case 'publication':
      case 'unsubscribed':
        return onPush(line)
      case 'unreadable':
        unreadableLines += 1
        // The 1st, 2nd, 4th, 8th …: a server gone mad must not fill the log as well.
        if (Number.isInteger(Math.log2(unreadableLines))) {
          logger.warn({ unreadableLines }, 'a line of the donation stream could not be read')
        }
        return
      case 'ignored':
    }
  }

  const cancelDial = after(DIAL_WITHIN_MS, () => finish(endOfUnreachable({ reason: 'timeout' })))
  socket.on('open', () => {
    opened = true
    cancelDial()
    if (!end) onOpen()
  })
  socket.on('message', (message: Buffer) => guarded(() => readLines(message.toString('utf8')).forEach(onLine)))
  socket.on('unexpected-response', (_request, response) => {
    finish(endOfUnreachable({ reason: 'status', ...(response.statusCode && { status: response.statusCode }) }))
  })
  socket.on('error', (error: NodeJS.ErrnoException) => {
    // Before the opening it is the network's word, after it our own library's refusal of what was sent.
    if (opened) finish(endOfNonsense(error.code ?? 'websocket', { reconnect: true }))
    else dialFailure = error.code ?? 'failed'
  })
  socket.on('close', (code, reason) => {
    end ??= opened ? endOfClose(code, reason.toString('utf8')) : endOfUnreachable({ reason: dialFailure })
    releaseAll()
    resolveClosed(end)
  })

  return {
    closed,
    isEnding: () => end !== null,
    ask,
    // Sockets that were opened together must not ping together ever after.
    keepAlive: () => void after(PING_EVERY_MS * (0.5 + random() / 2), ping),
    after,
    finish,
    guarded,
  }
}
