import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { StageMessage } from '../../../src/coordination/bus.ts'
import { CHANNEL, openOverlayNodes, RULES } from '../../support/overlay-nodes.ts'

function open() {
  const nodes = openOverlayNodes()
  const settle = async () => {
    for (let turn = 0; turn < 6; turn++) await nodes.clock.advance(0)
  }
  const frame = async () => {
    await nodes.clock.advance(16)
    await settle()
  }
  return { ...nodes, settle, frame, one: nodes.addNode(1), two: nodes.addNode(2) }
}
const isFrames = (message: unknown) => (message as StageMessage).type === 'frames'

test('what happens on a stage reaches overlays of every node, byte for byte the same', async () => {
  const { one, two, settle, frame } = open()
  one.own()
  const [here, there] = [one.watch('here'), two.watch('there')]
  await settle()
  one.join('ann')
  one.join('bob')
  await frame()
  one.say('ann', 'привет\n\nworld')
  await frame()
  const stageBytes = ({ writes }: typeof here) => writes.filter((write) => write.includes('event: avatar.'))
  assert.equal(stageBytes(here).length, 2)
  assert.deepEqual(stageBytes(there), stageBytes(here))
  assert.deepEqual([here.hole(), there.hole()], [null, null])
  assert.deepEqual(there.people(), ['ann', 'bob'])
})

test('nothing is sent to other nodes while nobody there watches', async () => {
  const { one, two, buses, clock, settle, frame } = open()
  one.own()
  one.watch('here')
  await settle()
  one.join('ann')
  await frame()
  assert.deepEqual(
    buses.sent.filter(({ message }) => isFrames(message)),
    [],
  )
  assert.equal(one.audience.isWatched('other'), false)
  const there = two.watch('there')
  await settle()
  assert.deepEqual(there.people(), ['ann'])
  one.join('bob')
  await frame()
  assert.deepEqual(there.people(), ['ann', 'bob'])
  there.leave()
  await clock.advance(20_000)
  buses.sent.length = 0
  one.join('cat')
  await frame()
  assert.deepEqual(
    buses.sent.filter(({ message }) => isFrames(message)),
    [],
  )
})

test('an owner without overlays of its own knows that somebody watches', async () => {
  const { one, two, settle, frame, clock } = open()
  one.own()
  assert.equal(one.audience.isWatched(CHANNEL), false)
  const there = two.watch('there')
  await settle()
  assert.ok(one.audience.isWatched(CHANNEL))
  one.join('ann')
  await frame()
  assert.deepEqual(there.people(), ['ann'])
  await clock.advance(60_000)
  assert.ok(one.audience.isWatched(CHANNEL))
  there.leave()
  await clock.advance(20_000)
  assert.equal(one.audience.isWatched(CHANNEL), false)
})

test('an overlay that comes while things happen gets a snapshot and every frame after it, once', async () => {
  const { one, two, settle, frame, clock } = open()
  one.own()
  for (let n = 0; n < 5; n++) one.join(`v${n}`)
  const overlays = []
  for (let n = 5; n < 30; n++) {
    overlays.push(two.watch(`o${n}`))
    one.join(`v${n}`)
    await clock.advance(n % 3 === 0 ? 16 : 0)
  }
  await settle()
  await frame()
  for (const overlay of overlays) {
    assert.equal(overlay.hole(), null)
    assert.equal(overlay.people().length, 30)
  }
})

test('frames that got lost are made good by a snapshot with the next one, or within seconds where none follows', async () => {
  for (const more of [true, false]) {
    const { one, two, buses, settle, frame, clock } = open()
    one.own()
    const there = two.watch('there')
    await settle()
    one.join('ann')
    await frame()
    buses.lose((_, message) => isFrames(message))
    one.join('bob')
    await frame()
    buses.lose(() => false)
    assert.deepEqual(there.people(), ['ann'])
    if (more) {
      one.join('cat')
      await frame()
    } else await clock.advance(5_000)
    assert.deepEqual(there.people(), more ? ['ann', 'bob', 'cat'] : ['ann', 'bob'])
    assert.equal(there.hole(), null)
    assert.equal(there.frames.filter(({ type }) => type === 'snapshot').length, 2)
  }
})

test('a bus that was away is caught up with as soon as it is back', async () => {
  const { one, two, settle, frame } = open()
  one.own()
  const there = two.watch('there')
  await settle()
  one.bus.cut()
  one.join('ann')
  await frame()
  assert.deepEqual(there.people(), [])
  one.bus.heal()
  two.bus.heal()
  await frame()
  assert.deepEqual(there.people(), ['ann'])
  assert.equal(there.hole(), null)
})

