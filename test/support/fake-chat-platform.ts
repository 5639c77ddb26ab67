import type { AppError } from '../../src/base/errors.ts'
import type { ChatEvent } from '../../src/domain/chat-message.ts'
import type {
  ChatPlatform,
  ChatStream,
  ChatStreamOptions,
  EndedSubscription,
  ListedSubscription,
  OutgoingMessage,
  SendResult,
  SubscribeOutcome,
  SubscriptionRequest,
  SubscriptionType,
} from '../../src/platforms/chat.ts'

type Refusal = Extract<SubscribeOutcome, { ok: false }>['reason']

interface Held extends ListedSubscription {
  type: SubscriptionType
  home: string
}

const PAGE = 100

/**
 * A chat platform in memory. Subscriptions stay when streams close, as they do at Twitch; its home can be lost, its
 * connections can break, people can take their permission back. Says what it was asked, so that tests can count.
 */
export function createFakeChatPlatform({ home: firstHome = 'home-1' }: { home?: string } = {}) {
  let home = firstHome
  let nextId = 0
  const held = new Map<string, Held>()
  const asked = {
    opened: 0,
    subscribed: [] as SubscriptionRequest[],
    unsubscribed: [] as string[],
    pages: 0,
    held: [] as string[][],
  }
  const said: OutgoingMessage[] = []
  /** Why a subscription fails: by reader, or for everybody. */
  const refusals = new Map<string, Refusal>()
  let fault: ((request: SubscriptionRequest) => AppError | undefined) | null = null
  let sending: (message: OutgoingMessage) => SendResult | Promise<SendResult> = () => ({
    sent: true,
    id: `sent-${++nextId}`,
  })
  let state: 'open' | 'degraded' | 'closed' = 'open'
  let gate: Promise<void> = Promise.resolve()
  const streams = new Set<ChatStreamOptions>()

  const find = (type: string, channelUserId: string, readerUserId: string | null) =>
    [...held.values()].find(
      (one) =>
        one.home === home &&
        one.type === type &&
        one.channelUserId === channelUserId &&
        (one.readerUserId === null || one.readerUserId === readerUserId),
    )
  const end = (one: Held, why: EndedSubscription['why'], status: string) => {
    held.delete(one.id)
    const { id, type, channelUserId } = one
    for (const stream of streams) stream.onSubscriptionEnded({ id, type, channelUserId, status, why })
  }
  const changed = () => {
    for (const stream of streams) stream.onChange()
  }

  const platform: ChatPlatform = {
    open(options) {
      asked.opened++
      streams.add(options)
      const closed = () => !streams.has(options)
      const stream: ChatStream = {
        home: () => home,
        state: () => (closed() ? 'closed' : state),
        shards: () => [{ id: '0', state: state === 'closed' ? 'lost' : 'enabled', since: 0 }],
        opened: () => gate,
        hold: (shards) => void asked.held.push([...shards]),
        drop: () => void asked.held.push([]),
        follow: () => Promise.resolve(),
        shardDisabled: () => {},
        inspect: () => Promise.resolve({ held: 1, idle: [] }),
        async subscribe(request) {
          asked.subscribed.push(request)
          await gate
          request.signal?.throwIfAborted()
          const failure = fault?.(request)
          if (failure) throw failure
          const reason = refusals.get(request.readerUserId) ?? refusals.get(request.channelUserId)
          if (reason && request.type.startsWith('channel.chat.')) return { ok: false, reason }
          const readerUserId = request.type.startsWith('channel.chat.') ? request.readerUserId : null
          const present = find(request.type, request.channelUserId, readerUserId)
          if (present) return { ok: true, id: present.id }
          const id = `sub-${++nextId}`
          const { type, channelUserId } = request
          held.set(id, { id, type, channelUserId, readerUserId, enabled: true, home })
          return { ok: true, id }
        },
        async unsubscribe(id) {
          asked.unsubscribed.push(id)
          await Promise.resolve()
          held.delete(id)
        },
        async *subscriptions() {
          const all = [...held.values()].filter((one) => one.home === home)
          for (let from = 0; from < all.length || from === 0; from += PAGE) {
            asked.pages++
            await Promise.resolve()
            yield all.slice(from, from + PAGE)
          }
        },
        async close() {
          streams.delete(options)
        },
      }
      return stream
    },
    async send(message) {
      said.push(message)
      return sending(message)
    },
  }

  return {
    platform,
    asked,
    said,
    /** Types subscribed for a channel, in the order of the alphabet. */
    typesOf: (channelUserId: string) =>
      [...held.values()]
        .filter((one) => one.home === home && one.channelUserId === channelUserId)
        .map(({ type }) => type)
        .sort(),
    size: () => held.size,
    emit(event: ChatEvent, receivedAtMs = 0): void {
      for (const stream of streams) stream.onEvent(event, receivedAtMs)
    },
    /** Every subscription of this channel (or one type of it) is ended at the platform's side. */
    endOf(channelUserId: string, why: EndedSubscription['why'], type?: SubscriptionType): void {
      for (const one of held.values()) {
        if (one.channelUserId === channelUserId && (type === undefined || one.type === type))
          end(one, why, `test-${why}`)
      }
    },
    tellEnded(ended: EndedSubscription): void {
      for (const stream of streams) stream.onSubscriptionEnded(ended)
    },
    /** A person takes everything back: what was read in their name ends, then the news of it comes. */
    revoke(userId: string): void {
      for (const one of held.values()) if (one.readerUserId === userId) end(one, 'permission', 'authorization_revoked')
      for (const stream of streams) stream.onAccessRevoked(userId)
    },
    /** Subscriptions that vanish without a word, as after a deletion by hand. */
    lose(channelUserId: string, ...types: SubscriptionType[]): void {
      for (const one of held.values())
        if (one.channelUserId === channelUserId && types.includes(one.type)) held.delete(one.id)
    },
    /** A subscription that nobody here asked for. */
    plant(one: Omit<ListedSubscription, 'id'>): string {
      const id = `sub-${++nextId}`
      held.set(id, { ...one, id, type: one.type as SubscriptionType, home })
      return id
    },
    has: (id: string) => held.has(id),
    moveTo(next: string): void {
      home = next
      changed()
    },
    setState(next: typeof state): void {
      state = next
      changed()
    },
    refuse(userId: string, reason: Refusal | null): void {
      if (reason === null) refusals.delete(userId)
      else refusals.set(userId, reason)
    },
    fail: (next: ((request: SubscriptionRequest) => AppError | undefined) | null) => void (fault = next),
    answerSends: (next: typeof sending) => void (sending = next),
    /** Answers wait until the returned function is called; streams open then too. */
    hold(): () => void {
      const { promise, resolve } = Promise.withResolvers<void>()
      gate = promise
      return () => resolve()
    },
  }
}

export type FakeChatPlatform = ReturnType<typeof createFakeChatPlatform>
