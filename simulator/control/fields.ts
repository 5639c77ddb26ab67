import { isRecord } from '../http.ts'

/** What is wrong with a control request; every complaint at once. */
export class BadRequest extends Error {
  readonly errors: Complaint[]
  constructor(errors: Complaint[]) {
    super(errors.map(({ path, message }) => `${path}: ${message}`).join('; '))
    this.errors = errors
  }
}

export interface Complaint {
  path: string
  message: string
}

/** Understands one field: what it is, or what it should have been. */
export type Field<T> = (given: unknown) => { is: T } | { expected: string }

type Shape = Record<string, Field<unknown>>
type Read<S extends Shape> = { [Name in keyof S]: S[Name] extends Field<infer T> ? T : never }

/** Reads an object with these fields and no others. @throws BadRequest */
export function readFields<S extends Shape>(body: unknown, shape: S): Read<S> {
  if (!isRecord(body)) throw new BadRequest([{ path: '', message: 'must be a JSON object' }])
  const errors: Complaint[] = []
  for (const name of Object.keys(body))
    if (!Object.hasOwn(shape, name))
      errors.push({ path: name, message: `is unknown; there are: ${Object.keys(shape).join(', ')}` })
  const read: Record<string, unknown> = {}
  for (const [name, field] of Object.entries(shape)) {
    const understood = field(Object.hasOwn(body, name) ? body[name] : undefined)
    if ('expected' in understood) errors.push({ path: name, message: `must be ${understood.expected}` })
    else read[name] = understood.is
  }
  if (errors.length > 0) throw new BadRequest(errors)
  return read as Read<S>
}

export const optional =
  <T>(field: Field<T>): Field<T | undefined> =>
  (given) =>
    given === undefined ? { is: undefined } : field(given)

export const nullable =
  <T>(field: Field<T>): Field<T | null> =>
  (given) => {
    if (given === null) return { is: null }
    const understood = field(given)
    return 'expected' in understood ? { expected: `${understood.expected}, or null` } : understood
  }

/** At most `max` UTF-16 units; messages may be long, names may not. */
export const text =
  (max = 1_000_000, min = 0): Field<string> =>
  (given) =>
    typeof given === 'string' && given.length <= max && given.length >= min
      ? { is: given }
      : { expected: min > 0 ? `text of ${min} to ${max} characters` : `text of at most ${max} characters` }

export const pattern =
  (shape: RegExp, expected: string): Field<string> =>
  (given) =>
    typeof given === 'string' && shape.test(given) ? { is: given } : { expected }

export const integer =
  (min: number, max: number): Field<number> =>
  (given) =>
    Number.isSafeInteger(given) && (given as number) >= min && (given as number) <= max
      ? { is: given as number }
      : { expected: `a whole number from ${min} to ${max}` }

export const numeric: Field<number> = (given) =>
  typeof given === 'number' && given >= 0 && Number.isFinite(given) ? { is: given } : { expected: 'a number from 0 on' }

export const flag: Field<boolean> = (given) =>
  typeof given === 'boolean' ? { is: given } : { expected: 'true or false' }

export const oneOf =
  <T extends string | number>(...choices: readonly T[]): Field<T> =>
  (given) =>
    (choices as readonly unknown[]).includes(given)
      ? { is: given as T }
      : { expected: `one of ${choices.map((choice) => JSON.stringify(choice)).join(', ')}` }

/** Either of two; the first that fits. */
export const either =
  <A, B>(first: Field<A>, second: Field<B>): Field<A | B> =>
  (given) => {
    const understood = first(given)
    if ('is' in understood) return understood
    const other = second(given)
    return 'is' in other ? other : { expected: `${understood.expected}, or ${other.expected}` }
  }

export const record: Field<Record<string, unknown>> = (given) =>
  isRecord(given) ? { is: given } : { expected: 'an object' }

export const listOf =
  <T>(field: Field<T>, max: number): Field<T[]> =>
  (given) => {
    const expected = `a list of at most ${max}`
    if (!Array.isArray(given) || given.length > max) return { expected }
    const items: T[] = []
    for (const item of given) {
      const understood = field(item)
      if ('expected' in understood) return { expected: `${expected}, each ${understood.expected}` }
      items.push(understood.is)
    }
    return { is: items }
  }

/** An account's id: digits, as text or as a number. */
export const id: Field<string> = (given) => {
  const digits = typeof given === 'number' ? String(given) : given
  return typeof digits === 'string' && /^[1-9]\d{0,14}$/.test(digits)
    ? { is: digits }
    : { expected: 'an id of up to 15 digits' }
}

/** `YYYY-MM-DD HH:MM:SS`, a moment that there is. */
export const zonelessTime: Field<string> = (given) => {
  const expected = 'a moment like "2026-11-23 18:30:00" (UTC)'
  if (typeof given !== 'string' || !/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/.test(given)) return { expected }
  return Number.isNaN(Date.parse(`${given.replace(' ', 'T')}Z`)) ? { expected } : { is: given }
}