test('a hand-over goes on where the stage was, for overlays of the old owner, of the new one and of a third', async () => {
  const { one, two, settle, frame, addNode } = open()
  const three = addNode(3)
  one.own()
  const overlays = [one.watch('a'), two.watch('b'), three.watch('c')]
  await settle()
  one.join('ann')
  one.say('ann', 'hello')
  await frame()
  const legacy: unknown = JSON.parse(JSON.stringify(one.stageOwner.legacy(CHANNEL)))
  one.stageOwner.giveUp(CHANNEL, 'handed-over')
  two.own(legacy)
  await settle()
  two.join('bob')
  await frame()
  for (const overlay of overlays) {
    assert.equal(overlay.hole(), null)
    assert.deepEqual(overlay.people(), ['ann', 'bob'])
    assert.deepEqual(
      overlay.frames.filter(({ type }) => type === 'avatar.leave'),
      [],
    )
    const last = overlay.frames.findLast(({ type }) => type === 'snapshot')?.d['avatars'] as Array<{ say: unknown }>
    assert.ok(last[0]?.say, 'what she said still stands')
  }
  const positions = overlays.map(({ frames }) => `${frames.at(-1)?.epoch}-${frames.at(-1)?.seq}`)
  assert.equal(new Set(positions).size, 1)
})

test('the stage of a node that died goes on elsewhere as it was some seconds before; overlays stand still until then', async () => {
  const { one, two, settle, frame, clock, row } = open()
  one.own()
  const there = two.watch('there')
  await settle()
  one.join('ann')
  await frame()
  await clock.advance(6_000)
  one.join('bob')
  one.bus.cut()
  one.session.session = null
  row.owner = null
  await clock.advance(12_000)
  assert.deepEqual(there.people(), ['ann'])
  const late = two.watch('late')
  await clock.advance(1_500)
  assert.deepEqual(late.people(), ['ann'])
  two.own()
  await settle()
  two.join('cat')
  await frame()
  for (const overlay of [there, late]) {
    assert.deepEqual(overlay.people(), ['ann', 'cat'])
    assert.equal(overlay.hole(), null)
  }
})

test('who talks while a lost stage is still looked for is on it too', async () => {
  const { one, two, settle, frame, clock } = open()
  one.own()
  one.join('ann')
  await clock.advance(6_000)
  const there = one.watch('there')
  await settle()
  one.stageOwner.giveUp(CHANNEL, 'lost')
  two.own()
  two.join('bob')
  await settle()
  await frame()
  assert.deepEqual(there.people(), ['ann', 'bob'])
  assert.equal(there.hole(), null)
})

test('a stage that was left empty is begun anew by whoever takes it', async () => {
  const { one, two, settle, frame, clock } = open()
  one.own()
  one.join('ann')
  await clock.advance(6_000)
  one.stages.change(CHANNEL, RULES, (stage, at) => stage.leave('ann', 'banned', at))
  await clock.advance(6_000)
  one.stageOwner.giveUp(CHANNEL, 'lost')
  two.own()
  const there = one.watch('there')
  await settle()
  two.join('bob')
  await frame()
  await clock.advance(5_000)
  assert.deepEqual(there.people(), ['bob'])
})

test('a bot that is turned on and off changes who numbers, and everybody is told with a snapshot', async () => {
  const { one, two, settle, frame, row, clock } = open()
  row.botDesired = false
  const [here, there] = [one.watch('here'), two.watch('there')]
  await settle()
  for (const node of [one, two])
    node.audience.broadcast(CHANNEL, 'settings', { rev: 2, patch: {} as never }, { stage: true })
  row.botDesired = true
  one.own()
  await settle()
  one.join('ann')
  await frame()
  assert.deepEqual([here.people(), there.people()], [['ann'], ['ann']])
  one.stages.clear(CHANNEL, 'bot-off')
  one.stageOwner.giveUp(CHANNEL, 'unwanted')
  row.botDesired = false
  row.owner = null
  await settle()
  for (const overlay of [here, there])
    assert.deepEqual(overlay.frames.findLast(({ type }) => type === 'avatar.leave')?.d['why'], 'bot-off')
  await clock.advance(20_000)
  for (const overlay of [here, there]) {
    assert.deepEqual(overlay.people(), [])
    assert.equal(overlay.hole(), null)
  }
  for (const node of [one, two])
    node.audience.broadcast(CHANNEL, 'settings', { rev: 3, patch: {} as never }, { stage: true })
  assert.deepEqual([here.hole(), there.hole()], [null, null])
})

