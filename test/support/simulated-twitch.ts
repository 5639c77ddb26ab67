import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { WebSocket } from 'ws'
import type { SimulatorOptions } from '../../simulator/simulator.ts'
import { eventually } from './eventually.ts'
import { createManualClock } from './manual-clock.ts'
import { CLIENTS, startPlatforms, type Answer, type SimulatedPlatforms } from './simulated-platforms.ts'

/** What EventSub says, as far as any test looks at it. */
export interface EventSubMessage {
  metadata: {
    message_id: string
    message_type: string
    message_timestamp: string
    subscription_type?: string
    subscription_version?: string
  }
  payload: {
    session?: Record<string, unknown> & { id: string }
    subscription?: Record<string, unknown>
    event?: Record<string, unknown>
  }
}

/** A WebSocket client of EventSub without any behaviour but to keep what it hears. */
export interface EventSubSocket {
  /** Of the welcome. */
  session: Record<string, unknown> & { id: string }
  messages: EventSubMessage[]
  notifications(): EventSubMessage[]
  /** The chat messages' texts, in order. */
  texts(): unknown[]
  /** WebSocket pings so far. */
  pings(): number
  send(text: string): void
  ping(): void
  close(): void
  terminate(): void
  closed: Promise<number>
  isOpen(): boolean
}

export interface SimulatedTwitch extends SimulatedPlatforms {
  appToken: string
  /** With the application's own token, unless another is given. */
  helix(method: string, path: string, body?: unknown, token?: string): Promise<Answer>
  /** Waits for the welcome. */
  openEventSub(options?: EventSubOptions): Promise<EventSubSocket>
  /** A conduit with this many shards, each with a socket of its own. */
  openConduit(shardCount: number): Promise<{ id: string; sockets: EventSubSocket[] }>
  assign(conduit: string, shards: Record<string, EventSubSocket>): Promise<Answer>
  subscribe(conduit: string, type: string, condition?: Record<string, string>): Promise<Answer>
  say(fields: Record<string, unknown>): Promise<string[]>
  /** Time passes only in the simulator, and only here. */
  pass(ms: number): Promise<void>
}

export interface EventSubOptions {
  query?: string
  /** The whole address, instead of the query. */
  url?: string
  autoPong?: boolean
}

export const CHAT_SCOPES = 'user:read:chat user:write:chat user:bot channel:bot'

/** Ivan (107) has allowed everything that a bot needs, Maria (108) nothing; time stands still. */
export async function startTwitch(
  t: Pick<TestContext, 'after'>,
  options: SimulatorOptions = {},
): Promise<SimulatedTwitch> {
  const platforms = await startPlatforms(t, { clock: createManualClock(), ...options })
  const { ask, token, control, url, simulator } = platforms
  const { body } = await token('twitch', { grant_type: 'client_credentials' })
  const appToken = String(body['access_token'])
  await control('POST', 'twitch/allow', { user: 'ivan', scopes: CHAT_SCOPES })

  const helix: SimulatedTwitch['helix'] = (method, path, asked, used = appToken) =>
    ask(method, `/helix/${path}`, { body: asked, token: used, headers: { 'client-id': CLIENTS.twitch } })
  const openEventSub: SimulatedTwitch['openEventSub'] = async ({ query = '', url: address, autoPong = true } = {}) => {
    const socket = openEventSubSocket(t, address ?? `${url.replace(/^http/, 'ws')}/ws${query}`, autoPong)
    await eventually('the welcome', () => socket.messages.length > 0)
    const [welcome] = socket.messages
    assert.equal(welcome?.metadata.message_type, 'session_welcome')
    return { ...socket, session: welcome.payload.session ?? assert.fail() }
  }
  const assign: SimulatedTwitch['assign'] = (conduit, shards) =>
    helix('PATCH', 'eventsub/conduits/shards', {
      conduit_id: conduit,
      shards: Object.entries(shards).map(([id, { session }]) => ({
        id,
        transport: { method: 'websocket', session_id: session.id },
      })),
    })

  return {
    ...platforms,
    appToken,
    helix,
    openEventSub,
    assign,
    async openConduit(shardCount) {
      const made = await helix('POST', 'eventsub/conduits', { shard_count: shardCount })
      const [conduit] = made.body['data'] as { id: string }[]
      assert.ok(conduit, made.text)
      const sockets = await Promise.all(Array.from({ length: shardCount }, () => openEventSub()))
      const { body } = await assign(conduit.id, Object.fromEntries(sockets.entries()))
      assert.deepEqual(body['errors'], [])
      return { id: conduit.id, sockets }
    },
    subscribe: (conduit, type, condition = { broadcaster_user_id: '107', user_id: '107' }) =>
      helix('POST', 'eventsub/subscriptions', {
        type,
        version: '1',
        condition,
        transport: { method: 'conduit', conduit_id: conduit },
      }),
    async say(fields) {
      const { ids } = await control('POST', 'twitch/say', { channel: 'ivan', as: 'maria', text: 'Hi!', ...fields })
      return ids as string[]
    },
    pass: (ms) => simulator.clock.advance(ms),
  }
}

/** Connects and keeps what comes. */
export function openEventSubSocket(
  t: Pick<TestContext, 'after'>,
  address: string,
  autoPong = true,
): Omit<EventSubSocket, 'session'> {
  const socket = new WebSocket(address, { autoPong })
  const messages: EventSubMessage[] = []
  socket.on('message', (message: Buffer) => void messages.push(JSON.parse(message.toString('utf8')) as EventSubMessage))
  let pings = 0
  socket.on('ping', () => void pings++)
  socket.on('error', () => {})
  const closed = new Promise<number>((resolve) => void socket.on('close', (code) => resolve(code)))
  t.after(() => socket.terminate())
  const notifications = () => messages.filter(({ metadata }) => metadata.message_type === 'notification')
  return {
    messages,
    notifications,
    texts: () =>
      notifications().map(({ payload }) => (payload.event?.['message'] as { text: string } | undefined)?.text),
    pings: () => pings,
    send: (text) => socket.send(text),
    ping: () => socket.ping(),
    close: () => socket.close(),
    terminate: () => socket.terminate(),
    closed,
    isOpen: () => socket.readyState === socket.OPEN,
  }
}
