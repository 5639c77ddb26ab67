import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { Metrics } from '../base/metrics.ts'
import type { Routes } from './app.ts'

/** `GET /metrics`. The event loop's delay is measured between two scrapes. */
export function metricsRoutes({ metrics }: { metrics: Metrics }): Routes {
  return (app) => {
    const delay = monitorEventLoopDelay({ resolution: 20 })
    delay.enable()
    app.addHook('onClose', async () => void delay.disable())
    app.get(
      '/metrics',
      { config: { access: 'admin', pace: 'unlimited' }, schema: { summary: 'Prometheus text' } },
      async (_request, reply) => {
        for (const quantile of [50, 99]) {
          metrics.eventLoopDelay.set({ quantile: String(quantile / 100) }, delay.percentile(quantile) / 1e9)
        }
        delay.reset()
        return reply.type(metrics.registry.contentType).send(await metrics.registry.metrics())
      },
    )
  }
}
