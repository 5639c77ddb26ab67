import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Clock } from './clock.ts'
import type { Faults, Target } from './faults.ts'
import type { RequestLog } from './request-log.ts'

export type Accept = (request: IncomingMessage, socket: Duplex, head: Buffer) => void

export interface UpgradeOptions {
  clock: Clock
  faults: Faults
  log: RequestLog
}

/** The door of WebSockets: each newcomer is written down, and meets what was set up for it. */
export function createUpgrade(
  { clock, faults, log }: UpgradeOptions,
  target: Target,
  path: string,
  accept: Accept,
): Accept {
  return (request, socket, head) => {
    socket.on('error', () => {})
    const fault = faults.meet(target)
    const logged = log.begin({
      application: null,
      user: null,
      endpoint: target,
      method: 'GET',
      path,
      fault: fault?.kind ?? null,
    })
    switch (fault?.kind) {
      case undefined:
        logged.status = 101
        return accept(request, socket, head)
      case 'hang':
        return
      case 'slow':
        return void clock.after(fault.delayMs, () => accept(request, socket, head))
      case 'reset':
      case 'reply-lost':
      case 'empty':
        return void socket.destroy()
      case '429':
      case '500':
      case '502':
      case 'html':
        logged.status = fault.kind === 'html' ? 403 : Number(fault.kind)
        socket.end(`HTTP/1.1 ${logged.status} Refused\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
    }
  }
}
