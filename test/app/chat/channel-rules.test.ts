import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createChannelRules } from '../../../src/app/chat/channel-rules.ts'
import { AppError } from '../../../src/base/errors.ts'
import { applySettings, DEFAULT_SETTINGS } from '../../../src/domain/settings.ts'
import type { Channel } from '../../../src/persistence/channels.ts'
import { silentLogger } from '../../support/logger.ts'
import { createManualClock } from '../../support/manual-clock.ts'

function open() {
  const clock = createManualClock()
  const database = { away: false, hangs: false, settings: DEFAULT_SETTINGS, reads: 0 }
  const rules = createChannelRules({
    channels: {
      byId: async (id) => {
        database.reads++
        if (database.hangs) await new Promise(() => {})
        if (database.away) throw new AppError('unavailable')
        return { id, settings: database.settings } as Channel
      },
    },
    clock,
    logger: silentLogger,
    onChanged: () => {},
  })
  let limit = 0
  /** The crowd limit that a message now would meet. */
  const crowdLimit = async () => {
    rules.with('c', ({ stage }) => (limit = stage.crowdLimit))
    await clock.advance(0)
    return limit
  }
  return { clock, database, rules, crowdLimit }
}

test('what is said after a change meets the new settings, and waits for a moment while they are read', async () => {
  const { clock, database, rules, crowdLimit } = open()
  assert.equal(await crowdLimit(), 50)
  const met: number[] = []
  const say = () => rules.with('c', ({ stage }) => met.push(stage.crowdLimit))
  database.settings = applySettings(DEFAULT_SETTINGS, { chat: { crowdLimit: 7 } })
  rules.changed('c')
  say()
  assert.deepEqual(met, [])
  await clock.advance(0)
  assert.deepEqual(met, [7])

  database.hangs = true
  rules.changed('c')
  say()
  await clock.advance(999)
  assert.deepEqual(met, [7])
  await clock.advance(1)
  assert.deepEqual(met, [7, 7], 'no longer than that')
  say()
  assert.deepEqual(met, [7, 7, 7])

  database.hangs = false
  database.away = true
  rules.changed('c')
  say()
  await clock.advance(0)
  assert.equal(met.length, 4, 'the old ones hold where there are no others')
  assert.equal(clock.pendingTimers(), 0)
})

test('settings that changed while the database was away hold as soon as it is back, and chat goes on', async () => {
  const { clock, database, rules, crowdLimit } = open()
  assert.equal(await crowdLimit(), 50)
  database.settings = applySettings(DEFAULT_SETTINGS, { chat: { crowdLimit: 7 } })
  database.away = true
  rules.changed('c')
  await clock.advance(0)
  for (let second = 0; second < 30; second++) {
    assert.equal(await crowdLimit(), 50, 'the old ones until then')
    await clock.advance(1_000)
  }
  assert.ok(database.reads <= 18, `${database.reads} reads`)
  database.away = false
  await clock.advance(2_000)
  await crowdLimit()
  assert.equal(await crowdLimit(), 7)
  const { reads } = database
  await clock.advance(10_000)
  await crowdLimit()
  assert.equal(database.reads, reads, 'and no more questions')
})

test('where nobody talks, a sweep asks again', async () => {
  const { clock, database, rules, crowdLimit } = open()
  await crowdLimit()
  database.settings = applySettings(DEFAULT_SETTINGS, { chat: { crowdLimit: 7 } })
  database.away = true
  rules.changed('c')
  await clock.advance(60_000)
  database.away = false
  rules.sweep()
  await clock.advance(0)
  assert.equal(await crowdLimit(), 7)
})

test('a message that makes its handler throw takes none of those with it that waited behind it', async () => {
  const { clock, rules } = open()
  const done: number[] = []
  rules.with('c', () => {
    throw new Error('a bug')
  })
  rules.with('c', () => done.push(2))
  rules.with('c', () => done.push(3))
  await clock.advance(0)
  assert.deepEqual(done, [2, 3])
})
