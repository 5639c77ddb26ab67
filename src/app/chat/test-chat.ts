import { AppError } from '../../base/errors.ts'
import type { Clock } from '../../base/clock.ts'
import { plainLogin } from '../../domain/ignore-list.ts'
import type { ChannelRulesCache } from './channel-rules.ts'
import type { ChatPlace, HandleChatMessage, Handled } from './handle-chat-message.ts'

export interface TestChatOptions {
  bots: { byChannelUserId(channelUserId: string): ChatPlace | undefined }
  rules: Pick<ChannelRulesCache, 'read'>
  handle: HandleChatMessage
  clock: Pick<Clock, 'monotonic' | 'now'>
}

/** Words that a streamer tries out, as if a viewer had written them. */
export interface TestMessage {
  channelId: string
  channelUserId: string
  /** The viewer's name; the same name is the same viewer. */
  name: string
  text: string
}

export type TestChat = (message: TestMessage) => Promise<Handled & { messageId: string }>

/**
 * Sends a message the whole way, from understanding to the overlay, flagged as a test: its viewer is nobody's, and what
 * the bot would answer is returned instead of being said.
 * @throws AppError `conflict` where the bot is off: there is nobody who could hear it.
 */
export function createTestChat({ bots, rules, handle, clock }: TestChatOptions): TestChat {
  return async ({ channelId, channelUserId, name, text }) => {
    botOf(channelId, channelUserId)
    const known = await rules.read(channelId)
    // It may have been turned off meanwhile.
    const bot = botOf(channelId, channelUserId)
    const id = `test-${crypto.randomUUID()}`
    const login = plainLogin(name)
    const handled = handle(
      bot,
      known,
      {
        id,
        channelUserId,
        // No Twitch id has a colon: nobody is ever taken for this viewer. The login is what the ignore list goes by.
        chatter: { id: `test:${login}`, login, name: name.trim(), color: null, roles: new Set() },
        text,
        parts: [{ type: 'text', text }],
        fromSharedChat: false,
        sentAt: clock.now(),
      },
      { receivedAtMs: clock.monotonic(), test: true },
    )
    return { ...handled, messageId: id }
  }

  function botOf(channelId: string, channelUserId: string) {
    const bot = bots.byChannelUserId(channelUserId)
    if (bot?.channelId === channelId) return bot
    throw new AppError('conflict', { message: 'The bot is off. Turn it on to try the chat out.' })
  }
}
