import { randomUUID } from 'node:crypto'
import type { WebSocket } from 'ws'
import type { Clock } from '../clock.ts'
import type { Random } from '../random.ts'
import type { Switches } from '../switches.ts'
import type { Channels, Listener } from './channels.ts'
import { closeReason, DISCONNECTS, type Disconnect } from './close-codes.ts'
import { unsubscribedPush } from './frames.ts'

/** One connection as the server sees it, from the upgrade to its end. */
export interface Session extends Listener {
  /** `null` until it has authenticated. */
  userOrNull(): string | null
  authenticate(user: string, exp: number | null): void
  subscribe(channel: string, exp: number | null): void
  unsubscribe(channel: string): void
  channels(): string[]
  /** Takes it off the channel, and says so (push type 3). */
  expel(channel: string): void
  reply(line: string): void
  close(disconnect: Disconnect, reason?: string): void
  /** Breaks off without a word: 1006. */
  terminate(): void
  /** From now on nothing comes out of it and nothing is heard; the client is not told. */
  halfOpen(): void
  state(): SessionState
  /** A ping is out that a healthy client would answer at any moment. */
  awaitsPong(): boolean
}

export interface SessionState {
  client: string
  user: string | null
  channels: string[]
  openedAt: string
  halfOpen: boolean
}

export interface SessionOptions {
  socket: WebSocket
  clock: Clock
  random: Random
  switches: Switches
  channels: Channels
  onGone(): void
}

const PING_EVERY_MS = 25_000
/** Centrifugo waits ten ninths of the ping interval for any pong. */
const PONG_WITHIN_MS = Math.round((PING_EVERY_MS * 10) / 9)
/** A client that has not authenticated by then is stale. */
const AUTHENTICATE_WITHIN_MS = 25_000
/** Expired tokens get this long to be refreshed. */
const EXPIRED_GRACE_MS = 25_000
/** As many replies as share one WebSocket message. */
const GROUP_MAX = 4
/** A client that does not read is cut off when this much waits for it. */
const QUEUE_MAX_BYTES = 10 * 1024 * 1024

export function createSession({ socket, clock, random, switches, channels, onGone }: SessionOptions): Session {
  const client = randomUUID()
  const openedAt = new Date(clock.now()).toISOString()
  const subscriptions = new Map<string, () => void>()
  let user: string | null = null
  let queue: string[] = []
  let flushing: NodeJS.Immediate | undefined
  let isHalfOpen = false
  let isGone = false
  let lastPongAt = clock.monotonic()
  let lastPingAt = -Infinity
  let stopExpiry = () => {}

  const groupSize = () =>
    switches.grouping === 'single' ? 1 : switches.grouping === 'full' ? GROUP_MAX : 1 + Math.floor(random() * GROUP_MAX)
  const flush = () => {
    clearImmediate(flushing)
    flushing = undefined
    if (isHalfOpen) return
    while (queue.length > 0) {
      // Each reply ends with a newline, the last one of a message, too.
      socket.send(queue.splice(0, groupSize()).join('\n') + '\n')
    }
  }
  const push = (line: string) => {
    if (isGone || isHalfOpen) return
    queue.push(line)
    flushing ??= setImmediate(() => {
      flush()
      if (socket.bufferedAmount > QUEUE_MAX_BYTES) session.close(DISCONNECTS.slow)
    })
  }

  const ping = () => {
    if (isGone) return
    lastPingAt = clock.monotonic()
    if (!isHalfOpen) socket.ping()
    stopPing = clock.after(PING_EVERY_MS, ping)
  }
  let stopPing = clock.after(PING_EVERY_MS, ping)
  const watchPongs = () => {
    const leftMs = lastPongAt + PONG_WITHIN_MS - clock.monotonic()
    // Sums of fractions leave crumbs, and a wait of a crumb would never end.
    if (leftMs >= 1) stopWatch = clock.after(leftMs, watchPongs)
    // The server gives up on a half-open connection, too; but nothing of that arrives at the client.
    else if (isHalfOpen) leave()
    else session.terminate()
  }
  let stopWatch = clock.after(PONG_WITHIN_MS, watchPongs)
  const stopStale = clock.after(AUTHENTICATE_WITHIN_MS, () => {
    if (user === null) session.close(DISCONNECTS.stale)
  })

  const leave = () => {
    if (isGone) return
    for (const channel of subscriptions.keys()) unsubscribe(channel)
    flush()
    isGone = true
    for (const stop of [stopPing, stopWatch, stopStale, stopExpiry]) stop()
    onGone()
  }
  const unsubscribe = (channel: string) => {
    channels.leave(channel, session)
    subscriptions.get(channel)?.()
    subscriptions.delete(channel)
  }
  const expireAt = (exp: number | null, disconnect: Disconnect) =>
    exp === null ? () => {} : clock.after(exp * 1_000 - clock.now() + EXPIRED_GRACE_MS, () => session.close(disconnect))

  socket.on('pong', () => {
    lastPongAt = clock.monotonic()
    lastPingAt = -Infinity
  })
  socket.on('ping', (data) => {
    if (!isHalfOpen && socket.readyState === socket.OPEN) socket.pong(data)
  })
  // A broken connection is reported by `close`, too.
  socket.on('error', () => {})
  socket.on('close', leave)

  const session: Session = {
    client,
    get user() {
      return user ?? ''
    },
    userOrNull: () => user,
    authenticate(name, exp) {
      user = name
      stopExpiry()
      stopExpiry = expireAt(exp, DISCONNECTS.expired)
    },
    subscribe(channel, exp) {
      subscriptions.get(channel)?.()
      subscriptions.set(channel, expireAt(exp, DISCONNECTS.subscriptionExpired))
      channels.listen(channel, session)
    },
    unsubscribe,
    channels: () => [...subscriptions.keys()],
    expel(channel) {
      if (!subscriptions.has(channel)) return
      unsubscribe(channel)
      push(unsubscribedPush(channel))
    },
    push,
    reply: push,
    lostTrack: () => session.close(DISCONNECTS.insufficientState),
    close(disconnect, reason = closeReason(disconnect)) {
      if (isGone) return
      leave()
      if (!isHalfOpen) socket.close(disconnect.code, reason)
    },
    terminate() {
      isHalfOpen = true
      queue = []
      leave()
      socket.terminate()
    },
    halfOpen() {
      flush()
      isHalfOpen = true
      queue = []
      // Not even the close handshake of the client is answered: nobody reads any more.
      socket.pause()
    },
    state: () => ({ client, user, channels: [...subscriptions.keys()], openedAt, halfOpen: isHalfOpen }),
    awaitsPong: () => !isGone && !isHalfOpen && clock.monotonic() - lastPingAt < PONG_WITHIN_MS,
  }
  return session
}
