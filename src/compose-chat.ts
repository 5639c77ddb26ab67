import type { AskNode } from './app/ask-node.ts'
import { createAnswerChat, type AnswerLimits } from './app/chat/answer-chat.ts'
import { createChannelRules } from './app/chat/channel-rules.ts'
import { createChatPermissions } from './app/bots/chat-permissions.ts'
import type { AssignmentRunner, NodeSession } from './app/assignments/assignment-runner.ts'
import { createCooldowns } from './app/chat/command-cooldowns.ts'
import { createControlBots } from './app/bots/control-bots.ts'
import { createFindLooks } from './app/chat/find-looks.ts'
import { createHandleChatMessage } from './app/chat/handle-chat-message.ts'
import { createHearChat } from './app/chat/hear-chat.ts'
import { createOwnMessages } from './app/chat/own-messages.ts'
import type { OwnStages } from './app/overlays/own-stages.ts'
import type { Stages } from './app/overlays/publish-stage.ts'
import { createRunBots } from './app/bots/run-bots.ts'
import { createRunShards } from './app/bots/run-shards.ts'
import { createTestChatAnywhere } from './app/chat/test-chat-anywhere.ts'
import { createTestChat } from './app/chat/test-chat.ts'
import type { Clock } from './base/clock.ts'
import type { Logger } from './base/logger.ts'
import type { Metrics } from './base/metrics.ts'
import type { Config } from './config.ts'
import type { Bus } from './coordination/bus.ts'
import { lookFromSeed, seedFromText, type AvatarLook } from './domain/avatar-look.ts'
import type { AssignmentKind } from './domain/assignment-kind.ts'
import { createAssignments } from './persistence/assignments.ts'
import type { Channels } from './persistence/channels.ts'
import { createChatShards } from './persistence/chat-shards.ts'
import { createChatSubscriptions } from './persistence/chat-subscriptions.ts'
import type { Sql } from './persistence/database.ts'
import { createGrants } from './persistence/grants.ts'
import { createLooks } from './persistence/looks.ts'
import { createReplyClaims } from './persistence/reply-claims.ts'
import type { ChatPlatform } from './platforms/chat.ts'
import type { PlatformHealth } from './platforms/platform-health.ts'

export interface ChatParts {
  config: Pick<Config, 'twitch' | 'baseUrl' | 'nodeId' | 'roles'>
  db: Sql
  platform: ChatPlatform
  channels: Channels
  stages: Stages
  ownStages: OwnStages
  ask: AskNode
  /** The session that runs the channel's bot. */
  ownerOf(channelId: string): Promise<number | null>
  isWatched(channelId: string): boolean
  bus: Bus
  assignments: {
    node: NodeSession
    register(runner: AssignmentRunner): void
    refused(kind: AssignmentKind, keys: readonly string[]): void
  }
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
  const { config, db, platform, channels, stages, ownStages, isWatched, bus, assignments, clock, logger, metrics } =
    parts
  const { node } = assignments
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
    session: node,
    isOn: (channel) => bots.maySpeak(channel),
    passOn({ epoch: _epoch, receivedAtMs, ...answer }) {
      bots.passOn(answer, receivedAtMs)
    },
    onFigures: (channelId) => bots.figuresChanged(channelId),
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
    forgetful: [cooldowns, rules, { sweep: () => bots.sweep() }],
    clock,
    metrics,
  })
  const rows = createAssignments(db)
  const figures = (channelId: string) => ({
    viewers: stages.viewers(channelId),
    replies: answers.figures(channelId),
  })
  const bots = createRunBots({
    chat: platform,
    assignments: rows,
    subscriptions: createChatSubscriptions(db),
    grants,
    permissions,
    session: node,
    bus,
    onEvent: heard.hear,
    // Only what is to be said is another node's word: where, and as whom, is known here.
    onUnanswered: ({ channelId, channelUserId, speakerUserId, epoch }, answer, receivedAtMs) =>
      answers.answer({ ...answer, channelId, channelUserId, speakerUserId, epoch, receivedAtMs }),
    onOff: (channelId) => stages.clear(channelId, 'bot-off'),
    onBegin({ channelId, epoch }, stage, ownWords) {
      // Known from another time, maybe, and changed since.
      rules.mistrust(channelId)
      own.inherit(channelId, ownWords)
      ownStages.take({ channelId, claim: epoch }, stage)
    },
    onGone: ownStages.giveUp,
    stageOf: ownStages.legacy,
    ownOf: own.legacy,
    figuresOf: figures,
    standing: (here) => shards.standing(here),
    onConnections: (stream) => shards.connectionsChanged(stream),
    tidiesUp: () => shards.keeps(),
    onRefused: (channelIds) => assignments.refused('bot', channelIds),
    clock,
    random: parts.random,
    logger,
    metrics,
  })
  const shards = createRunShards({
    shards: createChatShards(db),
    assignments: rows,
    session: node,
    bus,
    stream: bots.stream,
    onStanding: bots.standingChanged,
    onRefused: (keys) => assignments.refused('shard', keys),
    clock,
    logger,
  })
  if (config.roles.has('bots')) {
    assignments.register(shards)
    assignments.register(bots)
  }
  const unsubscribeCluster = bus.subscribe('cluster', (event) => {
    if (event.type === 'look-changed') wear(event.viewerId, event.look)
  })
  const stopMistrust = bus.onUp(() => rules.mistrust())
  const unsubscribe = bus.onNews((channelId, event) => {
    if (event.type !== 'settings-changed') return
    rules.changed(channelId)
    // Where nobody has talked for long the rules are forgotten, and who is on stage lives by them all the same.
    if (stages.of(channelId)) rules.with(channelId, () => {})
  })

  return {
    bots,
    control: createControlBots({
      assignments: rows,
      grants,
      permissions,
      bus,
      here: bots.describe,
      nodeId: config.nodeId,
      clock,
    }),
    permissions,
    looks: storedLooks,
    testChat: createTestChatAnywhere({
      testChat: createTestChat({ bots, rules, handle, clock }),
      isHere: ownStages.owns,
      ownerOf: parts.ownerOf,
      ask: parts.ask,
    }),
    /** Whether chat reaches us, whatever requests say: they may be answered while no connection delivers. */
    health(): PlatformHealth {
      const connection = bots.connection()
      if (connection === 'closed') return 'down'
      return connection === 'degraded' ? 'degraded' : 'ok'
    },
    /** Of a channel whose bot runs here. */
    figures: (channelId: string) => (bots.describe(channelId) ? figures(channelId) : undefined),
    /** What operators are told of this node. */
    nodeFigures: () => ({ bots: bots.figures(), chat: bots.connection() }),
    /** A viewer dressed anew, or went back to what their seed gives. */
    lookChanged: (viewerId: string, look: AvatarLook | null) =>
      bus.publish('cluster', { type: 'look-changed', viewerId, look }),
    async stop() {
      unsubscribe()
      unsubscribeCluster()
      stopMistrust()
      // Together: a database that hangs may keep the bots longer than a part has, and the rest has nothing to wait for.
      const stopped = [shards.stop(), bots.stop(), answers.stop()]
      heard.stop()
      looks.stop()
      stages.stop()
      await Promise.all(stopped)
    },
  }

  function wear(viewerId: string, look: AvatarLook | null): void {
    looks.changed(viewerId, look)
    showLook(viewerId, look ?? lookFromSeed(seedFromText(viewerId)))
  }
}
