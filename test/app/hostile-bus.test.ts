import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createRouteChat } from '../../src/app/bots/route-chat.ts'
import { createMetrics } from '../../src/base/metrics.ts'
import { channelOf } from '../../src/coordination/bus-channel.ts'
import { createRedisBus, type BusConnection } from '../../src/coordination/bus.redis.ts'
import { isMovedStage } from '../../src/domain/stage-shape.ts'
import { createManualClock } from '../support/manual-clock.ts'
import { CHANNEL, openOverlayNodes, RULES } from '../support/overlay-nodes.ts'

/** What another node sent, word by word. */
function openBus() {
  let arrive: (channel: string, payload: string) => void = () => {}
  const connection: BusConnection = {
    publish: async () => undefined,
    subscribe: () => {},
    unsubscribe: () => {},
    onMessage: (handler) => void (arrive = handler),
    isUp: () => true,
    onUp: () => () => {},
    close: () => {},
  }
  const errors: unknown[] = []
  const clock = createManualClock()
  const bus = createRedisBus({
    connection,
    origin: 'me',
    clock,
    metrics: createMetrics(),
    onError: (error) => void errors.push(error),
  })
  const send = (topic: string, message: unknown) =>
    arrive(channelOf(topic), JSON.stringify([1, 'another', message]) ?? 'null')
  return { bus, clock, errors, arrive, send }
}

const KNOWN: Array<[topic: string, message: object]> = [
  ['cluster', { type: 'nodes-changed' }],
  ['cluster', { type: 'assignments-changed', kind: 'bot', keys: ['1'] }],
  ['cluster', { type: 'look-changed', viewerId: '1', look: { head: 'round' } }],
  ['news:c', { type: 'alert-ended', alertId: '1', why: 'shown' }],
  ['stage:c', { type: 'frames', by: 1, epoch: 4_294_967_296, first: 1, last: 2, text: '' }],
  ['stage:c', { type: 'overlays', by: 1, came: null, overlays: [] }],
  ['chat:7', { id: 'x', what: { type: 'cleared', channelUserId: '7' }, receivedAt: 1, relayed: false }],
  ['node:1', { type: 'handed-over', kind: 'bot', owned: [{ key: '1', epoch: 2, live: true, legacy: null }] }],
  ['node:1', { type: 'ask', id: 'x', from: 'y', about: 'stage', question: {} }],
]

test('what other nodes say is heard as this version knows it; all else is counted and passed over', () => {
  for (const [topic, message] of KNOWN) {
    const { bus, send, arrive } = openBus()
    const heard: unknown[] = []
    bus.subscribe(topic as never, (one) => void heard.push(one))
    send(topic, { ...message, more: 'of a newer version' })
    assert.equal(heard.length, 1, JSON.stringify(message))
    for (const field of Object.keys(message)) {
      if (field === 'question') continue
      send(topic, { ...message, [field]: { nobody: ['knows'] } })
      send(topic, { ...message, [field]: undefined })
    }
    for (const junk of [null, 7, 'text', [], {}, { type: 'of-a-newer-version' }]) send(topic, junk)
    arrive(channelOf(topic), `[1,"another",${JSON.stringify(message)},"${'x'.repeat(17 * 2 ** 20)}"]`)
    assert.equal(heard.length, 1, `${topic} ${JSON.stringify(heard.slice(1))}`)
  }
})

test('whatever arrives, no listener throws and overlays can come and go', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.constantFrom('overlays', 'frames', 'owner', 'alert.offer'), fc.jsonValue()), {
        maxLength: 8,
      }),
      async (messages) => {
        const { clock, addNode } = openOverlayNodes()
        const one = addNode(1)
        const overlay = one.watch('here')
        await clock.advance(0)
        const wire = openBus()
        wire.bus.subscribe(`stage:${CHANNEL}`, (message) => one.bus.publish(`stage:${CHANNEL}`, message))
        for (const [type, junk] of messages) {
          wire.send(`stage:${CHANNEL}`, { type, by: 9, came: null, claim: 1, overlays: junk, text: junk, d: junk })
          wire.send(`stage:${CHANNEL}`, { type, by: junk, epoch: junk, first: 1, last: junk, overlays: [junk], d: {} })
        }
        assert.deepEqual(wire.errors, [])
        overlay.leave()
        const again = one.watch('again')
        await clock.advance(100)
        assert.equal(again.ended(), null)
      },
    ),
    { numRuns: 60 },
  )
})

