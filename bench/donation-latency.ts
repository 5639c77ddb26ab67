import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { WebSocketServer, type WebSocket } from 'ws'
import type { Simulator } from '../simulator/simulator.ts'
import { openOverlay } from '../test/support/overlay-client.ts'
import type { Streamer } from '../test/support/streamer.ts'
import { eventually } from '../test/support/eventually.ts'

export interface LatencyFigures {
  /** Publication leaves the platform → `alert.offer` is in the overlay's hands, milliseconds, one a donation. */
  pipeline: number[]
  /** The same bytes of the offer, carried by a process that only passes them on. */
  echo: number[]
}

/** Donations one at a time, each beside an echo of its own offer: both wait for the same noise of the machine. */
export async function measureLatency(
  simulator: Simulator,
  streamer: Streamer,
  rounds: number,
): Promise<LatencyFigures> {
  const overlay = openOverlay({ overlayUrl: streamer.overlayUrl, drawMs: 0 })
  const echo = await startEcho()
  const person = simulator.people.byDaId(streamer.daId)
  if (!person) throw new Error('the streamer is not on the platform')
  const pipeline: number[] = []
  const echoed: number[] = []
  try {
    await eventually('the overlay is there', () => overlay.role() === 'primary')
    for (let n = 1; n <= rounds; n++) {
      const seen = overlay.frames().length
      const began = performance.now()
      simulator.donations.donate(person, {
        username: `donor ${n}`,
        amount: n,
        currency: 'RUB',
        message: 'Спасибо за стрим! 💜',
      })
      await eventually('the offer came', () =>
        overlay.log.some((entry) => entry.event === 'offered' && entry.amount === `${n}.00`),
      )
      const offered = overlay.log.find((entry) => entry.event === 'offered' && entry.amount === `${n}.00`)
      pipeline.push((offered?.at ?? 0) - began)
      await eventually('it was shown', () =>
        overlay.log.some((entry) => entry.event === 'done' && entry.amount === `${n}.00`),
      )
      const offer = overlay
        .frames()
        .slice(seen)
        .find((frame) => frame.event === 'alert.offer')
      echoed.push(await echo.send(`id: ${offer?.id}\nevent: alert.offer\ndata: ${JSON.stringify(offer?.data)}\n\n`))
    }
  } finally {
    overlay.close()
    echo.stop()
  }
  return { pipeline, echo: echoed }
}

async function startEcho() {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false })
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const child = spawn(process.execPath, [join(import.meta.dirname, 'echo-peer.ts'), `ws://127.0.0.1:${port}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [socket] = (await once(server, 'connection')) as [WebSocket]
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string]
  const [response] = (await once(get({ port: Number(line), host: '127.0.0.1', agent: false }), 'response')) as [
    IncomingMessage,
  ]
  response.setEncoding('utf8')
  return {
    async send(frame: string): Promise<number> {
      const began = performance.now()
      const arrived = new Promise<void>((resolve) => {
        let text = ''
        const take = (chunk: string) => {
          text += chunk
          if (!text.endsWith('\n\n')) return
          response.off('data', take)
          resolve()
        }
        response.on('data', take)
      })
      socket.send(frame)
      await arrived
      return performance.now() - began
    },
    stop() {
      response.destroy()
      server.close()
      socket.terminate()
      child.kill()
    },
  }
}
