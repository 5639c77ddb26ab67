import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { test } from 'node:test'
import fc from 'fast-check'
import { createDonationIntake } from '../../../src/app/donations/donation-intake.ts'
import { AppError } from '../../../src/base/errors.ts'
import type { ParsedDonation, StreamPosition } from '../../../src/domain/donation.ts'
import type { Publication } from '../../../src/platforms/donation-source.ts'
import { createManualClock } from '../../support/manual-clock.ts'

function setUp(position: StreamPosition | null) {
  const clock = createManualClock()
  const life = new AbortController()
  const told = { gaps: 0, overflows: 0, errors: 0 }
  const stored: Array<{ arrival: string; seqs: number[] }> = []
  const row = { position: position && { ...position }, gap: false }
  const database = { up: true }
  const intake = createDonationIntake({
    position,
    clock,
    signal: life.signal,
    async receive({ arrival, items, advance }) {
      if (!database.up) throw new AppError('unavailable')
      stored.push({ arrival, seqs: items.map(seqOf) })
      // The row's own rule, as the statement has it.
      const at = row.position
      if (advance && at && at.epoch === advance.epoch && at.seq >= advance.from - 1 && at.seq < advance.to)
        at.seq = advance.to
    },
    async jump(to, { gap }) {
      if (!database.up) throw new AppError('unavailable')
      row.position = { ...to }
      row.gap ||= gap
    },
    onGap: () => told.gaps++,
    onOverflow: () => told.overflows++,
    onError: () => told.errors++,
  })
  const all = () => stored.flatMap((batch) => batch.seqs)
  return { clock, life, told, stored, row, database, intake, all }
}

const item = (seq: number): ParsedDonation => ({ ok: false, raw: String(seq), reason: 'only its number matters here' })
const seqOf = (parsed: ParsedDonation) => (parsed.ok ? -1 : Number(parsed.raw))
const publication = (seq: number): Publication => ({ seq, item: item(seq) })
const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, n) => from + n)

test('the first subscription begins where the stream stands, without a gap', async () => {
  const { clock, intake, row, told } = setUp(null)
  intake.subscribed({ position: { epoch: 'a', seq: 15 }, recovered: false, publications: [] })
  intake.push(publication(16))
  await clock.advance(5_000)
  assert.deepEqual(row, { position: { epoch: 'a', seq: 16 }, gap: false })
  assert.equal(told.gaps, 0)
})

test('a complete recovery is stored in order and closes the gap by itself', async () => {
  const { clock, intake, row, told, stored } = setUp({ epoch: 'a', seq: 3 })
  intake.subscribed({ position: { epoch: 'a', seq: 6 }, recovered: true, publications: [4, 5, 6].map(publication) })
  intake.push(publication(7))
  await clock.advance(5_000)
  assert.deepEqual(stored, [
    { arrival: 'recovery', seqs: [4, 5, 6] },
    { arrival: 'push', seqs: [7] },
  ])
  assert.equal(row.position?.seq, 7)
  assert.equal(told.gaps, 0)
})

test('nothing missed needs no history, even where the platform does not recover', async () => {
  const { clock, intake, told } = setUp({ epoch: 'a', seq: 6 })
  intake.subscribed({ position: { epoch: 'a', seq: 6 }, recovered: false, publications: [] })
  await clock.advance(5_000)
  assert.equal(told.gaps, 0)
})

for (const [name, result] of Object.entries({
  'another epoch': { position: { epoch: 'b', seq: 2 }, recovered: false, publications: [1, 2].map(publication) },
  'trimmed history': {
    position: { epoch: 'a', seq: 200 },
    recovered: false,
    publications: [199, 200].map(publication),
  },
  'a recovery with a hole': {
    position: { epoch: 'a', seq: 6 },
    recovered: true,
    publications: [4, 6].map(publication),
  },
  'a recovery that ends too soon': {
    position: { epoch: 'a', seq: 7 },
    recovered: true,
    publications: [4, 5].map(publication),
  },
})) {
  test(`${name}: what came is stored, the gap is on record, the history is asked`, async () => {
    const { clock, intake, row, told, all } = setUp({ epoch: 'a', seq: 3 })
    intake.subscribed(result)
    await clock.advance(0)
    assert.deepEqual(
      all(),
      result.publications.map((p) => p.seq),
    )
    assert.deepEqual(row, { position: result.position, gap: true })
    assert.equal(told.gaps, 1)
  })
}

