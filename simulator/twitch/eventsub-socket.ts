import { randomBytes } from 'node:crypto'
import { WebSocketServer, type WebSocket } from 'ws'
import type { Clock } from '../clock.ts'
import type { Faults } from '../faults.ts'
import type { RequestLog } from '../request-log.ts'
import type { Switches } from '../switches.ts'
import { createUpgrade, type Accept } from '../upgrade.ts'
import { createSession, type Session } from './eventsub-session.ts'
import type { Conduits, ShardStatus } from './conduits.ts'
import type { Stamp } from './stamps.ts'

export interface EventSubSocketOptions {
  clock: Clock
  stamp: Stamp
  switches: Switches
  faults: Faults
  log: RequestLog
  conduits: Pick<Conduits, 'move' | 'release'>
}

export interface EventSubSockets {
  /** Takes an HTTP upgrade at `/ws`. */
  upgrade: Accept
  /** Oldest first. */
  sessions(): Session[]
  get(id: string): Session | undefined
  /** Tells the client to move to an address of its own. */
  askToReconnect(session: Session): void
  /** Where both connections of a moving client hear everything: the old one of this session. */
  overlapOf(session: Session): Session | undefined
  /** Breaks every connection, takes more. */
  clear(): void
  /** Breaks every connection and takes no more. */
  stop(): void
}

/** A client has nothing to say. */
const MESSAGE_MAX_BYTES = 64 * 1024
const KEEPALIVE_DEFAULT_S = 10
const KEEPALIVE_MAX_S = 600

export function createEventSubSockets(options: EventSubSocketOptions): EventSubSockets {
  const { switches, conduits } = options
  const sessions = new Map<string, { session: Session; host: string }>()
  /** Session that moves → where to. */
  const moves = new Map<string, { address: string; from: Session }>()
  /** New session → the one that it came from, as long as that is open. */
  const origins = new Map<Session, Session>()
  const server = new WebSocketServer({ noServer: true, maxPayload: MESSAGE_MAX_BYTES, autoPong: false })

  const onGone = (session: Session, status: ShardStatus) => {
    sessions.delete(session.id)
    moves.delete(session.id)
    for (const [heir, origin] of origins) if (origin === session) origins.delete(heir)
    origins.delete(session)
    conduits.release(session, status)
  }
  const open = (socket: WebSocket, url: URL): Session => {
    const session = createSession({ ...options, socket, keepaliveS: keepaliveOf(url, switches.keepaliveMinS), onGone })
    sessions.set(session.id, { session, host: url.host })
    return session
  }
  const welcome = (socket: WebSocket, url: URL) => {
    if (!url.searchParams.has('challenge') && !url.searchParams.has('id')) return void open(socket, url)
    const move = moves.get(url.searchParams.get('id') ?? '')
    // Unmodified to the letter, and used once.
    if (!move || url.pathname + url.search !== move.address) return socket.close(4007)
    moves.delete(move.from.id)
    const session = open(socket, url)
    move.from.succeed()
    if (!switches.shardKeptOnReconnect) return
    conduits.move(move.from, session)
    origins.set(session, move.from)
  }
  const accept: Accept = (request, socket, head) =>
    server.handleUpgrade(request, socket, head, (ws) => {
      ws.on('error', () => {})
      const url = URL.parse(`http://${request.headers.host ?? 'localhost'}${request.url ?? ''}`)
      if (url) welcome(ws, url)
      else ws.close(4000)
    })
  const end = () => {
    for (const { session } of sessions.values()) session.breakOff(0)
    for (const socket of server.clients) socket.terminate()
    for (const memory of [sessions, moves, origins]) memory.clear()
  }

  return {
    upgrade: createUpgrade(options, 'twitch.socket', '/ws', accept),
    sessions: () => [...sessions.values()].map(({ session }) => session),
    get: (id) => sessions.get(id)?.session,
    askToReconnect(session) {
      const challenge = randomBytes(16).toString('hex')
      const address = `/ws?challenge=${challenge}&id=${encodeURIComponent(session.id)}`
      moves.set(session.id, { address, from: session })
      session.askToReconnect(`ws://${sessions.get(session.id)?.host}${address}`)
    },
    overlapOf: (session) => (switches.reconnectOverlap ? origins.get(session) : undefined),
    clear: end,
    stop() {
      end()
      server.close()
    },
  }
}

/** Out of range values are clamped, and what is no number is the default. */
function keepaliveOf(url: URL, minS: number): number {
  const asked = Number(url.searchParams.get('keepalive_timeout_seconds') ?? KEEPALIVE_DEFAULT_S)
  if (!Number.isFinite(asked)) return KEEPALIVE_DEFAULT_S
  return Math.min(Math.max(Math.floor(asked), minS), KEEPALIVE_MAX_S)
}
