import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DEFAULT_SETTINGS } from '../../../src/domain/settings.ts'
import type { Alerts, AlertToShow } from '../../../src/persistence/alerts.ts'
import { CHANNEL, openOverlayNodes, quietAlerts } from '../../support/overlay-nodes.ts'

function open() {
  const nodes = openOverlayNodes()
  const settle = async () => {
    for (let turn = 0; turn < 4; turn++) await nodes.clock.advance(0)
  }
  return { ...nodes, settle, one: nodes.addNode(1), two: nodes.addNode(2) }
}
const rolesOf = (...overlays: Array<{ role(): string | undefined }>) => overlays.map((overlay) => overlay.role())

test('overlays of one channel on two nodes have one primary, and both nodes know of both', async () => {
  const { one, two, clock, settle } = open()
  const first = one.watch('first')
  await settle()
  await clock.advance(5)
  const second = two.watch('second')
  await settle()
  assert.deepEqual(rolesOf(first, second), ['primary', 'mirror'])
  assert.ok(one.audience.stageFor(CHANNEL))
  assert.equal(two.audience.stageFor(CHANNEL), undefined)
  for (const node of [one, two]) {
    const seen = await node.presence.everywhere(CHANNEL)
    assert.deepEqual(seen.map(({ instance, role }) => `${instance} ${role}`).toSorted(), [
      'first primary',
      'second mirror',
    ])
  }
})

test('two that came at the same moment agree within one exchange, and who has the part keeps it against an equal', async () => {
  const { one, two, settle } = open()
  const [b, a] = [one.watch('b'), two.watch('a')]
  await settle()
  assert.deepEqual(rolesOf(b, a), ['mirror', 'primary'])
  a.hide()
  await settle()
  assert.deepEqual(rolesOf(b, a), ['primary', 'mirror'])
  a.hide(false)
  await settle()
  assert.deepEqual(rolesOf(b, a), ['primary', 'mirror'], 'b keeps what it has')
  b.leave()
  await settle()
  assert.deepEqual(rolesOf(a), ['primary'])
})

test('OBS on another node comes before a tab here, and the preview comes last', async () => {
  const { one, two, settle } = open()
  const preview = one.watch('preview', { obs: false, preview: true })
  const tab = one.watch('tab', { obs: false })
  await settle()
  assert.deepEqual(rolesOf(preview, tab), ['mirror', 'primary'])
  const obs = two.watch('obs')
  await settle()
  assert.deepEqual(rolesOf(preview, tab, obs), ['mirror', 'mirror', 'primary'])
})

test('a page that comes back on another node ends its old stream, and is primary where it is', async () => {
  const { one, two, clock, settle } = open()
  const before = one.watch('page')
  await settle()
  await clock.advance(1_000)
  const after = two.watch('page')
  await settle()
  assert.equal(before.ended(), 'replaced')
  assert.equal(after.role(), 'primary')
  assert.deepEqual(
    (await one.presence.everywhere(CHANNEL)).map(({ instance }) => instance),
    ['page'],
  )
})

test('while nodes cannot hear each other each elects among its own; afterwards there is one primary again', async () => {
  const { one, two, clock, settle, store } = open()
  const first = one.watch('first')
  await settle()
  await clock.advance(5)
  const second = two.watch('second')
  await settle()
  store.isUp = false
  one.bus.cut()
  two.bus.cut()
  await clock.advance(4_000)
  assert.deepEqual(rolesOf(first, second), ['primary', 'primary'])
  store.isUp = true
  one.bus.heal()
  two.bus.heal()
  await clock.advance(100)
  assert.deepEqual(rolesOf(first, second), ['primary', 'mirror'])
})

test('an emptied store knows all overlays again within half a minute', async () => {
  const { one, two, clock, flush, settle, addNode } = open()
  one.watch('first')
  two.watch('second')
  await settle()
  const looks = addNode(3)
  const seen = async () => (await looks.presence.everywhere(CHANNEL)).length
  assert.equal(await seen(), 2)
  flush()
  assert.equal(await seen(), 0)
  await clock.advance(30_000)
  assert.equal(await seen(), 2)
  await clock.advance(300_000)
  assert.equal(await seen(), 2, 'refreshed again and again')
})

