import { backoffMs } from '../../base/backoff.ts'
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/logger.ts'
import type { ConduitHome } from './conduit.ts'
import { reasonOf } from './failure.ts'
import type { OwnSubscriptionType, SubscriptionApi } from './subscription-api.ts'

const OWN_SUBSCRIPTION_TYPES: readonly OwnSubscriptionType[] = ['conduit.shard.disabled', 'user.authorization.revoke']

export interface OwnSubscriptionsOptions {
  clientId: string
  api: SubscriptionApi
  home: ConduitHome
  clock: Clock
  random: () => number
  logger: Logger
  signal: AbortSignal
}

/**
 * Has the conduit tell about itself and about people who take back what they allowed. They are looked for before they
 * are made: after a restart all is there, and nothing is requested twice.
 */
export async function ensureOwnSubscriptions(conduitId: string, options: OwnSubscriptionsOptions): Promise<void> {
  for (const type of OWN_SUBSCRIPTION_TYPES) await ensure(type, conduitId, options)
}

/** Tries until it is there, Twitch has no room for it, or the conduit is another one. */
async function ensure(type: OwnSubscriptionType, conduitId: string, options: OwnSubscriptionsOptions): Promise<void> {
  const { clientId, api, home, clock, random, logger, signal } = options
  const condition = { client_id: clientId, ...(type === 'conduit.shard.disabled' && { conduit_id: conduitId }) }
  for (let failures = 0; home.id() === conduitId && !signal.aborted;) {
    try {
      if (await isThere(type, conduitId, options)) return
      const made = await api.create({ type, condition, conduitId, signal })
      if (made.kind === 'there') {
        logger.info({ type, conduit: conduitId }, 'subscribed to what Twitch says of the conduit')
        return
      }
      if (made.kind === 'no-conduit') return home.lost(conduitId)
      logger.warn({ type, ...made }, 'Twitch refused a subscription of the application itself')
      return
    } catch (error) {
      if (signal.aborted) return
      failures += 1
      logger.warn({ type, failures, ...reasonOf(error) }, 'a subscription of the application could not be made')
      await clock.sleep(backoffMs(failures, random), signal).catch(() => {})
    }
  }
}

async function isThere(
  type: OwnSubscriptionType,
  conduitId: string,
  { api, signal }: Pick<OwnSubscriptionsOptions, 'api' | 'signal'>,
): Promise<boolean> {
  for await (const page of api.pages({ type }, signal)) {
    const found = page.some(
      (entry) => entry.type === type && entry.conduitId === conduitId && entry.status === 'enabled',
    )
    if (found) return true
  }
  return false
}
