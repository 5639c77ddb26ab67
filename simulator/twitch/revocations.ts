import type { Clock } from '../clock.ts'
import type { Grants } from '../grants.ts'
import type { Switches } from '../switches.ts'
import type { Authorizations } from './authorizations.ts'
import type { Chatter } from './chatters.ts'
import type { Conduit, Shard } from './conduits.ts'
import { shardView } from './conduits.ts'
import type { Delivery } from './delivery.ts'
import type { Permissions } from './permissions.ts'
import { SUBSCRIPTION_TYPES } from './subscription-types.ts'
import type { EndedStatus, Subscription, Subscriptions } from './subscriptions.ts'

/** What ends subscriptions, and who is told of it. */
export interface Revocations {
  /**
   * The person takes back what the application was allowed, changes the password (both `authorization_revoked`) or
   * leaves Twitch (`user_removed`: nobody can be named any more). Tokens die, subscriptions end. Returns how many.
   */
  revoke(user: Chatter, client: string, status: 'authorization_revoked' | 'user_removed'): number
  /** Ends those that have lost what they stood on: a role, a place in the channel. Returns how many. */
  review(channel: string): number
  /** Ends them with this status, and says so. */
  end(subscriptions: Subscription[], status: EndedStatus): void
  shardDisabled(shard: Shard): void
  /** Its subscriptions end, too, but Twitch takes its time to say so. */
  conduitRemoved(conduit: Conduit): void
}

export interface RevocationsOptions {
  clock: Clock
  grants: Grants
  authorizations: Authorizations
  permissions: Permissions
  subscriptions: Subscriptions
  delivery: Delivery
  switches: Switches
}

export function createRevocations(options: RevocationsOptions): Revocations {
  const { clock, grants, authorizations, permissions, subscriptions, delivery, switches } = options

  const end = (ended: Subscription[], status: EndedStatus) => {
    for (const subscription of ended) {
      if (subscription.status !== 'enabled') continue
      subscriptions.end(subscription, status)
      delivery.revocation(subscription)
    }
  }
  const enabled = () => subscriptions.all().filter(({ status }) => status === 'enabled')
  const obstacleTo = ({ client, type, condition }: Subscription) =>
    permissions.obstacle(client, SUBSCRIPTION_TYPES.get(type)?.need ?? 'nothing', condition)

  return {
    end,
    revoke(user, client, status) {
      authorizations.revoke(user.id, client)
      grants.kill(user.id, 'both', client)
      const isGone = status === 'user_removed'
      const concerned = enabled().filter(
        (subscription) =>
          subscription.client === client &&
          Object.values(subscription.condition).includes(user.id) &&
          (isGone || obstacleTo(subscription) !== null),
      )
      end(concerned, status)
      const named = isGone ? { user_login: null, user_name: null } : { user_login: user.login, user_name: user.name }
      delivery.announce('user.authorization.revoke', {
        subject: client,
        event: JSON.stringify({ client_id: client, user_id: user.id, ...named }),
      })
      return concerned.length
    },
    review(channel) {
      let count = 0
      for (const subscription of enabled()) {
        if (subscription.subject !== channel) continue
        const obstacle = obstacleTo(subscription)
        if (!obstacle) continue
        end([subscription], obstacle.status)
        count++
      }
      return count
    },
    shardDisabled(shard) {
      const { id: conduitId, client } = shard.conduit
      const { id, ...view } = shardView(shard)
      const event = JSON.stringify({ conduit_id: conduitId, shard_id: id, ...view })
      delivery.announce('conduit.shard.disabled', { subject: client, event, concerns: conduitId })
    },
    conduitRemoved(conduit) {
      clock.after(switches.conduitDeletedDelayMs, () => {
        for (const subscription of enabled())
          if (subscription.conduitId === conduit.id) subscriptions.end(subscription, 'conduit_deleted')
      })
    },
  }
}
