import { AppError } from '../../base/errors.ts'
import type { AskNode } from '../ask-node.ts'
import type { TestChat, TestMessage } from './test-chat.ts'

export interface TestChatAnywhereOptions {
  /** For the bots of this node. */
  testChat: TestChat
  /** The channel's bot runs on this node. */
  isHere(channelId: string): boolean
  /** The session that runs the channel's bot; `null` where nobody does at this moment. */
  ownerOf(channelId: string): Promise<number | null>
  ask: Pick<AskNode, 'ask' | 'answer'>
}

/**
 * A test runs where the bot runs, whichever node the dashboard talks to.
 * @throws AppError `unavailable` where that node does not answer in time.
 */
export function createTestChatAnywhere({ testChat, isHere, ownerOf, ask }: TestChatAnywhereOptions): TestChat {
  ask.answer('test-chat', (message) => testChat(message as TestMessage))
  return async (message) => {
    const owner = isHere(message.channelId) ? null : await ownerOf(message.channelId)
    // Nobody's: said by the same words as on one node.
    if (owner === null) return testChat(message)
    try {
      return (await ask.ask(owner, 'test-chat', message)) as Awaited<ReturnType<TestChat>>
    } catch (cause) {
      // It may have become ours while we asked.
      if (isHere(message.channelId)) return testChat(message)
      if (cause instanceof AppError && cause.code !== 'unavailable') throw cause
      throw new AppError('unavailable', { message: 'The node with your bot does not answer. Try again.', cause })
    }
  }
}
