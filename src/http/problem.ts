import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { AppError, type ErrorCode } from '../base/errors.ts'

/** RFC 9457 problem details, with the stable code that programs go by. */
export interface Problem {
  type: 'about:blank'
  title: string
  status: number
  code: ErrorCode
  detail?: string
  errors?: FieldError[]
}

/** Which part of what was sent is wrong: `alerts.volume`, or an empty path for the whole. */
export interface FieldError {
  path: string
  message: string
}

/** The one place where a code becomes a status. */
const PROBLEMS: Record<ErrorCode, [status: number, title: string]> = {
  'bad-request': [400, 'The request is not valid'],
  'not-signed-in': [401, 'You are not signed in'],
  forbidden: [403, 'You may not do this'],
  'not-found': [404, 'There is nothing here'],
  'method-not-allowed': [405, 'This address does not take that method'],
  'payload-too-large': [413, 'The request is too large'],
  'unsupported-media-type': [415, 'The body must be JSON'],
  'request-timeout': [408, 'The request did not arrive in time'],
  'no-channel': [404, 'You have no channel yet'],
  conflict: [409, 'This does not fit the present state'],
  'account-taken': [409, 'That account is connected to another streamer'],
  'too-many-requests': [429, 'Too many requests'],
  'too-many-streams': [429, 'Too many open streams'],
  'oauth-state-invalid': [400, 'The sign-in was not begun here, or too long ago'],
  'oauth-denied': [400, 'The sign-in was declined'],
  'oauth-failed': [502, 'The platform did not accept the sign-in'],
  'missing-scope': [403, 'A permission was not granted'],
  'needs-reauth': [409, 'The account must be connected again'],
  'donations-not-configured': [409, 'Donations are switched off on this server'],
  'ticket-invalid': [401, 'The ticket is not valid any more'],
  'alert-not-offered': [409, 'The alert is not offered to this overlay'],
  'nothing-to-skip': [409, 'No alert is being shown'],
  'platform-rate-limit': [503, 'The platform asks us to wait'],
  'platform-server': [502, 'The platform has a fault'],
  'platform-network': [502, 'The platform does not answer'],
  'platform-auth': [502, 'The platform refused our access'],
  'platform-invalid': [502, 'The platform’s answer could not be read'],
  'secret-unreadable': [500, 'A stored secret cannot be read'],
  'shutting-down': [503, 'The server is stopping'],
  unavailable: [503, 'The service is not available at this moment'],
  internal: [500, 'Something went wrong here'],
}

export function problemOf(code: ErrorCode, extra: { detail?: string; errors?: FieldError[] } = {}): Problem {
  const [status, title] = PROBLEMS[code]
  return { type: 'about:blank', title, status, code, ...extra }
}

export function sendProblem(reply: FastifyReply, problem: Problem): FastifyReply {
  // Serialized here: the route's own schema describes what it answers when all is well.
  return reply
    .code(problem.status)
    .header('content-type', 'application/problem+json; charset=utf-8')
    .serializer((body: unknown) => JSON.stringify(body))
    .send(problem)
}

/**
 * Everything thrown on the way to an answer ends here. What is our own fault is logged and told to nobody.
 * Of an AppError, `errors` ({@link FieldError}s) and `retryAfterS` are passed on.
 */
export function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const problem = toProblem(error)
  if (problem.status >= 500) {
    const facts = { err: error, problem: problem.code, method: request.method, route: request.routeOptions.url ?? null }
    if (problem.code === 'internal') request.log.error(facts, 'a request failed')
    // Whoever comes while we stop is told so; it is nobody's trouble, and each open overlay does.
    else if (problem.code !== 'shutting-down') request.log.warn(facts, 'a request could not be served')
  }
  const retryAfterS = error instanceof AppError ? error.details['retryAfterS'] : undefined
  if (typeof retryAfterS === 'number') reply.header('retry-after', Math.max(1, Math.ceil(retryAfterS)))
  return sendProblem(reply, problem)
}

function toProblem(error: unknown): Problem {
  if (error instanceof AppError) {
    const spoken = PROBLEMS[error.code][0] < 500 && error.message !== error.code
    const errors = error.details['errors'] as FieldError[] | undefined
    return problemOf(error.code, { ...(spoken ? { detail: error.message } : {}), ...(errors ? { errors } : {}) })
  }
  const { statusCode = 500, validation, validationContext } = (error ?? {}) as Partial<FastifyError>
  if (validation) return problemOf('bad-request', { errors: validation.flatMap(fieldErrors(validationContext)) })
  if (statusCode === 413) return problemOf('payload-too-large')
  if (statusCode === 415) return problemOf('unsupported-media-type')
  // Fastify's own refusals: broken JSON, a wrong length, an address that cannot be decoded.
  if (statusCode >= 400 && statusCode < 500) return problemOf('bad-request')
  return problemOf('internal')
}

type Issue = NonNullable<FastifyError['validation']>[number]

function fieldErrors(context = 'body'): (issue: Issue) => FieldError[] {
  return ({ keyword, instancePath, message = 'is not valid', params }) => {
    const path = instancePath.split('/').filter((part) => part !== '')
    const unknown = params['keys']
    if (keyword === 'unrecognized_keys' && Array.isArray(unknown)) {
      return unknown.map((key) => ({ path: [...path, String(key)].join('.'), message: 'is not known here' }))
    }
    const place = context === 'body' || path.length > 0 ? path.join('.') : context
    return [{ path: place, message }]
  }
}
