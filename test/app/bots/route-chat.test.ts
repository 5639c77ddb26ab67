import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRouteChat } from '../../../src/app/bots/route-chat.ts'
import { createMetrics } from '../../../src/base/metrics.ts'
import { createMemoryBus } from '../../../src/coordination/bus.memory.ts'
import type { Bus, ChatDelivery } from '../../../src/coordination/bus.ts'
import type { ChatEvent } from '../../../src/domain/chat-message.ts'
import type { EndedSubscription } from '../../../src/platforms/chat.ts'
import { messageOf, STREAMER_ID } from '../../support/chat-room.ts'
import { createManualClock } from '../../support/manual-clock.ts'

/** Two nodes; what one publishes the other hears as JSON made it, unless it is deaf. */
function setUp() {
  const clock = createManualClock()
  const published: ChatDelivery[] = []
  const open = () => {
    const own = createMemoryBus({
      onError: (error) => {
        throw error
      },
    })
    const metrics = createMetrics()
    const node = {
      owned: false,
      up: true,
      /** The other node hears nothing of this one, as before it has subscribed. */
      unheard: false,
      events: [] as Array<[ChatEvent, number]>,
      ended: [] as EndedSubscription[],
      answers: [] as unknown[],
      own,
      counted: async () =>
        Object.fromEntries(
          (await metrics.chatMessages.get()).values.map(({ labels, value }) => [labels.result, value]),
        ),
    }
    const bus: Pick<Bus, 'publish' | 'subscribe' | 'isUp'> = {
      publish(topic, message) {
        published.push(message as ChatDelivery)
        own.publish(topic, message)
        if (node.up && !node.unheard) other(node).own.publish(topic, JSON.parse(JSON.stringify(message)) as never)
      },
      subscribe: own.subscribe,
      isUp: () => node.up,
    }
    const route = createRouteChat({
      bus,
      isOurs: (channelUserId) => node.owned && channelUserId === STREAMER_ID,
      onEvent: (event, receivedAtMs) => void node.events.push([event, receivedAtMs]),
      onSubscriptionEnded: (ended) => void node.ended.push(ended),
      onUnanswered: (answer, receivedAtMs) => void node.answers.push([answer, receivedAtMs]),
      clock,
      metrics,
    })
    return Object.assign(node, { route })
  }
  const [a, b] = [open(), open()]
  const other = (node: unknown) => (node === a ? b : a)
  const own = (node: typeof a) => {
    node.owned = true
    node.route.listen(STREAMER_ID)
  }
  const handOver = (from: typeof a, to: typeof a) => {
    from.owned = false
    from.route.unlisten(STREAMER_ID, { handedOver: true })
    own(to)
  }
  return { clock, published, a, b, own, handOver }
}

const said = (id: string): ChatEvent => ({
  type: 'message',
  message: messageOf(`words of ${id}`, { id, roles: ['vip'] }),
})
const idsOf = ({ events }: { events: Array<[ChatEvent, number]> }) =>
  events.map(([event]) => (event.type === 'message' ? event.message.id : event.type))

test('what is heard where the bot runs stays there; from elsewhere it comes with all that it was', async () => {
  const { a, b, own, published, clock } = setUp()
  own(b)
  b.route.heard(said('m1'), clock.monotonic())
  assert.equal(published.length, 0)
  await clock.advance(50)
  a.route.heard(said('m2'), clock.monotonic() - 40)
  a.route.heard({ type: 'stream-online', channelUserId: STREAMER_ID }, clock.monotonic())
  assert.deepEqual(idsOf(b), ['m1', 'm2', 'stream-online'])
  const [event, receivedAtMs] = b.events[1] ?? assert.fail()
  assert.ok(event.type === 'message' && event.message.chatter.roles.has('vip'))
  assert.equal(receivedAtMs, clock.monotonic() - 40)
  assert.deepEqual(a.events, [])
  assert.deepEqual([await a.counted(), await b.counted()], [{ forwarded: 2 }, {}])
})

