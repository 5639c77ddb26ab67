import type { Metrics } from '../../base/metrics.ts'
import { lookFromSeed, seedFromText } from '../../domain/avatar-look.ts'
import { reply } from '../../domain/bot-words.ts'
import { bubbleParts } from '../../domain/bubble.ts'
import { mayUse, readCommand, type ChatCommand } from '../../domain/chat-command.ts'
import type { ChatMessage } from '../../domain/chat-message.ts'
import type { JoinedBy, TextPart } from '../../domain/overlay-protocol.ts'
import { isIgnored } from '../../domain/ignore-list.ts'
import { readableColor, viewerName } from '../../domain/name-tag.ts'
import { readReaction, type Reaction } from '../../domain/reaction.ts'
import type { Stage, StageEvent } from '../../domain/stage.ts'
import type { Answer } from './answer-chat.ts'
import type { ChannelRules } from './channel-rules.ts'
import type { FindLooks } from './find-looks.ts'
import type { Stages } from '../overlays/publish-stage.ts'

export interface HandleChatMessageOptions {
  stages: Stages
  looks: FindLooks
  cooldowns: Cooldowns
  answer(answer: Answer): void
  /** Where viewers dress their characters. */
  lookUrl: string
  metrics: Pick<Metrics, 'chatMessages'>
}

/** Who has used what, and may not again for a while. */
export interface Cooldowns {
  /** Begins a new one where none runs. @returns whether it could. */
  begin(channelId: string, viewerId: string, command: ChatCommand, cooldownS: number): boolean
}

/** The channel that a message was written in, and who speaks there for us. */
export interface ChatPlace {
  channelId: string
  channelUserId: string
  speakerUserId: string
  /** Under which the channel's bot is this node's. */
  epoch: number
}

/** What came of a message; for the dashboard's tester, who wants to know. */
export interface Handled {
  command: ChatCommand | null
  permitted: boolean
  reaction: Reaction['kind'] | null
  reply: string | null
  joined: boolean
  /** Whether its viewer is there when all is done. */
  onStage: boolean
  ignored: boolean
}

export interface HandleOptions {
  receivedAtMs: number
  /** From the dashboard: takes the whole way but is never answered in the real chat. */
  test?: boolean
}

export type HandleChatMessage = ReturnType<typeof createHandleChatMessage>

/** Long enough to be read aloud, not so long that a talkative chat covers the game. */
const BUBBLE = { leastMs: 4_000, perCharacterMs: 55, mostMs: 9_000 }

/** What a viewer's words do: on stage at once, in chat through the answers. Pure bookkeeping: it waits for nothing. */
export function createHandleChatMessage(options: HandleChatMessageOptions) {
  const { stages, looks, cooldowns, lookUrl, metrics } = options

  return function handle(
    place: ChatPlace,
    rules: ChannelRules,
    message: ChatMessage,
    { receivedAtMs, test = false }: HandleOptions,
  ): Handled {
    const { chatter } = message
    const handled: Handled = {
      command: null,
      permitted: true,
      reaction: null,
      reply: null,
      joined: false,
      onStage: false,
      ignored: false,
    }
    if (isIgnored(chatter.login, rules.ignored)) {
      metrics.chatMessages.inc({ result: 'ignored' })
      handled.ignored = true
      return handled
    }
    // Whoever writes in a chat that is shared with ours speaks to the bot of their own channel.
    const command = message.fromSharedChat ? null : readCommand(message.text, rules.commands)
    const settings = command && rules.chat.commands[command]
    handled.command = command
    handled.permitted = settings === null || mayUse(chatter.roles, settings.permission)
    const obeyed =
      settings !== null &&
      command !== null &&
      handled.permitted &&
      (test || cooldowns.begin(place.channelId, chatter.id, command, settings.cooldownS))
    const reaction = command === null ? readReaction(message.parts) : null
    handled.reaction = reaction?.kind ?? null

    stages.change(
      place.channelId,
      rules.stage,
      (stage, at) => {
        const events = act(stage, at, {
          rules,
          message,
          command: obeyed ? command : null,
          isCommand: command !== null,
          reaction,
          test,
        })
        handled.joined = events.some(({ type }) => type === 'avatar.join')
        handled.onStage = stage.has(chatter.id)
        return events
      },
      receivedAtMs,
    )

    if (obeyed) {
      const text = reply(command, { locale: rules.locale, link: lookUrl, commands: rules.chat.commands })
      handled.reply = text
      if (text !== null && !test) {
        const { channelId, channelUserId, speakerUserId, epoch } = place
        options.answer({
          channelId,
          channelUserId,
          speakerUserId,
          epoch,
          messageId: message.id,
          command,
          viewerId: chatter.id,
          text,
          receivedAtMs,
        })
      }
    }
    metrics.chatMessages.inc({ result: test ? 'test' : 'handled' })
    return handled
  }

  interface Understood {
    rules: ChannelRules
    message: ChatMessage
    /** What is to be done; `null` where there is no command, or it may not be obeyed. */
    command: ChatCommand | null
    isCommand: boolean
    reaction: Reaction | null
    test: boolean
  }

  function act(
    stage: Stage,
    at: number,
    { rules, message, command, isCommand, reaction, test }: Understood,
  ): StageEvent[] {
    const { chatter } = message
    const { id } = chatter
    if (command === 'leave') return stage.leave(id, 'command', at, { stayAway: true })

    const events: StageEvent[] = []
    const wasThere = stage.has(id)
    if (!wasThere) {
      const invited = command === 'join' || (rules.chat.joinByTalking && !stage.staysAway(id))
      if (!invited) return events
      events.push(...join(stage, at, message, rules, test ? 'test' : command === 'join' ? 'command' : 'chat'))
    }
    stage.touch(id, at)
    if (command === 'join' && wasThere) events.push(...stage.hop(id, at))
    else if (reaction) events.push(...react(stage, at, message, reaction))
    else if (wasThere) events.push(...stage.walk(id, at))

    if (rules.chat.bubbles && !isCommand && reaction?.kind !== 'sign') {
      const parts = bubbleParts(message.parts, { blockedWords: rules.blockedWords })
      if (parts.length > 0) events.push(...stage.say(id, { parts, dur: bubbleMs(parts), messageId: message.id }, at))
    }
    return events
  }

  function join(stage: Stage, at: number, { chatter }: ChatMessage, rules: ChannelRules, by: JoinedBy): StageEvent[] {
    const seed = seedFromText(chatter.id)
    return stage.join(
      {
        id: chatter.id,
        name: viewerName(chatter, { blockedWords: rules.blockedWords }),
        color: readableColor(chatter.color, seed),
        look: (by === 'test' ? null : looks.find(chatter.id)) ?? lookFromSeed(seed),
        seed,
        by,
      },
      at,
    )
  }

  function react(stage: Stage, at: number, { id: messageId, chatter: { id } }: ChatMessage, reaction: Reaction) {
    switch (reaction.kind) {
      case 'wave':
        return stage.wave(id, reaction.durMs, at)
      case 'laugh':
        return stage.laugh(id, reaction.durMs, at)
      case 'sign':
        return stage.holdSign(id, { part: reaction.part, dur: reaction.durMs, messageId }, at)
    }
  }
}

function bubbleMs(parts: readonly TextPart[]): number {
  const length = parts.reduce((sum, part) => sum + ('text' in part ? part.text.length : 4), 0)
  return Math.min(BUBBLE.mostMs, BUBBLE.leastMs + length * BUBBLE.perCharacterMs)
}
