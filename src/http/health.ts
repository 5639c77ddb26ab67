import type { Routes } from './app.ts'

export type DependencyState = 'ok' | 'degraded' | 'down'

export interface HealthOptions {
  /** False from the first moment of a stop: the balancer is to send nobody here any more. */
  isServing(): boolean
  database(): Promise<boolean>
  /** Never a reason to send people elsewhere: one Redis serves all nodes, and each does its work without. */
  redis(): DependencyState
  twitch(): DependencyState
  donationAlerts(): DependencyState
  demo: boolean
  donationsConfigured: boolean
  version: string
}

/** For balancers and supervisors, and what the pages must know before anybody has signed in. */
export function healthRoutes(options: HealthOptions): Routes {
  return (app) => {
    app.get(
      '/health/live',
      { config: { access: 'public', pace: 'unlimited' }, schema: { summary: 'The process can serve' } },
      () => ({ status: 'ok' }),
    )

    app.get(
      '/health/ready',
      { config: { access: 'public', pace: 'unlimited' }, schema: { summary: 'This node may take traffic' } },
      async (_request, reply) => {
        const database: DependencyState = (await options.database()) ? 'ok' : 'down'
        const ready = options.isServing() && database === 'ok'
        return reply.code(ready ? 200 : 503).send({
          ready,
          stopping: !options.isServing(),
          database,
          redis: options.redis(),
          twitch: options.twitch(),
          donationalerts: options.donationAlerts(),
        })
      },
    )

    app.get('/api/status', { config: { access: 'public' }, schema: { summary: 'What this server offers' } }, () => ({
      demo: options.demo,
      donations: options.donationsConfigured,
      version: options.version,
    }))
  }
}
