import { lookFromSeed } from '../../src/domain/avatar-look.ts'
import { readableColor } from '../../src/domain/name-tag.ts'
import type { StageAvatar, TextPart } from '../../src/domain/overlay-protocol.ts'
import { enter, homeOf, mix, rowOf, stand, step, type Motion } from '../../src/domain/stage-motion.ts'

/* Crowds as a lively evening would bring them, the same every time. Runs in Node and in the browser. */

export const SCENE_NOW = 1_764_100_000_000

const NAMES = [
  'Alex_77', 'мурлыка', 'neko_chan', 'ВасяПупкин', 'frogger', 'Mila', 'GhostRider42', 'лисичка', 'potato', 'Sir_Lancelot',
  'Катя', 'night_owl', 'zxcursed', 'Борода', 'pixel_pirate', 'Соня', 'xX_Sniper_Xx', 'капибара', 'tea_lover', 'Димон',
] // prettier-ignore
const COLORS = [
  '#ff4500',
  '#1e90ff',
  '#9acd32',
  '#ff69b4',
  '#8a2be2',
  '#00ff7f',
  '#daa520',
  '#0000ff',
  '#b22222',
  '#5f9ea0',
]
const WORDS: readonly string[] = [
  'Привет всем!',
  'gg wp',
  'ахахах ну ты даёшь 😂',
  'This boss is impossible, how did you even get here?',
  'какой красивый закат',
  'LETS GO 🔥🔥🔥',
  'кто-нибудь знает, во сколько сегодня будет розыгрыш скинов?',
  'hi chat 💜',
]
const SIGNS = ['🔥', '💜', '😂', '👏', '🎉', '🐸']

/** @param busy how many of a hundred are doing something just now */
export function crowdOf(count: number, { first = 1, busy = 45, now = SCENE_NOW } = {}): StageAvatar[] {
  const homes: Array<{ row: number; x: number }> = []
  return Array.from({ length: count }, (_, index): StageAvatar => {
    const seed = mix(first + index, 77)
    const home = roomiest(seed, homes)
    homes.push({ row: rowOf(seed), x: home })
    const roll = mix(seed, 5) % 100
    const motion = roll < busy ? doing(seed, home, now) : enter(seed, home, now - 600_000 - (mix(seed, 6) % 90_000))
    const speaks = mix(seed, 7) % 1_000 < 7_000 / Math.max(26, count)
    const name = (NAMES[index % NAMES.length] ?? '') + (index < NAMES.length ? '' : String(index))
    return {
      id: `viewer-${first + index}`,
      name,
      color: readableColor(COLORS[mix(seed, 8) % COLORS.length] ?? null, seed),
      look: lookFromSeed(seed),
      seed,
      by: 'chat',
      state: motion.act,
      until: motion.at + motion.dur,
      motion,
      why: null,
      say: speaks ? { parts: wordsOf(seed), at: now - 900 - (mix(seed, 9) % 2_500), until: now + 3_000 } : null,
      sign:
        motion.act === 'sign'
          ? {
              parts: [{ text: SIGNS[mix(seed, 10) % SIGNS.length] ?? '' }],
              at: motion.at,
              until: motion.at + motion.dur,
            }
          : null,
    }
  })
}

function doing(seed: number, home: number, now: number): Motion {
  const since = 200 + (mix(seed, 31) % 900)
  const acts = ['wave', 'laugh', 'jump', 'sign', 'sign', 'sit', 'walk', 'walk'] as const
  const act = acts[mix(seed, 32) % acts.length] ?? 'walk'
  if (act === 'walk') return step(seed, 3, home, now - since)
  if (act === 'sit') return stand('sit', home, now - 20_000 - since, 150_000)
  return stand(act, home, now - since, act === 'sign' ? 3_000 : act === 'wave' ? 5_000 : act === 'jump' ? 800 : 1_500)
}

function wordsOf(seed: number): TextPart[] {
  return [{ text: WORDS[mix(seed, 12) % WORDS.length] ?? '' }]
}

/** Where there is most room, in the own row above all. */
function roomiest(seed: number, homes: ReadonlyArray<{ row: number; x: number }>): number {
  const room = (x: number) =>
    Math.min(...homes.map((it) => Math.abs(it.x - x) * (it.row === rowOf(seed) ? 1 : 1.6)), 2_000)
  const candidates = Array.from({ length: 8 }, (_, candidate) => homeOf(seed, candidate))
  return candidates.reduce((best, x) => (room(x) > room(best) ? x : best), candidates[0] ?? 960)
}
