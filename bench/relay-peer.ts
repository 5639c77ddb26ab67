/**
 * The baseline of chat: takes `{to, frame}` from a WebSocket and writes the frame to event stream number `to`. Its first
 * argument is the WebSocket's address; it prints the port it serves on.
 */
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { WebSocket } from 'ws'

const streams: ServerResponse[] = []
const server = createServer((_request, response) => {
  response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
  streams.push(response)
})
const socket = new WebSocket(process.argv[2] ?? '')
socket.on('message', (data: Buffer) => {
  const { to, frame } = JSON.parse(data.toString()) as { to: number; frame: string }
  streams[to]?.write(frame)
})
socket.on('close', () => process.exit(0))
socket.on('open', () => {
  server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port))
})
