import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import type { Donation } from '../../../src/domain/donation.ts'
import { parseJson } from '../../../src/platforms/json.ts'
import { parseDonation } from '../../../src/platforms/donationalerts/wire.ts'
import { donationItem } from '../../support/donation-client.ts'

const ACCOUNT = '13907608'
const parse = (fields: Record<string, unknown> = {}) => parseDonation(donationItem(7, fields), ACCOUNT)

function read(fields: Record<string, unknown> = {}): Donation {
  const parsed = parse(fields)
  return parsed.ok ? parsed.donation : assert.fail(parsed.reason)
}

function reasonFor(fields: Record<string, unknown>): string {
  const parsed = parse(fields)
  return parsed.ok ? 'readable' : parsed.reason
}

/** Pushed on 2025-04-12. */
const LIVE_PUSH = String.raw`{"id":164405432,"name":"Donations","username":null,"message":"Привет\r\n","message_type":"text","payin_system":null,"amount":22,"currency":"USD","is_shown":1,"amount_in_user_currency":22,"recipient_name":"jogaboga86","recipient":{"user_id":13907608,"code":"jogaboga86","name":"jogaboga86","avatar":"https://static.example.org/a.png"},"created_at":"2025-04-12 07:15:49","shown_at":null,"reason":"default"}`

/** The example of the documentation, whose fields are fewer. */
const LISTED = `{"id":30530030,"name":"donation","username":"Ivan","message":"Hello!","amount":500,"currency":"RUB","is_shown":1,"created_at":"2019-09-29 09:00:00","shown_at":null}`

test('a live push is read: anonymous, with the line end cut off, its time in UTC', () => {
  assert.deepEqual(parseDonation(parseJson(LIVE_PUSH), ACCOUNT), {
    ok: true,
    donation: {
      provider: 'donationalerts',
      accountId: ACCOUNT,
      externalId: '164405432',
      donor: null,
      money: { amount: '22.00', currency: 'USD' },
      message: 'Привет',
      messageKind: 'text',
      createdAt: Date.UTC(2025, 3, 12, 7, 15, 49),
      raw: LIVE_PUSH,
    },
  })
})

test('an item of the documented list is read, though it has fewer fields', () => {
  const parsed = parseDonation(parseJson(LISTED), ACCOUNT)
  assert.ok(parsed.ok)
  const { donor, money, message, createdAt } = parsed.donation
  assert.deepEqual(
    { donor, money, message, createdAt },
    {
      donor: 'Ivan',
      money: { amount: '500.00', currency: 'RUB' },
      message: 'Hello!',
      createdAt: Date.UTC(2019, 8, 29, 9),
    },
  )
})

test('the seconds that some items carry count more than the text, when they are seconds', () => {
  assert.equal(read({ created_at_ts: 1_744_442_149 }).createdAt, 1_744_442_149_000)
  assert.equal(read({ created_at_ts: '1744442149' }).createdAt, 1_744_442_149_000)
  for (const nonsense of [null, 0, -1, '', 'soon', 1_744_442_149_000, Number.NaN, {}, 1e300]) {
    assert.equal(read({ created_at_ts: nonsense }).createdAt, Date.UTC(2026, 0, 1))
  }
})

test('an amount is read from an integer, a float and text, and no digit is lost', () => {
  for (const [sent, amount] of [
    [500, '500.00'],
    [22.5, '22.50'],
    [0.1, '0.10'],
    ['10.00', '10.00'],
    ['1234567.891', '1234567.891'],
    [123_456_789_012, '123456789012.00'],
  ] as const) {
    assert.equal(read({ amount: sent }).money.amount, amount)
  }
})

test('a currency that nobody told us of is a currency', () => {
  assert.equal(read({ currency: 'XTS' }).money.currency, 'XTS')
  assert.equal(read({ currency: 'pln' }).money.currency, 'PLN')
})

test('a donor without a name is anonymous', () => {
  for (const username of [null, undefined, '', '   ', '\r\n', '\0']) assert.equal(read({ username }).donor, null)
  const { username: _, ...nameless } = donationItem(7)
  const parsed = parseDonation(nameless, ACCOUNT)
  assert.ok(parsed.ok && parsed.donation.donor === null)
})

test('blanks around a name are no part of it, however many there are', () => {
  assert.equal(read({ username: `${' '.repeat(1_000)}Ivan \r\n` }).donor, 'Ivan')
})

test('a message may be missing', () => {
  for (const message of [null, undefined, '', '\r\n\r\n']) assert.equal(read({ message }).message, '')
})

test('line ends within a message stay', () => {
  assert.equal(read({ message: 'a\r\nb\r\n' }).message, 'a\r\nb')
})

test('an audio donation carries the address of its recording', () => {
  const message = 'https://static.donationalerts.ru/audiodonations/1/2.wav'
  const donation = read({ message, message_type: 'audio' })
  assert.deepEqual([donation.messageKind, donation.message], ['audio', message])
})

test('what PostgreSQL cannot hold is taken out of the text', () => {
  const donation = read({ username: 'I\0van', message: 'a\0\ud83cb🎉' })
  assert.deepEqual([donation.donor, donation.message], ['Ivan', 'a\u{fffd}b🎉'])
  assert.ok(!donation.raw.includes(String.raw`\u0000`))
})

