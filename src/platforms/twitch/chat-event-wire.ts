import { z } from 'zod'
import type { ChatEvent } from '../../domain/chat-message.ts'
import type { EndedSubscription, SubscriptionType } from '../chat.ts'
import { userId } from './wire.ts'

/** Moderation and streams: rare beside chat itself. */
type RareType = Exclude<SubscriptionType, 'channel.chat.message' | 'channel.chat.notification'>

const inChannel = { broadcaster_user_id: userId }

const RARE: { [Type in RareType]: z.ZodType<ChatEvent> } = {
  'channel.chat.message_delete': z
    .object({ ...inChannel, target_user_id: userId, message_id: z.string().min(1).max(200) })
    .transform((event) => ({
      type: 'message-deleted',
      channelUserId: event.broadcaster_user_id,
      messageId: event.message_id,
      userId: event.target_user_id,
    })),
  'channel.chat.clear': z
    .object(inChannel)
    .transform((event) => ({ type: 'cleared', channelUserId: event.broadcaster_user_id })),
  'channel.chat.clear_user_messages': z.object({ ...inChannel, target_user_id: userId }).transform((event) => ({
    type: 'user-cleared',
    channelUserId: event.broadcaster_user_id,
    userId: event.target_user_id,
  })),
  'stream.online': z
    .object(inChannel)
    .transform((event) => ({ type: 'stream-online', channelUserId: event.broadcaster_user_id })),
  'stream.offline': z
    .object(inChannel)
    .transform((event) => ({ type: 'stream-offline', channelUserId: event.broadcaster_user_id })),
}

export function isRareType(type: string): type is RareType {
  return Object.hasOwn(RARE, type)
}

/** `undefined` for a wrong shape. */
export function readRareEvent(type: RareType, event: unknown): ChatEvent | undefined {
  return RARE[type].safeParse(event).data
}

/** The event `user.authorization.revoke`: its login and name are null where the account is no more. */
const revokedAccess = z.object({ user_id: userId })

export function readRevokedUser(event: unknown): string | undefined {
  return revokedAccess.safeParse(event).data?.user_id
}

/** Why a subscription ended (facts §2.6). `authorization_revoked` comes after a change of the password too. */
const ENDINGS: ReadonlyMap<string, EndedSubscription['why']> = new Map([
  ['authorization_revoked', 'permission'],
  ['moderator_removed', 'permission'],
  ['chat_user_banned', 'banned'],
  ['user_removed', 'gone'],
])

export function whyEnded(status: string): EndedSubscription['why'] {
  return ENDINGS.get(status) ?? 'other'
}
