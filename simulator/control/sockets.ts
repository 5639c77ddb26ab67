import { closeReason, disconnectOf, DISCONNECTS } from '../donationalerts/close-codes.ts'
import { json } from '../http.ts'
import type { Session } from '../donationalerts/session.ts'
import { streamerOf, type ControlOptions, type ControlRoute } from './route.ts'
import { BadRequest, flag, id, integer, optional, readFields, text } from './fields.ts'

/** The most that a close frame holds, by the WebSocket protocol. */
const REASON_MAX_BYTES = 123
/** Broken off without a close frame; cannot be sent, only done. */
const BROKEN_OFF = 1006

/** Whose sockets: exactly one of these. */
const SCOPE = { daId: optional(id), all: optional(flag), client: optional(text(64, 1)) }

export function socketRoutes({ people, sockets, faults }: ControlOptions): ControlRoute[] {
  /** Newest first, as a server walks through its connections in no order that anybody may rely on. */
  const chosen = ({
    daId,
    all,
    client,
  }: {
    daId?: string | undefined
    all?: boolean | undefined
    client?: string | undefined
  }): Session[] => {
    const given = [daId, client].filter((choice) => choice !== undefined).length + (all === true ? 1 : 0)
    if (given !== 1) throw new BadRequest([{ path: 'daId', message: 'give one of daId, client and "all": true' }])
    if (daId !== undefined) streamerOf(people, daId)
    return sockets
      .sessions()
      .filter((session) =>
        daId === undefined ? all === true || session.client === client : session.userOrNull() === daId,
      )
      .toReversed()
  }

  const close = (session: Session, code: number, reason: string | undefined, raw: boolean) => {
    if (code === BROKEN_OFF) return session.terminate()
    const known = disconnectOf(code)
    const words = reason ?? known?.reason ?? ''
    const disconnect = { code, reason: words, reconnect: known?.reconnect ?? true }
    // `raw`: the reason as it is given, or none, instead of Centrifugo's JSON.
    session.close(disconnect, raw ? (reason ?? '') : closeReason(disconnect))
  }

  return [
    {
      method: 'POST',
      path: '/control/sockets/close',
      run(body) {
        const {
          code,
          reason,
          raw = false,
          ...who
        } = readFields(body, {
          ...SCOPE,
          code: integer(1000, 4999),
          reason: optional(text(REASON_MAX_BYTES)),
          raw: optional(flag),
        })
        if (!isSendable(code))
          throw new BadRequest([{ path: 'code', message: 'must be one that may be sent, or 1006' }])
        if (Buffer.byteLength(closeReason({ reason: reason ?? '', reconnect: true })) > REASON_MAX_BYTES)
          throw new BadRequest([{ path: 'reason', message: 'is too long for a close frame' }])
        const sessions = chosen(who)
        for (const session of sessions) close(session, code, reason, raw)
        return json(200, { closed: sessions.length })
      },
    },
    {
      method: 'POST',
      path: '/control/sockets/half-open',
      run(body) {
        const sessions = chosen(readFields(body, SCOPE)).filter((session) => !session.state().halfOpen)
        for (const session of sessions) session.halfOpen()
        return json(200, { halfOpen: sessions.length })
      },
    },
    {
      method: 'POST',
      path: '/control/sockets/unsubscribe',
      run(body) {
        const sessions = chosen(readFields(body, SCOPE))
        const expelled = sessions.flatMap((session) => session.channels().map((channel) => ({ session, channel })))
        for (const { session, channel } of expelled) session.expel(channel)
        return json(200, { unsubscribed: expelled.length })
      },
    },
    {
      // A restart of the whole server: everybody is sent away at once, and for a while nobody is let in.
      method: 'POST',
      path: '/control/sockets/restart',
      run(body) {
        const { downMs = 0 } = readFields(body, { downMs: optional(integer(0, 3_600_000)) })
        if (downMs > 0) faults.add({ target: 'da.socket', kind: '502', durationMs: downMs })
        const sessions = sockets.sessions()
        for (const session of sessions) session.close(DISCONNECTS.shutdown)
        return json(200, { closed: sessions.length })
      },
    },
  ]
}

function isSendable(code: number): boolean {
  return code === BROKEN_OFF || code >= 3000 || (code >= 1000 && code <= 1014 && ![1004, 1005].includes(code))
}