test('two frames that changed places cost no request', async () => {
  const { clock, intake, row, told } = setUp({ epoch: 'a', seq: 3 })
  intake.push(publication(5))
  await clock.advance(1_000)
  assert.equal(row.position?.seq, 3, '4 may still come')
  intake.push(publication(4))
  await clock.advance(5_000)
  assert.equal(row.position?.seq, 5)
  assert.equal(told.gaps, 0)
})

test('a number that does not come is asked for, and the position waits for the answer', async () => {
  const { clock, intake, row, told } = setUp({ epoch: 'a', seq: 3 })
  for (const seq of [5, 6]) intake.push(publication(seq))
  await clock.advance(2_500)
  assert.equal(told.gaps, 1)
  assert.equal(row.position?.seq, 3, 'after a crash recovery would repeat 4')
  intake.settleHoles(intake.highest())
  intake.push(publication(7))
  await clock.advance(5_000)
  assert.deepEqual(row, { position: { epoch: 'a', seq: 7 }, gap: false })
  assert.equal(told.gaps, 1)
})

test('a database that is away loses nothing and changes no order', async () => {
  const { clock, intake, row, told, database, all } = setUp({ epoch: 'a', seq: 0 })
  database.up = false
  for (const seq of numbers(1, 50)) intake.push(publication(seq))
  await clock.advance(10_000)
  assert.equal(row.position?.seq, 0)
  assert.ok(told.errors > 3)
  database.up = true
  for (const seq of numbers(51, 60)) intake.push(publication(seq))
  await clock.advance(5_000)
  assert.deepEqual(all(), numbers(1, 60))
  assert.equal(row.position?.seq, 60)
})

test('more than can be held asks for the socket to be closed, and the position stays behind what was let go', async () => {
  const { clock, intake, row, told, database } = setUp({ epoch: 'a', seq: 0 })
  database.up = false
  for (const seq of numbers(1, 3_000)) intake.push(publication(seq))
  await clock.advance(0)
  assert.ok(told.overflows > 0)
  database.up = true
  await clock.advance(5_000)
  assert.ok((row.position?.seq ?? 0) <= 1_001)
})

test('a stop ends the waiting for a database that stays away', async () => {
  const { clock, life, intake, database } = setUp({ epoch: 'a', seq: 0 })
  database.up = false
  intake.push(publication(1))
  await clock.advance(1_000)
  life.abort(new Error('stop'))
  await intake.idle()
  await clock.advance(10_000)
  assert.equal(clock.pendingTimers(), 0)
})

test('in whatever order and however often numbers come, all are stored and the position ends at the last', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc
        .integer({ min: 1, max: 40 })
        .chain((count) =>
          fc.tuple(
            fc.constant(count),
            fc.shuffledSubarray(numbers(1, count), { minLength: count }),
            fc.array(fc.integer({ min: 1, max: count }), { maxLength: 20 }),
            fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 60, maxLength: 60 }),
          ),
        ),
      async ([count, order, again, pauses]) => {
        const { clock, intake, row, all } = setUp({ epoch: 'a', seq: 0 })
        for (const [n, seq] of [...order, ...again].entries()) {
          intake.push(publication(seq))
          await clock.advance(pauses[n] ?? 0)
        }
        await clock.advance(5_000)
        assert.deepEqual(
          [...new Set(all())].sort((a, b) => a - b),
          numbers(1, count),
        )
        assert.equal(row.position?.seq, count)
      },
    ),
    { numRuns: 40 },
  )
})

test('what a connection left open is the next one’s affair: after its end it neither asks nor moves the position', async () => {
  const { clock, intake, told, row, life } = setUp({ epoch: 'e', seq: 10 })
  intake.push({ seq: 12, item: item(12) })
  await clock.advance(100)
  const upTo = intake.highest()
  intake.close()
  await clock.advance(10_000)
  assert.equal(told.gaps, 0)
  intake.settleHoles(upTo)
  await clock.advance(1_000)
  assert.deepEqual(row.position, { epoch: 'e', seq: 10 })
  assert.equal(getEventListeners(life.signal, 'abort').length, 0, 'nothing of it hangs on the stream')
})
