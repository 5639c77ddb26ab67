import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import type { SimulatorOptions } from '../../simulator/simulator.ts'
import { systemClock } from '../../src/base/clock.ts'
import { createMetrics } from '../../src/base/metrics.ts'
import type { ChatMessage, ChatEvent } from '../../src/domain/chat-message.ts'
import type { ChatPlatform, ChatStream, DisabledChatShard, EndedSubscription } from '../../src/platforms/chat.ts'
import { createPlatformRequest, type RequestPlatform } from '../../src/platforms/request.ts'
import { createTwitchChat } from '../../src/platforms/twitch/twitch-chat.ts'
import { eventually } from './eventually.ts'
import { recordingLogger } from './logger.ts'
import { CLIENTS, startPlatforms, type SimulatedPlatforms } from './simulated-platforms.ts'
import { CHAT_SCOPES } from './simulated-twitch.ts'

export const IVAN = '107'

/** The adapter in front of the simulator's Twitch, in real time that is shortened where Twitch's is long. */
export interface TestedChat extends SimulatedPlatforms {
  /** A node of its own, as after a restart. */
  startNode(options?: TestedNodeOptions): TestedNode
  /** Streamers whose bot may do everything, named `<prefix>1` and so on. Their ids. */
  addStreamers(count: number, prefix?: string): Promise<string[]>
  /** Says something, or many things, and returns their ids. */
  say(fields: Record<string, unknown>): Promise<string[]>
  /** How many requests there were. */
  asked(endpoint: string, method: string): number
  conduits(): Promise<{ id: string; shardCount: number; shards: { id: string; status: string }[] }[]>
}

export interface TestedNodeOptions {
  /** The shards that are its own at first; by default it is alone and has both. */
  shards?: readonly string[]
  /** How many there are to be, where it is to see to that. */
  keeps?: number | null
}

export interface TestedNode {
  chat: ChatPlatform
  stream: ChatStream
  events: ChatEvent[]
  messages(): ChatMessage[]
  ended: EndedSubscription[]
  revoked: string[]
  /** Shards that it was told of and does not hold. */
  disabled: DisabledChatShard[]
  logs: Record<string, unknown>[]
  counted(result: string): Promise<number>
  isOpen(): Promise<void>
  /** The token that its last request carried. */
  token(): string
  subscribe(channelUserId: string): Promise<void>
  stop(): Promise<void>
}

export async function startTestedChat(
  t: Pick<TestContext, 'after'>,
  options: SimulatorOptions = {},
): Promise<TestedChat> {
  const platforms = await startPlatforms(t, { ...options, switches: { keepaliveMinS: 1, ...options.switches } })
  const { url, control, simulator } = platforms
  await control('POST', 'twitch/allow', { user: 'ivan', scopes: CHAT_SCOPES })

  return {
    ...platforms,
    startNode: (options) => startNode(t, url, options),
    async addStreamers(count, prefix = 'streamer') {
      const { streamers } = await control('POST', 'streamers', { count, prefix, scopes: CHAT_SCOPES })
      return (streamers as { twitchId: string }[]).map(({ twitchId }) => twitchId)
    },
    async say(fields) {
      const { ids } = await control('POST', 'twitch/say', { as: 'maria', text: 'Hi {n}!', ...fields })
      return ids as string[]
    },
    asked: (endpoint, method) =>
      simulator.log.all().filter((request) => request.endpoint === endpoint && request.method === method).length,
    async conduits() {
      const { conduits } = await control('GET', 'twitch/conduits')
      return conduits as Awaited<ReturnType<TestedChat['conduits']>>
    },
  }
}

/** With a node that delivers Ivan's chat, and nothing more under way. */
export async function startChatOfIvan(t: Pick<TestContext, 'after'>, options: SimulatorOptions = {}) {
  const twitch = await startTestedChat(t, options)
  const node = twitch.startNode()
  await node.isOpen()
  await node.subscribe(IVAN)
  // That of the channel, and two of the application's own.
  await eventually('all subscriptions', async () => {
    const { subscriptions } = await twitch.control('GET', 'twitch/subscriptions')
    return (subscriptions as unknown[]).length === 3
  })
  return { ...twitch, node }
}

function startNode(
  t: Pick<TestContext, 'after'>,
  url: string,
  { shards = ['0', '1'], keeps = 2 }: TestedNodeOptions = {},
): TestedNode {
  const metrics = createMetrics()
  const { logger, logs } = recordingLogger()
  const send = createPlatformRequest({ clock: systemClock, metrics })
  let authorization = ''
  const request: RequestPlatform = (asked) => {
    authorization = asked.headers?.['authorization'] ?? authorization
    return send(asked)
  }
  const chat = createTwitchChat({
    clientId: CLIENTS.twitch,
    clientSecret: `${CLIENTS.twitch}-secret`,
    authUrl: `${url}/oauth2`,
    apiUrl: `${url}/helix`,
    // A second of silence is enough for a test.
    eventSubUrl: `${url.replace(/^http/, 'ws')}/ws?keepalive_timeout_seconds=1`,
    request,
    clock: systemClock,
    random: () => 0,
    logger,
    metrics,
  })
  const node = {
    events: [] as ChatEvent[],
    ended: [] as EndedSubscription[],
    revoked: [] as string[],
    disabled: [] as DisabledChatShard[],
  }
  const stream = chat.open({
    onEvent: (event) => void node.events.push(event),
    onSubscriptionEnded: (ended) => void node.ended.push(ended),
    onAccessRevoked: (userId) => void node.revoked.push(userId),
    onShardDisabled: (news) => void node.disabled.push(news),
    mayAct: () => true,
    onChange: () => {},
    signal: new AbortController().signal,
  })
  void stream.follow({ keeps, home: null })
  stream.hold(shards)
  t.after(() => stream.close())
  return {
    ...node,
    chat,
    stream,
    logs,
    messages: () => node.events.flatMap((event) => (event.type === 'message' ? [event.message] : [])),
    async counted(result) {
      const { values } = await metrics.chatMessages.get()
      return values.find(({ labels }) => labels.result === result)?.value ?? 0
    },
    token: () => authorization.replace('Bearer ', ''),
    isOpen: () => eventually('all shards', () => stream.state() === 'open'),
    async subscribe(channelUserId) {
      const type = 'channel.chat.message'
      const outcome = await stream.subscribe({ type, channelUserId, readerUserId: channelUserId })
      assert.ok(outcome.ok)
    },
    stop: () => stream.close(),
  }
}

/** All of these were told, each once. */
export async function heardOnce(node: TestedNode, ids: string[]): Promise<void> {
  await eventually(`${ids.length} messages`, () => node.messages().length >= ids.length)
  assert.deepEqual(
    node
      .messages()
      .map(({ id }) => id)
      .toSorted(),
    ids.toSorted(),
  )
}

/** The log's lines about lost connections. */
export const lostOf = ({ logs }: TestedNode) => logs.filter(({ msg }) => msg === 'lost a chat connection')
