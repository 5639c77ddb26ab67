import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openAssignmentNodes as open } from '../../support/assignment-nodes.ts'

test('a node that is alone takes all that is wanted before its start is through, live channels first', async (t) => {
  const { want, live, node } = await open(t)
  await want('bot', ['1', '2', '3'])
  await live('3')
  const a = node('a')
  await a.start()
  assert.deepEqual(
    a.bots.begun.map(({ key, epoch }) => [key, epoch]),
    [
      ['3', 1],
      ['1', 1],
      ['2', 1],
    ],
  )
})

test('two nodes share, and each shard has a node of its own', async (t) => {
  const { want, node, until } = await open(t)
  const [a, b] = [node('a'), node('b')]
  await Promise.all([a.start(), b.start()])
  await until('both know each other', () => [a, b].every(({ life }) => life.members().length === 2))
  await want(
    'bot',
    Array.from({ length: 40 }, (_, n) => `c${n}`),
  )
  a.bus.publish('cluster', { type: 'nodes-changed' })
  await until('all run', () => a.bots.running().size + b.bots.running().size === 40)
  assert.ok(Math.max(a.bots.running().size, b.bots.running().size) <= 22)
  await until('a shard each', () => a.shards.running().size === 1 && b.shards.running().size === 1)
})

test('what a node has too much of moves to one that joins, with what it passes on, and is begun in the same turn', async (t) => {
  const { want, node, until } = await open(t)
  await want(
    'bot',
    Array.from({ length: 30 }, (_, n) => `c${n}`),
  )
  const a = node('a')
  await a.start()
  assert.equal(a.bots.running().size, 30)
  const b = node('b')
  await b.start()
  await until('shared', () => b.bots.running().size >= 13)
  assert.equal(a.bots.running().size + b.bots.running().size, 30)
  for (const { key, epoch, legacy, orphanedForMs } of b.bots.begun) {
    assert.deepEqual({ epoch, legacy, orphanedForMs }, { epoch: 2, legacy: { of: key }, orphanedForMs: null })
  }
  assert.ok(a.bots.ended.every(({ why }) => why === 'handed-over'))
})

test('a message that is lost costs a renewal, not the bot', async (t) => {
  const { want, node, until } = await open(t)
  await want(
    'bot',
    Array.from({ length: 10 }, (_, n) => `c${n}`),
  )
  const a = node('a')
  await a.start()
  const b = node('b', { deaf: true })
  await b.start()
  await until('shared', () => a.bots.running().size + b.bots.running().size === 10 && b.bots.running().size >= 5)
  assert.ok(b.bots.begun.every(({ legacy }) => legacy === null))
})

test('a bot is turned off and on within a moment, wherever its owner is', async (t) => {
  const { want, unwant, node, until } = await open(t)
  await want('bot', ['1'])
  const [a, b] = [node('a'), node('b', { roles: ['web'] })]
  await a.start()
  await b.start()
  await unwant('bot', '1')
  b.bus.publish('cluster', { type: 'assignments-changed', kind: 'bot', keys: ['1'] })
  await until('off', () => a.bots.running().size === 0)
  assert.deepEqual(a.bots.ended, [{ key: '1', why: 'unwanted' }])
  await until('let go', async () => (await a.row('bot', '1')).owner === null)
  await want('bot', ['1'])
  b.bus.publish('cluster', { type: 'assignments-changed', kind: 'bot', keys: ['1'] })
  await until('on', () => a.bots.running().get('1') === 2)
  assert.equal(b.bots.running().size, 0, 'a node for pages takes no bots')
  b.bus.publish('cluster', { type: 'assignments-changed', kind: 'bot', keys: ['1'] })
  await until('refreshed', () => a.bots.refreshed.includes('1'))
})

test('without the bus a bot that is turned off is found with the next renewal', async (t) => {
  const { want, unwant, node, until } = await open(t)
  await want('bot', ['1', '2'])
  const a = node('a')
  await a.start()
  await unwant('bot', '1')
  await until('off', () => a.bots.running().size === 1)
})

