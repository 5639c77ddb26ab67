import { randomBytes, randomUUID } from 'node:crypto'
import type { WebSocket } from 'ws'
import type { Clock } from '../clock.ts'
import type { Switches } from '../switches.ts'
import { statusOfClose } from './close-codes.ts'
import type { ShardStatus } from './conduits.ts'
import type { Stamp } from './stamps.ts'

/** One connection to `/ws` as Twitch sees it, from the welcome to its end. */
export interface Session {
  id: string
  connectedAt: string
  /** `false`: nothing arrives there, though Twitch does not know it yet. */
  send(message: string): boolean
  /** It has got a shard: it may stay. */
  wasAssigned(): void
  close(code: number): void
  /** Asks the client to move to another address; this connection lives for 30 s more. */
  askToReconnect(url: string): void
  /** The client has come over to another connection: the end of this one disables nothing. */
  succeed(): void
  /**
   * Breaks the connection off without a close frame; what was sent before still arrives. Twitch notices only after
   * `noticedAfterMs`, and sends into the void until then.
   */
  breakOff(noticedAfterMs: number): void
  /**
   * From now on nothing comes out of it and nothing is heard; the client is not told, nor is Twitch. `pings`: but for
   * WebSocket pings, so that neither side finds anything wrong with the connection.
   */
  halfOpen(pings: boolean): void
  /** Twitch notices what it has not noticed yet. */
  notice(status: ShardStatus): void
  state(): SessionState
  /** A ping is out that a healthy client would answer at any moment. */
  awaitsPong(): boolean
}

export interface SessionState {
  id: string
  connectedAt: string
  /** `dead`: broken or half-open, and not noticed yet; `mute`: pings and nothing else. */
  state: 'connected' | 'reconnecting' | 'succeeded' | 'dead' | 'mute'
  keepaliveS: number
  sent: number
  /** Written to nobody. */
  lost: number
  lastSentAt: number
}

export interface SessionOptions {
  socket: WebSocket
  clock: Clock
  stamp: Stamp
  switches: Switches
  keepaliveS: number
  /** It ended, and shards that it held are without a session. */
  onGone(session: Session, status: ShardStatus): void
}

/** Something must be subscribed, or a shard assigned, by then. */
const ASSIGN_WITHIN_MS = 10_000
/** How long the old connection lives after it was told to move. */
const RECONNECT_GRACE_MS = 30_000
/** A client that does not read is cut off when this much waits for it. */
const QUEUE_MAX_BYTES = 32 * 1024 * 1024

