import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { parseJson, toStorableJson, toStorableText } from '../../src/platforms/json.ts'
import { openTestDatabase } from '../support/database.ts'

test('PostgreSQL takes whatever was made storable, as jsonb and as text', async (t) => {
  const { db } = await openTestDatabase(t)
  const nested = (levels: number) => parseJson('['.repeat(levels) + ']'.repeat(levels))
  const hardOnes = ['\0', '\ud83c', '\udf89\ud83c', '\\u0000', '\\\0', 'ы🎉\u{10ffff}\uffff\ufffe', 1e308, -0, 5e-324]
  const values = [
    ...hardOnes,
    nested(199),
    nested(201),
    nested(100_000),
    ...fc.sample(fc.anything({ stringUnit: 'binary' }), 500),
  ]
  const rows = await db.query<{ count: string }>('select count(value::jsonb) from unnest($1::text[]) value', [
    values.map(toStorableJson),
  ])
  assert.equal(Number(rows[0]?.count), values.length)

  const texts = [...hardOnes.map(String), ...fc.sample(fc.string({ unit: 'binary' }), 500)].map(toStorableText)
  const [back] = await db.query<{ texts: string[] }>('select $1::text[] as texts', [texts])
  assert.deepEqual(back?.texts, texts)
})
