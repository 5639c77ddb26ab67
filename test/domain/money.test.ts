import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { formatMoney, parseMoney } from '../../src/domain/money.ts'

test('amounts are read as a platform may send them: integer, float or text', () => {
  assert.deepEqual(parseMoney(500, 'RUB'), { amount: '500.00', currency: 'RUB' })
  assert.deepEqual(parseMoney(22.5, 'usd'), { amount: '22.50', currency: 'USD' })
  assert.deepEqual(parseMoney('10.00', 'EUR'), { amount: '10.00', currency: 'EUR' })
  assert.deepEqual(parseMoney('007.125', 'KZT'), { amount: '7.125', currency: 'KZT' })
  assert.deepEqual(parseMoney(0, 'RUB'), { amount: '0.00', currency: 'RUB' })
})

test('what is no amount of money is refused', () => {
  for (const amount of [
    -1,
    Number.NaN,
    Infinity,
    1e21,
    '1e5',
    '',
    ' ',
    '1,5',
    '0x10',
    null,
    {},
    [5],
    true,
    '12345678901234',
  ]) {
    assert.equal(parseMoney(amount, 'RUB'), undefined, JSON.stringify(amount))
  }
  for (const currency of ['', 'RUBLE', 'R', null, 5, '₽'])
    assert.equal(parseMoney(5, currency), undefined, String(currency))
})

test('no cent is lost between a platform’s number and our text', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 10 ** 11 }), (cents) => {
      const text = `${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, '0')}`
      assert.equal(parseMoney(Number(text), 'RUB')?.amount, text)
    }),
  )
})

test('amounts are shown in their own currency, whole ones without a fraction', () => {
  assert.match(formatMoney({ amount: '500.00', currency: 'RUB' }, 'ru'), /^500\s₽$/)
  assert.equal(formatMoney({ amount: '22.50', currency: 'USD' }, 'en'), '$22.50')
  assert.match(formatMoney({ amount: '1234567.00', currency: 'KZT' }, 'ru'), /^1\s234\s567\s₸$/)
})