test('settings reach overlays everywhere, numbered by the owner, and in time where the news of them got lost', async () => {
  for (const isLost of [false, true]) {
    const { one, two, settle, row, buses, clock } = open()
    one.own()
    const overlays = [one.watch('here'), two.watch('there')]
    await settle()
    if (isLost) buses.lose((topic) => topic.startsWith('news:'))
    row.settingsRev = 2
    two.bus.publish(`news:${CHANNEL}`, { type: 'settings-changed' })
    await settle()
    if (isLost) await clock.advance(9_000)
    for (const overlay of overlays) {
      const told = overlay.frames.flatMap(({ type, d }) =>
        type === 'settings' ? [d['rev']] : type === 'snapshot' ? [(d['settings'] as { rev: number }).rev] : [],
      )
      assert.equal(told.at(-1), 2, `${isLost}`)
      assert.equal(overlay.hole(), null)
    }
  }
})

test('an alert that comes while a snapshot is read follows it, and waits for none that does not come', async () => {
  const { one, two, settle, clock } = open()
  one.own()
  one.join('ann')
  const there = two.watch('there')
  await settle()
  const offer = () => two.audience.broadcast(CHANNEL, 'alert.cancel', { id: 'x', why: 'skipped' }, { now: true })
  const types = () => there.frames.map(({ type }) => type)
  two.own(one.stageOwner.legacy(CHANNEL))
  one.stageOwner.giveUp(CHANNEL, 'handed-over')
  offer()
  await settle()
  assert.deepEqual(types(), ['snapshot', 'role', 'snapshot', 'alert.cancel'])
  two.stageOwner.giveUp(CHANNEL, 'lost')
  one.own()
  one.bus.cut()
  // The owner is asked again and again, and does not answer.
  await clock.advance(4_100)
  offer()
  await clock.advance(1_100)
  assert.deepEqual(types().slice(4), ['alert.cancel'])
  assert.equal(there.hole(), null)
})

test('whatever gets lost, moves or dies, no overlay sees a hole or anything twice, and in the end all see the same', async () => {
  const act = fc.oneof(
    { weight: 6, arbitrary: fc.record({ do: fc.constant('join' as const), who: fc.integer({ min: 0, max: 40 }) }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('leave' as const), who: fc.integer({ min: 0, max: 40 }) }) },
    {
      weight: 4,
      arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(0, 5, 16, 100, 4_000) }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('watch' as const), node: fc.integer({ min: 0, max: 2 }) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('unwatch' as const), n: fc.nat(10) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('cut' as const), node: fc.integer({ min: 0, max: 2 }) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('heal' as const), node: fc.integer({ min: 0, max: 2 }) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('lossy' as const), is: fc.boolean() }) },
    {
      weight: 1,
      arbitrary: fc.record({
        do: fc.constant('move' as const),
        to: fc.integer({ min: 0, max: 2 }),
        kind: fc.constantFrom('handed-over' as const, 'lost' as const),
      }),
    },
  )
  await fc.assert(
    fc.asyncProperty(fc.array(act, { minLength: 10, maxLength: 60 }), async (acts) => {
      const { one, two, addNode, buses, clock } = open()
      const nodes = [one, two, addNode(3)]
      const overlays: Array<ReturnType<typeof one.watch>> = []
      let owner = one
      let lossy = false
      let count = 0
      buses.lose(() => lossy && count++ % 2 === 0)
      owner.own()
      for (const step of acts) {
        if (step.do === 'join') owner.join(`v${step.who}`)
        else if (step.do === 'leave')
          owner.stages.change(CHANNEL, { inactivityMs: 300_000, crowdLimit: 200 }, (stage, at) =>
            stage.leave(`v${step.who}`, 'command', at),
          )
        else if (step.do === 'wait') await clock.advance(step.ms)
        else if (step.do === 'watch') overlays.push((nodes[step.node] ?? one).watch(`o${overlays.length}`))
        else if (step.do === 'unwatch') overlays[step.n]?.leave()
        else if (step.do === 'cut') nodes[step.node]?.bus.cut()
        else if (step.do === 'heal') nodes[step.node]?.bus.heal()
        else if (step.do === 'lossy') lossy = step.is
        else {
          const next = nodes[step.to] ?? one
          if (next === owner) continue
          const legacy: unknown = JSON.parse(JSON.stringify(owner.stageOwner.legacy(CHANNEL)))
          owner.stageOwner.giveUp(CHANNEL, step.kind)
          next.own(step.kind === 'lost' ? null : legacy)
          owner = next
        }
      }
      lossy = false
      for (const node of nodes) node.bus.heal()
      const last = nodes.map((node, n) => node.watch(`last${n}`))
      await clock.advance(20_000)
      const people = last[0]?.people()
      for (const overlay of [...overlays, ...last]) {
        assert.equal(overlay.hole(), null)
        if (overlay.ended() !== null) continue
        if (overlays.includes(overlay) && overlay.left()) continue
        assert.deepEqual(overlay.people(), people)
      }
      for (const node of nodes) node.stop()
    }),
    { numRuns: 60 },
  )
})
