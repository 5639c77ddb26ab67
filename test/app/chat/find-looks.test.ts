import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createFindLooks } from '../../../src/app/chat/find-looks.ts'
import { lookFromSeed } from '../../../src/domain/avatar-look.ts'
import { recordingLogger } from '../../support/logger.ts'
import { createManualClock } from '../../support/manual-clock.ts'

const OWN = lookFromSeed(7)

function setUp() {
  const clock = createManualClock()
  const { logger, logs } = recordingLogger()
  const world = { away: false, asked: [] as number[], shown: [] as string[] }
  const looks = createFindLooks({
    looks: {
      async of(ids) {
        world.asked.push(ids.length)
        if (world.away) throw new Error('away')
        return new Map(ids.filter((id) => id === 'dressed').map((id) => [id, OWN]))
      },
    },
    clock,
    logger,
    onFound: (id) => void world.shown.push(id),
  })
  return { clock, logs, looks, world }
}

test('newcomers share a question, and nobody is asked about twice', async () => {
  const { clock, looks, world } = setUp()
  for (const id of ['dressed', 'plain', 'plain']) assert.equal(looks.find(id), undefined)
  await clock.advance(10)
  assert.deepEqual(world, { away: false, asked: [2], shown: ['dressed'] })
  assert.deepEqual([looks.find('dressed'), looks.find('plain')], [OWN, null])
  await clock.advance(10)
  assert.deepEqual(world.asked, [2])
})

test('while the database is away it is asked once a second, said once, and whoever came then is dressed afterwards', async () => {
  const { clock, logs, looks, world } = setUp()
  world.away = true
  for (let second = 0; second < 20; second++) {
    for (let n = 0; n < 10; n++) {
      looks.find(`viewer ${second} ${n}`)
      await clock.advance(100)
    }
    if (second === 3) looks.find('dressed')
  }
  assert.ok(world.asked.length <= 21, `${world.asked.length} questions in 20 s`)
  assert.equal(logs.length, 1)
  world.away = false
  await clock.advance(1_500)
  assert.deepEqual(world.shown, ['dressed'])
  assert.equal(clock.pendingTimers(), 0)

  world.away = true
  looks.find('somebody else')
  await clock.advance(10)
  looks.stop()
  await clock.advance(10_000)
  assert.equal(clock.pendingTimers(), 0, 'a node that stops asks no more')
})