export function createSession({ socket, clock, stamp, switches, keepaliveS, onGone }: SessionOptions): Session {
  const id = `AgoQ${randomBytes(18).toString('base64url')}IGY2VsbC1h`
  const connectedAt = stamp()
  const openedAt = clock.monotonic()
  let state: SessionState['state'] = 'connected'
  let isGone = false
  let sent = 0
  let lost = 0
  let lastSentAt = openedAt
  let lastPongAt = openedAt
  let lastPingAt = -Infinity

  const canHear = () => !isGone && state !== 'dead' && state !== 'mute' && socket.readyState === socket.OPEN
  const write = (message: string) => {
    lastSentAt = clock.monotonic()
    if (canHear()) socket.send(message)
  }
  const control = (type: string, payload: unknown) =>
    JSON.stringify({
      metadata: { message_id: randomUUID(), message_type: type, message_timestamp: stamp() },
      payload,
    })
  const view = (status: string, reconnectUrl: string | null) => ({
    session: {
      id,
      status,
      connected_at: connectedAt,
      keepalive_timeout_seconds: status === 'connected' ? keepaliveS : null,
      reconnect_url: reconnectUrl,
      ...(switches.recoveryUrl ? { recovery_url: null } : {}),
    },
  })

  const keepAlive = () => {
    const idleMs = clock.monotonic() - lastSentAt
    // Sums of fractions leave crumbs, and a wait of a crumb would never end.
    if (keepaliveS * 1_000 - idleMs < 1) write(control('session_keepalive', {}))
    stopKeepAlive = clock.after(lastSentAt + keepaliveS * 1_000 - clock.monotonic(), keepAlive)
  }
  const ping = () => {
    lastPingAt = clock.monotonic()
    if (state !== 'dead' && socket.readyState === socket.OPEN) socket.ping()
    stopPing = clock.after(switches.eventsubPingEveryMs, ping)
  }
  const watchPongs = () => {
    const leftMs = lastPongAt + switches.eventsubPingEveryMs + switches.eventsubPongWithinMs - clock.monotonic()
    if (leftMs >= 1) stopWatch = clock.after(leftMs, watchPongs)
    else session.close(4002)
  }
  let stopKeepAlive = clock.after(keepaliveS * 1_000, keepAlive)
  let stopPing = clock.after(switches.eventsubPingEveryMs, ping)
  let stopWatch = clock.after(switches.eventsubPingEveryMs + switches.eventsubPongWithinMs, watchPongs)
  const stopUnused = clock.after(ASSIGN_WITHIN_MS, () => session.close(4003))
  let stopGrace = () => {}
  let stopNotice = () => {}

  const leave = (status: ShardStatus) => {
    if (isGone) return
    isGone = true
    for (const stop of [stopKeepAlive, stopPing, stopWatch, stopUnused, stopGrace, stopNotice]) stop()
    onGone(session, status)
  }
  const noticeAfter = (ms: number, status: ShardStatus) => {
    if (ms <= 0) return leave(status)
    stopNotice = clock.after(ms, () => leave(status))
  }

  socket.on('pong', () => {
    if (state === 'dead') return
    lastPongAt = clock.monotonic()
    lastPingAt = -Infinity
  })
  socket.on('message', () => {
    if (state !== 'dead') session.close(4001)
  })
  socket.on('ping', () => {
    if (state !== 'dead') session.close(4001)
  })
  // A broken connection is reported by `close`, too.
  socket.on('error', () => {})
  socket.on('close', (code) => {
    if (isGone || state === 'dead') return
    const wasBrokenOff = code === 1006
    if (wasBrokenOff) state = 'dead'
    noticeAfter(wasBrokenOff ? switches.deadSocketNoticedMs : 0, 'websocket_disconnected')
  })

  const session: Session = {
    id,
    connectedAt,
    send(message) {
      const isHeard = canHear()
      if (isHeard) sent++
      else lost++
      write(message)
      if (socket.bufferedAmount > QUEUE_MAX_BYTES) session.close(4005)
      return isHeard
    },
    wasAssigned: stopUnused,
    close(code) {
      if (isGone) return
      leave(statusOfClose(code))
      if (state !== 'dead') socket.close(code, '')
    },
    askToReconnect(url) {
      if (isGone || state !== 'connected') return
      write(control('session_reconnect', view('reconnecting', url)))
      state = 'reconnecting'
      stopGrace = clock.after(RECONNECT_GRACE_MS, () => session.close(4004))
    },
    succeed() {
      if (state === 'reconnecting') state = 'succeeded'
    },
    breakOff(noticedAfterMs) {
      if (isGone || state === 'dead') return
      state = 'dead'
      noticeAfter(noticedAfterMs, 'websocket_disconnected')
      rawSocketOf(socket)?.destroySoon()
    },
    halfOpen(pings) {
      if (isGone || state === 'dead') return
      state = pings ? 'mute' : 'dead'
      if (pings) return
      // Not even the close handshake of the client is answered: nobody reads any more.
      socket.pause()
    },
    notice(status) {
      if (state === 'dead' || state === 'mute') leave(status)
    },
    state: () => ({ id, connectedAt, state, keepaliveS, sent, lost, lastSentAt }),
    awaitsPong: () => !isGone && state !== 'dead' && clock.monotonic() - lastPingAt < switches.eventsubPongWithinMs,
  }
  write(control('session_welcome', view('connected', null)))
  return session
}

/** The TCP connection below; `ws` has no public name for it, and no way to end it without a word or a loss. */
function rawSocketOf(socket: WebSocket): { destroySoon(): void } | undefined {
  return (socket as unknown as { _socket?: { destroySoon(): void } })._socket
}
