import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { alertWords, donorName } from '../../src/domain/alert-words.ts'

const open = { hideLinks: false, blockedWords: [] }
const text = (message: string, rules = open as Parameters<typeof alertWords>[1]) =>
  alertWords(message, rules)
    .map((part) => ('text' in part ? part.text : ''))
    .join('')

test('ordinary words, Cyrillic and emoji pass unchanged', () => {
  for (const words of ['Спасибо за стрим! 💜', 'GG WP', 'ёлка 👨‍👩‍👧‍👦 🇰🇿', 'line one\nline two', '<b>not markup</b>'])
    assert.equal(text(words), words)
})

test('what would break the picture is taken out', () => {
  assert.equal(text('a\u0000b\u202Ec\r\n\r\n\r\nd   e  '), 'abc\nd e')
  assert.ok(Array.from(text(`Z${'\u0336'.repeat(50)}`)).length <= 4)
  assert.equal(text('\ud800 lone'), '\ufffd lone')
})

test('addresses are cut where the channel wants that', () => {
  const rules = { hideLinks: true, blockedWords: [] }
  assert.equal(text('go https://evil.example/x?y now', rules), 'go … now')
  assert.equal(text('scam.com/gift и сайт.рф', rules), '… и …')
  assert.equal(text('v1.5 стоит 3.50', rules), 'v1.5 стоит 3.50')
  assert.equal(text('https://evil.example', open), 'https://evil.example')
})

test('blocked words are starred as whole words, whatever their case', () => {
  const rules = { hideLinks: false, blockedWords: ['редиска', 'a+b', ''] }
  assert.equal(text('Ты РЕДИСКА, а редискам нет. A+B', rules), 'Ты *******, а редискам нет. ***')
  assert.equal(donorName('Редиска', rules), '*******')
})

test('an empty or unreadable name is an anonymous donor', () => {
  for (const name of [null, '', '  ', '\u200b\u202e']) assert.equal(donorName(name, open), null)
})

test('no text makes it throw, and none comes out longer than a card can hold', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary', maxLength: 2_000 }),
      fc.array(fc.string({ maxLength: 10 }), { maxLength: 5 }),
      (message, blockedWords) => {
        const words = text(message, { hideLinks: true, blockedWords })
        assert.ok(Array.from(words).length <= 501)
      },
    ),
  )
})
