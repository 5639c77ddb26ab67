import { randomUUID } from 'node:crypto'
import type { Clock } from '../clock.ts'
import type { Switches } from '../switches.ts'
import type { Session } from './eventsub-session.ts'
import type { Stamp } from './stamps.ts'

export type ShardStatus =
  | 'enabled'
  | 'websocket_disconnected'
  | 'websocket_failed_ping_pong'
  | 'websocket_received_inbound_traffic'
  | 'websocket_internal_error'
  | 'websocket_network_timeout'
  | 'websocket_network_error'
  | 'websocket_failed_to_reconnect'

/** A place in a conduit, since it was first given a session. */
export interface Shard {
  id: string
  conduit: Conduit
  status: ShardStatus
  session: Session
  connectedAt: string
  disconnectedAt: string | null
}

export interface Conduit {
  id: string
  client: string
  shardCount: number
  /** Those that ever had a session, by number. */
  shards: Map<number, Shard>
}

export interface Conduits {
  create(client: string, shardCount: number): Conduit | null
  /** By a change of the count broadcasters move to other shards: whose shard it is follows from the count alone. */
  resize(conduit: Conduit, shardCount: number): void
  remove(conduit: Conduit): void
  get(id: string): Conduit | undefined
  of(client: string): Conduit[]
  all(): Conduit[]
  /** Gives a shard of the conduit to a session, which may hold several. */
  assign(conduit: Conduit, index: number, session: Session): Shard
  /** The session ended: its shards stand empty. */
  release(session: Session, status: ShardStatus): void
  /** All shards of one session go over to another. */
  move(from: Session, to: Session): void
  heldBy(session: Session): Shard[]
  clear(): void
}

export interface ConduitsOptions {
  clock: Clock
  stamp: Stamp
  switches: Switches
  /** A shard lost its session. */
  onShardDisabled(shard: Shard): void
  /** The conduit is gone: by request, or by itself. */
  onRemoved(conduit: Conduit): void
}

export const CONDUITS_MAX = 5
export const SHARDS_MAX = 20_000
/** A conduit none of whose shards is enabled lives so long. */
const DESERTED_TTL_MS = 72 * 3_600_000

export function createConduits({ clock, stamp, switches, onShardDisabled, onRemoved }: ConduitsOptions): Conduits {
  const conduits = new Map<string, Conduit>()
  const held = new Map<Session, Set<Shard>>()
  /** Conduits without an enabled shard → stops their end. */
  const deserted = new Map<string, () => void>()

  const isDeserted = ({ shards, shardCount }: Conduit) => {
    for (const [index, { status }] of shards) if (index < shardCount && status === 'enabled') return false
    return true
  }
  const watch = (conduit: Conduit) => {
    if (!isDeserted(conduit)) {
      deserted.get(conduit.id)?.()
      deserted.delete(conduit.id)
    } else if (!deserted.has(conduit.id)) {
      deserted.set(
        conduit.id,
        clock.after(DESERTED_TTL_MS, () => remove(conduit)),
      )
    }
  }
  const leave = (shard: Shard) => held.get(shard.session)?.delete(shard)
  const hold = (shard: Shard) => {
    const own = held.get(shard.session) ?? new Set()
    held.set(shard.session, own.add(shard))
  }
  const remove = (conduit: Conduit) => {
    if (!conduits.delete(conduit.id)) return
    deserted.get(conduit.id)?.()
    deserted.delete(conduit.id)
    for (const shard of conduit.shards.values()) leave(shard)
    onRemoved(conduit)
  }

  return {
    create(client, shardCount) {
      if ([...conduits.values()].filter((conduit) => conduit.client === client).length >= CONDUITS_MAX) return null
      const conduit: Conduit = { id: randomUUID(), client, shardCount, shards: new Map() }
      conduits.set(conduit.id, conduit)
      watch(conduit)
      return conduit
    },
    resize(conduit, shardCount) {
      conduit.shardCount = shardCount
      for (const [index, shard] of conduit.shards) {
        if (index < shardCount) continue
        leave(shard)
        if (!switches.removedShardsStayListed) conduit.shards.delete(index)
      }
      watch(conduit)
    },
    remove,
    get: (id) => conduits.get(id),
    of: (client) => [...conduits.values()].filter((conduit) => conduit.client === client),
    all: () => [...conduits.values()],
    assign(conduit, index, session) {
      const before = conduit.shards.get(index)
      if (before) leave(before)
      const { connectedAt } = session
      const shard: Shard = { id: String(index), conduit, status: 'enabled', session, connectedAt, disconnectedAt: null }
      conduit.shards.set(index, shard)
      hold(shard)
      session.wasAssigned()
      watch(conduit)
      return shard
    },
    release(session, status) {
      for (const shard of held.get(session) ?? []) {
        shard.status = status
        shard.disconnectedAt = stamp()
        watch(shard.conduit)
        onShardDisabled(shard)
      }
      held.delete(session)
    },
    move(from, to) {
      for (const shard of held.get(from) ?? []) {
        shard.session = to
        shard.connectedAt = to.connectedAt
        hold(shard)
        to.wasAssigned()
      }
      held.delete(from)
    },
    heldBy: (session) => [...(held.get(session) ?? [])],
    clear() {
      for (const stop of deserted.values()) stop()
      for (const memory of [conduits, held, deserted]) memory.clear()
    },
  }
}

/** A shard as the API lists it. */
export function shardView({ id, status, session, connectedAt, disconnectedAt }: Shard) {
  return {
    id,
    status,
    transport: {
      method: 'websocket',
      session_id: session.id,
      connected_at: connectedAt,
      ...(disconnectedAt === null ? {} : { disconnected_at: disconnectedAt }),
    },
  }
}