test('a message that two shards tell of is heard once, whichever way each copy comes', async () => {
  const { a, b, own } = setUp()
  own(b)
  b.route.heard(said('m1'), 0)
  a.route.heard(said('m1'), 0)
  a.route.heard(said('m2'), 0)
  b.route.heard(said('m2'), 0)
  assert.deepEqual(idsOf(b), ['m1', 'm2'])
  assert.deepEqual((await b.counted())['duplicate'], 2)
})

test('a clock that is wrong makes no message older than a moment, and none younger than now', async () => {
  const { b, own, clock } = setUp()
  own(b)
  await clock.advance(600_000)
  for (const offMs of [-300_000, 300_000]) {
    const what = { type: 'cleared', channelUserId: STREAMER_ID } as const
    b.own.publish(`chat:${STREAMER_ID}`, { id: `${offMs}`, what, receivedAt: clock.now() + offMs, relayed: false })
  }
  const now = clock.monotonic()
  assert.deepEqual(
    b.events.map(([, at]) => at),
    [now - 2_000, now],
  )
})

test('a former owner passes on what its successor may not have heard yet, once, and for a while', async () => {
  const { a, b, own, handOver, published, clock } = setUp()
  own(a)
  b.route.heard(said('before'), 0)
  handOver(a, b)
  // Not subscribed yet: the other one hears nothing of what is published now, and is told a moment later.
  a.unheard = true
  a.route.heard(said('m1'), 0)
  a.unheard = false
  assert.deepEqual(idsOf(b), [])
  await clock.advance(250)
  assert.deepEqual(idsOf(b), ['m1'])
  a.route.heard(said('m2'), 0)
  await clock.advance(250)
  assert.deepEqual(idsOf(b), ['m1', 'm2'])
  assert.equal((await b.counted())['duplicate'], undefined, 'what we did ourselves is no copy of the platform’s')
  assert.deepEqual(idsOf(a), ['before'])

  await clock.advance(15_000)
  const before = published.length
  a.route.heard(said('m3'), 0)
  await clock.advance(1_000)
  assert.equal(published.length, before + 1, 'forwarded like any other, and not once more')
  assert.deepEqual(idsOf(b), ['m1', 'm2', 'm3'])
})

test('at its end a former owner passes on at once what would have waited', async () => {
  const { a, b, own, handOver } = setUp()
  own(a)
  handOver(a, b)
  a.unheard = true
  a.route.heard(said('m1'), 0)
  a.unheard = false
  a.route.stop()
  assert.deepEqual(idsOf(b), ['m1'])
})

test('ended subscriptions and answers that came too late find the owner too, once', async () => {
  const { a, b, own, handOver, clock } = setUp()
  own(a)
  const ended = {
    id: 's',
    type: 'channel.chat.message',
    channelUserId: STREAMER_ID,
    status: 'x',
    why: 'permission',
  } as const
  handOver(a, b)
  a.route.ended(ended)
  const answer = {
    channelId: 'c',
    channelUserId: STREAMER_ID,
    speakerUserId: STREAMER_ID,
    messageId: 'm',
    command: 'ping',
    viewerId: 'v',
    text: 'pong',
  }
  a.route.unanswered(answer, clock.monotonic())
  await clock.advance(1_000)
  assert.deepEqual(b.ended, [ended])
  assert.deepEqual(b.answers, [[answer, clock.monotonic() - 1_000]])
  assert.ok(a.route.wasOurs(STREAMER_ID))
})

test('who lost a bot listens no more, and where nobody can be reached it is counted', async () => {
  const { a, b, own } = setUp()
  own(a)
  a.owned = false
  a.route.unlisten(STREAMER_ID, { handedOver: false })
  b.route.heard(said('m1'), 0)
  assert.deepEqual(a.events, [])
  a.up = false
  a.route.heard(said('m2'), 0)
  assert.deepEqual([await a.counted(), await b.counted()], [{ unowned: 1 }, { forwarded: 1 }])
})
