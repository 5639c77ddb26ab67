import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { createLiveChannels } from '../../../src/app/donations/live-channels.ts'
import { AppError } from '../../../src/base/errors.ts'
import { silentLogger } from '../../support/logger.ts'
import { createManualClock } from '../../support/manual-clock.ts'

function setUp(t: TestContext) {
  const clock = createManualClock()
  const here = new Set<string>()
  const onAir = new Set<string>()
  const watched = new Set<string>()
  const asked: string[][] = []
  const listeners = new Map<string, () => void>()
  const away = { watched: false }
  const live = createLiveChannels({
    isLiveHere: (channelId) => here.has(channelId),
    elsewhere: [
      (channelIds) => Promise.resolve(channelIds.filter((channelId) => onAir.has(channelId))),
      (channelIds) => {
        asked.push([...channelIds])
        if (away.watched) return Promise.reject(new AppError('unavailable'))
        return Promise.resolve(channelIds.filter((channelId) => watched.has(channelId)))
      },
    ],
    listen(channelId, onNews) {
      listeners.set(channelId, onNews)
      return () => listeners.delete(channelId)
    },
    everyMs: 30_000,
    clock,
    logger: silentLogger,
  })
  t.after(() => live.stop())
  return { clock, here, onAir, watched, asked, listeners, away, live }
}

test('a channel is live where anybody sees it: this node, the owner of its bot, a node with its overlay', async (t) => {
  const { here, onAir, watched, live } = setUp(t)
  here.add('here')
  onAir.add('on air')
  watched.add('watched')
  await live.follow(['here', 'on air', 'watched', 'idle'])
  assert.deepEqual(['here', 'on air', 'watched', 'idle'].map(live.isLive), [true, true, true, false])
})

test('news of many channels are read together, and what nobody told of is found with the next round', async (t) => {
  const { clock, watched, onAir, asked, listeners, live } = setUp(t)
  await live.follow(['one', 'two', 'three'])
  asked.length = 0
  watched.add('one').add('two')
  listeners.get('one')?.()
  listeners.get('two')?.()
  listeners.get('one')?.()
  await clock.advance(500)
  assert.deepEqual(asked, [['one', 'two']])
  assert.ok(live.isLive('one') && live.isLive('two'))
  onAir.add('three')
  assert.equal(live.isLive('three'), false)
  await clock.advance(30_000)
  assert.equal(live.isLive('three'), true)
  live.forget('three')
  assert.equal(live.isLive('three'), false)
  assert.equal(listeners.has('three'), false)
})

test('where nobody can be asked, whoever was live stays live, and whoever was said to be is believed', async (t) => {
  const { clock, watched, away, live } = setUp(t)
  watched.add('one')
  await live.follow(['one'])
  away.watched = true
  await live.follow(['two'], () => true)
  watched.clear()
  await clock.advance(90_000)
  assert.ok(live.isLive('one') && live.isLive('two'))
  away.watched = false
  await clock.advance(30_000)
  assert.ok(!live.isLive('one') && !live.isLive('two'))
})
