import { randomUUID } from 'node:crypto'
import type { Stamp } from './stamps.ts'
import { subjectOf, type Condition } from './subscription-types.ts'

/** Statuses that a subscription ends with. Only an `enabled` one delivers and counts. */
export const ENDED_STATUSES = [
  'authorization_revoked',
  'user_removed',
  'moderator_removed',
  'chat_user_banned',
  'version_removed',
  'beta_maintenance',
  'conduit_deleted',
] as const
export type EndedStatus = (typeof ENDED_STATUSES)[number]

export interface Subscription {
  id: string
  client: string
  /** Its place in the list. */
  serial: number
  status: 'enabled' | EndedStatus
  type: string
  version: string
  condition: Condition
  conduitId: string
  createdAt: string
  cost: number
  /** Whom it is about: decides the shard. */
  subject: string
  /** As it stands in messages and lists; written once, because each notification carries it. */
  json: string
}

export interface SubscriptionRequest {
  client: string
  type: string
  version: string
  condition: Condition
  conduitId: string
  cost: number
}

/** `quota`: too many with this type and condition, or too much cost. */
export type Creation = { made: Subscription } | { exists: Subscription } | { quota: 'condition' | 'cost' }

export interface PageRequest {
  client: string
  first: number
  /** The serial after which the page begins. */
  after: number
  fits: (subscription: Subscription) => boolean
}

export interface Subscriptions {
  create(request: SubscriptionRequest): Creation
  get(id: string): Subscription | undefined
  /** Enabled ones of a type about somebody. */
  about(type: string, subject: string): readonly Subscription[]
  end(subscription: Subscription, status: EndedStatus): void
  remove(subscription: Subscription): void
  /** Oldest first; `more`: others follow. */
  page(request: PageRequest): { subscriptions: Subscription[]; more: boolean }
  totals(client: string): { count: number; cost: number }
  /** Oldest first, ended ones too. */
  all(): Subscription[]
  count(): number
  clear(): void
}

/** Documented for app tokens by examples alone. */
export const MAX_TOTAL_COST = 10_000
/** As the documentation has it: so many with the same type and condition. */
const SAME_MAX = 3
/** Ended ones that stay listed; beyond it the oldest go. */
const ENDED_KEPT = 20_000

export function createSubscriptions(stamp: Stamp): Subscriptions {
  const byId = new Map<string, Subscription>()
  /** Enabled ones: `<type> <subject>`. */
  const bySubject = new Map<string, Subscription[]>()
  /** Enabled ones: `<client> <type> <condition>`. */
  const alike = new Map<string, Subscription[]>()
  const costs = new Map<string, number>()
  const counts = new Map<string, number>()
  const ended = new Set<Subscription>()
  let serial = 0

  const likeness = ({ client, type, condition }: Pick<Subscription, 'client' | 'type' | 'condition'>) =>
    `${client} ${type} ${JSON.stringify(Object.entries(condition).sort(([a], [b]) => (a < b ? -1 : 1)))}`
  const add = (index: Map<string, Subscription[]>, key: string, subscription: Subscription) => {
    const own = index.get(key)
    if (own) own.push(subscription)
    else index.set(key, [subscription])
  }
  const drop = (index: Map<string, Subscription[]>, key: string, subscription: Subscription) => {
    const left = index.get(key)?.filter((other) => other !== subscription) ?? []
    if (left.length > 0) index.set(key, left)
    else index.delete(key)
  }
  const disable = (subscription: Subscription) => {
    if (subscription.status !== 'enabled') return
    drop(bySubject, `${subscription.type} ${subscription.subject}`, subscription)
    drop(alike, likeness(subscription), subscription)
    costs.set(subscription.client, (costs.get(subscription.client) ?? 0) - subscription.cost)
  }
  const forget = (subscription: Subscription) => {
    if (byId.delete(subscription.id)) counts.set(subscription.client, (counts.get(subscription.client) ?? 0) - 1)
    ended.delete(subscription)
  }

  return {
    create(request) {
      const { client, type, conduitId, cost, condition } = request
      const same = alike.get(likeness(request)) ?? []
      const twin = same.find((other) => other.conduitId === conduitId)
      if (twin) return { exists: twin }
      if (same.length >= SAME_MAX) return { quota: 'condition' }
      if ((costs.get(client) ?? 0) + cost > MAX_TOTAL_COST) return { quota: 'cost' }
      const subscription: Subscription = {
        ...request,
        id: randomUUID(),
        serial: ++serial,
        status: 'enabled',
        createdAt: stamp(),
        subject: subjectOf(condition),
        json: '',
      }
      subscription.json = jsonOf(subscription)
      byId.set(subscription.id, subscription)
      add(bySubject, `${type} ${subscription.subject}`, subscription)
      add(alike, likeness(subscription), subscription)
      costs.set(client, (costs.get(client) ?? 0) + cost)
      counts.set(client, (counts.get(client) ?? 0) + 1)
      return { made: subscription }
    },
    get: (id) => byId.get(id),
    about: (type, subject) => bySubject.get(`${type} ${subject}`) ?? NONE,
    end(subscription, status) {
      disable(subscription)
      subscription.status = status
      subscription.json = jsonOf(subscription)
      ended.add(subscription)
      for (const oldest of ended) {
        if (ended.size <= ENDED_KEPT) break
        forget(oldest)
      }
    },
    remove(subscription) {
      disable(subscription)
      forget(subscription)
    },
    page({ client, first, after, fits }) {
      const found: Subscription[] = []
      for (const subscription of byId.values()) {
        if (subscription.serial <= after || subscription.client !== client || !fits(subscription)) continue
        if (found.length === first) return { subscriptions: found, more: true }
        found.push(subscription)
      }
      return { subscriptions: found, more: false }
    },
    totals: (client) => ({ count: counts.get(client) ?? 0, cost: costs.get(client) ?? 0 }),
    all: () => [...byId.values()],
    count: () => byId.size,
    clear() {
      for (const memory of [byId, bySubject, alike, costs, counts, ended]) memory.clear()
    },
  }
}

const NONE: readonly Subscription[] = []

function jsonOf({ id, status, type, version, condition, conduitId, createdAt, cost }: Subscription): string {
  const transport = { method: 'conduit', conduit_id: conduitId }
  return JSON.stringify({ id, status, type, version, condition, transport, created_at: createdAt, cost })
}
