import type { Answer } from '../../src/app/chat/answer-chat.ts'
import { createChannelRules } from '../../src/app/chat/channel-rules.ts'
import { createCooldowns } from '../../src/app/chat/command-cooldowns.ts'
import { createFindLooks } from '../../src/app/chat/find-looks.ts'
import { createHandleChatMessage } from '../../src/app/chat/handle-chat-message.ts'
import { createHearChat } from '../../src/app/chat/hear-chat.ts'
import { createOwnMessages } from '../../src/app/chat/own-messages.ts'
import { createPublishStage } from '../../src/app/overlays/publish-stage.ts'
import { createMetrics } from '../../src/base/metrics.ts'
import type { AvatarLook } from '../../src/domain/avatar-look.ts'
import type { ChatEvent, ChatMessage, ChatPart, ChatRole } from '../../src/domain/chat-message.ts'
import { applySettings, DEFAULT_SETTINGS, type SettingsPatch } from '../../src/domain/settings.ts'
import type { StageEvent } from '../../src/domain/stage.ts'
import type { Channel } from '../../src/persistence/channels.ts'
import { silentLogger } from './logger.ts'
import { createManualClock } from './manual-clock.ts'

export const STREAMER_ID = '100'
export const CHANNEL_ID = 'channel'

export interface Saying {
  who?: string
  id?: string
  parts?: ChatPart[]
  roles?: ChatRole[]
  login?: string
  fromSharedChat?: boolean
}

/** Everything between a chat event and the stage of one channel, in front of an overlay that keeps what it is told. */
export function openChatRoom({
  settings = {},
  sharedBotUserId = null,
  storedLooks = new Map<string, AvatarLook>(),
}: {
  settings?: SettingsPatch
  sharedBotUserId?: string | null
  storedLooks?: Map<string, AvatarLook>
} = {}) {
  const clock = createManualClock()
  const metrics = createMetrics()
  const told: StageEvent[] = []
  const answers: Answer[] = []
  const bot = {
    channelId: CHANNEL_ID,
    channelUserId: STREAMER_ID,
    speakerUserId: sharedBotUserId ?? STREAMER_ID,
    streamLive: null as boolean | null,
    epoch: 1,
  }
  const state = {
    settings: applySettings(DEFAULT_SETTINGS, settings),
    watched: true,
    on: true,
    reads: 0,
    serial: 0,
    reading: Promise.resolve(),
  }
  const stages = createPublishStage({
    audience: {
      isWatched: () => state.watched,
      seq: () => 0,
      skipNumber: () => {},
      broadcastStage: (_channelId, events) => void told.push(...events),
    },
    clock,
    metrics,
  })
  const looks = createFindLooks({
    looks: { of: async (ids) => new Map([...storedLooks].filter(([id]) => ids.includes(id))) },
    clock,
    logger: silentLogger,
    onFound: (id, look) => stages.changeEverywhere((stage, at) => stage.changeLook(id, look, at)),
  })
  const rules = createChannelRules({
    channels: {
      byId: async () => {
        state.reads++
        await state.reading
        return { id: CHANNEL_ID, settings: state.settings } as Channel
      },
    },
    clock,
    logger: silentLogger,
    onChanged: (id, { stage }) => stages.change(id, stage, (it, at) => it.changeRules(stage, at)),
  })
  const own = createOwnMessages(clock)
  const handle = createHandleChatMessage({
    stages,
    looks,
    cooldowns: createCooldowns(clock),
    answer: (answer) => void answers.push(answer),
    lookUrl: 'https://chatfolk.example/me',
    metrics,
  })
  const chat = createHearChat({
    rules,
    handle,
    own,
    stages,
    isOn: () => state.on,
    isWatched: () => state.watched,
    sharedBotUserId,
    forgetful: [rules],
    clock,
    metrics,
  })
  const hear = async (event: ChatEvent) => {
    chat.hear(bot, event, clock.monotonic())
    await clock.advance(16)
  }
  /** A message as the platform tells it; what it changed on stage. */
  const say = async (text: string, { who = 'ann', ...more }: Saying = {}): Promise<StageEvent[]> => {
    const before = told.length
    await hear({ type: 'message', message: messageOf(text, { who, id: more.id ?? `m${++state.serial}`, ...more }) })
    return told.slice(before)
  }
  return { clock, metrics, told, answers, bot, state, stages, rules, own, hear, say, handle, chat, looks }
}

export function messageOf(
  text: string,
  { who = 'ann', id = 'm', parts, roles = [], login = who, fromSharedChat = false }: Saying,
): ChatMessage {
  return {
    id,
    channelUserId: STREAMER_ID,
    chatter: { id: who, login, name: who.toUpperCase(), color: '#ff69b4', roles: new Set(roles) },
    text,
    parts: parts ?? [{ type: 'text', text }],
    fromSharedChat,
    sentAt: null,
  }
}

/** Events in short: what happens to whom. */
export const inShort = (events: readonly StageEvent[]) =>
  events.map(
    ({ type, d }) =>
      `${type.slice('avatar.'.length)} ${d.id}${'act' in d ? ` ${d.act}` : 'why' in d ? ` ${d.why}` : ''}`,
  )
