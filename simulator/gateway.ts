import type { Clock } from './clock.ts'
import type { Fault, Faults, Target } from './faults.ts'
import { html, json, send, type Exchange, type Reply } from './http.ts'
import type { RequestLog } from './request-log.ts'

/** What is known of a request before any work is done for it. */
export interface PlatformCall {
  target: Target
  application: string | null
  user?: string | null
  /** Refuses what is over the limit, and counts what is not. */
  limit?: () => { refusal: Reply | null; headers: Record<string, string> }
  work: () => Reply
}

/** The door that every platform request comes through: written down, counted, disturbed on demand, answered. */
export type Gateway = (exchange: Exchange, call: PlatformCall) => Promise<Reply | null>

export interface GatewayOptions {
  clock: Clock
  faults: Faults
  log: RequestLog
}

export function createGateway({ clock, faults, log }: GatewayOptions): Gateway {
  return async (exchange, { target, application, user = null, limit, work }) => {
    const fault = faults.meet(target)
    const logged = log.begin({
      application,
      user,
      endpoint: target,
      method: exchange.method,
      path: exchange.url.pathname,
      fault: fault?.kind ?? null,
    })
    const limited = limit?.()
    const headers = limited?.headers ?? {}
    const answerWith = (reply: Reply): Reply => {
      logged.status = reply.status
      logged.doneAt = clock.monotonic()
      return { ...reply, headers: { ...headers, ...reply.headers } }
    }

    if (fault?.kind === 'slow') {
      await new Promise<void>((resolve) => void clock.after(fault.delayMs, resolve))
      // The work comes after the wait: whoever has given up meanwhile has changed nothing.
      if (exchange.response.destroyed) return null
    }
    if (fault?.kind === 'hang') return null
    if (fault?.kind === 'reset') {
      exchange.request.socket.resetAndDestroy()
      return null
    }
    const failure = fault && failureOf(fault, target, clock)
    if (failure) return answerWith(failure)
    if (limited?.refusal) return answerWith(limited.refusal)

    const reply = work()
    if (fault?.kind === 'reply-lost') {
      exchange.request.socket.destroy()
      return null
    }
    // The answer is on its way before it is awaited by anybody: a record is complete when the client has its reply.
    send(exchange.response, answerWith(reply))
    return null
  }
}

function failureOf(fault: Fault, target: Target, clock: Clock): Reply | undefined {
  const { message } = fault
  switch (fault.kind) {
    case '429':
      if (target.startsWith('twitch.')) return tooManyAtTwitch(fault, clock)
      return json(
        429,
        { message: message ?? 'Too Many Attempts.' },
        fault.retryAfter ? { 'retry-after': waitOf(fault, clock) } : {},
      )
    case '500':
      return target.startsWith('twitch.')
        ? json(500, { error: 'Internal Server Error', status: 500, message: message ?? '' })
        : json(500, { message: message ?? 'Server Error' })
    case '502':
      return html(
        502,
        '<html><head><title>502 Bad Gateway</title></head><body><center><h1>502 Bad Gateway</h1></center><hr><center>nginx</center></body></html>',
      )
    case 'html':
      return html(
        200,
        '<!DOCTYPE html><html><head><title>Just a moment...</title></head><body>Checking your browser</body></html>',
      )
    case 'empty':
      return { status: 200, headers: { 'content-type': 'application/json' }, body: '' }
    default:
      return undefined
  }
}

/** A limit, or with other words a quota, whose refusal looks the same but for the words: nothing is used up then. */
function tooManyAtTwitch(fault: Fault, clock: Clock): Reply {
  const resetAtS = Math.floor(clock.now() / 1_000) + (fault.resetInS ?? Number(waitOf(fault, clock)))
  return json(
    429,
    { error: 'Too Many Requests', status: 429, message: fault.message ?? 'too many requests' },
    fault.retryAfter && fault.message === null
      ? { 'ratelimit-remaining': '0', 'ratelimit-reset': String(resetAtS) }
      : {},
  )
}

/** Whole seconds until the fault is over; a minute where only the number of refusals is known. */
function waitOf({ until }: Fault, clock: Clock): string {
  return String(until === Infinity ? 60 : Math.max(1, Math.ceil((until - clock.monotonic()) / 1_000)))
}
