import type { Authorizations } from './authorizations.ts'
import type { Standings } from './standing.ts'
import type { Condition, Need } from './subscription-types.ts'

/** What an application without a user at hand may do in somebody's name: by consents, roles and bans. */
export interface Permissions {
  /** What stands in the way of a subscription; `null`: nothing. */
  obstacle(client: string, need: Need, condition: Condition): Obstacle | null
  /** Whether this account may speak in the channel as a bot of this application. */
  maySpeak(client: string, channel: string, sender: string): boolean
}

/** The status that a subscription gets when it comes up later, and the words for it when it is there at once. */
export interface Obstacle {
  status: 'authorization_revoked' | 'moderator_removed' | 'chat_user_banned'
  message: string
}

const revoked = (message: string): Obstacle => ({ status: 'authorization_revoked', message })

export function createPermissions(authorizations: Authorizations, standings: Standings): Permissions {
  const { has } = authorizations
  /** The channel lets the application's bot in, or has made the account its moderator, or it is the account's own. */
  const isWelcome = (client: string, channel: string, user: string) =>
    channel === user || has(channel, client, 'channel:bot') || standings.of(channel, user).moderator

  const obstacleToChat = (client: string, channel: string, reader: string): Obstacle | null => {
    for (const scope of ['user:read:chat', 'user:bot'])
      if (!has(reader, client, scope)) return revoked(`subscription missing proper authorization: ${scope} of the user`)
    if (standings.exclusion(channel, reader) === 'banned')
      return { status: 'chat_user_banned', message: 'the user is banned in this channel' }
    return isWelcome(client, channel, reader)
      ? null
      : { status: 'moderator_removed', message: 'subscription missing proper authorization: channel:bot' }
  }

  return {
    obstacle(client, need, condition) {
      if (need === 'nothing') return null
      if (need === 'own-application')
        return condition['client_id'] === client ? null : revoked('subscription missing proper authorization')
      const channel = condition['broadcaster_user_id'] ?? ''
      if (need === 'chat') return obstacleToChat(client, channel, condition['user_id'] ?? '')
      const granter = condition[need.from] ?? ''
      if (!need.oneOf.some((scope) => has(granter, client, scope)))
        return revoked(`subscription missing proper authorization: ${need.oneOf.join(' or ')}`)
      const isInPlace =
        need.from !== 'moderator_user_id' || granter === channel || standings.of(channel, granter).moderator
      return isInPlace ? null : { status: 'moderator_removed', message: 'the user is no moderator of this channel' }
    },
    maySpeak: (client, channel, sender) =>
      has(sender, client, 'user:write:chat') && has(sender, client, 'user:bot') && isWelcome(client, channel, sender),
  }
}
