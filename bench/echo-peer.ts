/**
 * The baseline: what a donation's way costs without us. Takes a message from a WebSocket and writes the same bytes to
 * an event stream, nothing else. Its first argument is the WebSocket's address; it prints the port it serves on.
 */
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { WebSocket } from 'ws'

const streams = new Set<ServerResponse>()
const server = createServer((_request, response) => {
  response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
  streams.add(response)
})
const socket = new WebSocket(process.argv[2] ?? '')
socket.on('message', (frame: Buffer) => {
  for (const stream of streams) stream.write(frame)
})
socket.on('close', () => process.exit(0))
socket.on('open', () => {
  server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port))
})
