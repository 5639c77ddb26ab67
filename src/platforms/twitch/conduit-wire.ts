import { z } from 'zod'

/** Twitch names a conduit by a UUID; we only ever hand the name back. */
const conduitId = z.string().min(1).max(200)

export interface Conduit {
  id: string
  shardCount: number
}

const conduits = z.object({
  data: z.array(
    z
      .object({ id: conduitId, shard_count: z.number().int().nonnegative() })
      .transform((conduit): Conduit => ({ id: conduit.id, shardCount: conduit.shard_count })),
  ),
})

export function readConduits(body: unknown): Conduit[] | undefined {
  return conduits.safeParse(body).data?.data
}

export function readOneConduit(body: unknown): Conduit | undefined {
  return readConduits(body)?.[0]
}

/** How a shard stands at Twitch. */
export interface StandingShard {
  id: string
  /** `enabled`, or one of a list of reasons why not (facts §6.2.2). */
  status: string
  /** `null` where it has no WebSocket. */
  sessionId: string | null
}

const shard = z
  .object({
    id: z.string(),
    status: z.string(),
    transport: z
      .object({ session_id: z.string().nullish().catch(null) })
      .nullish()
      .catch(null),
  })
  .transform(({ id, status, transport }): StandingShard => ({ id, status, sessionId: transport?.session_id ?? null }))

const cursor = z
  .object({ cursor: z.string().min(1).nullish().catch(null) })
  .nullish()
  .catch(null)

const shardsPage = z
  .object({ data: z.array(shard), pagination: cursor })
  .transform(({ data, pagination }) => ({ shards: data, cursor: pagination?.cursor ?? null }))

export function readShardsPage(body: unknown): { shards: StandingShard[]; cursor: string | null } | undefined {
  return shardsPage.safeParse(body).data
}

/** What became of one shard of a 202: it holds successes and failures side by side. */
export type ShardAssignment = { enabled: true } | { enabled: false; code: string; outOfRange: boolean }

const assignment = z.object({
  data: z.array(shard).nullish().catch(null),
  errors: z
    .array(
      z.object({
        id: z.string(),
        message: z.string().nullish().catch(null),
        code: z.string().nullish().catch(null),
      }),
    )
    .nullish()
    .catch(null),
})

/** By the shard's number. */
export type ShardAssignments = ReadonlyMap<string, ShardAssignment>

/** `undefined` where nothing is said of a shard that was asked about. */
export function readAssignments(body: unknown, shardIds: readonly string[]): ShardAssignments | undefined {
  const { data: reply } = assignment.safeParse(body)
  if (!reply) return undefined
  const outcomes = new Map<string, ShardAssignment>()
  for (const shardId of shardIds) {
    const outcome = outcomeOf(reply, shardId)
    if (!outcome) return undefined
    outcomes.set(shardId, outcome)
  }
  return outcomes
}

function outcomeOf({ data, errors }: z.infer<typeof assignment>, shardId: string): ShardAssignment | undefined {
  const failed = errors?.find(({ id }) => id === shardId)
  if (failed) {
    const outOfRange = failed.message?.toLowerCase().includes('outside') ?? false
    return { enabled: false, code: wordOf(failed.code), outOfRange }
  }
  const standing = data?.find(({ id }) => id === shardId)
  if (!standing) return undefined
  return standing.status === 'enabled'
    ? { enabled: true }
    : { enabled: false, code: wordOf(standing.status), outOfRange: false }
}

/** Twitch's own word where it is one word: its prose may hold anything. */
export function wordOf(said: string | null | undefined): string {
  return said && /^[\w.-]{1,64}$/.test(said) ? said : 'other'
}

const shardDisabled = z
  .object({
    conduit_id: conduitId,
    shard_id: z.string(),
    status: z.string().nullish().catch(null),
    transport: z
      .object({ session_id: z.string().nullish().catch(null) })
      .nullish()
      .catch(null),
  })
  .transform((event) => ({
    conduitId: event.conduit_id,
    shardId: event.shard_id,
    status: wordOf(event.status),
    sessionId: event.transport?.session_id ?? null,
  }))

/** The event `conduit.shard.disabled`. */
export type DisabledShard = z.infer<typeof shardDisabled>

export function readDisabledShard(event: unknown): DisabledShard | undefined {
  return shardDisabled.safeParse(event).data
}
