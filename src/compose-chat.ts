import { createAnswerChat, type AnswerLimits } from './app/answer-chat.ts'
import { createChannelRules } from './app/channel-rules.ts'
import { createChatPermissions } from './app/chat-permissions.ts'
import { createCooldowns } from './app/command-cooldowns.ts'
import { createFindLooks } from './app/find-looks.ts'
import { createHandleChatMessage } from './app/handle-chat-message.ts'
import { createHearChat } from './app/hear-chat.ts'
import { createOwnMessages } from './app/own-messages.ts'
import type { Stages } from './app/publish-stage.ts'
import { createRunBots } from './app/run-bots.ts'
import { createTestChat } from './app/test-chat.ts'
import type { Clock } from './base/clock.ts'
import type { Logger } from './base/logger.ts'
import type { Metrics } from './base/metrics.ts'
import type { Config } from './config.ts'
import type { Bus } from './coordination/bus.ts'
import { lookFromSeed, seedFromText, type AvatarLook } from './domain/avatar-look.ts'
import { createAssignments } from './persistence/assignments.ts'
import type { Channels } from './persistence/channels.ts'
import { createChatSubscriptions } from './persistence/chat-subscriptions.ts'
import type { Sql } from './persistence/database.ts'
import { createGrants } from './persistence/grants.ts'
import { createLooks } from './persistence/looks.ts'
import { createReplyClaims } from './persistence/reply-claims.ts'
import type { ChatPlatform } from './platforms/chat.ts'
import type { PlatformHealth } from './platforms/platform-health.ts'

export interface ChatParts {
  config: Pick<Config, 'twitch' | 'baseUrl'>
  db: Sql
  platform: ChatPlatform
  channels: Channels
  stages: Stages
  isWatched(channelId: string): boolean
  bus: Bus
  clock: Clock
  random: () => number
  logger: Logger
  metrics: Metrics
}

/** One household's patience: a viewer who asks more often talks to the bot instead of to people. */
const VIEWER_LIMIT = { messages: 8, windowMs: 30_000 }

/**
 * What Twitch documents for an account where it is the broadcaster, moderator or VIP, and elsewhere. It penalises whoever
 * passes that with an hour of silence. [dev.twitch.tv, "Chat rate limits"]
 */
const MESSAGES_PER_30_S = { own: 100, shared: 20 }
/** One a second where the account is neither broadcaster nor moderator nor VIP. [same] */
const SHARED_CHANNEL_LIMIT = { messages: 30, windowMs: 30_000 }

/** Everything of chat and stages, wired: who is heard, what is understood, what is answered. */
export function composeChat(parts: ChatParts) {
  const { config, db, platform, channels, stages, isWatched, bus, clock, logger, metrics } = parts
  const { botUserId, messagesPer30S } = config.twitch
  const account = {
    messages: messagesPer30S ?? MESSAGES_PER_30_S[botUserId === null ? 'own' : 'shared'],
    windowMs: 30_000,
  }
  const limits: AnswerLimits = {
    viewer: VIEWER_LIMIT,
    channel: botUserId === null ? account : SHARED_CHANNEL_LIMIT,
    account,
  }

  const storedLooks = createLooks(db)
  const permissions = createChatPermissions(botUserId)
  const grants = createGrants(db)
  const own = createOwnMessages(clock)
  const cooldowns = createCooldowns(clock)
  const showLook = (viewerId: string, look: AvatarLook) =>
    stages.changeEverywhere((stage, at) => stage.changeLook(viewerId, look, at))
  const looks = createFindLooks({ looks: storedLooks, clock, logger, onFound: showLook })
  const rules = createChannelRules({
    channels,
    clock,
    logger,
    onChanged: (channelId, changed) => {
      if (stages.of(channelId))
        stages.change(channelId, changed.stage, (stage, at) => stage.changeRules(changed.stage, at))
    },
  })
  const answers = createAnswerChat({
    claims: createReplyClaims(db),
    send: platform.send,
    own,
    isOn: (channelId) => bots.isOn(channelId),
    limits,
    clock,
    logger,
    metrics,
  })
  const handle = createHandleChatMessage({
    stages,
    looks,
    cooldowns,
    answer: answers.answer,
    lookUrl: `${config.baseUrl}/me`,
    metrics,
  })
  const heard = createHearChat({
    rules,
    handle,
    own,
    stages,
    isOn: (channelId) => bots.isOn(channelId),
    isWatched,
    sharedBotUserId: botUserId,
    forgetful: [cooldowns, rules],
    clock,
    metrics,
  })
  const bots = createRunBots({
    chat: platform,
    assignments: createAssignments(db),
    subscriptions: createChatSubscriptions(db),
    grants,
    permissions,
    onEvent: heard.hear,
    onOff: (channelId) => stages.clear(channelId, 'bot-off'),
    clock,
    random: parts.random,
    logger,
    metrics,
  })
  const unsubscribe = bus.subscribe((channelId, event) => {
    if (event.type !== 'settings-changed') return
    rules.changed(channelId)
    // Where nobody has talked for long the rules are forgotten, and who is on stage lives by them all the same.
    if (stages.of(channelId)) rules.with(channelId, () => {})
  })

  return {
    bots,
    permissions,
    grants,
    looks: storedLooks,
    testChat: createTestChat({ bots, rules, handle, clock }),
    /** Whether chat reaches us, whatever requests say: they may be answered while no connection delivers. */
    health(): PlatformHealth {
      const connection = bots.connection()
      if (connection === 'closed') return 'down'
      return connection === 'degraded' ? 'degraded' : 'ok'
    },
    figures: (channelId: string) => ({ viewers: stages.viewers(channelId), replies: answers.figures(channelId) }),
    /** A viewer dressed anew, or went back to what their seed gives. */
    lookChanged(viewerId: string, look: AvatarLook | null) {
      looks.changed(viewerId, look)
      showLook(viewerId, look ?? lookFromSeed(seedFromText(viewerId)))
    },
    async stop() {
      unsubscribe()
      // Together: a database that hangs may keep the bots longer than a part has, and the rest has nothing to wait for.
      const stopped = [bots.stop(), answers.stop()]
      heard.stop()
      looks.stop()
      stages.stop()
      await Promise.all(stopped)
    },
  }
}
