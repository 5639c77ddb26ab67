import { z } from 'zod'
import type { WatchDonations } from '../app/watch-donations.ts'
import { AppError } from '../base/errors.ts'
import type { ParkedPayloads } from '../persistence/parked-payloads.ts'
import type { Routes } from './app.ts'

export interface AdminApiOptions {
  watchDonations: Pick<WatchDonations, 'all'>
  parked: ParkedPayloads
  nodeId: string
}

/** What an operator sees. Payloads that could not be read hold donors' words: they are shown here and logged nowhere. */
export function adminApiRoutes({ watchDonations, parked, nodeId }: AdminApiOptions): Routes {
  return (app) => {
    app.get(
      '/api/admin/donations',
      { config: { access: 'admin' }, schema: { summary: 'All donation streams of this node' } },
      () =>
        watchDonations.all().map((stream) => ({
          channelId: stream.channelId,
          source: stream.source,
          state: stream.state,
          owner: nodeId,
          failures: stream.failures,
          errors: stream.errors,
          backoffUntil: iso(stream.backoffUntil),
          lastResponseMs: stream.lastResponseMs,
          lastPushAt: iso(stream.lastPushAt),
          lastSweepAt: iso(stream.lastSweepAt),
          lastError: stream.lastError && { code: stream.lastError.code, at: iso(stream.lastError.at) },
          application: stream.application,
        })),
    )

    app.get(
      '/api/admin/parked',
      {
        config: { access: 'admin' },
        schema: {
          summary: 'Payloads that could not be read, newest first',
          querystring: z.object({ limit: z.coerce.number().int().min(1).max(1_000).default(100) }),
        },
      },
      (request) => parked.list(request.query.limit),
    )

    app.delete(
      '/api/admin/parked/:id',
      {
        config: { access: 'admin' },
        schema: { summary: 'Mark a parked payload as dealt with', params: z.object({ id: z.uuid() }) },
      },
      async (request, reply) => {
        if (!(await parked.resolve(request.params.id))) throw new AppError('not-found')
        return reply.code(204).send()
      },
    )
  }
}

const iso = (at: number | null) => (at === null ? null : new Date(at).toISOString())