test('what cannot be read of one overlay in the store hides no other', async () => {
  const { store, clock, addNode } = openOverlayNodes()
  const [one, two] = [addNode(1), addNode(2)]
  one.watch('first')
  await clock.advance(0)
  const values = ['', 'null', '7', '{"instance":7}', '[]', '{"__proto__":{"instance":"x"}}', '{"beat":1']
  await store.keys.setFields(
    values.map((value, n) => ({ key: `overlays:${CHANNEL}`, field: `9/${n}`, value, ttlMs: 60_000 })),
  )
  const second = two.watch('second')
  await clock.advance(10_000)
  assert.equal(second.role(), 'mirror')
  assert.equal((await two.presence.everywhere(CHANNEL)).length, 2)
  assert.equal((await addNode(3).presence.everywhere(CHANNEL)).length, 2)
})

test('a stage that another version left is as good as none, and never fails later', async () => {
  const { clock, addNode, store } = openOverlayNodes()
  const one = addNode(1)
  one.own()
  one.join('ann')
  await clock.advance(3_000)
  const moved = one.stageOwner.legacy(CHANNEL)
  assert.ok(isMovedStage(JSON.parse(JSON.stringify(moved))))
  const [ann] = moved?.stage.awake ?? []
  assert.ok(ann)
  const broken = [
    7,
    {},
    { rules: RULES, stage: { v: 1 } },
    { ...moved, rules: null },
    ...Object.keys(ann).map((field) => ({
      ...moved,
      stage: { ...moved?.stage, awake: [{ ...ann, [field]: { nobody: ['knows'] } }] },
    })),
    { ...moved, stage: { ...moved?.stage, awake: [{ ...ann, motion: { ...ann.motion, at: 'now' } }] } },
  ]
  for (const legacy of broken) {
    const two = addNode(2)
    const overlay = two.watch('overlay')
    two.own(legacy)
    await clock.advance(700_000)
    assert.deepEqual(overlay.people(), [], JSON.stringify(legacy))
    two.stageOwner.giveUp(CHANNEL, 'lost')
    await store.keys.set([{ key: `stage:${CHANNEL}`, value: JSON.stringify(legacy), ttlMs: 600_000 }])
    two.own()
    await clock.advance(1_000)
    assert.deepEqual(overlay.people(), [])
    overlay.leave()
    two.stop()
  }
})

test('of one channel’s chat nothing reaches another, whatever the topic says', () => {
  const { bus, clock, send } = openBus()
  const heard: unknown[] = []
  const route = createRouteChat({
    bus,
    isOurs: () => true,
    onEvent: (event) => void heard.push(event),
    onSubscriptionEnded: (ended) => void heard.push(ended),
    onUnanswered: (answer) => void heard.push(answer),
    clock,
    metrics: createMetrics(),
  })
  route.listen('7')
  const cleared = (channelUserId: string) => ({ type: 'cleared', channelUserId })
  const ended = { id: '1', type: 'x', channelUserId: '8', status: '', why: '' }
  const answer = { channelId: 'c', channelUserId: '8', speakerUserId: '8', messageId: 'm', command: 'x', viewerId: '1' }
  for (const what of [
    cleared('8'),
    { type: 'subscription-ended', ended },
    { type: 'unanswered', answer: { ...answer, text: 'x' } },
  ])
    send('chat:7', { id: crypto.randomUUID(), what, receivedAt: 0, relayed: false })
  assert.deepEqual(heard, [])
  send('chat:7', { id: 'x', what: cleared('7'), receivedAt: 0, relayed: false })
  assert.equal(heard.length, 1)
})
