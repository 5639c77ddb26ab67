import type { Logger } from '../../base/logger.ts'
import type { Metrics } from '../../base/metrics.ts'
import type { Clock } from '../../base/clock.ts'
import type { ChatStreamOptions } from '../chat.ts'
import { isRareType, readRareEvent, readRevokedUser, whyEnded } from './chat-event-wire.ts'
import { readChatMessage } from './chat-message-wire.ts'
import { readDisabledShard, wordOf, type DisabledShard } from './conduit-wire.ts'
import type { Notification, Revocation } from './eventsub-wire.ts'
import { createRecentIds } from '../recent-ids.ts'
import { isSubscriptionType } from './subscription-wire.ts'

export interface EventIntakeOptions extends Pick<
  ChatStreamOptions,
  'onEvent' | 'onSubscriptionEnded' | 'onAccessRevoked'
> {
  clock: Clock
  logger: Logger
  metrics: Pick<Metrics, 'chatMessages'>
  onShardDisabled: (shard: DisabledShard) => void
  /** A subscription of the application itself ended. */
  onOwnSubscriptionEnded: () => void
}

/**
 * Turns what the sockets deliver, each event at least once, into what happened, each thing once: copies have the same
 * `metadata.message_id`, and where two subscriptions tell of one chat message, the same chat message id (facts §4.3).
 */
export function createEventIntake(options: EventIntakeOptions) {
  const { clock, logger, metrics } = options
  const deliveries = createRecentIds({ clock })
  const chatMessages = createRecentIds({ clock })
  let unreadable = 0

  const duplicate = () => metrics.chatMessages.inc({ result: 'duplicate' })
  const invalid = (type: string) => {
    metrics.chatMessages.inc({ result: 'invalid' })
    unreadable += 1
    // The 1st, 2nd, 4th, 8th …, and never anybody's words.
    if (Number.isInteger(Math.log2(unreadable))) {
      logger.warn({ type: wordOf(type), unreadable }, 'an event of Twitch has a shape that is not known')
    }
  }

  return {
    takeIn(message: Notification | Revocation, receivedAtMs: number): void {
      if (deliveries.seen(message.messageId)) return duplicate()
      if (message.kind === 'revocation') onRevocation(message)
      else if (message.type === 'channel.chat.message') onChatMessage(message, receivedAtMs)
      else onRareEvent(message, receivedAtMs)
    },
    /** From time to time: chat that has fallen silent leaves nothing behind. */
    sweep() {
      deliveries.sweep()
      chatMessages.sweep()
    },
  }

  function onChatMessage({ event, type, sentAt }: Notification, receivedAtMs: number): void {
    const message = readChatMessage(event, sentAt)
    if (!message) return invalid(type)
    // Where channels share their chat, the same message may be told of each of them.
    if (chatMessages.seen(`${message.channelUserId}/${message.id}`)) return duplicate()
    options.onEvent({ type: 'message', message }, receivedAtMs)
  }

  function onRareEvent({ event, type }: Notification, receivedAtMs: number): void {
    if (isRareType(type)) {
      const happened = readRareEvent(type, event)
      return happened ? options.onEvent(happened, receivedAtMs) : invalid(type)
    }
    switch (type) {
      case 'conduit.shard.disabled': {
        const shard = readDisabledShard(event)
        return shard ? options.onShardDisabled(shard) : invalid(type)
      }
      case 'user.authorization.revoke': {
        const userId = readRevokedUser(event)
        return userId === undefined ? invalid(type) : options.onAccessRevoked(userId)
      }
      default:
        // Subscriptions and gifts, which nothing answers to yet, and what somebody else has subscribed to.
        metrics.chatMessages.inc({ result: 'ignored' })
    }
  }

  function onRevocation({ subscription }: Revocation): void {
    const { id, type, status, condition } = subscription
    if (!isSubscriptionType(type)) return options.onOwnSubscriptionEnded()
    if (condition.channelUserId === null) return invalid(type)
    options.onSubscriptionEnded({
      id,
      type,
      channelUserId: condition.channelUserId,
      status: wordOf(status),
      why: whyEnded(status),
    })
  }
}
