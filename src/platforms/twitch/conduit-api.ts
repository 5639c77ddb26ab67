import { AppError } from '../../base/errors.ts'
import {
  readAssignments,
  readConduits,
  readOneConduit,
  readShardsPage,
  type Conduit,
  type ShardAssignments,
  type StandingShard,
} from './conduit-wire.ts'
import type { CallHelix } from './helix-call.ts'
import { quotaOf } from './subscription-wire.ts'

/** A conduit has at most 20,000 shards; more pages than this are no list but a cursor that leads in a circle. */
const MAX_PAGES = 250

/**
 * The requests about conduits (facts §6.1). Each is one request, but for the shards' pages.
 * `gone`: Twitch does not know the conduit, or it belongs to another application.
 */
export interface ConduitApi {
  list(signal: AbortSignal): Promise<Conduit[]>
  create(shardCount: number, signal: AbortSignal): Promise<Conduit>
  resize(conduit: Conduit, signal: AbortSignal): Promise<Conduit | 'gone'>
  shards(conduitId: string, signal: AbortSignal): Promise<StandingShard[] | 'gone'>
  /** Has shards deliver to this session, with one request. May be repeated. */
  assign(
    shards: { conduitId: string; shardIds: readonly string[]; sessionId: string },
    signal: AbortSignal,
  ): Promise<ShardAssignments | 'gone'>
}

export function createConduitApi(call: CallHelix): ConduitApi {
  const path = '/eventsub/conduits'
  const goneIf404 = (status: number) => (status === 404 ? 'gone' : undefined)
  return {
    list: (signal) => call({ endpoint: 'conduits', path, urgency: 'high', signal, read: readConduits }),

    async create(shardCount, signal) {
      const made = await call<Conduit | 'limit'>({
        endpoint: 'conduits',
        method: 'POST',
        path,
        json: { shard_count: shardCount },
        urgency: 'high',
        signal,
        read: readOneConduit,
        answer: (status, body) => (status === 429 && quotaOf(body) === 'conduits' ? 'limit' : undefined),
      })
      if (made === 'limit') throw invalid('conduits', 'conduit-limit')
      return made
    },

    resize: ({ id, shardCount }, signal) =>
      call<Conduit | 'gone'>({
        endpoint: 'conduits',
        method: 'PATCH',
        path,
        json: { id, shard_count: shardCount },
        urgency: 'high',
        signal,
        read: readOneConduit,
        answer: goneIf404,
      }),

    async shards(conduitId, signal) {
      const found: StandingShard[] = []
      let after: string | null = null
      for (let page = 0; page < MAX_PAGES; page++) {
        const reply: ReturnType<typeof readShardsPage> | 'gone' = await call<
          NonNullable<ReturnType<typeof readShardsPage>> | 'gone'
        >({
          endpoint: 'shards',
          path: `${path}/shards`,
          query: { conduit_id: conduitId, after },
          urgency: 'high',
          signal,
          read: readShardsPage,
          answer: goneIf404,
        })
        if (reply === 'gone') return 'gone'
        found.push(...reply.shards)
        after = reply.cursor
        if (after === null) return found
      }
      throw invalid('shards', 'pages')
    },

    assign: ({ conduitId, shardIds, sessionId }, signal) =>
      call<ShardAssignments | 'gone'>({
        endpoint: 'shards',
        method: 'PATCH',
        path: `${path}/shards`,
        json: {
          conduit_id: conduitId,
          shards: shardIds.map((id) => ({ id, transport: { method: 'websocket', session_id: sessionId } })),
        },
        urgency: 'high',
        signal,
        read: (body) => readAssignments(body, shardIds),
        answer: goneIf404,
      }),
  }
}

function invalid(endpoint: string, reason: string): AppError {
  return new AppError('platform-invalid', { platform: 'twitch', endpoint, reason })
}
