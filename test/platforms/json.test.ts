import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { parseJson, toStorableJson, toStorableText } from '../../src/platforms/json.ts'

/** What PostgreSQL's `jsonb` refuses. */
function isStorable(json: string): boolean {
  const value: unknown = JSON.parse(json)
  const hasBadText = (inner: unknown): boolean =>
    typeof inner === 'string'
      ? inner.includes('\0') || !inner.isWellFormed()
      : typeof inner === 'object' && inner !== null && Object.entries(inner).some((entry) => entry.some(hasBadText))
  return json.isWellFormed() && !json.includes('\0') && !hasBadText(value)
}

const anyText = fc.string({
  unit: fc.oneof(
    fc.string({ unit: 'binary', maxLength: 3 }),
    fc.constantFrom('\0', '\\', '"', '\ud83c', '\udf89', '\\u0000', 'u0000'),
  ),
})
const anyJson = fc.jsonValue({ stringUnit: 'binary' })

test('integers beyond 2^53 come as text, so that two ids are never rounded into one', () => {
  assert.deepEqual(parseJson('{"id":12345678901234567890,"seq":-9007199254740993}'), {
    id: '12345678901234567890',
    seq: '-9007199254740993',
  })
})

test('wherever in the text a long integer stands, it comes as text', () => {
  const long = '12345678901234567890'
  for (const digits of [long, `-${long}`]) {
    assert.equal(parseJson(digits), digits)
    assert.deepEqual(parseJson(`[${digits}]`), [digits])
    assert.deepEqual(parseJson(`[1,${digits}]`), [1, digits])
    assert.deepEqual(parseJson(`{"a":${digits}}`), { a: digits })
    for (const space of [' ', '\n', '\r', '\t']) assert.deepEqual(parseJson(`{"a":${space}${digits}}`), { a: digits })
  }
})

test('other numbers stay numbers, however many digits they are written with', () => {
  assert.deepEqual(parseJson('[1.10000000000000000000001, 9007199254740991, 1e400, 22]'), [
    1.1,
    2 ** 53 - 1,
    Infinity,
    22,
  ])
})

test('a field called __proto__ is a field', () => {
  const parsed = parseJson('{"__proto__":{"id":1},"n":12345678901234567890}')
  assert.equal((parsed as { id?: number }).id, undefined)
  assert.equal(toStorableJson(parsed), '{"__proto__":{"id":1},"n":"12345678901234567890"}')
})

test('text that is not JSON is undefined', () => {
  for (const text of [
    '',
    ' ',
    'undefined',
    '{',
    '<html>',
    '{"a":1}{"b":2}',
    '{"a":1}\n{"b":2}',
    'NaN',
    "{'a':1}",
    '12345678901234567890x',
  ]) {
    assert.equal(parseJson(text), undefined)
  }
})

test('parsing any text never throws, and reads what JSON.parse reads', () => {
  fc.assert(fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.json()), (text) => void parseJson(text)))
  fc.assert(
    fc.property(
      fc.json().filter((text) => !/\d{16}/.test(text)),
      (text) => assert.deepEqual(parseJson(text), JSON.parse(text)),
    ),
  )
})

test('NUL and half surrogate pairs become U+FFFD in stored JSON; escaped backslashes before them do not mislead', () => {
  assert.equal(
    toStorableJson(['a\0b', '\ud83c', '🎉', String.raw`\u0000`, '\\\0']),
    String.raw`["a\ufffdb","\ufffd","🎉","\\u0000","\\\ufffd"]`,
  )
})

test('whatever is stored, PostgreSQL can hold it, and whole text comes back as it was', () => {
  fc.assert(
    fc.property(fc.oneof(anyJson, anyText, fc.dictionary(anyText, anyText)), (value) => {
      assert.ok(isStorable(toStorableJson(value)))
    }),
  )
  fc.assert(
    fc.property(anyText, (text) => {
      assert.equal(JSON.parse(toStorableJson(text)), text.toWellFormed().replaceAll('\0', '\u{fffd}'))
      assert.equal(toStorableText(text), text.toWellFormed().replaceAll('\0', ''))
    }),
  )
})

test('what JSON cannot say is stored as something all the same', () => {
  const cycle: Record<string, unknown> = { id: 1 }
  cycle['self'] = cycle
  for (const value of [undefined, () => 1, Symbol('x'), 10n, Number.NaN, cycle, { toJSON: () => assert.fail() }]) {
    assert.ok(isStorable(toStorableJson(value)))
  }
})

test('what nests deeper than PostgreSQL follows keeps its first level', () => {
  const deep = parseJson(`{"id":7,"message":${'['.repeat(100_000)}${']'.repeat(100_000)}}`)
  assert.deepEqual(JSON.parse(toStorableJson(deep)), { id: 7, message: 'nested too deep' })
})
