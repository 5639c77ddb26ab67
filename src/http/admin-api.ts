import { z } from 'zod'
import { STREAM_STATES } from '../app/donation-stream-status.ts'
import type { OverlayAudience } from '../app/overlay-audience.ts'
import type { RunBots } from '../app/run-bots.ts'
import type { WatchDonations } from '../app/watch-donations.ts'
import { AppError } from '../base/errors.ts'
import type { ParkedPayloads } from '../persistence/parked-payloads.ts'
import type { Routes } from './app.ts'
import { adminBotReply, toAdminBotReply } from './bot-replies.ts'

export interface AdminApiOptions {
  watchDonations: Pick<WatchDonations, 'all'>
  bots: Pick<RunBots, 'all' | 'count'>
  parked: ParkedPayloads
  audience: Pick<OverlayAudience, 'count'>
  nodeId: string
  startedAt: number
  now: () => number
}

const instant = z.iso.datetime()
const text = z.string()
const count = z.int().min(0)

const nodeReply = z.object({
  id: text,
  roles: z.array(z.enum(['web', 'bots', 'donations'])),
  startedAt: instant,
  lastSeenAt: instant,
  fenced: z.boolean(),
  bots: count,
  overlays: count,
})

const streamReply = z.object({
  channelId: text,
  source: text,
  state: z.enum(STREAM_STATES),
  owner: text,
  failures: count,
  errors: z.object({ rate_limit: count, server: count, network: count, auth: count, invalid: count }),
  backoffUntil: instant.nullable(),
  lastResponseMs: z.number().nullable(),
  lastPushAt: instant.nullable(),
  lastSweepAt: instant.nullable(),
  lastError: z.object({ code: text, at: instant }).nullable(),
  application: text,
})

/** What an operator sees. Payloads that could not be read hold donors' words: they are shown here and logged nowhere. */
export function adminApiRoutes(options: AdminApiOptions): Routes {
  const { watchDonations, bots, parked, audience, nodeId, startedAt, now } = options
  return (app) => {
    app.get(
      '/api/admin/bots',
      {
        config: { access: 'admin' },
        schema: { summary: 'All chat bots that were ever turned on', response: { 200: z.array(adminBotReply) } },
      },
      async () => (await bots.all()).map((bot) => toAdminBotReply(bot, nodeId)),
    )

    app.get(
      '/api/admin/nodes',
      {
        config: { access: 'admin' },
        schema: { summary: 'The nodes of this service: one, this one', response: { 200: z.array(nodeReply) } },
      },
      (): z.infer<typeof nodeReply>[] => [
        {
          id: nodeId,
          roles: ['web', 'bots', 'donations'],
          startedAt: new Date(startedAt).toISOString(),
          lastSeenAt: new Date(now()).toISOString(),
          fenced: false,
          bots: bots.count(),
          overlays: audience.count(),
        },
      ],
    )

    app.get(
      '/api/admin/donations',
      {
        config: { access: 'admin' },
        schema: { summary: 'All donation streams of this node', response: { 200: z.array(streamReply) } },
      },
      (): z.infer<typeof streamReply>[] =>
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
          lastError: stream.lastError && {
            code: stream.lastError.code,
            at: new Date(stream.lastError.at).toISOString(),
          },
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
