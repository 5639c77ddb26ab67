import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import { WebSocketServer, type WebSocket } from 'ws'
import { eventually } from './eventually.ts'

/** A WebSocket server without any behaviour: the test says every word of it. */
export interface ScriptedServer {
  url: string
  /** The next connection, as soon as there is one. */
  accept(): Promise<ScriptedConnection>
}

export interface ScriptedConnection {
  /** Path and query, as they were asked for. */
  path: string
  /** The next message of the client that was not taken yet. */
  next(): Promise<string>
  /** Messages that nobody took. */
  waiting(): string[]
  send(message: string | Buffer): void
  /** Several texts as one message, each ended by a newline as the real server does. */
  sendLines(...lines: (string | object)[]): void
  close(code: number, reason?: string): void
  ping(): void
  /** Cuts the connection without a word. */
  terminate(): void
  /** Keeps the connection and neither reads nor answers any more, not even a goodbye. */
  freeze(): void
  isOpen(): boolean
}

export async function startScriptedServer(t: Pick<TestContext, 'after'>): Promise<ScriptedServer> {
  const http = createServer()
  const server = new WebSocketServer({ server: http })
  const connections: ScriptedConnection[] = []
  server.on('connection', (socket, request) => connections.push(scripted(socket, request.url ?? '')))
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    for (const client of server.clients) client.terminate()
    server.close()
    return new Promise((resolve) => http.close(resolve))
  })
  return {
    url: `ws://127.0.0.1:${(http.address() as AddressInfo).port}`,
    async accept() {
      await eventually('a connection', () => connections.length > 0)
      const connection = connections.shift()
      assert.ok(connection)
      return connection
    },
  }
}

function scripted(socket: WebSocket, path: string): ScriptedConnection {
  const received: string[] = []
  socket.on('message', (message: Buffer) => received.push(message.toString('utf8')))
  socket.on('error', () => {})
  return {
    path,
    async next() {
      await eventually('a message of the client', () => received.length > 0)
      return received.shift() ?? ''
    },
    waiting: () => received,
    send: (message) => socket.send(message, { binary: false }),
    sendLines: (...lines) =>
      socket.send(lines.map((line) => `${typeof line === 'string' ? line : JSON.stringify(line)}\n`).join('')),
    close: (code, reason) => socket.close(code, reason),
    ping: () => socket.ping(),
    terminate: () => socket.terminate(),
    freeze: () => socket.pause(),
    isOpen: () => socket.readyState === socket.OPEN,
  }
}
