import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { chooseMoves, chooseOwners, type Candidate } from '../../../src/app/assignments/choose-owner.ts'

const names = fc.uniqueArray(fc.stringMatching(/^[a-z0-9-]{1,12}$/), { minLength: 1, maxLength: 8 })
const keysOf = (count: number) => Array.from({ length: count }, (_, n) => ({ key: `channel-${n * 7919}` }))
const nodes = (nodeIds: readonly string[], load = 0): Candidate[] =>
  nodeIds.map((nodeId, at) => ({ session: at + 1, nodeId, load }))
const loadsOf = (plan: ReadonlyMap<string, number>) => {
  const loads = new Map<number, number>()
  for (const session of plan.values()) loads.set(session, (loads.get(session) ?? 0) + 1)
  return loads
}

test('everything is given to somebody, and nobody has more than a tenth above their share', () => {
  fc.assert(
    fc.property(names, fc.integer({ min: 0, max: 400 }), (nodeIds, count) => {
      const plan = chooseOwners('bot', keysOf(count), nodes(nodeIds), count)
      assert.equal(plan.size, count)
      const share = count / nodeIds.length
      for (const load of loadsOf(plan).values()) assert.ok(load <= Math.max(Math.ceil(share), Math.floor(1.1 * share)))
    }),
  )
})

test('every node comes to the same answer, in whatever order it knows the others', () => {
  fc.assert(
    fc.property(names, fc.integer({ min: 1, max: 200 }), fc.nat(), (nodeIds, count, by) => {
      const some = nodes(nodeIds)
      const turned = [...some.slice(by % some.length), ...some.slice(0, by % some.length)]
      assert.deepEqual(
        chooseOwners('bot', keysOf(count), some, count),
        chooseOwners('bot', keysOf(count), turned, count),
      )
    }),
  )
})

test('a node that comes back under another session is given what it had', () => {
  fc.assert(
    fc.property(names, fc.integer({ min: 1, max: 200 }), (nodeIds, count) => {
      const before = chooseOwners('bot', keysOf(count), nodes(nodeIds), count)
      const anew = nodes(nodeIds).map((node) => ({ ...node, session: node.session + 100 }))
      const after = chooseOwners('bot', keysOf(count), anew, count)
      for (const [key, session] of before) assert.equal(after.get(key), session + 100)
    }),
  )
})

test('of a node that goes, its own is spread over the others, who keep what they have', () => {
  const all = nodes(['a', 'b', 'c', 'd'])
  const keys = keysOf(1_000)
  const plan = chooseOwners('bot', keys, all, 1_000)
  const left = keys.filter(({ key }) => plan.get(key) === 1)
  const loads = loadsOf(plan)
  const others = all.slice(1).map((node) => ({ ...node, load: loads.get(node.session) ?? 0 }))
  const taken = loadsOf(chooseOwners('bot', left, others, 1_000))
  for (const { session, load } of others) assert.ok(load + (taken.get(session) ?? 0) <= 366)
  assert.ok(Math.min(...taken.values()) > 40, 'nobody takes it all')
})

test('for a node that comes, the others give what they have too much, and no more', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 0, max: 600 }), (count, wanted) => {
      const before = nodes(['a', 'b', 'c', 'd', 'e', 'f'].slice(0, count))
      const keys = keysOf(wanted)
      const owner = chooseOwners('bot', keys, before, wanted)
      const after = [...before, { session: 99, nodeId: 'new', load: 0 }]
      let moved = 0
      // Some moves at a time, each node in its turn, until nobody has anything to give.
      for (let round = 0; round < 100; round++) {
        let movedNow = 0
        for (const { session } of after) {
          const loads = loadsOf(owner)
          const candidates = after.map((node) => ({ ...node, load: loads.get(node.session) ?? 0 }))
          const mine = keys.filter(({ key }) => owner.get(key) === session)
          const moves = chooseMoves('bot', mine, session, candidates, { wanted, limit: 20 })
          for (const [key, to] of moves) owner.set(key, to)
          movedNow += moves.size
        }
        moved += movedNow
        if (movedNow === 0) break
      }
      const share = wanted / (count + 1)
      const bound = Math.max(Math.ceil(share), Math.floor(1.1 * share))
      const loads = loadsOf(owner)
      for (const load of loads.values()) assert.ok(load <= bound)
      assert.ok(moved <= Math.ceil(share) + count, `${moved} moved of ${wanted} for a share of ${share}`)
    }),
    { numRuns: 60 },
  )
})

test('two shards are one each of two nodes', () => {
  fc.assert(
    fc.property(names, (nodeIds) => {
      const plan = chooseOwners('shard', [{ key: '0' }, { key: '1' }], nodes(nodeIds), 2)
      assert.equal(new Set(plan.values()).size, Math.min(2, nodeIds.length))
    }),
  )
})

test('two sockets of one channel are not given to one node where there are two', () => {
  fc.assert(
    fc.property(names, fc.integer({ min: 1, max: 60 }), (nodeIds, count) => {
      const candidates = nodes(nodeIds)
      const first = chooseOwners('donations', keysOf(count), candidates, count)
      const seeking = keysOf(count).map(({ key }) => ({ key, apartFrom: first.get(key) ?? null }))
      const second = chooseOwners('donations-standby', seeking, candidates, count)
      for (const [key, session] of second) assert.ok(nodeIds.length === 1 || session !== first.get(key))
      const together = [{ key: 'x', apartFrom: 1 }]
      const moves = chooseMoves('donations-standby', together, 1, nodes(nodeIds), { wanted: 1, limit: 5 })
      assert.equal(moves.size, nodeIds.length > 1 ? 1 : 0)
    }),
  )
})

test('ten thousand are planned within the time of a renewal', (t) => {
  const began = performance.now()
  chooseOwners('bot', keysOf(10_000), nodes(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']), 10_000)
  const ms = performance.now() - began
  t.diagnostic(`10,000 over 8 nodes in ${ms.toFixed(0)} ms`)
  assert.ok(ms < 1_000)
})
