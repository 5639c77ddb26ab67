/** What may be an integer that a binary float cannot hold. Most long digits stand within text, behind something else. */
const LONG_INTEGER = /(?:^|[:,[\s])-?\d{16}/
const INTEGER = /^-?\d+$/

/**
 * Reads JSON text. Integers beyond 2^53 come as decimal text: two platform ids must never be rounded into one.
 * @returns `undefined` (which no JSON text means) where the text is not JSON. Never throws.
 */
export function parseJson(text: string): unknown {
  try {
    return LONG_INTEGER.test(text) ? JSON.parse(text, keepLongIntegers) : JSON.parse(text)
  } catch {
    return undefined
  }
}

function keepLongIntegers(_key: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value
  return context?.source !== undefined && INTEGER.test(context.source) ? context.source : value
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** An escape that may stand for NUL or half a surrogate pair, or for an escaped backslash before harmless text. */
const UNSTORABLE = /\\u(?:0000|d[89a-f])/

/** PostgreSQL reads JSON by recursion and gives up some thousand levels down; no platform nests a tenth of this. */
const MAX_DEPTH = 200

/**
 * Writes any value as JSON text that PostgreSQL's `jsonb` takes: its text can hold neither NUL nor half a surrogate
 * pair, so each becomes U+FFFD. What nests absurdly deep is kept as far as its first level goes. Never throws.
 */
export function toStorableJson(value: unknown): string {
  try {
    const written: unknown = JSON.stringify(isDeeperThan(value, MAX_DEPTH) ? firstLevel(value) : value)
    const text = typeof written === 'string' ? written : 'null'
    if (!UNSTORABLE.test(text)) return text
    // `JSON.stringify` leaves whole surrogate pairs as they are and escapes only halves, in lower-case digits.
    // Every other escape is stepped over, so that an escaped backslash cannot seem to begin one.
    return text.replaceAll(/\\(?:u0000|ud[89a-f][0-9a-f]{2}|.)/g, (escape) => (escape.length > 2 ? '\\ufffd' : escape))
  } catch {
    return '"unreadable"'
  }
}

/** Text that PostgreSQL's `text` can hold. */
export function toStorableText(text: string): string {
  return text.toWellFormed().replaceAll('\0', '')
}

function isDeeperThan(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return levels === 0 || Object.values(value).some((inner) => isDeeperThan(inner, levels - 1))
}

function firstLevel(value: unknown): unknown {
  if (!isRecord(value)) return 'nested too deep'
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      name,
      isDeeperThan(inner, MAX_DEPTH - 1) ? 'nested too deep' : inner,
    ]),
  )
}
