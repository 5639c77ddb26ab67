import { AppError } from '../../base/errors.ts'

/** A failure as a log line may hold it: our words and the platform's codes. */
export function reasonOf(error: unknown): Record<string, unknown> {
  if (!(error instanceof AppError)) return { err: error }
  const { endpoint, status, reason, retryAfterMs } = error.details
  return {
    code: error.code,
    ...Object.fromEntries(
      Object.entries({ endpoint, status, reason, retryAfterMs }).filter(([, value]) => value !== undefined),
    ),
  }
}
