import { maskUrl } from './base/mask-url.ts'

export type Environment = Readonly<Record<string, string | undefined>>
export type Reader = ReturnType<typeof createReader>

/** Reads variables one by one; what is wrong becomes a line in `faults`, and reading goes on. */
export function createReader(env: Environment, faults: string[]) {
  const given = (name: string) => {
    const value = env[name]?.trim()
    return value === undefined || value === '' ? undefined : value
  }
  const reject = (name: string, found: string, expected: string) => {
    faults.push(`${name} is ${found}: expected ${expected}.`)
  }
  const text = (name: string, fallback: string) => given(name) ?? fallback
  const matching = (name: string, fallback: string, pattern: RegExp, expected: string) => {
    const value = text(name, fallback)
    if (!pattern.test(value)) reject(name, quote(value), expected)
    return value
  }
  const url = (name: string, fallback: string, protocols: string[], secret = false) => {
    const value = text(name, fallback)
    if (!URL.canParse(value) || !protocols.includes(new URL(value).protocol)) {
      reject(
        name,
        secret ? maskUrl(value) : quote(value),
        `a URL that begins with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`,
      )
    }
    return value
  }
  const integer = (name: string, fallback: number, { min, max }: { min: number; max: number }) => {
    const value = text(name, String(fallback))
    const number = Number(value)
    if (!/^-?\d+$/.test(value) || number < min || number > max)
      reject(name, quote(value), `a whole number from ${min} to ${max}`)
    return number
  }
  return {
    text,
    matching,
    url,
    optionalUrl: (name: string, protocols: string[], { secret }: { secret: boolean }) =>
      given(name) === undefined ? null : url(name, '', protocols, secret),
    integer,
    optionalInteger: (name: string, bounds: { min: number; max: number }) =>
      given(name) === undefined ? null : integer(name, 0, bounds),
    oneOf(name: string, fallback: string, allowed: string[]) {
      const value = text(name, fallback).toLowerCase()
      if (!allowed.includes(value)) reject(name, quote(value), `one of ${allowed.join(', ')}`)
      return value
    },
    flag(name: string, fallback: boolean) {
      const value = text(name, String(fallback)).toLowerCase()
      if (!['true', 'false', '1', '0', 'on', 'off'].includes(value)) reject(name, quote(value), 'true or false')
      return ['true', '1', 'on'].includes(value)
    },
    list(name: string, pattern: RegExp, expected: string) {
      const items = text(name, '')
        .split(',')
        .map((item) => item.trim())
        .filter((item) => item !== '')
      const wrong = items.find((item) => !pattern.test(item))
      if (wrong !== undefined) reject(name, quote(wrong), expected)
      return items
    },
    secret(name: string, minLength: number) {
      const value = given(name)
      if (value !== undefined && value.length < minLength)
        reject(name, `${value.length} characters long`, `at least ${minLength}`)
      return value ?? null
    },
  }
}

/** What was found, fit for a line that a person reads. Never for a secret. */
export const quote = (value: string) => JSON.stringify(value.length > 100 ? `${value.slice(0, 100)}…` : value)
