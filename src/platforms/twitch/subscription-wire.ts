import { z } from 'zod'
import { SUBSCRIPTION_TYPES, type SubscriptionType } from '../chat.ts'
import { isRecord } from '../json.ts'
import { userId } from './wire.ts'

/** A subscription as Twitch lists it, creates it and tells of its end. */
export interface Subscription {
  id: string
  status: string
  type: string
  condition: { channelUserId: string | null; readerUserId: string | null }
  /** `null` where it is delivered in another way. */
  conduitId: string | null
}

const optionalUserId = userId.nullish().catch(null)

const subscription = z
  .object({
    id: z.string().min(1).max(200),
    status: z.string(),
    type: z.string(),
    condition: z.object({ broadcaster_user_id: optionalUserId, user_id: optionalUserId }).nullish().catch(null),
    transport: z
      .object({ method: z.string(), conduit_id: z.string().nullish().catch(null) })
      .nullish()
      .catch(null),
  })
  .transform(({ id, status, type, condition, transport }): Subscription => ({
    id,
    status,
    type,
    condition: {
      channelUserId: condition?.broadcaster_user_id ?? null,
      readerUserId: condition?.user_id ?? null,
    },
    conduitId: transport?.method === 'conduit' ? (transport.conduit_id ?? null) : null,
  }))

export function readSubscription(body: unknown): Subscription | undefined {
  return subscription.safeParse(body).data
}

const page = z
  .object({
    data: z.array(z.unknown()),
    pagination: z
      .object({ cursor: z.string().min(1).nullish().catch(null) })
      .nullish()
      .catch(null),
  })
  .transform(({ data, pagination }) => ({
    // One entry of a shape that we do not know must not hide the other 99.
    subscriptions: data.map(readSubscription).filter((entry) => entry !== undefined),
    cursor: pagination?.cursor ?? null,
  }))

export type SubscriptionsPage = z.infer<typeof page>

export function readSubscriptionsPage(body: unknown): SubscriptionsPage | undefined {
  return page.safeParse(body).data
}

/** The id in the answer to a create. */
export function readCreatedId(body: unknown): string | undefined {
  return page.safeParse(body).data?.subscriptions[0]?.id
}

/**
 * The id that a 409 tells of what is there already: "the error's `id` is the existing subscription" (facts §4.1).
 * Where in the error it stands is not written, so an answer without one is an answer too.
 */
export function readExistingId(body: unknown): string | null {
  if (!isRecord(body)) return null
  const { id } = body
  if (typeof id === 'string' && id !== '' && id.length <= 200) return id
  return readCreatedId(body) ?? null
}

const failure = z.object({ message: z.string() })

export function messageOf(body: unknown): string {
  return failure.safeParse(body).data?.message.toLowerCase() ?? ''
}

/**
 * A 429 that no waiting ends (facts §4.1, §6.1): something is full. `null`: an ordinary rate limit, or one in words
 * that we do not know, which is taken for one.
 */
export function quotaOf(body: unknown): 'transports' | 'type-and-condition' | 'cost' | 'conduits' | null {
  const words = messageOf(body)
  if (words.includes('websocket transports limit')) return 'transports'
  if (words.includes('type and condition')) return 'type-and-condition'
  if (words.includes('cost')) return 'cost'
  if (words.includes('conduit')) return 'conduits'
  return null
}

export function isSubscriptionType(type: string): type is SubscriptionType {
  return (SUBSCRIPTION_TYPES as readonly string[]).includes(type)
}