test('the overlay of a node that stands still is primary no longer: at once when it counts as dead, in time where nobody says so', async () => {
  for (const isSaid of [true, false]) {
    const { one, two, clock, living, settle } = open()
    const first = one.watch('first')
    await settle()
    await clock.advance(5)
    const second = two.watch('second')
    await settle()
    assert.deepEqual(rolesOf(first, second), ['primary', 'mirror'])
    one.bus.cut()
    one.session.session = null
    if (isSaid) {
      living.delete(1)
      two.bus.publish('cluster', { type: 'nodes-changed' })
      await clock.advance(100)
    } else await clock.advance(45_000)
    assert.equal(second.role(), 'primary', String(isSaid))
    if (!isSaid) assert.equal((await two.presence.everywhere(CHANNEL)).length, 1)
  }
})

test('others hear when the first and the last overlay of a channel comes and goes, and which channels are live', async () => {
  const { one, two, settle } = open()
  const heard: unknown[] = []
  two.bus.subscribe(`news:${CHANNEL}`, (event) => void heard.push(event))
  const preview = one.watch('preview', { obs: false, preview: true })
  const obs = one.watch('obs')
  const more = one.watch('more')
  await settle()
  assert.deepEqual([...(await two.presence.live([CHANNEL, 'other']))], [CHANNEL])
  for (const overlay of [more, obs, preview]) overlay.leave()
  await settle()
  assert.deepEqual(heard, [
    { type: 'overlays-changed', session: 1, open: true, live: false },
    { type: 'overlays-changed', session: 1, open: true, live: true },
    { type: 'overlays-changed', session: 1, open: true, live: false },
    { type: 'overlays-changed', session: 1, open: false, live: false },
  ])
  assert.deepEqual([...(await two.presence.live([CHANNEL]))], [])
})

test('a replaced link cuts its streams on every node, also where the news of it got lost', async () => {
  const { one, two, clock, row, buses, settle } = open()
  const [here, there, newer] = [one.watch('here'), two.watch('there'), two.watch('newer', { keyRev: 2 })]
  await settle()
  buses.lose((topic) => topic.startsWith('news:'))
  row.keyRev = 2
  await clock.advance(5_000)
  assert.deepEqual([here.ended(), there.ended(), newer.ended()], ['key-rotated', 'key-rotated', null])
})

test('a node that is told to stop sends its overlays away over ten seconds, and keeps them where nobody else serves', async () => {
  const { one, clock, settle } = open()
  const pages = Array.from({ length: 50 }, (_, n) => one.watch(`page${n}`))
  await settle()
  const drained = one.drain()
  await clock.advance(5_000)
  const gone = pages.filter((page) => page.ended() !== null).length
  assert.ok(gone > 15 && gone < 35, `${gone} gone after half of the time`)
  await clock.advance(5_000)
  await drained
  assert.ok(pages.every((page) => page.ended() === 'drained'))
  const alone = open()
  alone.living.delete(2)
  const page = alone.one.watch('page')
  await alone.settle()
  await alone.one.drain()
  assert.equal(page.ended(), null)
})

test('what nobody takes is taken by the overlay that is there, whoever is said to be primary', async () => {
  const { addNode, clock, settle } = open()
  const queue = { waiting: 0 }
  const offers: string[] = []
  const alerts = (by: string): Alerts => ({
    ...quietAlerts(),
    waiting: async () => (queue.waiting > 0 ? [CHANNEL] : []),
    async offerNext(_channelId, overlay) {
      if (queue.waiting-- < 1) return undefined
      offers.push(`${by} to ${overlay}`)
      return { id: 'alert', token: 'token', settings: DEFAULT_SETTINGS, amount: '1.00', externalId: 'x' } as AlertToShow
    },
  })
  // The third knows of nothing that waits.
  const [three, four] = [addNode(3), addNode(4, { alerts: alerts('four') })]
  three.watch('first')
  await settle()
  await clock.advance(5)
  const second = four.watch('second')
  await settle()
  assert.equal(second.role(), 'mirror')
  queue.waiting = 1
  await clock.advance(4_000)
  assert.deepEqual(offers, ['four to second'])
})
