import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createMessageBuckets } from '../../../src/app/chat/message-buckets.ts'

test('in no stretch of the window leaves more than what is allowed', () => {
  const gap = fc.integer({ min: 0, max: 3_000 })
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 40 }), fc.array(gap, { minLength: 50, maxLength: 300 }), (messages, gaps) => {
      const windowMs = 30_000
      const buckets = createMessageBuckets({ messages, windowMs })
      const sent: number[] = []
      let now = 0
      for (const gapMs of gaps) {
        now += gapMs
        if (!buckets.has('a', now)) continue
        buckets.take('a', now)
        sent.push(now)
      }
      for (const from of sent) {
        const within = sent.filter((at) => at >= from && at < from + windowMs).length
        // One that is alone in its window may have a neighbour exactly a window later.
        assert.ok(within <= Math.max(messages, 2), `${within} of ${messages} in one window`)
      }
    }),
  )
})

test('each has a bucket of their own, and full ones are forgotten', () => {
  const buckets = createMessageBuckets({ messages: 2, windowMs: 10_000 })
  buckets.take('a', 0)
  assert.equal(buckets.has('a', 1), false)
  assert.equal(buckets.has('b', 1), true)
  assert.equal(buckets.has('a', 10_000), true)
  buckets.sweep(20_000)
  assert.equal(buckets.has('a', 20_000), true)
})
