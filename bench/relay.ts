import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { WebSocketServer, type WebSocket } from 'ws'
import { pace } from '../simulator/pace.ts'
import { createMovableClock } from '../simulator/clock.ts'
import { cpuMs } from './node-under-test.ts'

/** What a frame of a bubble is long, as the node writes it. */
const FRAME_BYTES = 220

/**
 * The baseline of chat: as many messages, over a WebSocket into a process that writes a ready frame of the same length to
 * one of as many event streams, and does nothing else.
 */
export async function measureRelay(
  { messages, perSecond }: { messages: number; perSecond: number },
  streams: number,
): Promise<{ latencies: number[]; cpuMs: number }> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false })
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const child = spawn(process.execPath, [join(import.meta.dirname, 'relay-peer.ts'), `ws://127.0.0.1:${port}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [socket] = (await once(server, 'connection')) as [WebSocket]
  const [address] = (await once(createInterface({ input: child.stdout }), 'line')) as [string]
  const sentAt = new Float64Array(messages)
  const latencies: number[] = []
  const open: IncomingMessage[] = []
  for (let n = 0; n < streams; n++) {
    const request = get({ port: Number(address), host: '127.0.0.1', agent: false })
    request.on('error', () => {})
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    response.setEncoding('utf8')
    response.on('error', () => {})
    response.on('data', (chunk: string) => {
      const now = performance.now()
      for (const [, number] of chunk.matchAll(/#(\d+)#/g)) latencies.push(now - (sentAt[Number(number)] ?? Number.NaN))
    })
    open.push(response)
  }
  const before = await cpuMs(child.pid ?? 0)
  const clock = createMovableClock()
  const filling = 'x'.repeat(FRAME_BYTES)
  await new Promise<void>((done) => {
    pace(clock, {
      count: messages,
      perSecond,
      done,
      run(index) {
        sentAt[index] = performance.now()
        socket.send(JSON.stringify({ to: index % streams, frame: `data: #${index}# ${filling}\n\n` }))
      },
    })
  })
  const deadline = performance.now() + 5_000
  while (latencies.length < messages && performance.now() < deadline) await new Promise((wait) => setTimeout(wait, 20))
  const used = (await cpuMs(child.pid ?? 0)) - before
  for (const response of open) response.destroy()
  clock.stop()
  socket.terminate()
  server.close()
  child.kill()
  return { latencies, cpuMs: used }
}
