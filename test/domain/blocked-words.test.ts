import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { compileBlockedWords } from '../../src/domain/blocked-words.ts'
import { cleanText } from '../../src/domain/clean-text.ts'
import { SETTING_LIMITS } from '../../src/domain/settings.ts'

const star = (text: string, ...words: string[]) => compileBlockedWords(words).star(text)

test('words are starred whole, whatever their case, and no part of a longer one', () => {
  assert.equal(star('Ты РЕДИСКА, редискам нет, нередиска', 'редиска'), 'Ты *******, редискам нет, нередиска')
  assert.equal(star('bad_word bad', 'Bad'), '***_word ***')
  assert.equal(star('a+b (x) a.c abc', 'a+b', '(x)', 'a.c'), '*** *** *** abc')
})

test('words that begin alike do not hide each other', () => {
  const words = ['foo', 'foo bar', 'foobar', 'fo', 'foo bar baz']
  assert.equal(star('fo foo foob foobar foo bar foo bar baz', ...words), '** *** foob ****** ******* ***********')
  assert.equal(star('foo ba', ...words), '*** ba')
})

test('strokes over letters hide no word; another vowel sign makes another word', () => {
  assert.equal(star('р̶е̶диска̷', 'редиска'), '*******')
  assert.equal(star('काम कम', 'कम'), 'काम **')
  assert.equal(star('йод иод', 'иод'), 'йод ***', 'a letter of its own')
})

test('strokes stay where they are on words that are not blocked', () => {
  assert.equal(star('са\u0301д р̶е̶диска̷! ка̷ша', 'редиска'), 'са\u0301д *******! ка̷ша')
  assert.equal(star('са\u0301д сад', 'са\u0301д'), '*** ***', 'nor does a stroke in the list make another word')
})

test('an empty list, and empty words, change nothing', () => {
  for (const words of [[], [''], [' ', '\u200b']]) assert.equal(star('a b', ...words), 'a b')
})

test('every word of any list is found in a text of its own', () => {
  const word = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 20 }), (words) => {
      const blocked = compileBlockedWords(words)
      for (const written of words) {
        const clean = cleanText(written).trim()
        assert.match(blocked.star(clean), /^\**$/, clean)
      }
    }),
  )
})

test('the longest list costs little, also in a message full of its beginnings', () => {
  const { count, length } = SETTING_LIMITS.blockedWords
  for (const words of [
    Array.from({ length: count }, (_, n) => `слово${n}`),
    Array.from({ length: count }, (_, n) => 'а'.repeat((n % length) + 1) + 'б'.repeat(n % 3)),
    Array.from({ length: count }, (_, n) => `${'и '.repeat(20)}${n}`),
  ]) {
    const blocked = compileBlockedWords(words)
    for (const text of ['слово '.repeat(80), 'аааааа '.repeat(70), 'и '.repeat(250), 'а'.repeat(500)]) {
      const times = Array.from({ length: 5 }, () => {
        const began = performance.now()
        blocked.star(text)
        return performance.now() - began
      })
      assert.ok(Math.min(...times) < 5, `${words[1]}, ${text.slice(0, 8)}: ${Math.min(...times).toFixed(2)} ms`)
    }
  }
})

test('a list of the longest words is ready in no time: while it is made, no other channel is served', () => {
  const { count, length } = SETTING_LIMITS.blockedWords
  const letters = 'абвгдежзиклмнопрстуфхцчшэюяabcdefghijklmnopqrstuvwxyz'
  let seed = 1
  const words = Array.from({ length: count }, () =>
    Array.from({ length }, () => letters[(seed = (seed * 48_271) % 2_147_483_647) % letters.length]).join(''),
  )
  const times = [1, 2, 3].map((n) => {
    const began = performance.now()
    // Another list each time: a pattern that was made before is not made again.
    assert.equal(compileBlockedWords([...words, `ещё${n}`]).star(`да ${words[7]}!`), `да ${'*'.repeat(length)}!`)
    return performance.now() - began
  })
  assert.ok(Math.min(...times) < 300, `${Math.min(...times).toFixed(0)} ms`)
})
