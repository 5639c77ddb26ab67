import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { retryAfterMs } from '../../src/platforms/retry-after.ts'

const NOW = Date.UTC(2026, 0, 1)
const NOW_S = NOW / 1_000

const CASES: [what: string, headers: Record<string, string>, ms: number | null][] = [
  ['nothing', {}, null],
  ['seconds', { 'retry-after': '30' }, 30_000],
  ['a fraction of a second', { 'retry-after': '0.5' }, 500],
  ['zero', { 'retry-after': '0' }, 0],
  ['a date', { 'retry-after': 'Thu, 01 Jan 2026 00:00:42 GMT' }, 42_000],
  ['a date that is over', { 'retry-after': 'Wed, 31 Dec 2025 23:00:00 GMT' }, 0],
  ['Twitch’s moment', { 'ratelimit-reset': String(NOW_S + 12) }, 12_000],
  ['Laravel’s moment', { 'x-ratelimit-reset': String(NOW_S + 7) }, 7_000],
  ['seconds in place of a moment', { 'x-ratelimit-reset': '55' }, 55_000],
  ['both, of which the plainer counts', { 'retry-after': '5', 'x-ratelimit-reset': String(NOW_S + 50) }, 5_000],
  ['rubbish, and a moment beside it', { 'retry-after': 'soon', 'ratelimit-reset': String(NOW_S + 3) }, 3_000],
  ['rubbish alone', { 'retry-after': '-5', 'x-ratelimit-reset': 'NaN' }, null],
  ['a number of a broken clock', { 'retry-after': '999999999' }, 3_600_000],
  [
    'a moment, by a platform whose clock is a day ahead of ours',
    { date: 'Fri, 02 Jan 2026 00:00:00 GMT', 'ratelimit-reset': String(NOW_S + 86_400 + 9) },
    9_000,
  ],
]

for (const [what, headers, ms] of CASES) {
  test(`how long to stay away is read from ${what}`, () => {
    assert.equal(retryAfterMs(new Headers(headers), NOW), ms)
  })
}

test('whatever a header says, the wait is null or between nothing and an hour', () => {
  const headerText = fc.oneof(fc.string({ unit: 'grapheme-ascii' }), fc.double().map(String), fc.integer().map(String))
  fc.assert(
    fc.property(headerText, headerText, (retryAfter, date) => {
      const ms = retryAfterMs(new Headers({ 'retry-after': retryAfter.trim(), date: date.trim() }), NOW)
      assert.ok(ms === null || (Number.isInteger(ms) && ms >= 0 && ms <= 3_600_000))
    }),
  )
})
