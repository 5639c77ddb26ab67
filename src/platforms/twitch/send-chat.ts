import { AppError, hasCode } from '../../base/errors.ts'
import type { ChatPlatform, SendResult } from '../chat.ts'
import type { CallHelix } from './helix-call.ts'
import { readSent } from './send-wire.ts'

/** Twitch's limit. What is longer was shortened by whoever wrote it, with more sense than is possible here. */
const MAX_CHARACTERS = 500

/** `call` must spend of the bucket that Twitch keeps for chat alone (facts §3). */
export function createSendChat(call: CallHelix): ChatPlatform['send'] {
  return async ({ channelUserId, speakerUserId, text, replyTo, signal }) => {
    try {
      return await call<SendResult>({
        endpoint: 'chat-messages',
        method: 'POST',
        path: '/chat/messages',
        json: {
          broadcaster_id: channelUserId,
          sender_id: speakerUserId,
          message: firstCharacters(text, MAX_CHARACTERS),
          ...(replyTo === null ? {} : { reply_parent_message_id: replyTo }),
        },
        urgency: 'now',
        signal,
        read: readSent,
        answer: (status, body) => (body === undefined ? undefined : readRefusal(status)),
      })
    } catch (error) {
      if (!mayHaveBeenSaid(error)) throw error
      throw new AppError('platform-network', { ...error.details, cause: error })
    }
  }
}

function readRefusal(status: number): SendResult | undefined {
  const why = status === 403 ? 'permission' : status === 400 || status === 422 ? 'invalid' : null
  return why === null ? undefined : { sent: false, why, code: `status-${status}` }
}

/**
 * A success that cannot be read, and a failure behind the door, leave open whether it was said. A 503 does not: it is
 * Twitch turning us away.
 */
function mayHaveBeenSaid(error: unknown): error is AppError {
  if (!hasCode(error, 'platform-server', 'platform-invalid')) return false
  const { status } = error.details
  return typeof status === 'number' && (status < 300 || (status >= 500 && status !== 503))
}

function firstCharacters(text: string, count: number): string {
  // No code point is longer than two units.
  if (text.length <= count) return text
  return Array.from(text.slice(0, count * 2))
    .slice(0, count)
    .join('')
}
