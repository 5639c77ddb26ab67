import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { Clock } from '../base/clock.ts'
import type { Metrics } from '../base/metrics.ts'
import type { Routes } from './app.ts'

export interface MetricsOptions {
  metrics: Metrics
  /** Counts what is only worth counting when somebody looks. */
  countNow(): Promise<void>
  clock: Clock
}

/** A database in trouble must not take the other figures with it: they are what tells of the trouble. */
const COUNT_WITHIN_MS = 1_000

/** Each sample wakes an idle process. */
const SAMPLE_EVERY_MS = 100

/** `GET /metrics`. The event loop's delay is measured between two scrapes. */
export function metricsRoutes({ metrics, countNow, clock }: MetricsOptions): Routes {
  return (app) => {
    const delay = monitorEventLoopDelay({ resolution: SAMPLE_EVERY_MS })
    delay.enable()
    app.addHook('onClose', async () => void delay.disable())
    app.get(
      '/metrics',
      { config: { access: 'admin', pace: 'unlimited' }, schema: { summary: 'Prometheus text' } },
      async (_request, reply) => {
        for (const quantile of [50, 99]) {
          // Node measures from sample to sample; what is more than the time between them is delay.
          const delayMs = Math.max(0, delay.percentile(quantile) / 1e6 - SAMPLE_EVERY_MS)
          metrics.eventLoopDelay.set({ quantile: String(quantile / 100) }, delayMs / 1_000)
        }
        delay.reset()
        await within(COUNT_WITHIN_MS, countNow())
        return reply.type(metrics.registry.contentType).send(await metrics.registry.metrics())
      },
    )
  }

  /** What fails or takes longer is left as it was. */
  function within(ms: number, work: Promise<void>): Promise<void> {
    return new Promise((resolve) => {
      const cancel = clock.after(ms, resolve)
      work
        .catch(() => undefined)
        .finally(() => {
          cancel()
          resolve()
        })
    })
  }
}
