import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { WebSocket } from 'ws'
import { eventually } from './eventually.ts'

/** A WebSocket client without any behaviour but to keep what it hears; the test says every word of it. */
export interface RawSocket {
  send(message: string): void
  /** The next line that was not taken yet; one message may hold several. */
  next(): Promise<string>
  /** Lines that nobody took. */
  waiting(): string[]
  /** Whole messages, as they came. */
  messages: string[]
  /** WebSocket pings so far. */
  pings(): number
  closed: Promise<{ code: number; reason: string }>
  isOpen(): boolean
  terminate(): void
  /** Stops reading, until told to go on. */
  freeze(): void
  thaw(): void
}

export interface RawSocketOptions {
  /** Answers WebSocket pings, as every decent client does. */
  autoPong?: boolean
}

export async function openRawSocket(
  t: Pick<TestContext, 'after'>,
  url: string,
  { autoPong = true }: RawSocketOptions = {},
): Promise<RawSocket> {
  const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/connection/websocket`, { autoPong })
  const lines: string[] = []
  const messages: string[] = []
  let pings = 0
  socket.on('ping', () => void pings++)
  socket.on('message', (message: Buffer) => {
    const text = message.toString('utf8')
    messages.push(text)
    lines.push(...text.split('\n').filter((line) => line !== ''))
  })
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.on('close', (code, reason) => resolve({ code, reason: reason.toString('utf8') }))
  })
  t.after(() => socket.terminate())
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve)
    socket.once('error', reject)
  })
  socket.on('error', () => {})
  return {
    send: (message) => socket.send(message),
    async next() {
      await eventually('a line from the server', () => lines.length > 0)
      return lines.shift() ?? assert.fail()
    },
    waiting: () => lines,
    messages,
    pings: () => pings,
    closed,
    isOpen: () => socket.readyState === socket.OPEN,
    terminate: () => socket.terminate(),
    freeze: () => socket.pause(),
    thaw: () => socket.resume(),
  }
}
