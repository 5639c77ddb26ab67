/** Everything that can go wrong and has a name. `http/problem.ts` maps each code to a status; nothing else does. */
export type ErrorCode =
  | 'bad-request'
  | 'not-signed-in'
  | 'forbidden'
  | 'not-found'
  | 'method-not-allowed'
  | 'payload-too-large'
  | 'unsupported-media-type'
  | 'request-timeout'
  | 'no-channel'
  | 'conflict'
  | 'account-taken'
  | 'too-many-requests'
  | 'too-many-streams'
  | 'oauth-state-invalid'
  | 'oauth-denied'
  | 'oauth-failed'
  | 'missing-scope'
  | 'needs-reauth'
  | 'donations-not-configured'
  | 'ticket-invalid'
  | 'alert-not-offered'
  | 'nothing-to-skip'
  | 'platform-rate-limit'
  | 'platform-server'
  | 'platform-network'
  | 'platform-auth'
  | 'platform-invalid'
  | 'secret-unreadable'
  | 'shutting-down'
  | 'unavailable'
  | 'internal'

/** An error with a stable code. `details` is for logs and for the person who reads the reply: never put secrets in it. */
export class AppError extends Error {
  readonly code: ErrorCode
  readonly details: Record<string, unknown>

  constructor(code: ErrorCode, options: { message?: string; cause?: unknown } & Record<string, unknown> = {}) {
    const { message, cause, ...details } = options
    super(message ?? code, cause === undefined ? undefined : { cause })
    this.name = 'AppError'
    this.code = code
    this.details = details
  }
}

export function hasCode(error: unknown, ...codes: ErrorCode[]): error is AppError {
  return error instanceof AppError && codes.includes(error.code)
}

/**
 * A reason to end the whole process, said in words an operator can act on.
 * Exit codes are those of sysexits.h: 69 a service that is needed is not there, 78 the configuration is wrong.
 */
export class StartError extends Error {
  readonly exitCode: 69 | 78
  readonly lines: readonly string[]

  constructor(exitCode: 69 | 78, lines: readonly string[], options?: ErrorOptions) {
    super(lines.join('\n'), options)
    this.name = 'StartError'
    this.exitCode = exitCode
    this.lines = lines
  }
}
