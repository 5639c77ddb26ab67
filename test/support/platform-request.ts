import assert from 'node:assert/strict'
import { systemClock } from '../../src/base/clock.ts'
import { AppError } from '../../src/base/errors.ts'
import { createMetrics } from '../../src/base/metrics.ts'
import { createPlatformRequest, type RequestPlatform } from '../../src/platforms/request.ts'

/** Real requests, counted by nobody. */
export function createTestRequest(): RequestPlatform {
  return createPlatformRequest({ clock: systemClock, metrics: createMetrics() })
}

/** The error of a call that must fail, as code and reason, with all that a log could see of it. */
export async function failureOf(
  call: Promise<unknown>,
): Promise<{ code: string; reason: unknown; everything: string }> {
  const error = await call.then(
    () => assert.fail('it did not fail'),
    (reason: unknown) => reason,
  )
  assert.ok(error instanceof AppError, String(error))
  const everything = [error.message, error.stack, JSON.stringify(error.details), String(error.cause)].join('\n')
  return { code: error.code, reason: error.details['reason'], everything }
}
