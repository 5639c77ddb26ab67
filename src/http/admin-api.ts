import { Readable } from 'node:stream'
import type { FastifyReply } from 'fastify'
import { z } from 'zod'
import { BOT_STATES } from '../app/bots/bot.ts'
import { STREAM_STATES } from '../app/donations/donation-stream-status.ts'
import { AppError } from '../base/errors.ts'
import type { AdminViews, Page, RowFilter } from '../persistence/admin-views.ts'
import type { ParkedPayloads } from '../persistence/parked-payloads.ts'
import {
  adminBotReply,
  nodeReply,
  overviewReply,
  readOverview,
  streamReply,
  toAdminBotReply,
  toNodeReply,
  toStreamReply,
} from './admin-replies.ts'
import type { Routes } from './app.ts'

export interface AdminApiOptions {
  views: AdminViews
  parked: ParkedPayloads
  nodeId: string
  now: () => number
}

/** Ten thousand rows are read and sent in portions: a reply to an operator is no reason to keep everybody else waiting. */
const PORTION = 500

/** Several states are separated by commas. Without `limit` all rows come. */
const rowsAsked = <State extends string>(states: readonly State[]) =>
  z.object({
    state: z
      .string()
      .transform((list) => list.split(','))
      .pipe(z.array(z.enum(states)))
      .optional(),
    desired: z.stringbool().optional(),
    /** A node's id; empty: nobody's. */
    owner: z.string().max(64).optional(),
    /** Part of the channel's name, or its id. */
    q: z.string().max(100).optional(),
    limit: z.coerce.number().int().min(1).max(1_000).optional(),
    /** The last channel of the page before. */
    after: z.uuid().optional(),
  })

/**
 * What an operator sees, of all nodes and the same on each. Payloads that could not be read hold donors' words: they are
 * shown here and logged nowhere.
 */
export function adminApiRoutes({ views, parked, nodeId, now }: AdminApiOptions): Routes {
  return (app) => {
    app.get(
      '/api/admin/overview',
      {
        config: { access: 'admin' },
        schema: { summary: 'How the service does, at a glance', response: { 200: overviewReply } },
      },
      () => readOverview(views, nodeId, now()),
    )

    app.get(
      '/api/admin/nodes',
      {
        config: { access: 'admin' },
        schema: {
          summary: 'The nodes of this service, the living first, then those that ended within the hour',
          response: { 200: z.array(nodeReply) },
        },
      },
      async () => (await views.nodes()).map(toNodeReply),
    )

    app.get(
      '/api/admin/bots',
      {
        config: { access: 'admin' },
        schema: {
          summary: 'All chat bots that were ever turned on; with `limit`, a page of them',
          querystring: rowsAsked(BOT_STATES),
          response: { 200: z.array(adminBotReply) },
        },
      },
      ({ query }, reply) =>
        sendRows(reply, query, {
          read: (filter, page) => views.bots(filter, page),
          count: (filter) => views.countBots(filter),
          toReply: toAdminBotReply,
        }),
    )

    app.get(
      '/api/admin/donations',
      {
        config: { access: 'admin' },
        schema: {
          summary: 'All donation streams; with `limit`, a page of them',
          querystring: rowsAsked(STREAM_STATES),
          response: { 200: z.array(streamReply) },
        },
      },
      ({ query }, reply) =>
        sendRows(reply, query, {
          read: (filter, page) => views.streams(filter, page),
          count: (filter) => views.countStreams(filter),
          toReply: toStreamReply,
        }),
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

interface Asked {
  state?: readonly string[] | undefined
  desired?: boolean | undefined
  owner?: string | undefined
  q?: string | undefined
  limit?: number | undefined
  after?: string | undefined
}

interface Rows<Row extends { channelId: string }, Reply> {
  read(filter: RowFilter, page: Page): Promise<Row[]>
  count(filter: RowFilter): Promise<number>
  toReply(row: Row): Reply
}

/** A page with the number of all rows beside it, or all of them in portions. */
async function sendRows<Row extends { channelId: string }, Reply>(
  reply: FastifyReply,
  { state, limit, after, ...rest }: Asked,
  { read, count, toReply }: Rows<Row, Reply>,
): Promise<never> {
  const filter: RowFilter = { ...rest, states: state }
  if (limit !== undefined) {
    const [rows, total] = await Promise.all([read(filter, { after, limit }), count(filter)])
    reply.header('x-total-count', total)
    return reply.send(rows.map(toReply)) as never
  }
  // Read before anything is sent: a database that does not answer is an answer of its own.
  const first = await read(filter, { after, limit: PORTION })
  const json = async function* () {
    let before = '['
    for (let rows = first; ; rows = await read(filter, { after: rows.at(-1)?.channelId, limit: PORTION })) {
      if (rows.length > 0) yield before + rows.map((row) => JSON.stringify(toReply(row))).join()
      if (rows.length > 0) before = ','
      if (rows.length < PORTION) break
    }
    yield before === '[' ? '[]' : ']'
  }
  return reply.type('application/json; charset=utf-8').send(Readable.from(json(), { objectMode: false })) as never
}
