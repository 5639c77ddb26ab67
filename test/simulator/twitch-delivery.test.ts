import assert from 'node:assert/strict'
import { test } from 'node:test'
import { shardOf } from '../../simulator/twitch/delivery.ts'
import type { ChatRecord } from '../../simulator/twitch/ledger.ts'
import { eventually } from '../support/eventually.ts'
import { CHAT_SCOPES, startTwitch, type EventSubSocket, type SimulatedTwitch } from '../support/simulated-twitch.ts'

const MESSAGE = 'channel.chat.message'

/** Ivan's chat on three shards; `own` is the number of his. */
async function threeShards(t: Parameters<typeof startTwitch>[0], options: Parameters<typeof startTwitch>[1] = {}) {
  const twitch = await startTwitch(t, options)
  const { id: conduit, sockets } = await twitch.openConduit(3)
  await twitch.subscribe(conduit, MESSAGE)
  const own = shardOf('107', 3)
  const at = (shard: number) => sockets[shard % 3] ?? assert.fail()
  const lose = async (shard: number) => {
    await twitch.control('POST', 'twitch/sockets/close', { shard: String(shard % 3), code: 1006 })
    await at(shard).closed
  }
  return { ...twitch, conduit, sockets, own, at, lose }
}

const fatesOf = ({ simulator }: SimulatedTwitch, id: string | undefined) =>
  simulator.twitch.ledger.find(id ?? '')?.notifications.map(({ fate, retried, shard }) => ({ fate, retried, shard }))

test('all that is about a channel goes to one shard, and channels spread evenly over all', async (t) => {
  const twitch = await threeShards(t)
  for (const type of ['channel.chat.clear', 'stream.online', 'channel.chat.notification'])
    await twitch.subscribe(
      twitch.conduit,
      type,
      type === 'stream.online' ? { broadcaster_user_id: '107' } : { broadcaster_user_id: '107', user_id: '107' },
    )
  await twitch.say({})
  await twitch.control('POST', 'twitch/clear', { channel: 'ivan' })
  await twitch.control('POST', 'twitch/stream', { channel: 'ivan', live: true })
  await twitch.control('POST', 'twitch/notice', { channel: 'ivan', as: 'maria', type: 'sub' })
  await eventually('all four', () => twitch.at(twitch.own).notifications().length === 4)
  assert.equal(twitch.sockets.flatMap((socket) => socket.notifications()).length, 4)

  const shares = [0, 0, 0, 0, 0]
  for (let id = 100_000; id < 110_000; id++) shares[shardOf(String(id), 5)]!++
  assert.ok(Math.min(...shares) > 1_800 && Math.max(...shares) < 2_200, shares.join())
})

test('events for a disabled shard go to one other, and are dropped when that is disabled, too', async (t) => {
  const twitch = await threeShards(t)
  const { own, at, lose, say } = twitch
  await lose(own)
  const [retried] = await say({ text: 'one dead' })
  await eventually('the next one hears', () => at(own + 1).texts().length === 1)
  assert.deepEqual(fatesOf(twitch, retried), [{ fate: 'delivered', retried: true, shard: String((own + 1) % 3) }])
  await lose(own + 1)
  const [dropped] = await say({ text: 'two dead' })
  assert.deepEqual(fatesOf(twitch, dropped), [{ fate: 'dropped', retried: true, shard: String((own + 1) % 3) }])
  const back = await twitch.openEventSub()
  await twitch.assign(twitch.conduit, { [String(own)]: back })
  await say({ text: 'alive again' })
  await eventually('the new one hears', () => back.texts().length === 1)
  assert.deepEqual(back.texts(), ['alive again'], 'nothing is queued, nothing comes again')
  assert.deepEqual(twitch.simulator.twitch.ledger.totals(), {
    delivered: 2,
    lost: 0,
    dropped: 1,
    retried: 2,
    messages: 3,
  })
})

test('which other shard is tried can be left to chance', async (t) => {
  const { own, at, lose, say } = await threeShards(t, { switches: { retryShard: 'random' } })
  await lose(own)
  await say({ count: 200 })
  const others = [at(own + 1), at(own + 2)]
  const heard = () => others.map((socket) => socket.texts().length)
  await eventually('all of them', () => heard().reduce((sum, count) => sum + count) === 200)
  assert.ok(Math.min(...heard()) > 60, heard().join())
})

test('the only shard of a conduit has no other', async (t) => {
  const twitch = await startTwitch(t)
  const { id, sockets } = await twitch.openConduit(1)
  await twitch.subscribe(id, MESSAGE)
  sockets[0]?.terminate()
  await eventually('Twitch notices', () => twitch.simulator.twitch.sockets.sessions().length === 0)
  const [lost] = await twitch.say({})
  assert.deepEqual(fatesOf(twitch, lost), [{ fate: 'dropped', retried: false, shard: '0' }])
})

