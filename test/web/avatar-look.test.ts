import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as parts from '../../src/domain/avatar-look.ts'
import { lookFromSeed, seedFromText, type AvatarLook } from '../../src/domain/avatar-look.ts'

const LOOKS = Array.from({ length: 20_000 }, (_, seed) => lookFromSeed(seed))
const TOWERING_HAIR = new Set(['mohawk', 'spiky', 'buns'])
const LONG_HAIR = new Set(['bob', 'long', 'ponytail', 'buns', 'twintails'])

test('a seed means the same character for ever', () => {
  // Written down once: donors keep their faces over releases.
  assert.deepEqual(lookFromSeed(seedFromText('30530030')), {
    head: 'oval',
    skin: '#d9b8f2',
    hair: 'ponytail',
    hairColor: '#2b2533',
    eye: '#333845',
    ears: 'human',
    hat: 'beanie',
    top: 'suit',
    topColor: '#3d7ddb',
    bottom: 'pants',
    bottomColor: '#eceff4',
    shoe: '#f6d55c',
    accent: '#e8505b',
    glasses: 'none',
    beard: 'none',
  })
})

test('only the lower 32 bits of a seed count', () => {
  assert.deepEqual(lookFromSeed(2 ** 32 + 5), lookFromSeed(5))
  assert.deepEqual(lookFromSeed(-1), lookFromSeed(0xffffffff))
})

test('every part and colour of every palette is somebody’s', () => {
  const palettes = {
    head: parts.HEADS,
    skin: parts.SKINS,
    hair: parts.HAIRS,
    hairColor: parts.HAIR_COLORS,
    eye: parts.EYE_COLORS,
    ears: parts.EARS,
    hat: parts.HATS,
    top: parts.TOPS,
    topColor: parts.CLOTHS,
    bottom: parts.BOTTOMS,
    glasses: parts.GLASSES,
    beard: parts.BEARDS,
  } as const
  for (const [part, all] of Object.entries(palettes)) {
    const worn = new Set(LOOKS.map((look) => look[part as keyof AvatarLook]))
    assert.deepEqual(
      [...all].filter((item) => !worn.has(item)),
      [],
      part,
    )
  }
})

test('no random look wears what clashes', () => {
  const clashes: Record<string, (look: AvatarLook) => boolean> = {
    'a beard with a skirt or a dress': ({ beard, bottom, top }) =>
      beard !== 'none' && (bottom === 'skirt' || top === 'dress'),
    'a beard with long hair': ({ beard, hair }) => beard !== 'none' && LONG_HAIR.has(hair),
    'tall ears through a hat': ({ ears, hat }) => !['human', 'elf'].includes(ears) && !['none', 'flower'].includes(hat),
    'a hat on a tower of hair': ({ hair, hat }) => TOWERING_HAIR.has(hair) && !['none', 'flower'].includes(hat),
    'trousers of the shirt’s colour': ({ topColor, bottomColor }) => topColor === bottomColor,
    'a print nobody sees': ({ topColor, accent }) => topColor === accent,
  }
  for (const [clash, isThere] of Object.entries(clashes)) assert.equal(LOOKS.filter(isThere).length, 0, clash)
})

test('no look is missing a part', () => {
  const whole = LOOKS.filter((look) => Object.values(look).every((part) => typeof part === 'string'))
  assert.equal(whole.length, LOOKS.length)
})

test('neighbouring seeds look nothing alike', () => {
  const twins = LOOKS.filter((look, seed) => {
    const next = LOOKS[seed + 1]
    return next !== undefined && JSON.stringify(look) === JSON.stringify(next)
  })
  assert.equal(twins.length, 0)
  assert.ok(new Set(LOOKS.map((look) => JSON.stringify(look))).size > LOOKS.length * 0.999)
})

test('texts spread over all 32 bits', () => {
  const seeds = Array.from({ length: 4_000 }, (_, id) => seedFromText(String(30_000_000 + id)))
  assert.equal(new Set(seeds).size, seeds.length)
  assert.ok(seeds.every((seed) => Number.isInteger(seed) && seed >= 0 && seed < 2 ** 32))
  const upper = seeds.filter((seed) => seed >= 2 ** 31).length
  assert.ok(upper > 1_700 && upper < 2_300, `${upper} of 4000 in the upper half`)
})
