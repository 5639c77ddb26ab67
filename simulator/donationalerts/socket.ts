import { WebSocketServer } from 'ws'
import type { Clock } from '../clock.ts'
import type { Faults } from '../faults.ts'
import type { Random } from '../random.ts'
import type { RequestLog } from '../request-log.ts'
import type { Switches } from '../switches.ts'
import { createUpgrade, type Accept } from '../upgrade.ts'
import type { Channels } from './channels.ts'
import { createCommands } from './commands.ts'
import { createSession, type Session } from './session.ts'
import type { SocketTokens } from './socket-tokens.ts'

export interface SocketServerOptions {
  clock: Clock
  random: Random
  switches: Switches
  channels: Channels
  tokens: SocketTokens
  faults: Faults
  log: RequestLog
}

export interface SocketServer {
  /** Takes an HTTP upgrade at `/connection/websocket`. */
  upgrade: Accept
  /** Oldest first. */
  sessions(): Session[]
  userOfClient(client: string): string | undefined
  /** Calls back at each subscription. The returned function ends that. */
  onSubscribed(tell: (user: string, channel: string) => void): () => void
  /** Breaks every connection and takes no more. */
  stop(): void
}

/** Centrifugo's default for one message. */
const MESSAGE_MAX_BYTES = 64 * 1024

export function createSocketServer(options: SocketServerOptions): SocketServer {
  const { clock } = options
  const sessions = new Map<string, Session>()
  const watchers = new Set<(user: string, channel: string) => void>()
  // Pings are answered by the session: a half-open one must not.
  const server = new WebSocketServer({ noServer: true, maxPayload: MESSAGE_MAX_BYTES, autoPong: false })
  const obey = createCommands({
    ...options,
    now: () => clock.now(),
    onSubscribed(session, channel) {
      for (const tell of watchers) tell(session.user, channel)
    },
  })

  const accept: Accept = (request, socket, head) =>
    server.handleUpgrade(request, socket, head, (ws) => {
      const session = createSession({ ...options, socket: ws, onGone: () => void sessions.delete(session.client) })
      sessions.set(session.client, session)
      ws.on('message', (message, isBinary) => {
        if (session.state().halfOpen) return
        // A binary message has no meaning in the JSON protocol; the real server tries to decode it and fails.
        obey(session, isBinary ? '' : (message as Buffer).toString('utf8'))
      })
    })

  return {
    upgrade: createUpgrade(options, 'da.socket', '/connection/websocket', accept),
    sessions: () => [...sessions.values()],
    userOfClient: (client) => sessions.get(client)?.userOrNull() ?? undefined,
    onSubscribed(tell) {
      watchers.add(tell)
      return () => void watchers.delete(tell)
    },
    stop() {
      for (const session of sessions.values()) session.terminate()
      for (const socket of server.clients) socket.terminate()
      server.close()
    },
  }
}