test('an overlong name and message are cut by whole characters, and kept whole beside', () => {
  const username = '🎉'.repeat(500)
  const message = `a${'🎉'.repeat(1_000_000)}`
  const donation = read({ username, message })
  assert.equal(donation.donor, '🎉'.repeat(200))
  assert.equal(donation.message, `a${'🎉'.repeat(1_999)}`)
  assert.ok(donation.raw.includes(message))
})

test('a megabyte of line ends does not take a megabyte’s square of time', () => {
  const startedAt = performance.now()
  read({ message: `${'\r\n'.repeat(500_000)}x`, username: `${' '.repeat(1_000_000)}x`, amount: '1' })
  assert.ok(performance.now() - startedAt < 5_000)
})

test('what cannot be read is kept, with the name of the field', () => {
  for (const [field, values] of Object.entries({
    id: [undefined, null, 0, -1, 1.5, '', 'abc', '1e5', '-7', 2 ** 53, Number.NaN, {}, [7], true],
    amount: [
      undefined,
      null,
      '',
      'much',
      -5,
      Number.NaN,
      Infinity,
      {},
      [500],
      true,
      '1,50',
      1e21,
      '5'.repeat(1_000_000),
    ],
    currency: [undefined, null, '', 'roubles', 643, {}, ['RUB']],
    username: [{}, [], true, ['Ivan']],
    message: [{}, [], false],
    created_at: [
      undefined,
      null,
      '',
      '2026-02-30 10:00:00',
      '2026-01-01T00:00:00',
      '2026-01-01 24:00:00',
      '2026-1-1 0:0:0',
      'x2026-01-01 00:00:00',
      5,
    ],
  })) {
    for (const value of values) {
      assert.equal(reasonFor({ [field]: value }), field)
      const parsed = parse({ [field]: value })
      assert.ok(!parsed.ok && (JSON.parse(parsed.raw) as { name: string }).name === 'Donations')
    }
  }
  for (const item of [null, undefined, 7, 'text', true, [], [donationItem(7)]]) {
    assert.deepEqual(parseDonation(item, ACCOUNT), {
      ok: false,
      raw: JSON.stringify(item ?? null),
      reason: 'not an object',
    })
  }
})

test('ids beyond 2^53 are read to the last digit', () => {
  const parsed = parseDonation(
    parseJson(JSON.stringify(donationItem(7)).replace('"id":7', '"id":12345678901234567891')),
    ACCOUNT,
  )
  assert.ok(parsed.ok && parsed.donation.externalId === '12345678901234567891')
})

const anything = fc.anything({
  withBigInt: true,
  withDate: true,
  withMap: true,
  withNullPrototype: true,
  withObjectString: true,
  withSparseArray: true,
  withTypedArray: true,
  stringUnit: 'binary',
})

test('nothing that can come in makes it throw, and everything that comes in comes out', () => {
  const fields = Object.keys(donationItem(7))
  const broken = fc
    .dictionary(fc.constantFrom(...fields, '__proto__', 'created_at_ts', 'constructor', 'toString'), anything)
    .map((overrides) => donationItem(7, overrides))
  fc.assert(
    fc.property(fc.oneof(anything, broken), (item) => {
      const parsed = parseDonation(item, ACCOUNT)
      const raw = parsed.ok ? parsed.donation.raw : parsed.raw
      JSON.parse(raw)
      assert.ok(raw.isWellFormed() && !/(?<!\\)(?:\\\\)*\\u0000/.test(raw))
      if (parsed.ok) {
        const { donor, message, createdAt, externalId } = parsed.donation
        assert.ok(donor === null || (donor !== '' && Array.from(donor).length <= 200))
        assert.ok(Array.from(message).length <= 2_000)
        assert.ok(Number.isInteger(createdAt) && /^[1-9]\d*$/.test(externalId))
        for (const text of [donor ?? '', message]) assert.ok(text.isWellFormed() && !text.includes('\0'))
      }
    }),
    { numRuns: 1_000 },
  )
})

test('any good donation survives the way through JSON', () => {
  const good = fc.record({
    id: fc.integer({ min: 1 }),
    amount: fc.integer({ min: 1, max: 10 ** 9 }),
    currency: fc.constantFrom('RUB', 'USD', 'KZT'),
    username: fc.option(fc.string({ unit: 'grapheme', maxLength: 50 })),
    message: fc.option(fc.string({ unit: 'grapheme', maxLength: 50 })),
  })
  fc.assert(
    fc.property(good, (fields) => {
      const parsed = parseDonation(parseJson(JSON.stringify(donationItem(7, fields))), ACCOUNT)
      assert.ok(parsed.ok)
      assert.equal(parsed.donation.externalId, String(fields.id))
      assert.deepEqual(parsed.donation.money, { amount: `${fields.amount}.00`, currency: fields.currency })
      assert.equal(parsed.donation.donor, fields.username?.trim() || null)
      assert.equal(parsed.donation.message, (fields.message ?? '').trimEnd())
    }),
  )
})
