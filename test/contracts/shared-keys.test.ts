import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { systemClock } from '../../src/base/clock.ts'
import type { RedisConfig } from '../../src/coordination/redis-config.ts'
import { createMemoryKeys } from '../../src/coordination/shared-keys.memory.ts'
import type { SharedKeys } from '../../src/coordination/shared-keys.ts'
import { eventually } from '../support/eventually.ts'
import { connectTestRedis } from '../support/redis-connection.ts'
import { startCluster, startRedis, startSentinel } from '../support/redis-server.ts'

/** Two nodes that share; where the adapter is a node's own, both are the same node. */
interface Nodes {
  one: SharedKeys
  other: SharedKeys
  stop(): Promise<void>
}

const adapters: Record<string, () => Promise<Nodes>> = {
  memory: async () => {
    const keys = createMemoryKeys({ clock: systemClock })
    return { one: keys, other: keys, stop: async () => {} }
  },
  'one Redis': () => nodesOn(startRedis()),
  Sentinels: () => nodesOn(startSentinel()),
  'a cluster': () => nodesOn(startCluster()),
}

const LONG_MS = 600_000
const SHORT_MS = 100

for (const [name, open] of Object.entries(adapters)) {
  describe(`shared keys on ${name}`, () => {
    let one: SharedKeys
    let other: SharedKeys
    let stop: () => Promise<void>
    before(async () => {
      ;({ one, other, stop } = await open())
    })
    after(() => stop())

    test('of all who set what is not there one succeeds, and everybody sees whose it is', async () => {
      const attempts = Array.from({ length: 50 }, (_, index) => index)
      const won = await Promise.all(
        attempts.map((index) => (index % 2 ? one : other).setIfAbsent('race', `value ${index}`, LONG_MS)),
      )
      assert.equal(won.filter(Boolean).length, 1)
      assert.deepEqual(await other.get(['race']), [`value ${won.indexOf(true)}`])
      assert.deepEqual(await one.get(['race']), [`value ${won.indexOf(true)}`])
    })

    test('many are set and read at once, in order, and what is not there is null', async () => {
      const many = Array.from({ length: 1_000 }, (_, index) => `many ${index}`)
      await one.set(many.map((key) => ({ key, value: `of ${key} \u{1F44B}\0\n`, ttlMs: LONG_MS })))
      const read = await other.get([...many.toReversed(), 'nothing'])
      assert.deepEqual(read, [...many.toReversed().map((key) => `of ${key} \u{1F44B}\0\n`), null])
      assert.deepEqual(await other.get([]), [])
      await one.set([])
    })

    test('a key ends by itself, and a hash after its last write', async () => {
      await one.set([{ key: 'short', value: 'x', ttlMs: SHORT_MS + 0.5 }])
      await one.setFields([{ key: 'short hash', field: 'f', value: 'x', ttlMs: SHORT_MS }])
      await eventually('their end', async () => {
        const [[value], [fields]] = [await other.get(['short']), await other.fields(['short hash'])]
        return value === null && fields?.size === 0
      })
      assert.equal(await other.setIfAbsent('short', 'y', LONG_MS), true)
      await one.setFields([{ key: 'kept hash', field: 'a', value: '1', ttlMs: 1 }])
      await one.setFields([{ key: 'kept hash', field: 'b', value: '2', ttlMs: LONG_MS }])
      assert.equal((await other.fields(['kept hash']))[0]?.get('b'), '2')
    })

    test('what was set again lives as long as it was last given', async () => {
      await one.set([{ key: 'again', value: '1', ttlMs: SHORT_MS }])
      await one.set([{ key: 'again', value: '2', ttlMs: LONG_MS }])
      await one.set([{ key: 'witness', value: '', ttlMs: SHORT_MS }])
      await eventually('the end of another', async () => (await one.get(['witness']))[0] === null)
      assert.deepEqual(await other.get(['again']), ['2'])
    })

    test('it is deleted where its value begins so, and left where somebody else wrote since', async () => {
      await one.set([
        { key: 'mine', value: '7:mine', ttlMs: LONG_MS },
        { key: 'theirs', value: '8:theirs', ttlMs: LONG_MS },
      ])
      const deleted = await other.deleteIf([
        { key: 'mine', prefix: '7:' },
        { key: 'theirs', prefix: '7:' },
        { key: 'nobody’s', prefix: '' },
      ])
      assert.equal(deleted, 1)
      assert.deepEqual(await one.get(['mine', 'theirs']), [null, '8:theirs'])
    })

    test('several write fields of one hash, and each takes its own away', async () => {
      await Promise.all([
        one.setFields([
          { key: 'hash', field: 'one/1', value: 'a', ttlMs: LONG_MS },
          { key: 'hash', field: 'one/2', value: 'b', ttlMs: LONG_MS },
          { key: 'another', field: 'x', value: 'y', ttlMs: LONG_MS },
        ]),
        other.setFields([{ key: 'hash', field: 'other/1', value: 'c', ttlMs: LONG_MS }]),
      ])
      await one.dropFields([
        { key: 'hash', field: 'one/1' },
        { key: 'hash', field: 'never there' },
        { key: 'no hash', field: 'x' },
      ])
      const [hash, another, none] = await other.fields(['hash', 'another', 'no hash'])
      assert.deepEqual(
        hash,
        new Map([
          ['one/2', 'b'],
          ['other/1', 'c'],
        ]),
      )
      assert.deepEqual(another, new Map([['x', 'y']]))
      assert.deepEqual(none, new Map())
      await one.dropFields([{ key: 'another', field: 'x' }])
      assert.deepEqual(await other.fields(['another']), [new Map()])
    })

    test('what was read is the reader’s own', async () => {
      await one.setFields([{ key: 'copied', field: 'f', value: 'v', ttlMs: LONG_MS }])
      const [read] = await one.fields(['copied'])
      read?.clear()
      assert.equal((await one.fields(['copied']))[0]?.size, 1)
    })

    test('the store answers', () => assert.ok(one.isUp() && other.isUp()))
  })
}

async function nodesOn(starting: Promise<{ config: RedisConfig; stop(): Promise<void> }>): Promise<Nodes> {
  const redis = await starting
  const [one, other] = [connectTestRedis(redis.config), connectTestRedis(redis.config)]
  assert.ok((await one.comesUp(20_000)) && (await other.comesUp(20_000)), 'Redis came up')
  return {
    one: one.keys,
    other: other.keys,
    async stop() {
      await Promise.all([one.close(), other.close()])
      await redis.stop()
    },
  }
}
