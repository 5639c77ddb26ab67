import { AppError } from '../../base/errors.ts'
import { SUBSCRIPTION_TYPES, type SubscriptionType } from '../chat.ts'
import type { CallHelix } from './helix-call.ts'
import {
  messageOf,
  quotaOf,
  readCreatedId,
  readExistingId,
  readSubscriptionsPage,
  type Subscription,
  type SubscriptionsPage,
} from './subscription-wire.ts'

/** What the application is told about itself, once for each conduit. */
export type OwnSubscriptionType = 'conduit.shard.disabled' | 'user.authorization.revoke'

export interface NewSubscription {
  type: SubscriptionType | OwnSubscriptionType
  condition: Record<string, string>
  conduitId: string
  signal?: AbortSignal | undefined
}

export type CreateOutcome =
  | { kind: 'there'; id: string | null }
  | { kind: 'refused'; reason: 'permission' | 'banned' | 'invalid' }
  /** Something is full at Twitch; asking again does not help. */
  | { kind: 'full'; quota: NonNullable<ReturnType<typeof quotaOf>> }
  /** Twitch does not know the conduit. */
  | { kind: 'no-conduit' }

/** The requests about subscriptions (facts §4.1). None of them is urgent: they wait for points and leave a reserve. */
export interface SubscriptionApi {
  create(subscription: NewSubscription): Promise<CreateOutcome>
  remove(id: string, signal?: AbortSignal): Promise<void>
  /** All of this application, whatever the conduit. One request a page. */
  pages(filter: { type?: string }, signal?: AbortSignal): AsyncIterable<Subscription[]>
}

/** Version 1 each (facts §4.5). */
const VERSION = '1'

/** 20 subscriptions a page at the least, 10,000 channels of 7 types. More is no list but a cursor that leads in a circle. */
const MAX_PAGES = 500 * SUBSCRIPTION_TYPES.length

export function createSubscriptionApi(call: CallHelix): SubscriptionApi {
  const path = '/eventsub/subscriptions'
  return {
    create: ({ type, condition, conduitId, signal }) =>
      call<CreateOutcome>({
        endpoint: 'subscriptions',
        method: 'POST',
        path,
        json: { type, version: VERSION, condition, transport: { method: 'conduit', conduit_id: conduitId } },
        urgency: 'low',
        signal,
        read: (body) => {
          const id = readCreatedId(body)
          return id === undefined ? undefined : { kind: 'there', id }
        },
        answer: readRefusedCreate,
      }),

    async remove(id, signal) {
      await call<'gone'>({
        endpoint: 'subscriptions',
        method: 'DELETE',
        path,
        query: { id },
        urgency: 'low',
        signal,
        read: () => 'gone',
        answer: (status) => (status === 404 ? 'gone' : undefined),
      })
    },

    async *pages({ type }, signal) {
      let after: string | null = null
      for (let page = 0; page < MAX_PAGES; page++) {
        const { subscriptions, cursor }: SubscriptionsPage = await call<SubscriptionsPage>({
          endpoint: 'subscriptions',
          path,
          query: { type: type ?? null, after },
          urgency: 'low',
          signal,
          read: readSubscriptionsPage,
        })
        yield subscriptions
        if (cursor === null || cursor === after) return
        after = cursor
      }
      throw new AppError('platform-invalid', { platform: 'twitch', endpoint: 'subscriptions', reason: 'pages' })
    },
  }
}

/** 401 is left to the general rules: another token may be let in. */
function readRefusedCreate(status: number, body: unknown): CreateOutcome | undefined {
  // A page of HTML comes from a guard in front of Twitch, which knows nothing of subscriptions.
  if (body === undefined) return undefined
  switch (status) {
    case 409:
      return { kind: 'there', id: readExistingId(body) }
    case 429: {
      const quota = quotaOf(body)
      return quota === null ? undefined : { kind: 'full', quota }
    }
    case 403:
      return { kind: 'refused', reason: messageOf(body).includes('banned') ? 'banned' : 'permission' }
    case 400:
    case 404:
      return messageOf(body).includes('conduit') ? { kind: 'no-conduit' } : { kind: 'refused', reason: 'invalid' }
    case 410:
      return { kind: 'refused', reason: 'invalid' }
    default:
      return undefined
  }
}
