import { FAULT_KINDS, FAULT_TARGETS } from '../faults.ts'
import { json } from '../http.ts'
import type { ControlOptions, ControlRoute } from './route.ts'
import { flag, integer, oneOf, optional, readFields, text } from './fields.ts'

const DAY_MS = 86_400_000

export function faultRoutes({ faults }: ControlOptions): ControlRoute[] {
  /** A fault without an end in numbers has one in time, and the other way round: JSON knows no infinity. */
  const listed = () =>
    faults.active().map((fault) => ({
      ...fault,
      until: Number.isFinite(fault.until) ? fault.until : null,
      timesLeft: Number.isFinite(fault.timesLeft) ? fault.timesLeft : null,
    }))
  return [
    {
      method: 'POST',
      path: '/control/faults',
      run(body) {
        faults.add(
          readFields(body, {
            target: oneOf(...FAULT_TARGETS),
            kind: oneOf(...FAULT_KINDS),
            durationMs: optional(integer(1, 30 * DAY_MS)),
            times: optional(integer(1, 1_000_000)),
            delayMs: optional(integer(0, DAY_MS)),
            retryAfter: optional(flag),
            message: optional(text(500)),
            resetInS: optional(integer(-DAY_MS, DAY_MS)),
          }),
        )
        return json(201, { faults: listed() })
      },
    },
    { method: 'GET', path: '/control/faults', run: () => json(200, { faults: listed() }) },
    {
      method: 'DELETE',
      path: '/control/faults',
      run() {
        faults.clear()
        return json(200, { faults: [] })
      },
    },
  ]
}
