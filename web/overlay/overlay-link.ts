import type {
  OverlayEvent,
  OverlayFrame,
  OverlayRole,
  OverlaySessionRequest,
} from '../../src/domain/overlay-protocol.ts'
import type { OverlayServer } from './overlay-server.ts'
import type { ServerTime } from './server-time.ts'
import { readFrame, readPosition } from './wire.ts'

/** One connection of the event stream, whoever provides it. */
export interface EventStream {
  close(): void
}

export interface EventStreamListener {
  event(type: string, text: string, id: string): void
  broken(): void
}

export type OpenEventStream = (url: string, listener: EventStreamListener) => EventStream

/** What arrives, already read. */
export type OverlayHandlers = { [Type in OverlayEvent]?: (frame: OverlayFrame<Type>) => void }

export interface OverlayLink {
  /** The current session's ticket; `undefined` while there is none. */
  ticket(): string | undefined
  role(): OverlayRole
  close(): void
}

export interface OverlayLinkParts {
  server: Pick<OverlayServer, 'openSession' | 'snapshot'>
  openStream: OpenEventStream
  time: ServerTime
  /** Milliseconds that only grow. */
  monotonic(): number
  after(delayMs: number, run: () => void): () => void
  random(): number
  /** What the page says of itself at each new session. */
  introduce(): OverlaySessionRequest
  handlers: OverlayHandlers
}

/** A rotated key may come back when the streamer pastes the new link elsewhere first; nobody waits for it. */
const UNKNOWN_KEY_RETRY_MS = 60_000
/** Pings come every 15 s: two lost and a half. */
const SILENCE_MS = 40_000
const FIRST_RETRY_MS = { least: 1_000, spread: 2_000 }
const LONGEST_RETRY_MS = 30_000

/** Frames whose ids count up by one; a hole among them means that the stage is no longer what the server believes. */
const CHANGES_STAGE = /^(?:avatar\.|game\.|settings$)/

/** Keeps one event stream open for the page's life: sessions, silence, backoff, holes. */
export function keepOverlayLink(parts: OverlayLinkParts): OverlayLink {
  const { server, time, after, random, handlers } = parts
  let closed = false
  let failures = 0
  let ticket: string | undefined
  let role: OverlayRole = 'mirror'
  let position = { epoch: -1, seq: -1 }
  let stream: EventStream | undefined
  let cancelTimer = () => {}

  void connect()
  return {
    ticket: () => ticket,
    role: () => role,
    close() {
      closed = true
      hangUp()
    },
  }

  async function connect(): Promise<void> {
    const askedAt = parts.monotonic()
    const session = await server.openSession(parts.introduce())
    if (closed) return
    if (session === 'unknown-key') return retryIn(UNKNOWN_KEY_RETRY_MS * (0.9 + random() * 0.2))
    if (session === 'unreachable') return retryIn(nextDelayMs())
    time.answered(session.serverNow, askedAt, parts.monotonic())
    ticket = session.ticket
    role = session.role
    position = { epoch: session.epoch, seq: session.seq }
    listen(session.streamUrl)
  }

  function listen(url: string): void {
    const opened = parts.openStream(url, {
      event(type, text, id) {
        if (opened !== stream) return
        watchSilence()
        receive(type, text, id)
      },
      broken() {
        if (opened === stream) retryIn(nextDelayMs())
      },
    })
    stream = opened
    watchSilence()
  }

  function receive(type: string, text: string, id: string): void {
    const frame = readFrame(type as OverlayEvent, text)
    if (!frame) return
    time.stamped(frame.at)
    const at = readPosition(id)
    if (type === 'snapshot') {
      failures = 0
      position = { epoch: at?.epoch ?? position.epoch, seq: (frame as OverlayFrame<'snapshot'>).d.seq }
    } else if (at && isHole(type, at)) {
      void fillHole(at)
    } else if (at) {
      position = at
    }
    if (type === 'role') role = (frame as OverlayFrame<'role'>).d.role
    if (Object.hasOwn(handlers, type)) handlers[type as OverlayEvent]?.(frame as never)
  }

  function isHole(type: string, at: { epoch: number; seq: number }): boolean {
    if (at.epoch !== position.epoch) return true
    return at.seq > position.seq + (CHANGES_STAGE.test(type) ? 1 : 0)
  }

  async function fillHole(at: { epoch: number; seq: number }): Promise<void> {
    // Moved on at once, so that the frames behind the hole do not each ask again.
    position = at
    const [before, asked] = [stream, ticket]
    const snapshot = asked === undefined ? undefined : await server.snapshot(asked)
    if (closed || before !== stream) return
    if (!snapshot) return retryIn(nextDelayMs())
    position = { epoch: at.epoch, seq: Math.max(position.seq, snapshot.seq) }
    handlers.snapshot?.({ v: 1, at: time.now(), d: snapshot })
  }

  function watchSilence(): void {
    cancelTimer()
    cancelTimer = after(SILENCE_MS, () => retryIn(nextDelayMs()))
  }

  function retryIn(delayMs: number): void {
    hangUp()
    cancelTimer = after(delayMs, () => void connect())
  }

  function hangUp(): void {
    cancelTimer()
    const open = stream
    stream = undefined
    ticket = undefined
    open?.close()
  }

  /** 1–3 s at first; later anywhere up to a cap that doubles to 30 s, so that overlays of a dead node spread out. */
  function nextDelayMs(): number {
    failures++
    if (failures === 1) return FIRST_RETRY_MS.least + random() * FIRST_RETRY_MS.spread
    return Math.max(500, random() * Math.min(LONGEST_RETRY_MS, 3_000 * 2 ** Math.min(failures - 1, 8)))
  }
}