test('a node that is cut off from a bus that others have gives them its bots and its shard, all at once, and takes none', async (t) => {
  const { want, node, until, clock } = await open(t)
  const keys = Array.from({ length: 200 }, (_, n) => `c${n}`)
  await want('bot', keys)
  const [a, b, c] = [node('a'), node('b'), node('c')]
  await Promise.all([a.start(), b.start(), c.start()])
  const all = [a, b, c]
  await until('shared', () => all.every(({ bots, shards }) => bots.running().size >= 50 && shards.running().size === 1))

  const renewals = async () => {
    for (let round = 0; round < 3; round++) {
      await clock.advance(1_000)
      for (const { life, supervisor } of all) {
        await life.look()
        await supervisor.settled()
      }
    }
  }
  for (const state of ['lost', 'down'] as const) {
    for (const one of all) one.state.reach = state
    await renewals()
  }
  assert.ok(
    all.every(({ bots }) => bots.running().size >= 50),
    'where nobody has it, nothing moves',
  )
  for (const { state } of all) state.reach = 'back'
  await renewals()
  for (const { state } of [a, b]) state.reach = 'up'
  await renewals()
  assert.ok(
    all.every(({ bots }) => bots.running().size >= 50),
    'nor away from who has it again',
  )

  c.state.reach = 'down'
  const given = c.bots.ended.length
  await until('all of its are given', () => c.bots.running().size + c.shards.running().size === 0)
  assert.ok(c.bots.ended.length - given >= 50)
  assert.ok(c.bots.ended.slice(given).every(({ why }) => why === 'handed-over'))
  await until('others run them', () => a.bots.running().size + b.bots.running().size === 200)
  await until('the shards too', () => a.shards.running().size + b.shards.running().size === 3)
  await want('bot', ['new'])
  await until('a new one is taken', () => a.bots.running().has('new') || b.bots.running().has('new'))
  assert.equal(c.bots.running().size, 0)

  c.state.reach = 'up'
  await until('it has its share again', () => c.bots.running().size >= 50 && c.shards.running().size === 1)
})

test('a node that stops hands over all it has, and the rows never had a moment without an owner', async (t) => {
  const { want, node, until } = await open(t)
  await want(
    'bot',
    Array.from({ length: 12 }, (_, n) => `c${n}`),
  )
  const [a, b] = [node('a'), node('b')]
  await a.start()
  await b.start()
  await until('shared', () => a.bots.running().size > 0 && b.bots.running().size > 4)
  const had = [...a.bots.running().keys()]
  await a.supervisor.stop()
  assert.equal(a.bots.running().size, 0)
  assert.deepEqual(
    a.bots.ended.slice(-had.length).map(({ why }) => why),
    had.map(() => 'handed-over'),
  )
  assert.equal(b.bots.running().size, 12)
  assert.equal(b.shards.running().size, 2)
  assert.ok(b.bots.begun.every(({ orphanedForMs }) => orphanedForMs === null))
  assert.equal(a.life.session(), null)
})

test('a node that stops alone lets go at once, and whoever starts next need not wait', async (t) => {
  const { want, node } = await open(t)
  await want('bot', ['1'])
  const a = node('a')
  await a.start()
  await a.supervisor.stop()
  assert.deepEqual(a.bots.ended, [{ key: '1', why: 'shutdown' }])
  const b = node('b')
  await b.start()
  assert.deepEqual([...b.bots.running()], [['1', 2]])
})

test('a node that falls silent is fenced, and what it had is taken with the time it was missed for', async (t) => {
  const { want, node, until, clock, db } = await open(t)
  await want('bot', ['1', '2'])
  const a = node('a')
  await a.start()
  const b = node('b')
  await b.start()
  await until('each one', () => b.bots.running().size === 1)
  // The database's clock goes on by itself; the nodes' clock is ours to move.
  a.freeze()
  await clock.advance(15_000)
  await db.execute(`update nodes set renewed_at = now() - interval '12.5 seconds' where session = $1`, [a.session()])
  await until('taken over', () => b.bots.running().size === 2)
  const [taken] = b.bots.begun.slice(-1)
  assert.ok(taken && (taken.orphanedForMs ?? 0) >= 12_000)
  assert.equal(a.life.mayAct(), false)
  a.thaw()
  await until('it begins anew', () => a.life.session() !== null && a.bots.ended.some(({ why }) => why === 'lost'))
})

test('the watchdog begins again what fell, ends what nobody gave it, and says so once', async (t) => {
  const { want, node, until } = await open(t)
  await want('bot', ['1', '2'])
  const a = node('a')
  await a.start()
  await a.watched()
  a.bots.map.delete('1')
  a.bots.map.set('stray', 7)
  await a.watched()
  await until('restarted', () => a.bots.map.get('1') === 1 && !a.bots.map.has('stray'))
  await a.watched()
  const said = a.logs.filter(({ msg }) => msg === 'the watchdog put something right')
  assert.deepEqual(
    said.map(({ action, count }) => [action, count]),
    [
      ['restarted', 1],
      ['ended', 1],
    ],
  )
  assert.deepEqual(await a.counted('restarted'), 1)
  assert.equal(a.supervisor.actions().length, 2)
})

