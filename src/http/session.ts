import type { FastifyReply, FastifyRequest } from 'fastify'
import { SESSION_TTL_S } from '../persistence/sessions.ts'

/** The browser's half of a session: a cookie that scripts cannot read and other sites cannot send along with a POST. */
export interface SessionCookie {
  /** The session id the browser brought, or `null` where it brought none that could be one. */
  read(request: FastifyRequest): string | null
  write(reply: FastifyReply, sessionId: string): void
  clear(reply: FastifyReply): void
}

/** The form of every id that {@link newSecret} makes; anything else is not worth a look into the database. */
const SECRET_FORM = /^[\w-]{43}$/

/**
 * @param secure The public address is https: the cookie takes the `__Host-` prefix, which a neighbouring subdomain
 * cannot set.
 */
export function createSessionCookie({ secure }: { secure: boolean }): SessionCookie {
  const name = secure ? '__Host-chatfolk_session' : 'chatfolk_session'
  const attributes = { path: '/', httpOnly: true, secure, sameSite: 'lax' } as const
  return {
    read: (request) => secretIn(request, name),
    write: (reply, sessionId) => void reply.setCookie(name, sessionId, { ...attributes, maxAge: SESSION_TTL_S }),
    clear: (reply) => void reply.clearCookie(name, attributes),
  }
}

/** The value of a cookie that should hold one of our secrets, where it looks like one. */
export function secretIn(request: FastifyRequest, cookieName: string): string | null {
  const value = request.cookies[cookieName]
  return value !== undefined && SECRET_FORM.test(value) ? value : null
}
