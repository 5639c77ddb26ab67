import type { Clock } from '../../base/clock.ts'
import type { Metrics } from '../../base/metrics.ts'
import type { ChatEvent, ChatMessage } from '../../domain/chat-message.ts'
import type { ChannelRulesCache } from './channel-rules.ts'
import type { ChatPlace, HandleChatMessage } from './handle-chat-message.ts'
import type { OwnMessages } from './own-messages.ts'
import type { Stages } from '../overlays/publish-stage.ts'

/** A bot whose channel's events are heard. */
export interface HearingBot extends ChatPlace {
  /** `null` while the platform has not said; that counts as live. */
  streamLive: boolean | null
}

export interface HearChatOptions {
  rules: ChannelRulesCache
  handle: HandleChatMessage
  own: OwnMessages
  stages: Stages
  /** The channel's bot is still on: it may have been turned off while a message waited. */
  isOn(channelId: string): boolean
  /** An overlay of the channel is open here. */
  isWatched(channelId: string): boolean
  /** The bot account of all channels; what it says is never answered. `null`: each streamer's own account speaks. */
  sharedBotUserId: string | null
  /** What remembers something of chats that go on, and is to forget it of those that do not. */
  forgetful: ReadonlyArray<{ sweep(): void }>
  clock: Clock
  metrics: Pick<Metrics, 'chatMessages'>
}

export interface HearChat {
  hear(bot: HearingBot, event: ChatEvent, receivedAtMs: number): void
  stop(): void
}

const SWEEP_EVERY_MS = 60_000

/** Everything that happens in a chat comes by here: whose words they are, whether anybody is there, what they do. */
export function createHearChat(options: HearChatOptions): HearChat {
  const { rules, handle, own, stages, isOn, isWatched, sharedBotUserId, forgetful, clock, metrics } = options
  /** From the first event on: before it there is nothing to forget. */
  let cancelSweep: (() => void) | null = null

  return {
    hear(bot, event, receivedAtMs) {
      cancelSweep ??= clock.after(SWEEP_EVERY_MS, sweep)
      switch (event.type) {
        case 'message':
          return message(bot, event.message, receivedAtMs)
        case 'message-deleted':
          return change(bot, (stage, at) => stage.retract(event.userId, event.messageId, at))
        case 'user-cleared':
          return change(bot, (stage, at) => stage.leave(event.userId, 'banned', at))
        case 'cleared':
          return change(bot, (stage, at) => stage.hushAll(at))
        case 'stream-offline':
          // Who still has an overlay open is trying something out.
          if (!isWatched(bot.channelId)) stages.clear(bot.channelId, 'offline')
          return
        case 'stream-online':
          return
      }
    },
    stop: () => cancelSweep?.(),
  }

  function message(bot: HearingBot, said: ChatMessage, receivedAtMs: number): void {
    if (said.chatter.id === bot.speakerUserId) {
      if (said.chatter.id === sharedBotUserId) return count('own')
      const ours = own.isOurs(bot.channelId, said)
      if (ours === true) return count('own')
      if (ours !== false) {
        void ours.then((isOurs) => (isOurs ? count('own') : take(bot, said, receivedAtMs)))
        return
      }
    }
    take(bot, said, receivedAtMs)
  }

  function take(bot: HearingBot, said: ChatMessage, receivedAtMs: number): void {
    // A chat goes on when the stream is over; without a stream and without an overlay there is nobody to show it to.
    if (bot.streamLive === false && !isWatched(bot.channelId)) return count('offline')
    rules.with(bot.channelId, (known) => {
      if (isOn(bot.channelId)) handle(bot, known, said, { receivedAtMs })
    })
  }

  /**
   * Only where there is a stage: a ban in an empty house changes nothing. Words that wait for the channel's rules are as
   * good as on stage: what takes them away must come after them.
   */
  function change({ channelId }: HearingBot, run: Parameters<Stages['change']>[2]): void {
    if (!stages.of(channelId) && !rules.isAwaited(channelId)) return
    rules.with(channelId, ({ stage }) => {
      if (isOn(channelId)) stages.change(channelId, stage, run)
    })
  }

  function count(result: string): void {
    metrics.chatMessages.inc({ result })
  }

  function sweep(): void {
    for (const each of forgetful) each.sweep()
    cancelSweep = clock.after(SWEEP_EVERY_MS, sweep)
  }
}