test('the mirror is rebuilt where it was emptied, put right where it is old, and cleaned by its owner alone', async (t) => {
  const { want, unwant, node, until, keys } = await open(t)
  await want('bot', ['1', '2'])
  const a = node('a')
  await a.start()
  const mirrored = (key: string) => keys.get([`owner:bot:${key}`]).then(([value]) => value)
  await until('mirrored', async () => (await mirrored('1')) === `1 ${a.session()} a`)
  await a.watched()
  await keys.set([{ key: 'owner:bot:1', value: '0 99 other', ttlMs: 60_000 }])
  await keys.deleteIf([{ key: 'owner:bot:2', prefix: '' }])
  await a.watched()
  await until('put right', async () => (await mirrored('1')) === `1 ${a.session()} a` && (await mirrored('2')) !== null)
  assert.deepEqual([await a.counted('mirror_rebuilt'), await a.counted('mirror_overwritten')], [1, 1])

  await keys.set([{ key: 'owner:bot:2', value: '5 99 other', ttlMs: 60_000 }])
  await unwant('bot', '1')
  await unwant('bot', '2')
  await until('let go', () => a.bots.running().size === 0)
  await until('cleaned', async () => (await mirrored('1')) === null)
  assert.equal(await mirrored('2'), '5 99 other')
})

test('a life that begins while its node stops sets nothing going', async (t) => {
  const { node, clock } = await open(t)
  const a = node('a')
  await a.supervisor.stop()
  const before = clock.pendingTimers()
  a.supervisor.begun(1)
  assert.equal(clock.pendingTimers(), before)
})

test('a store that was emptied is filled again with the next renewal, not the next watch', async (t) => {
  const { want, node, until, keys, clock } = await open(t)
  await want('bot', ['1', '2'])
  const a = node('a')
  await a.start()
  const mirrored = () => keys.get(['owner:bot:1', 'owner:bot:2'])
  await until('mirrored', async () => (await mirrored()).every((value) => value !== null))
  await a.watched()
  const before = (await a.counted('mirror_rebuilt')) ?? 0
  const all = ['owner:bot:1', 'owner:bot:2', `node:${a.session()}`]
  assert.equal(await keys.deleteIf(all.map((key) => ({ key, prefix: '' }))), 3)
  const emptiedAt = clock.monotonic()
  await until('it is there again', async () => (await mirrored()).every((value) => value !== null))
  assert.ok(clock.monotonic() - emptiedAt < 6_000)
  await until('it is counted', async () => (await a.counted('mirror_rebuilt')) === before + 2)
})

test('a refused write makes the node look at the row', async (t) => {
  const { want, node, until, db } = await open(t)
  await want('bot', ['1'])
  const a = node('a')
  await a.start()
  await db.execute(`update assignments set owner = null, desired = false where kind = 'bot' and key = '1'`)
  a.supervisor.refused('bot', ['1'])
  await until('ended', () => a.bots.running().size === 0)
  assert.deepEqual(a.bots.ended, [{ key: '1', why: 'lost' }])
})

test('a database that came back without its last moments is believed: what runs goes on under the epoch of its row', async (t) => {
  const { want, node, until, db } = await open(t)
  await want('bot', ['1'])
  const a = node('a')
  await a.start()
  a.bus.publish(`node:${a.session()}`, {
    type: 'handed-over',
    kind: 'bot',
    owned: [{ key: '1', epoch: 3, live: false, legacy: null }],
  })
  // That hand-over was lost with the server that it was written on.
  await until('found out', () => a.bots.running().get('1') === 1)
  await db.execute(`update assignments set epoch = 7 where kind = 'bot' and key = '1'`)
  await a.watched()
  await db.execute(`update assignments set epoch = 5 where kind = 'bot' and key = '1'`)
  await until('found by the watchdog', async () => (await a.watched(), a.bots.running().get('1') === 5))
})

test('what is given to a node in the moment in which it begins to stop is given on, and not silent until its end', async (t) => {
  const { want, node, until, db } = await open(t)
  const [a, b] = [node('a'), node('b')]
  await a.start()
  await b.start()
  await until('both know each other', () => [a, b].every(({ life }) => life.members().length === 2))
  await want('bot', ['1'])
  // The row is a's by now; the news of it is on its way, or lost.
  await db.execute(`update assignments set owner = $1, epoch = 4, owned_since = now() where kind = 'bot'`, [
    a.session(),
  ])
  await a.supervisor.stop()
  assert.deepEqual([...b.bots.running()], [['1', 5]])
  assert.equal(b.bots.begun.at(-1)?.orphanedForMs, null)
})
