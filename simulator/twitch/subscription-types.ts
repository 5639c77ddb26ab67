/** Who must have allowed what before an event may be subscribed to. */
export type Need =
  /** Everybody may know. */
  | 'nothing'
  /** The reading account and the channel, in the way of chat. */
  | 'chat'
  /** It concerns the application itself, whose id is in the condition. */
  | 'own-application'
  /** One of the scopes, from the account that this field of the condition names. */
  | { from: 'broadcaster_user_id' | 'moderator_user_id'; oneOf: readonly string[] }

export interface SubscriptionType {
  version: string
  required: readonly string[]
  optional?: readonly string[]
  /** Exactly one of these. */
  either?: readonly string[]
  need: Need
}

const BROADCASTER = ['broadcaster_user_id']
const ofBroadcaster = (version: string, need: Need): SubscriptionType => ({ version, required: BROADCASTER, need })
const scopes = (...oneOf: string[]): Need => ({ from: 'broadcaster_user_id', oneOf })
const CHAT: SubscriptionType = { version: '1', required: ['broadcaster_user_id', 'user_id'], need: 'chat' }
const SUBSCRIBERS = ofBroadcaster('1', scopes('channel:read:subscriptions'))
const REDEMPTIONS = ofBroadcaster('1', scopes('channel:read:redemptions', 'channel:manage:redemptions'))
const HYPE_TRAIN = ofBroadcaster('2', scopes('channel:read:hype_train'))

/** The events that an application may subscribe to, each in its current version. */
export const SUBSCRIPTION_TYPES: ReadonlyMap<string, SubscriptionType> = new Map<string, SubscriptionType>([
  ['stream.online', ofBroadcaster('1', 'nothing')],
  ['stream.offline', ofBroadcaster('1', 'nothing')],
  ['channel.update', ofBroadcaster('2', 'nothing')],
  [
    'channel.raid',
    { version: '1', required: [], either: ['to_broadcaster_user_id', 'from_broadcaster_user_id'], need: 'nothing' },
  ],
  [
    'channel.follow',
    {
      version: '2',
      required: ['broadcaster_user_id', 'moderator_user_id'],
      need: { from: 'moderator_user_id', oneOf: ['moderator:read:followers'] },
    },
  ],
  ['channel.subscribe', SUBSCRIBERS],
  ['channel.subscription.gift', SUBSCRIBERS],
  ['channel.subscription.message', SUBSCRIBERS],
  ['channel.subscription.end', SUBSCRIBERS],
  ['channel.cheer', ofBroadcaster('1', scopes('bits:read'))],
  ['channel.bits.use', ofBroadcaster('1', scopes('bits:read'))],
  ['channel.channel_points_custom_reward_redemption.add', REDEMPTIONS],
  ['channel.channel_points_custom_reward_redemption.update', REDEMPTIONS],
  ['channel.hype_train.begin', HYPE_TRAIN],
  ['channel.hype_train.progress', HYPE_TRAIN],
  ['channel.hype_train.end', HYPE_TRAIN],
  ['channel.chat.message', CHAT],
  ['channel.chat.notification', CHAT],
  ['channel.chat.clear', CHAT],
  ['channel.chat.clear_user_messages', CHAT],
  ['channel.chat.message_delete', CHAT],
  ['user.authorization.revoke', { version: '1', required: ['client_id'], need: 'own-application' }],
  [
    'conduit.shard.disabled',
    { version: '1', required: ['client_id'], optional: ['conduit_id'], need: 'own-application' },
  ],
])

export type Condition = Readonly<Record<string, string>>

/** The condition as it is meant, or what is wrong with it. */
export function readCondition(type: SubscriptionType, given: unknown): { is: Condition } | { wrong: string } {
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    return { wrong: 'missing required parameter "condition"' }
  const known = new Set([...type.required, ...(type.optional ?? []), ...(type.either ?? [])])
  const condition: Record<string, string> = {}
  for (const [name, text] of Object.entries(given)) {
    if (!known.has(name)) return { wrong: `unknown field "${name}" in the condition` }
    if (typeof text !== 'string') return { wrong: `condition "${name}" must be a string` }
    // Clients may send optional fields empty.
    if (text !== '') condition[name] = text
  }
  for (const name of type.required)
    if (condition[name] === undefined) return { wrong: `condition "${name}" is missing` }
  const chosen = type.either?.filter((name) => condition[name] !== undefined)
  if (chosen && chosen.length !== 1) return { wrong: `the condition needs exactly one of ${type.either?.join(', ')}` }
  return { is: condition }
}

/** Whom the event is about. Everything about one channel goes to one shard of a conduit. */
export function subjectOf(condition: Condition): string {
  return (
    condition['broadcaster_user_id'] ??
    condition['to_broadcaster_user_id'] ??
    condition['from_broadcaster_user_id'] ??
    condition['client_id'] ??
    ''
  )
}