test('a planned handover loses nothing: new socket, PATCH, then the old one closes', async (t) => {
  const { conduit, own, at, say, openEventSub, assign, simulator } = await threeShards(t)
  const old = at(own)
  await say({ count: 50, text: 'old {n}' })
  const next = await openEventSub()
  await assign(conduit, { [String(own)]: next })
  await say({ count: 50, text: 'new {n}' })
  old.close()
  await old.closed
  await say({ count: 50, text: 'later {n}' })
  await eventually('all', () => old.texts().length + next.texts().length === 150)
  assert.deepEqual([old.texts().length, next.texts().length], [50, 100])
  assert.deepEqual(simulator.twitch.ledger.totals().dropped, 0)
})

test('another count of shards moves broadcasters to others', async (t) => {
  const { helix, conduit, openEventSub, assign, sockets, say, own } = await threeShards(t)
  const count = [4, 5, 6, 7].find((shards) => shardOf('107', shards) !== own) ?? assert.fail()
  await helix('PATCH', 'eventsub/conduits', { id: conduit, shard_count: count })
  const place = shardOf('107', count)
  const all = [...sockets]
  for (let shard = 3; shard < count; shard++) {
    all[shard] = await openEventSub()
    await assign(conduit, { [String(shard)]: all[shard] as EventSubSocket })
  }
  await say({})
  await eventually('the other hears', () => all[place]?.texts().length === 1)
})

test('the same message comes twice under one id, or under two', async (t) => {
  const { own, at, say } = await threeShards(t)
  const [same] = await say({ repeat: 'same-id' })
  const [two] = await say({ repeat: 'two-ids' })
  await eventually('four notifications', () => at(own).notifications().length === 4)
  const ids = at(own)
    .notifications()
    .map(({ metadata, payload }) => [metadata.message_id, payload.event?.['message_id']] as const)
  assert.deepEqual(
    ids.map(([, id]) => id),
    [same, same, two, two],
  )
  assert.equal(ids[0]?.[0], ids[1]?.[0])
  assert.notEqual(ids[2]?.[0], ids[3]?.[0])
})

test('a message can be old when it comes', async (t) => {
  const { own, at, say } = await threeShards(t)
  await say({ ageMs: 15_000 })
  await eventually('the message', () => at(own).notifications().length === 1)
  assert.equal(at(own).notifications()[0]?.metadata.message_timestamp, '2025-12-31T23:59:45.000000000Z')
})

test('two subscriptions to one chat hear it under two ids', async (t) => {
  const { own, at, say, subscribe, conduit, control } = await threeShards(t)
  await control('POST', 'twitch/allow', { user: 'maria', scopes: CHAT_SCOPES })
  await subscribe(conduit, MESSAGE, { broadcaster_user_id: '107', user_id: '108' })
  await say({})
  await eventually('two notifications', () => at(own).notifications().length === 2)
  assert.equal(
    new Set(
      at(own)
        .notifications()
        .map(({ metadata }) => metadata.message_id),
    ).size,
    2,
  )
})

test('the way of each of ten thousand messages is on record: what was delivered and what was lost add up', async (t) => {
  const twitch = await threeShards(t)
  const { own, at, control, say } = twitch
  await say({ count: 5_000, duplicateEvery: 10 })
  await control('POST', 'twitch/sockets/half-open', { shard: String(own) })
  await say({ count: 2_000 })
  await control('POST', 'twitch/sockets/notice', { all: true })
  await say({ count: 3_000 })
  const { messages, totals } = (await control('GET', 'twitch/messages?channel=ivan')) as unknown as {
    messages: ChatRecord[]
    totals: Record<string, number>
  }
  assert.equal(messages.length, 10_000)
  assert.deepEqual(totals, { messages: 10_000, delivered: 8_500, lost: 2_000, dropped: 0, retried: 3_000 })
  const reached = messages.filter(({ notifications }) => notifications.some(({ fate }) => fate === 'delivered'))
  const heard = () => [...at(own).notifications(), ...at(own + 1).notifications()]
  await eventually('all that was delivered', () => heard().length === 8_500)
  assert.deepEqual(
    new Set(heard().map(({ payload }) => payload.event?.['message_id'])),
    new Set(reached.map(({ id }) => id)),
  )
  assert.equal(((await control('GET', 'twitch/messages?limit=3'))['messages'] as unknown[]).length, 3)
})
