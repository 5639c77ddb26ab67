import assert from 'node:assert/strict'
import { after, before, describe, test, type TestContext } from 'node:test'
import { createMemoryBus } from '../../src/coordination/bus.memory.ts'
import type { Bus, ChannelEvent } from '../../src/coordination/bus.ts'
import { eventually } from '../support/eventually.ts'
import { connectTestRedis } from '../support/redis-connection.ts'
import { startCluster, startRedis, startSentinel } from '../support/redis-server.ts'

/** Two nodes on one bus; where the adapter is a node's own, both are the same node. */
interface Nodes {
  one: Bus
  other: Bus
  stop(): Promise<void>
}

const adapters: Record<string, () => Promise<Nodes>> = {
  memory: async () => {
    const bus = createMemoryBus({ onError: () => undefined })
    return { one: bus, other: bus, stop: bus.close }
  },
  'one Redis': () => nodesOn(startRedis()),
  Sentinels: () => nodesOn(startSentinel()),
  'a cluster': () => nodesOn(startCluster()),
}

for (const [name, open] of Object.entries(adapters)) {
  describe(`the bus on ${name}`, () => {
    let nodes: Nodes
    before(async () => {
      nodes = await open()
    })
    after(() => nodes.stop())

    /** Topics of a test's own, so that no other's messages are heard. */
    let topics = 0
    const newTopic = () => `news:${name.length}${++topics}` as const
    const event = (alertId: string): ChannelEvent => ({ type: 'alert-ended', alertId, why: 'shown' })
    const MARK = '~'

    /** Both nodes listen to a topic, and are known to. */
    const talk = async (t: TestContext, topic = newTopic()) => {
      let marks = 0
      const hear = (bus: Bus) => {
        const heard: string[] = []
        const marked = new Set<string>()
        const stop = bus.subscribe(topic, (message) => {
          if (message.type !== 'alert-ended') return
          if (message.alertId.startsWith(MARK)) marked.add(message.alertId)
          else heard.push(message.alertId)
        })
        t.after(stop)
        return { heard, marked, stop }
      }
      const one = hear(nodes.one)
      const other = hear(nodes.other)
      /** A word there and one back: what was said on the topic before has arrived. One that is lost is said again. */
      const settled = async () => {
        const [there, back] = [`${MARK}${++marks} there`, `${MARK}${marks} back`]
        await eventually('a word there', () => other.marked.has(there) || nodes.one.publish(topic, event(there)))
        await eventually('a word back', () => one.marked.has(back) || nodes.other.publish(topic, event(back)))
      }
      await settled()
      return { topic, one, other, settled }
    }

    test('subscribers of the sender’s own node hear within the same turn, and once', async (t) => {
      const { topic, one, settled } = await talk(t)
      nodes.one.publish(topic, event('1'))
      assert.deepEqual(one.heard, ['1'])
      await settled()
      assert.deepEqual(one.heard, ['1'])
    })

    test('another node hears all of it once and in order', async (t) => {
      const { topic, other, settled } = await talk(t)
      const said = Array.from({ length: 2_000 }, (_, index) => String(index))
      for (const id of said) nodes.one.publish(topic, event(id))
      await eventually('the last word', () => other.heard.length >= said.length)
      await settled()
      assert.deepEqual(other.heard, said)
    })

    test('another node hears what JSON made of a message, whatever text it holds', async (t) => {
      const { topic, other } = await talk(t)
      const words = ['__proto__', '"__proto__":{}', 'a\nb\0c', '\u{1F44B}\u{1F3FD}', '\ud83d', '{17}:', '']
      for (const word of words) nodes.one.publish(topic, event(word))
      await eventually('all words', () => other.heard.length >= words.length)
      assert.deepEqual(other.heard, words)
    })

    test('one of two listeners stops, and the other still hears; the last stops, and nobody does', async (t) => {
      const { topic, other } = await talk(t)
      const second: string[] = []
      const stopSecond = nodes.other.subscribe(topic, ({ type }) => void second.push(type))
      other.stop()
      other.stop()
      nodes.one.publish(topic, event('1'))
      await eventually('the one that stayed', () => second.length > 0)
      stopSecond()
      nodes.one.publish(topic, event('2'))
      // The same connection, another topic.
      await (await talk(t)).settled()
      assert.deepEqual([other.heard, second], [[], ['alert-ended']])
    })

    test('a topic that is let go and taken again in one breath is heard', async (t) => {
      const { topic, other } = await talk(t)
      other.stop()
      await talk(t, topic)
    })

    test('a listener that throws harms no other, and no sender', async (t) => {
      const topic = newTopic()
      t.after(
        nodes.other.subscribe(topic, () => {
          throw new Error('planted')
        }),
      )
      const { other, settled } = await talk(t, topic)
      nodes.one.publish(topic, event('1'))
      await settled()
      assert.deepEqual(other.heard, ['1'])
    })

    test('news of all channels that somebody listens to can be heard in one place', async (t) => {
      const topic = newTopic()
      const news = new Set<string>()
      t.after(nodes.other.onNews((channelId, { type }) => void news.add(`news:${channelId} ${type}`)))
      await talk(t, topic)
      assert.ok(news.has(`${topic} alert-ended`))
    })

    test('ten thousand topics are subscribed and heard, and given up again', async () => {
      const heard = new Set<string>()
      const many = Array.from({ length: 10_000 }, (_, index) => `news:${name.length}-${index}` as const)
      const stops = many.map((topic) => nodes.other.subscribe(topic, () => void heard.add(topic)))
      // In waves: more at once than a bus holds would be dropped.
      await eventually(
        'every topic',
        async () => {
          const silent = many.filter((topic) => !heard.has(topic)).slice(0, 2_000)
          for (const topic of silent) nodes.one.publish(topic, event('one of many'))
          await new Promise((resolve) => setTimeout(resolve, 50))
          return heard.size === many.length
        },
        30_000,
      )
      for (const stop of stops) stop()
      assert.ok(nodes.one.isUp())
    })

    test('whoever waits for it to be up hears nothing while it stays so', async (t) => {
      let ups = 0
      t.after(nodes.one.onUp(() => ups++))
      await (await talk(t)).settled()
      assert.equal(ups, 0)
      assert.ok(nodes.one.isUp())
    })
  })
}

async function nodesOn(
  starting: Promise<{ config: Parameters<typeof connectTestRedis>[0]; stop(): Promise<void> }>,
): Promise<Nodes> {
  const redis = await starting
  const [one, other] = [connectTestRedis(redis.config), connectTestRedis(redis.config)]
  assert.ok((await one.comesUp(20_000)) && (await other.comesUp(20_000)), 'Redis came up')
  return {
    one: one.bus,
    other: other.bus,
    async stop() {
      await Promise.all([one.close(), other.close()])
      await redis.stop()
    },
  }
}
