import type { Chatter } from './chat-message.ts'
import type { BlockedWords } from './blocked-words.ts'
import { cleanText } from './clean-text.ts'
import { graphemes } from './graphemes.ts'

/** Twitch's own limit for logins, and so for the names that differ from them by their letters only. */
const MAX_GRAPHEMES = 25
/** Joined emoji can make one character of any length. */
const MAX_CODE_POINTS = 100

/** A viewer's name as it may stand on stage; the login where nothing readable is left of it. */
export function viewerName(
  { name, login }: Pick<Chatter, 'name' | 'login'>,
  rules: { blockedWords: BlockedWords },
): string {
  const line = (text: string) =>
    cleanText(text)
      .replaceAll(/[\n ]+/g, ' ')
      .trim()
  const starred = rules.blockedWords.star(line(name) || line(login))
  const short = Array.from(starred).slice(0, MAX_CODE_POINTS).join('')
  return [...graphemes(short)].slice(0, MAX_GRAPHEMES).join('').trimEnd()
}

/**
 * The colours that Twitch gives to who never chose one: red, blue, green, fire brick, coral, yellow green, orange red,
 * sea green, golden rod, chocolate, cadet blue, dodger blue, hot pink, blue violet, spring green.
 */
const DEFAULT_COLORS = [
  0xff0000, 0x0000ff, 0x00ff00, 0xb22222, 0xff7f50, 0x9acd32, 0xff4500, 0x2e8b57, 0xdaa520, 0xd2691e, 0x5f9ea0,
  0x1e90ff, 0xff69b4, 0x8a2be2, 0x00ff7f,
] as const

/** The name's outline and the darkest of what may lie behind it. */
const OUTLINE = 0x100e18
/** More than WCAG 2 asks of text (4.5, 1.4.3): on a stream of 720 lines a name is ten pixels high. At 7 red would be pink. */
const MIN_CONTRAST = 5.5
/** Steps to white: fine enough that a colour gives up no more of itself than it must. */
const STEPS = 32

/** A name's colour, `#rrggbb`, as light as reading it needs. Who has none gets one of Twitch's by the seed. */
export function readableColor(color: string | null, seed: number): string {
  const chosen = color !== null && /^#[\da-f]{6}$/i.test(color) ? Number.parseInt(color.slice(1), 16) : null
  const base = chosen ?? DEFAULT_COLORS[(seed >>> 0) % DEFAULT_COLORS.length] ?? 0xffffff
  let readable = base
  for (let step = 1; contrast(readable, OUTLINE) < MIN_CONTRAST; step++) readable = towardsWhite(base, step / STEPS)
  return `#${readable.toString(16).padStart(6, '0')}`
}

function channels(color: number): [red: number, green: number, blue: number] {
  return [color >> 16, (color >> 8) & 0xff, color & 0xff]
}

function towardsWhite(color: number, share: number): number {
  const [red, green, blue] = channels(color).map((part) => Math.round(part + (255 - part) * share)) as [
    number,
    number,
    number,
  ]
  return (red << 16) | (green << 8) | blue
}

/** WCAG 2: the ratio of two colours' relative luminances. */
function contrast(one: number, other: number): number {
  const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a) as [number, number]
  return (light + 0.05) / (dark + 0.05)
}

function luminance(color: number): number {
  const [red, green, blue] = channels(color).map((part) => {
    const share = part / 255
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
  }) as [number, number, number]
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}
