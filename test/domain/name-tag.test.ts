import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { compileBlockedWords } from '../../src/domain/blocked-words.ts'
import { readableColor, viewerName } from '../../src/domain/name-tag.ts'

const nameOf = (name: string, { login = 'ivan', blocked = [] as string[] } = {}) =>
  viewerName({ name, login }, { blockedWords: compileBlockedWords(blocked) })

test('a name stands in its owner’s letters', () => {
  for (const name of ['Ivan', 'ИВАН', '伊万', 'X_x_1']) assert.equal(nameOf(name), name)
})

test('where nothing readable is left, the login stands', () => {
  for (const name of ['', ' ', '\u200b\u202e', '\u3164', '\n']) assert.equal(nameOf(name), 'ivan')
})

test('a name is one clean line without blocked words', () => {
  assert.equal(nameOf(' I\u202ev\na\u200bn '), 'Iv an')
  assert.equal(nameOf('Редиска', { blocked: ['редиска'] }), '*******')
  assert.equal(nameOf('', { login: 'badword', blocked: ['BadWord'] }), '*******')
})

test('a name has at most 25 characters as a reader counts them, and no character of endless length', () => {
  assert.equal(nameOf('я'.repeat(30)), 'я'.repeat(25))
  assert.equal(nameOf('👍🏽'.repeat(30)), '👍🏽'.repeat(25))
  assert.ok(nameOf(Array(5_000).fill('😀').join('\u200d')).length < 300)
})

/** WCAG 2 (1.4.3), written anew. */
function contrastToOutline(color: string): number {
  const luminance = (hex: string) =>
    [0.2126, 0.7152, 0.0722].reduce((sum, weight, index) => {
      const share = Number.parseInt(hex.slice(1 + index * 2, 3 + index * 2), 16) / 255
      return sum + weight * (share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4)
    }, 0)
  return (luminance(color) + 0.05) / (luminance('#100e18') + 0.05)
}

test('every colour comes out readable on the dark outline', () => {
  fc.assert(
    fc.property(
      fc.option(
        fc.oneof(
          fc.string(),
          fc.integer({ min: 0, max: 0xffffff }).map((n) => `#${n.toString(16).padStart(6, '0')}`),
        ),
      ),
      fc.oneof(fc.integer(), fc.double()),
      (color, seed) => {
        const readable = readableColor(color, seed)
        assert.match(readable, /^#[\da-f]{6}$/)
        assert.ok(contrastToOutline(readable) >= 5.5, `${color} → ${readable}`)
      },
    ),
  )
})

test('a colour that is light enough stays as it is, a dark one keeps its hue', () => {
  for (const color of ['#ff4500', '#daa520', '#ffffff', '#00ff7f']) assert.equal(readableColor(color, 0), color)
  assert.equal(readableColor('#DAA520', 0), '#daa520')
  const blue = readableColor('#0000ff', 0)
  assert.notEqual(blue, '#0000ff')
  assert.ok(Number.parseInt(blue.slice(5), 16) === 255 && Number.parseInt(blue.slice(1, 3), 16) < 160, blue)
  assert.equal(readableColor('#000000', 0).slice(1, 3), readableColor('#000000', 0).slice(5), 'black becomes grey')
})

test('who has no colour gets one of Twitch’s by the seed, always the same', () => {
  const given = new Set(Array.from({ length: 1_000 }, (_, seed) => readableColor(null, seed)))
  assert.equal(given.size, 15)
  for (const none of [null, '', 'red', '#fff', '#12345g', 'x#123456', '#1234567'])
    assert.equal(readableColor(none, 7), readableColor(null, 7))
})
