import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { readLines, readPublication, readSubscribeReply } from '../../../src/platforms/donationalerts/socket-wire.ts'
import { donationItem, pushed } from '../../support/donation-client.ts'

test('a line is told apart by what it holds', () => {
  for (const [line, kind] of [
    ['{"id":1}', 'reply'],
    ['{"id":1,"result":{}}', 'reply'],
    ['{"id":1,"error":{"code":103}}', 'reply'],
    ['{"error":{"code":107,"message":"bad request"}}', 'refused'],
    ['{"id":0,"error":null}', 'refused'],
    ['{"result":{"channel":"c","data":{"data":{}}}}', 'publication'],
    ['{"id":0,"result":{"type":0,"channel":"c","data":{"data":{}}}}', 'publication'],
    ['{"result":{"channel":"c"}}', 'publication'],
    ['{"result":{"type":3,"channel":"c","data":{}}}', 'unsubscribed'],
    ['{"result":{"type":1,"channel":"c","data":{}}}', 'ignored'],
    ['{"result":{"type":2,"channel":"c","data":{}}}', 'ignored'],
    ['{"result":{"type":99}}', 'ignored'],
    ['{"result":{"type":"publication"}}', 'ignored'],
    ['{"result":{}}', 'unreadable'],
    ['{"result":{"channel":7}}', 'unreadable'],
    ['{"id":"1"}', 'unreadable'],
    ['{}', 'unreadable'],
    ['[]', 'unreadable'],
    ['null', 'unreadable'],
    ['x', 'unreadable'],
  ] as const) {
    assert.deepEqual(
      readLines(line).map((read) => read.kind),
      [kind],
      line,
    )
  }
})

test('a message is divided at newlines, with or without one at its end, empty lines skipped', () => {
  const line = fc.oneof(
    fc.jsonValue().map((value) => JSON.stringify(value)),
    fc.constant(JSON.stringify(pushed(1, { id: 1 }))),
  )
  const gap = fc.constantFrom('\n', '\n\n', '\r\n', ' \n\n\n')
  fc.assert(
    fc.property(fc.array(fc.tuple(line, gap)), fc.boolean(), (lines, endsWithGap) => {
      const message = lines.map(([text, after]) => text + after).join('')
      assert.equal(readLines(endsWithGap ? message : message.trimEnd()).length, lines.length)
    }),
  )
})

test('no message makes the reader throw', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (message) => void readLines(message)))
})

test('no reply makes the reader throw, and every listed publication comes out', () => {
  const reply = fc.dictionary(
    fc.constantFrom(
      'seq',
      'gen',
      'epoch',
      'offset',
      'recoverable',
      'recovered',
      'expires',
      'ttl',
      '__proto__',
      'publications',
    ),
    fc.oneof(fc.anything(), fc.nat(), fc.boolean(), fc.array(fc.anything())),
  )
  fc.assert(
    fc.property(reply, (result) => {
      const { position, publications, ttlS } = readSubscribeReply(result, '1')
      assert.equal(publications.length, Array.isArray(result['publications']) ? result['publications'].length : 0)
      for (const seq of [position?.seq ?? 0, ttlS ?? 0, ...publications.map((publication) => publication.seq ?? 0)]) {
        assert.ok(Number.isSafeInteger(seq) && seq >= 0)
      }
    }),
  )
})

test('recovered publications without numbers are turned round all the same', () => {
  const publications = [3, 2, 1].map((id) => ({ data: donationItem(id) }))
  const reply = readSubscribeReply({ publications }, '1')
  assert.deepEqual(
    reply.publications.map(({ item }) => item.ok && item.donation.externalId),
    ['1', '2', '3'],
  )
  assert.equal(reply.position, null)
})

test('a place that cannot be counted is unknown, one counted by later versions is known', () => {
  for (const [body, seq] of [
    [{ seq: 5, data: {} }, 5],
    [{ gen: 1, data: {} }, 2 ** 32],
    [{ seq: 5, gen: 1, offset: 9, data: {} }, 2 ** 32 + 5],
    [{ offset: 9, data: {} }, 9],
    [{ data: {} }, null],
    [{ seq: -1, data: {} }, null],
    [{ seq: 1.5, data: {} }, null],
    [{ seq: '5', data: {} }, null],
    [{ seq: 1, gen: 2 ** 40, data: {} }, null],
  ] as const) {
    assert.equal(readPublication(body, '1').seq, seq)
  }
})

test('something that was published in no known form is kept as it came', () => {
  for (const body of [null, 7, 'text', [], { seq: 4 }, undefined]) {
    const { seq, item } = readPublication(body, '1')
    assert.equal(seq, null)
    assert.ok(!item.ok && item.raw === JSON.stringify(body ?? null))
  }
})

test('an epoch with characters that PostgreSQL cannot hold does not get that far', () => {
  assert.equal(readSubscribeReply({ recoverable: true, epoch: 'a\0b\ud83c' }, '1').position?.epoch, 'ab\u{fffd}')
})
