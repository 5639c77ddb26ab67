import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createOwnMessages } from '../../../src/app/chat/own-messages.ts'
import { createManualClock } from '../../support/manual-clock.ts'

const message = (id: string, text = 'pong') => ({ id, text })

test('what was sent is known by its id, and nothing else is', async () => {
  const own = createOwnMessages(createManualClock())
  own.sending('c', 'pong', Promise.resolve('m1'))
  await Promise.resolve()
  assert.equal(await own.isOurs('c', message('m1')), true)
  assert.equal(await own.isOurs('c', message('m2')), false, 'the streamer typed the same word')
  assert.equal(await own.isOurs('other', message('m1')), false)
})

test('an event that comes before its sending was answered waits for the answer', async () => {
  const own = createOwnMessages(createManualClock())
  const sent = Promise.withResolvers<string | null>()
  own.sending('c', 'pong', sent.promise)
  const [echo, typed] = [own.isOurs('c', message('m1')), own.isOurs('c', message('m2', 'hello'))]
  assert.ok(echo instanceof Promise && typed instanceof Promise)
  sent.resolve('m1')
  assert.deepEqual([await echo, await typed], [true, false])
})

test('a message whose sending was never answered is known by its words, once and for a minute', async () => {
  const clock = createManualClock()
  const own = createOwnMessages(clock)
  own.sending('c', 'pong', Promise.reject(new Error('lost')))
  await clock.advance(1)
  assert.equal(await own.isOurs('c', message('m1', '@viewer pong')), true)
  assert.equal(await own.isOurs('c', message('m2', 'pong')), false)
  assert.equal(await own.isOurs('c', message('m1', '@viewer pong')), true, 'delivered again')
  own.sending('c', 'pong', Promise.reject(new Error('lost')))
  await clock.advance(60_001)
  assert.equal(await own.isOurs('c', message('m3')), false)
})

test('a message that was refused is nobody’s, and nothing is remembered for ever', async () => {
  const clock = createManualClock()
  const own = createOwnMessages(clock)
  own.sending('c', 'pong', Promise.resolve(null))
  await clock.advance(1)
  assert.equal(await own.isOurs('c', message('m1')), false)
  own.sending('c', 'pong', Promise.resolve('m2'))
  await clock.advance(11 * 60_000)
  own.sweep()
  assert.equal(await own.isOurs('c', message('m2')), false)
})

test('the next owner of a bot knows what its predecessor said a moment ago, and what was on its way', async () => {
  const clock = createManualClock()
  const [before, next] = [createOwnMessages(clock), createOwnMessages(clock)]
  assert.equal(before.legacy('c'), null)
  for (let n = 0; n < 30; n++) before.sending('c', `pong ${n}`, Promise.resolve(`m${n}`))
  before.sending('c', 'lost', Promise.reject(new Error('lost')))
  await clock.advance(1)
  before.sending('c', 'on its way', new Promise(() => {}))
  const legacy: unknown = JSON.parse(JSON.stringify(before.legacy('c')))
  next.inherit('c', legacy)
  assert.equal(next.isOurs('c', message('m29')), true)
  assert.equal(next.isOurs('c', message('m9')), false, 'no more than twenty')
  assert.equal(next.isOurs('c', message('x', '@viewer lost')), true)
  assert.equal(next.isOurs('c', message('y', '@viewer on its way')), true)
  assert.equal(next.isOurs('c', message('z', 'on its way')), false)
  for (const strange of [null, 7, { ids: 'm' }, { ids: [7, null, ''], words: {} }]) next.inherit('d', strange)
  assert.equal(next.isOurs('d', message('m')), false)
})
